//! Reads the parts of an import and prepares their rows, beside the write of the batch before.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use sea_orm::DbBackend;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::super::ctx::Ctx;
use super::super::error::Error;
use super::import::Part;
use super::keys::RosterKeys;
use super::newcomers::Sorted;
use super::prepare::prepare;
use super::row::{RawRow, Rules};
use super::seen::Seen;

/// The most rows in one chunk.
pub const CHUNK: usize = 500;
/// The most chunks that are prepared together: rows as they came take more room than what is made of them.
const CHUNKS_A_PIECE: usize = 12;
/// The most chunks that are settled together on PostgreSQL. A batch grows until there is room for it; where rows
/// come fast, it is full before that is looked for.
const CHUNKS_A_BATCH: usize = CHUNKS_A_PIECE;
/// The same on SQLite, where each batch changes nearly every page of the indexes.
pub const CHUNKS_A_BATCH_SQLITE: usize = 48;

/// What the reader hands over: rows of whole chunks, and perhaps the end.
pub struct Batch {
    /// The rows, prepared and sorted.
    pub rows: Sorted,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// What the end says, if it came.
    pub end: Option<i64>,
    /// The room that it takes until it is settled.
    pub room: OwnedSemaphorePermit,
}

/// Chunks that came in, and what came after them: nothing yet, the end with its number of rows, or what broke off.
struct Gathered {
    chunks: Vec<Vec<RawRow>>,
    end: Result<Option<i64>, Option<Error>>,
}

impl Gathered {
    const fn goes_on(&self) -> bool {
        matches!(self.end, Ok(None))
    }
}

/// Reads parts and prepares rows.
pub struct Reader {
    /// What rows are judged against.
    pub rules: Arc<Rules>,
    /// What rows are sealed with.
    pub keys: Arc<RosterKeys>,
    /// The means of the process.
    pub ctx: Ctx,
    /// The last line that was read.
    pub line: i64,
    /// What is on the roster, and what was read.
    pub seen: Seen,
    /// Room for so many batches that are ready or under way.
    pub room: Arc<Semaphore>,
}

impl Reader {
    /// Reads until the parts end, break a rule, or nobody takes the batches.
    pub async fn run<P>(mut self, mut parts: P, ready: mpsc::Sender<Result<Batch, Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        while self.hand_over(&mut parts, &ready).await.is_some() {}
    }

    /// Hands over the next batch. Nothing where that was the last one, or nobody takes them any more.
    async fn hand_over<P>(
        &mut self,
        parts: &mut P,
        ready: &mpsc::Sender<Result<Batch, Error>>,
    ) -> Option<()>
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        let most = match self.ctx.db.backend() {
            DbBackend::Sqlite => CHUNKS_A_BATCH_SQLITE,
            _ => CHUNKS_A_BATCH,
        };
        let (mut rows, mut lengths) = (Sorted::default(), Vec::new());
        let mut gathered = Gathered {
            chunks: Vec::new(),
            end: Ok(None),
        };
        // The first chunk is waited for; others come along until there is room for the batch.
        self.take(parts.next().await, &mut gathered);
        let mut leaving = std::pin::pin!(Arc::clone(&self.room).acquire_owned());
        let mut room = None;
        loop {
            let piece = CHUNKS_A_PIECE.min(most - lengths.len());
            while room.is_none() && gathered.goes_on() && gathered.chunks.len() < piece {
                tokio::select! {
                    biased;
                    part = parts.next() => self.take(part, &mut gathered),
                    left = &mut leaving => room = Some(left.ok()?),
                }
            }
            let chunks = std::mem::take(&mut gathered.chunks);
            let more: Vec<usize> = chunks.iter().map(Vec::len).collect();
            match self.prepare(chunks).await {
                Ok(prepared) => {
                    rows.append(prepared);
                    lengths.extend(more);
                }
                Err(error) => gathered.end = Err(Some(error)),
            }
            if room.is_some() || !gathered.goes_on() || lengths.len() >= most {
                break;
            }
        }
        let room = match room {
            Some(room) => room,
            None => leaving.await.ok()?,
        };
        let goes_on = gathered.goes_on();
        let end = gathered.end.as_ref().ok().copied().flatten();
        if !lengths.is_empty() || end.is_some() {
            let batch = Batch {
                rows,
                chunks: lengths,
                end,
                room,
            };
            ready.send(Ok(batch)).await.ok()?;
        }
        if let Err(Some(error)) = gathered.end {
            drop(ready.send(Err(error)).await);
        }
        goes_on.then_some(())
    }

    fn take(&mut self, part: Option<Result<Part, Error>>, gathered: &mut Gathered) {
        const ONCE: &str = "must come once, as the first message";
        match part {
            None => gathered.end = Err(None),
            Some(Err(error)) => gathered.end = Err(Some(error)),
            Some(Ok(Part::Header(_))) => gathered.end = Err(Some(Error::field("header", ONCE))),
            Some(Ok(Part::End { rows })) => gathered.end = Ok(Some(rows)),
            Some(Ok(Part::Chunk(rows))) => match self.check(&rows) {
                Ok(()) => gathered.chunks.push(rows),
                Err(error) => gathered.end = Err(Some(error)),
            },
        }
    }

    fn check(&mut self, rows: &[RawRow]) -> Result<(), Error> {
        if rows.is_empty() || rows.len() > CHUNK {
            return Err(Error::field("chunk.rows", "must be 1 to 500 rows"));
        }
        for (at, row) in rows.iter().enumerate() {
            if row.line <= self.line {
                let path = format!("chunk.rows[{at}].line");
                return Err(Error::field(
                    path,
                    "must grow from row to row; the header is line 1",
                ));
            }
            self.line = row.line;
        }
        Ok(())
    }

    async fn prepare(&mut self, chunks: Vec<Vec<RawRow>>) -> Result<Sorted, Error> {
        if chunks.is_empty() {
            return Ok(Sorted::default());
        }
        let (rules, keys, ids) = (
            Arc::clone(&self.rules),
            Arc::clone(&self.keys),
            self.ctx.ids.clone(),
        );
        let mut seen = std::mem::take(&mut self.seen);
        let work = move || {
            // Rows go as they are taken: a piece of them takes more room than what is made of it.
            let rows = chunks.into_iter().flatten();
            let judged = rows.map(|row| prepare(&row, &rules, &keys, &ids));
            let sorted = Sorted::of(judged, &mut seen, &keys);
            (sorted, seen)
        };
        let worked = tokio::task::spawn_blocking(work).await;
        let (rows, seen) = worked.map_err(|_| Error::ShuttingDown)?;
        self.seen = seen;
        rows
    }
}
