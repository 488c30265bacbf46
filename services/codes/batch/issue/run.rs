//! Running an issue: chunk after chunk, the next prepared while one is written.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::codes::batch::{code_store, store};
use crate::codes::error::Error;
use crate::codes::wave::store::Selection;
use crate::codes::{campaign, wave};
use crate::db::entities::code_batch;
use crate::kernel::ids::{BatchId, IndividualId};
use crate::kernel::keyring::Purpose;

use super::batch::open_secret;
use super::filling::{Chunk, Filling, Issue, Means, Progress};
use super::load::Written;
use super::open::Opened;

impl Issue {
    /// Makes the chunks smaller, so that tests see several.
    #[must_use]
    pub fn in_chunks_of(mut self, chunk: u64) -> Self {
        self.chunk = chunk;
        self
    }

    /// Issues what is owed and tells how far it is; stops early when the caller has hung up; a second call resumes it.
    pub async fn run(mut self, progress: mpsc::Sender<Result<Progress, Error>>) {
        if let Some(end) = self.issue(&progress).await.transpose() {
            // A caller that has hung up calls again.
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
                // Sealed empty: people who came in the meantime are owed another batch.
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
    /// Issues what is owed to the individuals after one; none where the caller has hung up.
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
            let step = Progress::Issued {
                batch: Some(self.batch),
                issued,
                owed,
            };
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

    /// Prepares chunk after chunk, until nobody is left or the receiver is gone.
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
    /// chunks. The number is only shown, so it is 0 where it cannot be had.
    fn count(&self, means: Arc<Means>, issued: i64) -> impl Future<Output = i64> + use<> {
        let (db, campaign) = (self.context.db.clone(), self.campaign);
        async move {
            let owed = code_store::count_owed(&db, campaign, &means.selection).await;
            owed.map_or(0, |owed| issued + owed)
        }
    }

    pub(super) async fn batch(&self) -> Result<code_batch::Model, Error> {
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
            key: self
                .context
                .keys
                .get(Purpose::Code, campaign.code_key_version)?,
            selection: Selection::of(&wave.ok_or(Error::WaveNotFound)?),
            with_product: campaign::store::populations_with_product(read, self.campaign).await?,
        })
    }
}
