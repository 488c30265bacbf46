//! Issuing codes: one for every individual who is owed a letter and has none.
//!
//! The batch and its wrapped secret are written first; then the individuals are walked in the order of their ids, chunk by
//! chunk, each chunk one transaction. Killed at any point, a second call with the same request id finds the batch, skips
//! whoever has a code, and goes on: nothing but the database remembers how far it came.
//!
//! Two issues at once: a chunk's transaction locks the campaign's row first and asks under that lock who of the chunk has a
//! code by now. So chunks of one campaign take turns, nobody gets two codes, and no lease is left behind by a kill. A unique
//! index over live codes would do the same, but would cost every row of the load what the lock costs once a chunk.

use std::sync::Arc;

use sea_orm::DbBackend;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::db::audit;
use crate::db::entities::{campaign, code_batch};
use crate::db::idempotency::{self, Request};
use crate::kernel::crypto::Key;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};

use crate::codes::code::derive::{self, BatchSecret};
use crate::codes::ctx::{Call, Ctx};
use crate::codes::error::Error;
use crate::codes::state;
use crate::codes::store::code::{Issued, Load, Owed};
use crate::codes::store::{self, answered};

/// Individuals in one transaction. Large enough for COPY, small enough to keep memory flat.
const CHUNK: u64 = 131_072;
/// The same on SQLite, where others wait for the one writer.
const CHUNK_SQLITE: u64 = 32_768;
/// How often a chunk is derived anew when two of its codes are equal, or one equals another's: 70 bits make that a matter
/// of one in a hundred million campaigns of four million people.
const GENERATIONS: i32 = 3;

/// How far an issue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many codes of so many.
    Issued {
        /// In the batch.
        issued: i64,
        /// In the batch or owed.
        owed: i64,
    },
    /// All are issued.
    Done(code_batch::Model),
}

/// An issue under way.
pub struct Issue {
    ctx: Ctx,
    campaign: CampaignId,
    batch: BatchId,
    chunk: u64,
}

/// What every chunk needs.
struct Means {
    campaign: campaign::Model,
    secret: BatchSecret,
    key: Key,
}

/// Individuals to be written next, and their codes.
#[derive(Default)]
struct Chunk {
    /// The last individual that was looked at; none when there was nobody.
    last: Option<IndividualId>,
    owed: Arc<Vec<Owed>>,
    codes: Vec<Issued>,
}

impl Issue {
    /// Opens the batch, or finds the one that the same request opened.
    pub async fn begin(
        ctx: &Ctx,
        call: &Call,
        request: &Request,
        campaign: CampaignId,
    ) -> Result<Self, Error> {
        let (key_version, key) = ctx.current_key()?;
        let batch: BatchId = ctx.ids.next();
        let secret = BatchSecret::new(ctx.ids.random());
        let row = &code_batch::Model {
            campaign_id: campaign,
            id: batch,
            state: state::batch::State::Open.as_str().to_owned(),
            wrapped_secret: Some(secret.wrap(&key, campaign, batch)),
            key_version,
            codes: 0,
            created_at: ctx.now(),
            sealed_at: None,
        };
        let event = &call.event(
            ctx,
            Some(campaign),
            "codes.issued",
            ("batch", Some(batch.as_uuid())),
            json!({}),
        );
        let batch = ctx.db.run_tx("open_batch", |tx| {
            Box::pin(async move {
                if let Some(batch) = answered(tx, request).await? {
                    return Ok(batch);
                }
                let found = store::campaign::lock(tx, campaign)
                    .await?
                    .ok_or(Error::CampaignNotFound)?;
                if state::campaign::State::parse(&found.state)? == state::campaign::State::Closed {
                    return Err(Error::CampaignClosed);
                }
                store::batch::insert(tx, row).await?;
                audit::record(tx, std::slice::from_ref(event)).await?;
                idempotency::record(tx, request, &batch.to_string(), row.created_at).await?;
                Ok::<_, Error>(batch)
            })
        });
        let chunk = if ctx.db.backend() == DbBackend::Sqlite {
            CHUNK_SQLITE
        } else {
            CHUNK
        };
        Ok(Self {
            batch: batch.await?,
            ctx: ctx.clone(),
            campaign,
            chunk,
        })
    }

    /// Makes the chunks smaller, so that tests see several.
    #[must_use]
    pub fn in_chunks_of(mut self, chunk: u64) -> Self {
        self.chunk = chunk;
        self
    }

