//! A partner's own reports, AcknowledgeHandoffs and ReportOutcomes: applied once, however often a call is repeated.

use crate::db::idempotency::{self, Known};
use crate::handoff::context::Context;
use crate::handoff::error::Error;

use super::apply_status::{Reporter, StatusReport, Verdict, apply_status};
use super::kept_verdicts::{keep, recall};

/// Applies the items of a call; `None` stands for an item that cannot be read. Gives a verdict for each, in order.
pub async fn report(
    context: &Context,
    reporter: Reporter<'_>,
    request: &idempotency::Request,
    items: &[Option<StatusReport>],
) -> Result<Vec<Verdict>, Error> {
    let reports: Vec<StatusReport> = items.iter().flatten().cloned().collect();
    let verdicts = context
        .db
        .run_tx("handoff.report", |tx| {
            let reports = &reports;
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(letters) => return Ok(recall(&letters)?),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let verdicts = apply_status(tx, context, reporter, reports).await?;
                let mut verdicts = verdicts.into_iter();
                let verdicts: Vec<Verdict> = items
                    .iter()
                    .map(|item| match item {
                        Some(_) => verdicts.next().unwrap_or(Verdict::Unknown),
                        None => Verdict::Malformed,
                    })
                    .collect();
                let letters = keep(&verdicts);
                idempotency::record(tx, request, &letters, context.clock.now()).await?;
                Ok(verdicts)
            })
        })
        .await?;
    context.queue_changed.notify_waiters();
    Ok(verdicts)
}
