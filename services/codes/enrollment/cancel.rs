//! Canceling an enrollment.
//!
//! One that was not completed leaves its code issued, so that the person can begin again. One that was is also withdrawn at
//! the partner, by a handoff of its own.

use serde_json::json;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::answered;
use crate::db::entities::enrollment::State;
use crate::db::entities::handoff::Queued;
use crate::db::idempotency::{self, Request};
use crate::db::{self, Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, HandoffId};

use super::state::{self, Event};
use super::store::{self, Enrollment};

/// Cancels an enrollment.
pub async fn cancel_enrollment(
    context: &Context,
    call: &Call,
    request: &Request,
    engagement_number: &str,
    id: EnrollmentId,
) -> Result<Enrollment, Error> {
    let read = context.db.read();
    let campaign = &(context.campaign_cache)
        .by_number(read, engagement_number)
        .await?;
    let now = context.now();
    let withdrawal: HandoffId = context.ids.next();
    let done = context.db.run_tx("cancel_enrollment", |tx| {
        Box::pin(async move {
            if answered::<EnrollmentId>(tx, request).await?.is_some() {
                return Ok(());
            }
            let found = store::lock(tx, campaign.id, id, now)
                .await?
                .ok_or(Error::EnrollmentNotFound)?;
            let state = found.state;
            state::on(state, Event::Cancel).map_err(|_| Error::EnrollmentState { state })?;
            store::cancel(tx, campaign.id, id, now).await?;
            let submitted = state != State::Started;
            if submitted {
                withdraw(tx, campaign, call, &found, (withdrawal, now)).await?;
            }
            let detail = json!({ "from": found.shown().as_str(), "withdrawn": submitted });
            let subject = ("enrollment", Some(id.as_uuid()));
            audit::record(
                tx,
                &[call.event(
                    context,
                    Some(campaign.id),
                    "enrollment.canceled",
                    subject,
                    detail,
                )],
            )
            .await?;
            idempotency::record(tx, request, &id.to_string(), now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await?;
    store::get(read, campaign.id, id, now)
        .await?
        .ok_or(Error::EnrollmentNotFound)
}

async fn withdraw(
    tx: &Tx<'_>,
    campaign: &CachedCampaign,
    call: &Call,
    found: &Enrollment,
    (id, at): (HandoffId, Timestamp),
) -> Result<(), Error> {
    let missing = || db::Error::corrupt("a submitted enrollment without a product");
    let withdrawal = Queued {
        campaign_id: campaign.id,
        handoff_id: id,
        enrollment_id: found.id,
        individual_id: found.individual_id,
        partner_id: found.partner_id.ok_or_else(missing)?,
        product_code: found.product_code.clone().ok_or_else(missing)?,
        term_months: campaign.term_months,
        trace: call.trace.clone(),
        at,
    };
    Ok(store::withdraw(tx, withdrawal).await?)
}
