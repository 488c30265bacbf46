//! Exporting plain codes, the only place where they appear.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::codes::campaign;
use crate::codes::code::Code;
use crate::codes::code::derive::BatchSecret;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::code_batch;
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::combine::Rejected;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};
use crate::process::{Act, Call};

use super::code_store::{self, HONEY, Held};
use super::issue::open_secret;
use super::printable::printable;
use super::{approve, store};

/// Codes read at a time. The table is in the order of the MACs, so that a small page would touch as much of it.
const PAGE: u64 = 65_536;
/// Codes in one message.
const MESSAGE: usize = 4_096;

/// A letter: whose it is, and the code that it bears.
#[derive(Debug)]
pub struct Plain {
    /// Whose.
    pub individual: IndividualId,
    /// The code; none in a letter without one.
    pub code: Option<Code>,
    /// Which letter of the individual; a honey code looks like a first one.
    pub generation: i32,
    /// Whether it is a honey code, of nobody.
    pub seed: bool,
}

/// An export that was allowed and recorded.
pub struct Export {
    context: Context,
    batch: code_batch::Model,
    secret: BatchSecret,
    after: IndividualId,
}

impl Export {
    /// Records the export, with the approval where one is needed, and opens the batch's secret. Nothing is sent before the
    /// audit event is committed.
    pub async fn begin(
        context: &Context,
        call: &Call,
        campaign: CampaignId,
        batch: BatchId,
        after: Option<IndividualId>,
    ) -> Result<Self, Error> {
        let (now, caller) = (context.now(), &call.caller.to_string());
        let detail = json!({ "after": after.map(|after| after.to_string()) });
        let event = &call.event(
            context,
            Some(campaign),
            Act::of("codes.exported", ("batch", Some(batch.as_uuid()))),
            detail,
        );
        let row = context.db.run_tx("export_codes", |tx| {
            Box::pin(async move {
                let row = printable(tx, campaign, batch, now).await?;
                let secret = open_secret(context, &row)?;
                if row.first_exported_at.is_none() {
                    first(tx, campaign, batch, now).await?;
                }
                let campaign = campaign::store::by_id(tx, campaign)
                    .await?
                    .ok_or(Error::CampaignNotFound)?;
                let approval = approve::demand(tx, &campaign, batch, caller, now).await?;
                let mut event = event.clone();
                event.detail["export_approval"] = json!(approval);
                audit::record(tx, &[event]).await?;
                Ok::<_, Error>((row, secret))
            })
        });
        let (batch, secret) = row.await?;
        Ok(Self {
            secret,
            context: context.clone(),
            batch,
            after: after.unwrap_or(IndividualId::from_uuid(Uuid::nil())),
        })
    }

    /// Sends the codes; the next page is read while the last one is derived and sent.
    pub async fn run(mut self, messages: mpsc::Sender<Result<Vec<Plain>, Error>>) {
        let secret = Arc::new(self.secret.clone());
        let mut page = self.page().await;
        loop {
            let held = match page {
                Ok(held) if held.is_empty() => return,
                Ok(held) => held,
                Err(error) => {
                    // A caller that has hung up misses nothing but this.
                    let _ = messages.send(Err(error)).await;
                    return;
                }
            };
            let sent = send(Arc::clone(&secret), self.batch.campaign_id, held, &messages);
            let (sent, next) = tokio::join!(sent, self.page());
            if !sent {
                return;
            }
            page = next;
        }
    }

    async fn page(&mut self) -> Result<Vec<Held>, Error> {
        let (campaign, id) = (self.batch.campaign_id, self.batch.id);
        let read = self.context.db.read();
        let batch = store::get(read, campaign, id)
            .await?
            .ok_or(Error::BatchNotFound)?;
        if batch.wrapped_secret.is_none() {
            return Err(Error::BatchSealed);
        }
        let held = code_store::held(read, campaign, id, self.after, PAGE).await?;
        self.after = held.last().map_or(self.after, |held| held.individual);
        Ok(held)
    }
}

/// Fixes what every export of a batch has. Revoking or reissuing a code takes the same lock, and then asks whether the letter
/// is printed.
async fn first(
    tx: &Tx<'_>,
    campaign: CampaignId,
    batch: BatchId,
    now: Timestamp,
) -> Result<(), Error> {
    campaign::store::lock(tx, campaign).await?;
    let row = store::lock(tx, campaign, batch).await?;
    let row = row.ok_or(Error::BatchNotFound)?;
    if row.wrapped_secret.is_none() {
        return Err(Error::BatchSealed);
    }
    if row.first_exported_at.is_none() {
        store::first_export(tx, campaign, batch, now).await?;
    }
    Ok(())
}

/// Derives and sends the codes of a page, message by message; tells whether anybody listens.
async fn send(
    secret: Arc<BatchSecret>,
    campaign: CampaignId,
    held: Vec<Held>,
    messages: &mpsc::Sender<Result<Vec<Plain>, Error>>,
) -> bool {
    let held = Arc::new(held);
    for from in (0..held.len()).step_by(MESSAGE) {
        let (secret, held) = (Arc::clone(&secret), Arc::clone(&held));
        let derive = move || {
            let held = held[from..].iter().take(MESSAGE);
            let codes = secret.codes(campaign);
            let plain = held.map(|held| Plain {
                individual: held.individual,
                code: (!held.without_code).then(|| codes.code(held.individual, held.generation)),
                generation: held.generation.max(1),
                seed: held.generation == HONEY,
            });
            plain.collect()
        };
        let plain = tokio::task::spawn_blocking(derive).await;
        let plain = plain.map_err(|_| Error::from(Rejected::Lost));
        if messages.send(plain).await.is_err() {
            return false;
        }
    }
    true
}
