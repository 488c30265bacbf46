//! Verifications that end without a reviewer: those that rest on a guardian's own, when the guardian repudiates that, and those that somebody
//! asked for a child who has come of age. What was completed before a birthday goes on.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, UpdateMany};
use serde_json::json;

use crate::db::entities::referral;
use crate::db::entities::representative::Relationship;
use crate::db::entities::verification::{Column, Entity, Model, Notice, State};
use crate::db::{Process, Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster::store::lists;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId, VerificationId};
use crate::process::{Act, Call};

/// Ends what rests on a verification that is repudiated: as if each had been repudiated itself.
pub async fn with_guardian(
    tx: &Tx<'_>,
    context: &Context,
    call: &Call,
    (guardian, at): (&Model, Timestamp),
) -> Result<(), Error> {
    let campaign = guardian.campaign_id;
    let query = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::GuardianVerificationId.eq(guardian.id))
        .filter(Column::State.is_in([State::Verified, State::Referred]));
    let ids: Vec<VerificationId> = query.into_tuple().all(tx).await?;
    let actor = call.actor();
    for list in lists(&ids) {
        let update = refused(campaign, &list, at)
            .col_expr(Column::RepudiatedAt, Expr::value(at.as_micros()))
            .col_expr(Column::RepudiatedBy, Expr::value(actor.as_str()));
        update.exec(tx).await?;
    }
    close_cases(tx, campaign, &ids, (&actor, at)).await?;
    let events = ids.iter().map(|id| {
        let act = Act::on("proofing.repudiated", "verification", *id);
        call.event(
            context,
            Some(campaign),
            act,
            json!({ "guardian": guardian.id }),
        )
    });
    Ok(audit::record(tx, &events.collect::<Vec<_>>()).await?)
}

/// No enrollment was completed with it.
const IS_OPEN: &str = "NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign_id = verification.campaign_id \
    AND e.individual_id = verification.individual_id AND e.verification_id = verification.id AND e.submitted_at IS NOT NULL)";

/// Ends what parents and guardians began for people who are children no more, and did not complete.
pub async fn of_grown(
    tx: &Tx<'_>,
    context: &Context,
    campaign: CampaignId,
    (people, at): (&[IndividualId], Timestamp),
) -> Result<(), Error> {
    let mut ids: Vec<VerificationId> = Vec::new();
    for list in lists(people) {
        let query = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::IndividualId.is_in(list))
            .filter(Column::State.ne(State::Refused))
            .filter(
                Column::RepresentativeRelationship
                    .is_in([Relationship::Parent, Relationship::Guardian]),
            )
            .filter(Expr::cust(IS_OPEN));
        ids.extend(query.into_tuple::<VerificationId>().all(tx).await?);
    }
    let actor = Process::Identity.as_str().to_owned();
    for list in lists(&ids) {
        let update = refused(campaign, &list, at)
            .col_expr(Column::LapsedAt, Expr::value(at.as_micros()))
            .col_expr(Column::Notice, Expr::value(None::<Notice>));
        update.exec(tx).await?;
    }
    close_cases(tx, campaign, &ids, (&actor, at)).await?;
    let events = ids.iter().map(|id| {
        let act = Act::on("verification.lapsed", "verification", *id);
        context.event(actor.clone(), Some(campaign), act, json!({}))
    });
    Ok(audit::record(tx, &events.collect::<Vec<_>>()).await?)
}

/// Makes verifications REFUSED that are not.
fn refused(campaign: CampaignId, ids: &[VerificationId], at: Timestamp) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Refused))
        .col_expr(Column::DecidedAt, Expr::value(at.as_micros()))
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::State.ne(State::Refused))
}

/// Takes what waits for a reviewer off the list.
async fn close_cases(
    tx: &Tx<'_>,
    campaign: CampaignId,
    ids: &[VerificationId],
    (by, at): (&str, Timestamp),
) -> Result<(), Error> {
    use referral::{Column, DecisionReason, State};
    for list in lists(ids) {
        let update = referral::Entity::update_many()
            .col_expr(Column::State, Expr::value(State::Denied))
            .col_expr(Column::DecidedBy, Expr::value(by))
            .col_expr(Column::DecidedAt, Expr::value(at.as_micros()))
            .col_expr(Column::DecisionReason, Expr::value(DecisionReason::Other))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::VerificationId.is_in(list))
            .filter(Column::State.is_in([State::Open, State::Endorsed]));
        update.exec(tx).await?;
    }
    Ok(())
}
