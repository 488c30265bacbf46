//! Asking for a restoration. One is open for a person: asking again gives that one.

use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::letter::whose::{self, Whose};
use crate::db::audit;
use crate::db::entities::handoff::Queued;
use crate::db::entities::restoration::{Model, Offer, State};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, CoverageId, EnrollmentId, HandoffId, IndividualId, RestorationId, VerificationId,
};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::store;

/// Whose identity is to be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Whom a good verification found that the caller asked for.
    Verified(VerificationId),
    /// An individual whose papers an operator has seen, such as those of somebody who has died.
    Individual(IndividualId),
}

/// Asks the campaign's partner to restore somebody's identity.
pub async fn request_restoration(
    context: &Context,
    call: &Call,
    request: &Request,
    (campaign, affected): (CampaignId, Affected),
) -> Result<Model, Error> {
    let now = context.now();
    let ids: (RestorationId, HandoffId) = (context.ids.next(), context.ids.next());
    let read = context.db.read();
    let cached = context.campaign_cache.by_id(read, campaign).await?;
    let offer = cached.restoration.as_ref().ok_or(Error::NotEligible)?;
    let done = context.db.run_tx("request_restoration", |tx| {
        Box::pin(async move {
            if let Some(id) = request::answered::<RestorationId>(tx, request).await? {
                return Ok(id);
            }
            let whose = match affected {
                Affected::Verified(id) => Whose::Verification(id),
                Affected::Individual(id) => Whose::Individual(id),
            };
            let individual = whose::individual(tx, campaign, whose, (call, now)).await?;
            if !store::is_affected(tx, campaign, individual).await? {
                return Err(Error::IndividualNotFound);
            }
            let row = row((campaign, individual), ids, offer, now);
            let row = Model {
                verification_id: match affected {
                    Affected::Verified(id) => Some(id),
                    Affected::Individual(_) => None,
                },
                requested_by: call.actor(),
                ..row
            };
            let id = if store::add(tx, row.clone()).await? {
                store::queue(tx, &order(&row, offer, call)).await?;
                let act = Act::on("restoration.requested", "individual", individual);
                let detail = json!({ "restoration": row.id, "partner": row.partner_id });
                let event = call.event(context, Some(campaign), act, detail);
                audit::record(tx, &[event]).await?;
                row.id
            } else {
                let open = store::open_of(tx, campaign, individual).await?;
                open.ok_or_else(|| crate::db::Error::overtaken("restoration"))?
                    .id
            };
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(id)
        })
    });
    let id = done.await?;
    let found = store::get(read, campaign, id).await?;
    found.ok_or(Error::RestorationNotFound)
}

fn row(
    (campaign_id, individual_id): (CampaignId, IndividualId),
    (id, handoff_id): (RestorationId, HandoffId),
    offer: &Offer,
    now: Timestamp,
) -> Model {
    Model {
        campaign_id,
        id,
        individual_id,
        verification_id: None,
        partner_id: offer.partner_id(),
        product_code: offer.product_code.clone(),
        handoff_id,
        state: State::Requested,
        outcome_class: None,
        native_code: None,
        revision: 0,
        requested_by: String::new(),
        requested_at: now,
        opened_at: None,
        settled_at: None,
    }
}

/// Gives the order to the partner. There is no enrollment: the restoration stands in its place, and in that of a coverage.
fn order(row: &Model, offer: &Offer, call: &Call) -> Queued {
    Queued {
        campaign_id: row.campaign_id,
        handoff_id: row.handoff_id,
        enrollment_id: EnrollmentId::from_uuid(row.id.as_uuid()),
        coverage_id: CoverageId::from_uuid(row.id.as_uuid()),
        individual_id: row.individual_id,
        partner_id: row.partner_id,
        product_code: row.product_code.clone(),
        term_months: 0,
        contract_code: offer.contract_code.clone(),
        cancel_reason: None,
        trace: call.trace.clone(),
        at: row.requested_at,
    }
}
