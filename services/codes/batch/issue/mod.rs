//! Issuing codes: one for every individual whom a wave selects, who is owed a letter and has none.
//!
//! The batch and its wrapped secret are written first; then the individuals are walked in the order of their ids, chunk by
//! chunk, each chunk one transaction; then the batch is completed, which is what allows it to be printed. Killed at any point,
//! a second call finds the batch that is not complete, skips whoever has a code, and goes on: nothing but the database
//! remembers how far it came, and the end is the same batch with the same codes. Where nobody is owed a code, as when the call
//! that was killed had come to its end, no batch is opened; where another issue was faster, the batch is sealed empty.
//!
//! Two issues at once: a chunk's transaction locks the campaign's row, asks under that lock who of the chunk has a code by now, and
//! loads the codes of the others. So chunks of one campaign go one after the other, nobody gets two codes, and no lease is left
//! behind by a kill. A unique index over live codes would do the same, but would cost every row of the load what the lock costs
//! once a chunk. The next chunk is read and its codes are derived while one is written.

mod batch;
mod derive;
mod finish;
mod load;
mod open;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::code_store;
use super::store;
use crate::codes::campaign;
use crate::codes::wave;
use crate::db::entities::code_batch;
use crate::db::idempotency::Request;
use crate::kernel::crypto::Key;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId, WaveId};

use crate::codes::code::derive::BatchSecret;
use crate::codes::code::uniformity::Tally;
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;

use super::code_store::Issued;
use crate::codes::wave::store::Selection;

pub use batch::{fresh_batch, fresh_wave, open_campaign, open_secret};
pub use finish::{finish_reissue, grow_by_one, is_uniform};
use load::Written;
use open::Opened;

/// Individuals in one transaction: large enough for COPY, small enough for whoever waits for the campaign's lock, and on SQLite for
/// the one writer.
const CHUNK: u64 = 16_384;

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
    /// Everybody has a code who is owed one, so that there is nothing to print.
    Nobody,
}

/// An issue that was asked for and may be.
pub struct Issue {
    context: Context,
    call: Call,
    request: Request,
    campaign: CampaignId,
    wave: Option<WaveId>,
    /// The batch that is gone on with; none is opened before somebody is found who is owed a code.
    batch: Option<BatchId>,
    chunk: u64,
}

/// A batch that is being filled.
#[derive(Clone)]
struct Filling {
    context: Context,
    call: Call,
    campaign: CampaignId,
    batch: BatchId,
    chunk: u64,
}

/// What every chunk needs.
struct Means {
    secret: BatchSecret,
    key: Key,
    selection: Selection,
}

/// Individuals to be written next, and their codes.
#[derive(Default)]
struct Chunk {
    /// The last individual that was looked at; none when there was nobody.
    last: Option<IndividualId>,
    codes: Vec<Issued>,
    tally: Tally,
}

impl Issue {
    /// Makes the chunks smaller, so that tests see several.
    #[must_use]
    pub fn in_chunks_of(mut self, chunk: u64) -> Self {
        self.chunk = chunk;
        self
    }

    /// Issues what is owed and tells how far it is; ends early, to be gone on with, when nobody listens any more.
    pub async fn run(mut self, progress: mpsc::Sender<Result<Progress, Error>>) {
        if let Some(end) = self.issue(&progress).await.transpose() {
            // Whoever has gone calls again.
            let _ = progress.send(end).await;
        }
    }

    async fn issue(
        &mut self,
        progress: &mpsc::Sender<Result<Progress, Error>>,
    ) -> Result<Option<Progress>, Error> {
        loop {
            let (batch, after) = match self.open(progress).await? {
                Opened::Batch(batch, after) => (batch, after),
                Opened::Nobody => return Ok(Some(Progress::Nobody)),
                Opened::Unheard => return Ok(None),
            };
            match self.filling(batch).fill(after, progress).await? {
                // Sealed empty: whoever came meanwhile is owed another one.
                Some(batch) if batch.codes == 0 => {}
                done => return Ok(done.map(Progress::Done)),
            }
        }
    }

    fn filling(&self, batch: BatchId) -> Filling {
        Filling {
            context: self.context.clone(),
            call: self.call.clone(),
            campaign: self.campaign,
            batch,
            chunk: self.chunk,
        }
    }
}

impl Filling {
    /// Issues what is owed to the individuals after one; gives nothing where nobody listens any more.
    async fn fill(
        &self,
        after: IndividualId,
        progress: &mpsc::Sender<Result<Progress, Error>>,
    ) -> Result<Option<code_batch::Model>, Error> {
        let batch = self.batch().await?;
        if batch.completed_at.is_some() {
            return Ok(Some(batch));
        }
        let means = Arc::new(self.means(&batch).await?);
        let count = self.count(Arc::clone(&means), batch.codes);
        let mut count = Some(AbortOnDropHandle::new(tokio::spawn(count)));
        let (mut issued, mut owed) = (batch.codes, 0);
        let (ready, mut chunks) = mpsc::channel(1);
        let prepare = self.clone().prepare_all(Arc::clone(&means), after, ready);
        let _preparing = AbortOnDropHandle::new(tokio::spawn(prepare));
        loop {
            if let Some(count) = count.take_if(|count| count.is_finished()) {
                owed = count.await.unwrap_or(0);
            }
            let step = Progress::Issued { issued, owed };
            if progress.send(Ok(step)).await.is_err() {
                return Ok(None);
            }
            let Some(chunk) = chunks.recv().await else {
                break;
            };
            let chunk = chunk?;
            if chunk.codes.is_empty() {
                continue;
            }
            match self.write(&means, chunk).await? {
                Written::InBatch(codes) => issued = codes,
                Written::Ended => break,
            }
        }
        self.finish(&means).await.map(Some)
    }

    /// Prepares chunk after chunk, until there is nobody left or nobody takes them.
    async fn prepare_all(
        self,
        means: Arc<Means>,
        mut after: IndividualId,
        ready: mpsc::Sender<Result<Chunk, Error>>,
    ) {
        loop {
            let chunk = self.prepare(&means, after).await;
            let last = chunk.as_ref().map(|chunk| chunk.last);
            match last {
                Ok(Some(last)) => after = last,
                Ok(None) => return,
                Err(_) => {}
            }
            let has_failed = chunk.is_err();
            if ready.send(chunk).await.is_err() || has_failed {
                return;
            }
        }
    }

    /// Counts the codes of the batch at its end, which takes a while at millions of people: it goes on beside the first
    /// chunks. The number is only shown, so that one that cannot be had is 0.
    fn count(&self, means: Arc<Means>, issued: i64) -> impl Future<Output = i64> + use<> {
        let (db, campaign) = (self.context.db.clone(), self.campaign);
        async move {
            let owed = code_store::count_owed(&db, campaign, &means.selection).await;
            owed.map_or(0, |owed| issued + owed)
        }
    }

    async fn batch(&self) -> Result<code_batch::Model, Error> {
        let batch = store::get(self.context.db.read(), self.campaign, self.batch).await?;
        batch.ok_or(Error::BatchNotFound)
    }

    async fn means(&self, batch: &code_batch::Model) -> Result<Means, Error> {
        let read = self.context.db.read();
        let campaign = campaign::store::by_id(read, self.campaign).await?;
        let campaign = campaign.ok_or(Error::CampaignNotFound)?;
        let wave = wave::store::get(read, self.campaign, batch.wave_id).await?;
        Ok(Means {
            secret: open_secret(&self.context, batch)?,
            key: self.context.key(campaign.code_key_version)?,
            selection: Selection::of(&wave.ok_or(Error::WaveNotFound)?),
        })
    }
}
