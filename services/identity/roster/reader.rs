//! Reads the parts of an import and prepares their rows, beside the write of the batch before.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

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
/// The most chunks that are settled together. A batch grows while the one before it is settled, and no longer.
pub const CHUNKS_A_BATCH: usize = 12;

/// What the reader hands over: rows of whole chunks, and perhaps the end.
pub struct Batch {
    /// The rows, prepared and sorted.
    pub rows: Sorted,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// What the end says, if it came.
    pub end: Option<i64>,
}

/// Chunks that came in, and what came after them: nothing yet, the end with its number of rows, or what broke off.
struct Gathered {
    chunks: Vec<Vec<RawRow>>,
    end: Result<Option<i64>, Option<Error>>,
}

impl Gathered {
    fn goes_on(&self) -> bool {
        matches!(self.end, Ok(None)) && self.chunks.len() < CHUNKS_A_BATCH
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
}

impl Reader {
    /// Reads until the parts end, break a rule, or nobody takes the batches.
    pub async fn run<P>(mut self, mut parts: P, ready: mpsc::Sender<Result<Batch, Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        loop {
            let Some((gathered, place)) = self.gather(&mut parts, &ready).await else {
                return;
            };
            let Gathered { chunks, end } = gathered;
            let is_last = !matches!(end, Ok(None));
            let rows = end.as_ref().ok().copied().flatten();
            if chunks.is_empty() && rows.is_none() {
                drop(place);
            } else {
                place.send(self.prepare(chunks, rows).await);
            }
            if let Err(Some(error)) = end {
                drop(ready.send(Err(error)).await);
            }
            if is_last {
                return;
            }
        }
    }

    /// Takes one chunk, and what else comes in until the batch before is taken. Nothing where nobody takes batches any more.
    async fn gather<'r, P>(
        &mut self,
        parts: &mut P,
        ready: &'r mpsc::Sender<Result<Batch, Error>>,
    ) -> Option<(Gathered, mpsc::Permit<'r, Result<Batch, Error>>)>
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        let mut gathered = Gathered {
            chunks: Vec::new(),
            end: Ok(None),
        };
        self.take(parts.next().await, &mut gathered);
        let mut place = std::pin::pin!(ready.reserve());
        while gathered.goes_on() {
            tokio::select! {
                biased;
                part = parts.next() => self.take(part, &mut gathered),
                place = &mut place => return Some((gathered, place.ok()?)),
            }
        }
        Some((gathered, place.await.ok()?))
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

    async fn prepare(
        &mut self,
        chunks: Vec<Vec<RawRow>>,
        end: Option<i64>,
    ) -> Result<Batch, Error> {
        let lengths = chunks.iter().map(Vec::len).collect();
        let (rules, keys, ids) = (
            Arc::clone(&self.rules),
            Arc::clone(&self.keys),
            self.ctx.ids.clone(),
        );
        let mut seen = std::mem::take(&mut self.seen);
        let work = move || {
            // Rows go as they are taken: a batch of them takes more room than what is made of it.
            let rows = chunks.into_iter().flatten();
            let judged = rows.map(|row| prepare(&row, &rules, &keys, &ids));
            let sorted = Sorted::of(judged, &mut seen, &keys);
            (sorted, seen)
        };
        let worked = tokio::task::spawn_blocking(work).await;
        let (rows, seen) = worked.map_err(|_| Error::ShuttingDown)?;
        self.seen = seen;
        Ok(Batch {
            rows: rows?,
            chunks: lengths,
            end,
        })
    }
}
