//! Reads the parts of an import and prepares their rows, beside the write of the batch before.

use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc;

use super::super::ctx::Ctx;
use super::super::error::Error;
use super::import::Part;
use super::keys::RosterKeys;
use super::prepare::{Judged, prepare};
use super::row::{RawRow, Rules};

/// The most rows in one chunk.
pub const CHUNK: usize = 500;
/// The most chunks that are settled together; only those that wait are taken, nobody waits for more.
const CHUNKS_A_BATCH: usize = 8;

/// What the reader hands over: rows of whole chunks, and perhaps the end.
pub struct Batch {
    /// The rows, prepared.
    pub rows: Vec<Judged>,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// What the end says, if it came.
    pub end: Option<i64>,
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
}

impl Reader {
    /// Reads until the parts end, break a rule, or nobody takes the batches.
    pub async fn run<P>(mut self, mut parts: P, ready: mpsc::Sender<Result<Batch, Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        loop {
            let (chunks, end) = self.gather(&mut parts).await;
            let is_last = !matches!(end, Ok(None));
            if !chunks.is_empty() || matches!(end, Ok(Some(_))) {
                let batch = self
                    .prepare(chunks, end.as_ref().ok().copied().flatten())
                    .await;
                if ready.send(batch).await.is_err() {
                    return;
                }
            }
            if let Err(Some(error)) = end {
                drop(ready.send(Err(error)).await);
            }
            if is_last {
                return;
            }
        }
    }

    /// Takes one chunk and whatever else has come in. The end is `Ok(Some(rows))`, a stream that broke off `Err`.
    async fn gather<P>(
        &mut self,
        parts: &mut P,
    ) -> (Vec<Vec<RawRow>>, Result<Option<i64>, Option<Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        let mut chunks = Vec::new();
        let mut next = parts.next().await;
        loop {
            match next {
                None => return (chunks, Err(None)),
                Some(Err(error)) => return (chunks, Err(Some(error))),
                Some(Ok(Part::Header(_))) => {
                    return (
                        chunks,
                        Err(Some(Error::field(
                            "header",
                            "must come once, as the first message",
                        ))),
                    );
                }
                Some(Ok(Part::End { rows })) => return (chunks, Ok(Some(rows))),
                Some(Ok(Part::Chunk(rows))) => match self.check(&rows) {
                    Ok(()) => chunks.push(rows),
                    Err(error) => return (chunks, Err(Some(error))),
                },
            }
            if chunks.len() >= CHUNKS_A_BATCH {
                return (chunks, Ok(None));
            }
            match parts.next().now_or_never() {
                Some(part) => next = part,
                None => return (chunks, Ok(None)),
            }
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

    async fn prepare(&self, chunks: Vec<Vec<RawRow>>, end: Option<i64>) -> Result<Batch, Error> {
        let lengths = chunks.iter().map(Vec::len).collect();
        let (rules, keys, ids) = (
            Arc::clone(&self.rules),
            Arc::clone(&self.keys),
            self.ctx.ids.clone(),
        );
        let work = move || {
            chunks
                .iter()
                .flat_map(|rows| prepare(rows, &rules, &keys, &ids))
                .collect()
        };
        let rows = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::ShuttingDown)?;
        Ok(Batch {
            rows,
            chunks: lengths,
            end,
        })
    }
}
