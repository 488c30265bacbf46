//! Exporting plain codes, the only place where they appear.

use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::db::audit;
use crate::db::entities::code_batch;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};

use crate::codes::code::Code;
use crate::codes::code::derive::BatchSecret;
use crate::codes::ctx::{Call, Ctx};
use crate::codes::error::Error;
use crate::codes::store;

/// Codes in one message.
const PAGE: u64 = 4_096;

/// A code and whose it is.
#[derive(Debug)]
pub struct Plain {
    /// Whose.
    pub individual: IndividualId,
    /// The code.
    pub code: Code,
}

/// An export that was allowed and recorded.
pub struct Export {
    ctx: Ctx,
    batch: code_batch::Model,
    secret: BatchSecret,
    after: IndividualId,
}

impl Export {
    /// Records the export and opens the batch's secret. Nothing is sent before the audit event is committed.
    pub async fn begin(
        ctx: &Ctx,
        call: &Call,
        campaign: CampaignId,
        batch: BatchId,
        after: Option<IndividualId>,
    ) -> Result<Self, Error> {
        let detail = json!({ "after": after.map(|after| after.to_string()) });
        let event = &call.event(
            ctx,
            Some(campaign),
            "codes.exported",
            ("batch", Some(batch.as_uuid())),
            detail,
        );
        let row = ctx.db.run_tx("export_codes", |tx| {
            Box::pin(async move {
                let row = store::batch::get(tx, campaign, batch)
                    .await?
                    .ok_or(Error::BatchNotFound)?;
                if row.wrapped_secret.is_none() {
                    return Err(Error::BatchSealed);
                }
                audit::record(tx, std::slice::from_ref(event)).await?;
                Ok::<_, Error>(row)
            })
        });
        let batch = row.await?;
        Ok(Self {
            secret: super::issue::open_secret(ctx, &batch)?,
            ctx: ctx.clone(),
            batch,
            after: after.unwrap_or(IndividualId::from_uuid(Uuid::nil())),
        })
    }

    /// Sends the codes page by page; the next page is read while the last one waits to be sent.
    pub async fn run(mut self, pages: mpsc::Sender<Result<Vec<Plain>, Error>>) {
        loop {
            let page = self.page().await;
            let last = !matches!(&page, Ok(page) if page.len() as u64 == PAGE);
            let empty = matches!(&page, Ok(page) if page.is_empty());
            if !empty && pages.send(page).await.is_err() || last {
                return;
            }
        }
    }

    async fn page(&mut self) -> Result<Vec<Plain>, Error> {
        let (campaign, id) = (self.batch.campaign_id, self.batch.id);
        let read = self.ctx.db.read();
        let batch = store::batch::get(read, campaign, id)
            .await?
            .ok_or(Error::BatchNotFound)?;
        if batch.wrapped_secret.is_none() {
            return Err(Error::BatchSealed);
        }
        let held = store::code::held(read, campaign, id, self.after, PAGE).await?;
        self.after = held.last().map_or(self.after, |held| held.individual_id);
        let plain = held.iter().map(|held| Plain {
            individual: held.individual_id,
            code: self
                .secret
                .code(campaign, held.individual_id, held.generation),
        });
        Ok(plain.collect())
    }
}
