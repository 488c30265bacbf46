//! A partner's own reports, AcknowledgeHandoffs and ReportOutcomes: applied once, however often a call is repeated.

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::heard::heard;
use crate::process::request::{self, Request};

use super::apply_status::{Reporter, StatusReport, Verdict, apply_status};
use super::kept_verdicts::{keep, recall};

/// Applies the items of a call; `None` stands for an item that cannot be read. Gives a verdict for each, in order.
pub async fn report(
    context: &Context,
    reporter: Reporter<'_>,
    request: &Request,
    items: &[Option<StatusReport>],
) -> Result<Vec<Verdict>, Error> {
    let reports: Vec<StatusReport> = items.iter().flatten().cloned().collect();
    let verdicts = context
        .db
        .run_tx("handoff.report", |tx| {
            let reports = &reports;
            Box::pin(async move {
                if let Some(letters) = request::answered::<String>(tx, request).await? {
                    return Ok::<_, Error>(recall(&letters)?);
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
                request::record(tx, request, &letters, context.clock.now()).await?;
                Ok(verdicts)
            })
        })
        .await?;
    if verdicts.contains(&Verdict::Recorded) {
        heard(context, reporter.partner).await?;
    }
    context.queue_changed.notify_waiters();
    Ok(verdicts)
}
