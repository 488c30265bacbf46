//! Canceling an enrollment.
//!
//! One that was not completed leaves its code issued, so that the person can begin again. One that was is also withdrawn at
//! the partner, by a handoff of its own.

use serde_json::json;

use crate::codes::campaign::campaign_cache::Frame;
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::answered;
use crate::db::idempotency::{self, Request};
use crate::db::{self, Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, HandoffId};

use super::handoff_store::{self, Cancellation};
use super::state::Kind;
use super::store;
use super::store::Enrollment;

/// Cancels an enrollment.
pub async fn cancel(
    context: &Context,
    call: &Call,
    request: &Request,
    engagement_number: &str,
    id: EnrollmentId,
) -> Result<Enrollment, Error> {
    let frame = &Frame::by_number(context, engagement_number).await?;
    let now = context.now();
    let withdrawal: HandoffId = context.ids.next();
    let done = context.db.run_tx("cancel_enrollment", |tx| {
        Box::pin(async move {
            if answered::<EnrollmentId>(tx, request).await?.is_some() {
                return Ok(());
            }
            let found = store::lock(tx, frame.id, id, now)
                .await?
                .ok_or(Error::EnrollmentNotFound)?;
            let state = found.kind()?;
            if !Kind::LIVE.contains(&state) {
                return Err(Error::EnrollmentState { state });
            }
            store::cancel(tx, frame.id, id, now).await?;
            if !state.is_open() {
                withdraw(tx, frame, call, &found, (withdrawal, now)).await?;
            }
            let detail = json!({ "from": state.as_str(), "withdrawn": !state.is_open() });
            let subject = ("enrollment", Some(id.as_uuid()));
            audit::record(
                tx,
                &[call.event(
                    context,
                    Some(frame.id),
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
    store::get(context.db.read(), frame.id, id, now)
        .await?
        .ok_or(Error::EnrollmentNotFound)
}

async fn withdraw(
    tx: &Tx<'_>,
    frame: &Frame,
    call: &Call,
    found: &Enrollment,
    (id, at): (HandoffId, Timestamp),
) -> Result<(), Error> {
    let missing = || db::Error::corrupt("a submitted enrollment without a product");
    let cancellation = Cancellation {
        campaign: frame.id,
        id,
        enrollment: found.id,
        individual: found.individual_id,
        partner: found.partner_id.ok_or_else(missing)?,
        product: found.product_code.clone().ok_or_else(missing)?,
        term_months: frame.term_months,
        trace: call.trace.clone(),
        at,
    };
    Ok(handoff_store::queue_cancel(tx, &cancellation).await?)
}