    /// Issues what is owed and tells how far it is; ends early, to be gone on with, when nobody listens any more.
    pub async fn run(self, progress: mpsc::Sender<Result<Progress, Error>>) {
        let end = match self.issue(&progress).await {
            Ok(Some(batch)) => Ok(Progress::Done(batch)),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        // Whoever has gone calls again with the same request id.
        let _ = progress.send(end).await;
    }

    async fn issue(
        &self,
        progress: &mpsc::Sender<Result<Progress, Error>>,
    ) -> Result<Option<code_batch::Model>, Error> {
        let batch = self.batch().await?;
        if batch.wrapped_secret.is_none() {
            return Ok(Some(batch));
        }
        let means = Arc::new(self.means(&batch).await?);
        let owed = batch.codes + store::code::count_owed(&self.ctx.db, self.campaign).await?;
        let mut issued = batch.codes;
        let mut chunk = self
            .prepare(&means, IndividualId::from_uuid(Uuid::nil()))
            .await?;
        loop {
            let step = Progress::Issued { issued, owed };
            if progress.send(Ok(step)).await.is_err() {
                return Ok(None);
            }
            let Some(last) = chunk.last else { break };
            // The next chunk is read and derived while this one is written.
            let (written, next) =
                tokio::join!(self.write(&means, chunk), self.prepare(&means, last));
            issued += written?;
            chunk = next?;
        }
        self.batch().await.map(Some)
    }

    /// Reads the next individuals and derives the codes of those who have none.
    async fn prepare(&self, means: &Arc<Means>, after: IndividualId) -> Result<Chunk, Error> {
        let read = self.ctx.db.read();
        let mut owed = store::code::owed(read, self.campaign, after, self.chunk).await?;
        let ends = owed.first().zip(owed.last());
        let Some((first, last)) = ends.map(|(first, last)| (first.individual, last.individual))
        else {
            return Ok(Chunk::default());
        };
        let holders = store::code::holders(read, self.campaign, first, last).await?;
        if !holders.is_empty() {
            owed.retain(|owed| !holders.contains(&owed.individual));
        }
        let owed = Arc::new(owed);
        let codes = derive_all(Arc::clone(means), self.campaign, Arc::clone(&owed), 1).await?;
        Ok(Chunk {
            last: Some(last),
            owed,
            codes,
        })
    }

    async fn batch(&self) -> Result<code_batch::Model, Error> {
        let batch = store::batch::get(self.ctx.db.read(), self.campaign, self.batch).await?;
        batch.ok_or(Error::BatchNotFound)
    }

    async fn means(&self, batch: &code_batch::Model) -> Result<Means, Error> {
        let campaign = store::campaign::by_id(self.ctx.db.read(), self.campaign).await?;
        let campaign = campaign.ok_or(Error::CampaignNotFound)?;
        Ok(Means {
            secret: open_secret(&self.ctx, batch)?,
            key: self.ctx.key(campaign.code_key_version)?,
            campaign,
        })
    }

    async fn write(&self, means: &Arc<Means>, chunk: Chunk) -> Result<i64, Error> {
        let Chunk {
            owed, mut codes, ..
        } = chunk;
        let mut generation = 1;
        loop {
            match self.load(means, generation, &codes).await {
                Err(Error::Storage(error))
                    if error.is_unique("code_pkey") && generation < GENERATIONS =>
                {
                    generation += 1;
                    let owed = Arc::clone(&owed);
                    codes = derive_all(Arc::clone(means), self.campaign, owed, generation).await?;
                }
                result => return result,
            }
        }
    }

    async fn load(&self, means: &Means, generation: i32, codes: &[Issued]) -> Result<i64, Error> {
        let individuals = codes.iter().map(|code| code.owed.individual);
        let (Some(first), Some(last)) = (individuals.clone().min(), individuals.max()) else {
            return Ok(0);
        };
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation,
            issued_at: self.ctx.now(),
            expires_at: means.campaign.enroll_by_at,
        };
        let issued = self.ctx.db.run_bulk("issue_codes", |tx| {
            Box::pin(async move {
                let campaign = store::campaign::lock(tx, load.campaign)
                    .await?
                    .ok_or(Error::CampaignNotFound)?;
                if state::campaign::State::parse(&campaign.state)? == state::campaign::State::Closed
                {
                    return Err(Error::CampaignClosed);
                }
                let batch = store::batch::lock(tx, load.campaign, load.batch)
                    .await?
                    .ok_or(Error::BatchNotFound)?;
                if state::batch::State::parse(&batch.state)? == state::batch::State::Sealed {
                    return Err(Error::BatchSealed);
                }
                let holders = store::code::holders(tx, load.campaign, first, last).await?;
                let loaded = if holders.is_empty() {
                    store::code::load(tx, load, codes).await?
                } else {
                    let rest = codes
                        .iter()
                        .filter(|code| !holders.contains(&code.owed.individual));
                    store::code::load(tx, load, &rest.copied().collect::<Vec<_>>()).await?
                };
                let loaded = i64::try_from(loaded).unwrap_or(0);
                store::batch::grow(tx, load.campaign, load.batch, loaded).await?;
                Ok::<_, Error>(loaded)
            })
        });
        issued.await
    }
}

/// Opens the secret of a batch that is not sealed.
pub fn open_secret(ctx: &Ctx, batch: &code_batch::Model) -> Result<BatchSecret, Error> {
    let wrapped = batch.wrapped_secret.as_ref().ok_or(Error::BatchSealed)?;
    let key = ctx.key(batch.key_version)?;
    BatchSecret::unwrap(&key, batch.campaign_id, batch.id, wrapped).map_err(|_| Error::Key)
}

/// Derives the codes of a page, sorted by their MACs, beside the database's work.
async fn derive_all(
    means: Arc<Means>,
    campaign: CampaignId,
    page: Arc<Vec<Owed>>,
    generation: i32,
) -> Result<Vec<Issued>, Error> {
    let derive = move || {
        let issued = page.iter().map(|owed| {
            let code = means.secret.code(campaign, owed.individual, generation);
            Issued {
                mac: derive::mac(&means.key, campaign, &code),
                owed: *owed,
            }
        });
        let mut issued: Vec<Issued> = issued.collect();
        issued.sort_unstable_by_key(|code| code.mac);
        issued
    };
    tokio::task::spawn_blocking(derive)
        .await
        .map_err(|_| Error::Combined(crate::kernel::combine::Rejected::Lost))
}
