//! What is written beside a handoff: its attempts and its outcomes. Both only grow.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::entities::{handoff_attempt, outcome};
use crate::handoff::error::Error;
use crate::handoff::store::pieces;
use crate::handoff::vocabulary::{AttemptResult, OutcomeClass, Stage};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, OutcomeId};

/// An attempt that ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// Which attempt, counted from one.
    pub attempt: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: AttemptResult,
    /// A word more: the state that the handoff moved to, or `LEASE_LOST`.
    pub detail: &'static str,
}

/// Adds attempts; one that was written before stays as it is.
pub async fn add(tx: &impl ConnectionTrait, attempts: &[Attempt]) -> Result<(), Error> {
    use handoff_attempt::{ActiveModel, Column, Entity};
    for piece in pieces(attempts) {
        let rows = piece.iter().map(|attempt| ActiveModel {
            campaign_id: Set(attempt.campaign_id),
            handoff_id: Set(attempt.handoff_id),
            attempt: Set(attempt.attempt),
            started_at: Set(attempt.started_at),
            ended_at: Set(Some(attempt.ended_at)),
            result: Set(attempt.result.as_str().to_owned()),
            detail: Set(attempt.detail.to_owned()),
        });
        let known = OnConflict::columns([Column::CampaignId, Column::HandoffId, Column::Attempt])
            .do_nothing()
            .to_owned();
        Entity::insert_many(rows)
            .on_conflict(known)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Gives how the last hundred attempts of a handoff ended, latest first.
pub async fn results(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    handoff: HandoffId,
) -> Result<Vec<AttemptResult>, Error> {
    use handoff_attempt::{Column, Entity};
    let words: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Result)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::HandoffId.eq(handoff))
        .order_by_desc(Column::Attempt)
        .limit(100)
        .into_tuple()
        .all(db)
        .await?;
    let results = words.iter().map(|word| AttemptResult::parse(word));
    Ok(results.collect::<Result<_, _>>()?)
}

/// An outcome on its way to its enrollment.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The id.
    pub id: OutcomeId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// How it ended.
    pub result: Stage,
    /// Why, if it did not end well.
    pub class: Option<OutcomeClass>,
    /// Since when it is so.
    pub effective_at: Timestamp,
}

/// Adds outcomes.
pub async fn add_outcomes(
    tx: &impl ConnectionTrait,
    outcomes: &[Outcome],
    now: Timestamp,
) -> Result<(), Error> {
    use outcome::{ActiveModel, Entity};
    for piece in pieces(outcomes) {
        let rows = piece.iter().map(|outcome| ActiveModel {
            campaign_id: Set(outcome.campaign_id),
            id: Set(outcome.id),
            enrollment_id: Set(outcome.enrollment_id),
            handoff_id: Set(outcome.handoff_id),
            result: Set(outcome.result.as_str().to_owned()),
            outcome_class: Set(outcome.class.map_or("", OutcomeClass::as_str).to_owned()),
            effective_at: Set(outcome.effective_at),
            created_at: Set(now),
        });
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}
