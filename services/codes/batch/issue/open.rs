//! The begin of an issue: what is gone on with, or who is owed a code, and a batch for them.

use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::codes::batch;
use crate::codes::batch::store::Of;
use crate::codes::campaign::store as campaigns;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::store::insert;
use crate::codes::wave::fresh::{fresh_wave, insert_numbered};
use crate::codes::wave::store as waves;
use crate::codes::wave::store::Selection;
use crate::db::entities::wave::{self, Kind};
use crate::db::entities::{campaign, code_batch};
use crate::db::{Tx, audit};
use crate::kernel::ids::{BatchId, CampaignId, IndividualId, WaveId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::batch::fresh_batch;
use super::derive::uncoded;
use super::filling::{CHUNK, Issue, Progress};

/// What an issue begins with.
pub(crate) enum Opened {
    /// This batch, with whoever comes after this individual.
    Batch(BatchId, IndividualId),
    /// Everybody has a code who is owed one.
    Nobody,
    /// Nobody listens any more.
    Unheard,
}

/// What is written where nothing is to be gone on with.
struct New {
    batch: code_batch::Model,
    /// For a batch whose wave nobody named.
    wave: wave::Model,
}

impl Issue {
    /// Checks that codes can be issued to a wave, or to everybody where none is named, and finds the batch that was not completed.
    pub async fn begin(
        context: &Context,
        call: &Call,
        request: &Request,
        campaign: CampaignId,
        wave: Option<WaveId>,
    ) -> Result<Self, Error> {
        let mut issue = Self {
            context: context.clone(),
            call: call.clone(),
            request: request.clone(),
            campaign,
            wave,
            batch: None,
            chunk: CHUNK,
        };
        issue.batch = issue.batch(None).await?;
        Ok(issue)
    }

    /// Finds the batch to fill, or walks to the first who is owed a code and has none, and opens one.
    pub(crate) async fn open(
        &mut self,
        progress: &mpsc::Sender<Result<Progress, Error>>,
    ) -> Result<Opened, Error> {
        let mut after = IndividualId::from_uuid(Uuid::nil());
        if let Some(batch) = self.batch.take() {
            return Ok(Opened::Batch(batch, after));
        }
        let selection = self.selection().await?;
        loop {
            let step = Progress::Issued {
                batch: None,
                issued: 0,
                owed: 0,
            };
            if progress.send(Ok(step)).await.is_err() {
                return Ok(Opened::Unheard);
            }
            let page = uncoded(&self.context, self.campaign, &selection, after, self.chunk).await?;
            match page {
                (None, _) => return Ok(Opened::Nobody),
                (Some(last), owed) if owed.is_empty() => after = last,
                _ => return self.open_after(after).await,
            }
        }
    }

    async fn open_after(&self, after: IndividualId) -> Result<Opened, Error> {
        let new = New {
            batch: fresh_batch(&self.context, self.campaign)?,
            wave: fresh_wave(&self.context, self.campaign, Kind::Automatic),
        };
        let opened = self.batch(Some(&new)).await?;
        Ok(opened.map_or(Opened::Nobody, |batch| {
            // One that another call opened may be for people who come before.
            let is_new = batch == new.batch.id;
            let first = IndividualId::from_uuid(Uuid::nil());
            Opened::Batch(batch, if is_new { after } else { first })
        }))
    }

    /// Gives whom the wave selects, or the one that a batch without a name would get.
    async fn selection(&self) -> Result<Selection, Error> {
        let wave = match self.wave {
            None => fresh_wave(&self.context, self.campaign, Kind::Automatic),
            Some(wave) => {
                let wave = waves::get(self.context.db.read(), self.campaign, wave).await?;
                wave.ok_or(Error::WaveNotFound)?
            }
        };
        Ok(Selection::of(&wave))
    }

    /// Finds the batch of this request, or the one that was not completed; otherwise writes a new one, where it is given.
    async fn batch(&self, new: Option<&New>) -> Result<Option<BatchId>, Error> {
        let batch = self.context.db.run_tx("open_batch", |tx| {
            Box::pin(async move {
                let before = request::answered(tx, &self.request).await?;
                if let Some(batch) = before
                    && !is_sealed_empty(tx, self.campaign, batch).await?
                {
                    return Ok(Some(batch));
                }
                let campaign = campaigns::lock_open(tx, self.campaign).await?;
                let of = self.wave.map_or(Of::Kind(Kind::Automatic), Of::Wave);
                let unfinished = batch::store::unfinished(tx, self.campaign, of).await?;
                let resumed = unfinished.is_some();
                let batch = match (unfinished, new) {
                    (Some(unfinished), _) => unfinished.id,
                    (None, new) => {
                        let wave = self.free_wave(tx).await?;
                        let Some(new) = new else { return Ok(None) };
                        self.insert(tx, &campaign, wave, new).await?
                    }
                };
                let event = self.call.event(
                    &self.context,
                    Some(self.campaign),
                    Act::of("codes.issued", ("batch", Some(batch.as_uuid()))),
                    json!({ "resumed": resumed }),
                );
                audit::record(tx, &[event]).await?;
                if before.is_none() {
                    let now = self.context.now();
                    request::record(tx, &self.request, &batch, now).await?;
                }
                Ok::<_, Error>(Some(batch))
            })
        });
        batch.await
    }

    /// Checks that the wave that is named, if one is, can take another batch.
    async fn free_wave(&self, tx: &Tx<'_>) -> Result<Option<WaveId>, Error> {
        let Some(wave) = self.wave else {
            return Ok(None);
        };
        let wave = waves::lock(tx, self.campaign, wave).await?;
        let wave = wave.ok_or(Error::WaveNotFound)?;
        if wave.mailed_at.is_some() || wave.kind == Kind::Reissue {
            return Err(Error::WaveMailed);
        }
        Ok(Some(wave.id))
    }

    async fn insert(
        &self,
        tx: &Tx<'_>,
        campaign: &campaign::Model,
        wave: Option<WaveId>,
        new: &New,
    ) -> Result<BatchId, Error> {
        let wave_id = if let Some(wave) = wave {
            wave
        } else {
            let last_day = (campaign.enroll_by.as_str(), campaign.enroll_by_at);
            insert_numbered(tx, &new.wave, last_day).await?
        };
        let row = code_batch::Model {
            wave_id,
            ..new.batch.clone()
        };
        insert(tx, &row).await?;
        Ok(row.id)
    }
}

/// Tells whether nobody got a code of a batch: then nothing was done under the request that it was opened for.
async fn is_sealed_empty(tx: &Tx<'_>, campaign: CampaignId, batch: BatchId) -> Result<bool, Error> {
    let batch = batch::store::get(tx, campaign, batch).await?;
    let batch = batch.ok_or(Error::BatchNotFound)?;
    Ok(batch.codes == 0 && batch.sealed_at.is_some())
}
