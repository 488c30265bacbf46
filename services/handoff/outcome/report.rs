//! A partner's bulk call: AcknowledgeHandoffs or ReportOutcomes, done once however often it comes.

use crate::db::idempotency::{self, Known};
use crate::handoff::context::Context;
use crate::handoff::error::Error;

use super::apply_status::{Said, Speaker, Verdict, learn};
use super::kept::{keep, recall};

/// Takes in what a partner says; `None` stands for an item that cannot be read. Gives a verdict for each, in order.
pub async fn say(
    context: &Context,
    speaker: Speaker<'_>,
    request: &idempotency::Request,
    items: &[Option<Said>],
) -> Result<Vec<Verdict>, Error> {
    let said: Vec<Said> = items.iter().flatten().cloned().collect();
    let verdicts = context
        .db
        .run_tx("handoff.say", |tx| {
            let said = &said;
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(letters) => return recall(&letters),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let mut verdicts = learn(tx, context, speaker, said).await?.into_iter();
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
    context.bell.notify_waiters();
    Ok(verdicts)
}
