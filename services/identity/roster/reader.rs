//! Reads the parts of an import and prepares their rows, beside the write of the batch before.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::identity::context::Context;
use crate::identity::error::Error;

use super::import::Part;
use super::keys::RosterKeys;
use super::newcomers::Sorted;
use super::prepare::prepare;
use super::row::{RawRow, Rules};
use super::seen::Seen;

/// The most rows in one chunk.
pub const CHUNK: usize = 500;
/// What the reader hands over: rows of whole chunks, and perhaps the end. It grows until there is room for it; where rows come
/// fast, it is full before that is looked for.
pub struct Piece {
    /// The rows, prepared and sorted.
    pub rows: Sorted,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// What the end says, if it came.
    pub end: Option<i64>,
    /// The room that it takes.
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
    pub context: Context,
    /// The last line that was read.
    pub line: i64,
    /// The most chunks that are prepared together.
    pub most: usize,
    /// What is on the roster, and what was read.
    pub seen: Arc<Mutex<Seen>>,
    /// Room for so many pieces that are ready or under way.
    pub room: Arc<Semaphore>,
    /// The room that a piece takes more which has most of its people in the clear.
    pub extra: u32,
}

impl Reader {
    /// Reads until the parts end, break a rule, or nobody takes the pieces.
    pub async fn run<P>(mut self, mut parts: P, ready: mpsc::Sender<Result<Piece, Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        while self.hand_over(&mut parts, &ready).await.is_some() {}
    }

    /// Hands over the next piece. Nothing where that was the last one, or nobody takes them any more.
    async fn hand_over<P>(
        &mut self,
        parts: &mut P,
        ready: &mpsc::Sender<Result<Piece, Error>>,
    ) -> Option<()>
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        let mut gathered = Gathered {
            chunks: Vec::new(),
            end: Ok(None),
        };
        // The first chunk is waited for; others come along until there is room.
        self.take(parts.next().await, &mut gathered);
        let mut leaving = std::pin::pin!(Arc::clone(&self.room).acquire_owned());
        let mut room = None;
        while room.is_none() && gathered.goes_on() && gathered.chunks.len() < self.most {
            tokio::select! {
                biased;
                part = parts.next() => self.take(part, &mut gathered),
                left = &mut leaving => room = Some(left.ok()?),
            }
        }
        let goes_on = gathered.goes_on();
        let mut end = gathered.end.as_ref().ok().copied().flatten();
        let mut broken = gathered.end.err().flatten();
        let mut chunks: Vec<usize> = gathered.chunks.iter().map(Vec::len).collect();
        let rows = self.prepare(gathered.chunks).await.unwrap_or_else(|error| {
            broken = Some(error);
            end = None;
            chunks.clear();
            Sorted::default()
        });
        let mut room = match room {
            Some(room) => room,
            None => leaving.await.ok()?,
        };
        if rows.opened() > rows.newcomers.len() {
            let more = Arc::clone(&self.room).acquire_many_owned(self.extra);
            room.merge(more.await.ok()?);
        }
        if !chunks.is_empty() || end.is_some() {
            let piece = Piece {
                rows,
                chunks,
                end,
                room,
            };
            ready.send(Ok(piece)).await.ok()?;
        }
        if let Some(error) = broken {
            drop(ready.send(Err(error)).await);
            return None;
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

    async fn prepare(&self, chunks: Vec<Vec<RawRow>>) -> Result<Sorted, Error> {
        if chunks.is_empty() {
            return Ok(Sorted::default());
        }
        let (rules, keys, ids) = (
            Arc::clone(&self.rules),
            Arc::clone(&self.keys),
            self.context.ids.clone(),
        );
        let seen = Arc::clone(&self.seen);
        let work = move || {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = chunks.iter().map(Vec::len).sum();
            // Rows go as they are taken: a piece of them takes more room than what is made of it.
            let rows = chunks.into_iter().flatten();
            let judged = rows.map(|row| prepare(&row, &rules, &keys, &ids));
            Sorted::of(count, judged, &mut seen, &keys)
        };
        let worked = tokio::task::spawn_blocking(work).await;
        worked.map_err(|_| Error::ShuttingDown)?
    }
}
