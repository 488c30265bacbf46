//! The parts of an import, gathered into batches and prepared beside the write of the batch before.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use crate::identity::error::Error;
use crate::kernel::dates::DateOrder;
use crate::kernel::ids::{CampaignId, Ids};
use crate::process;

use super::keys::RosterKeys;
use super::prepare::{Judged, prepare};
use super::row::{RawRow, Rules};

/// The most rows in one chunk.
pub const CHUNK: usize = 500;
/// The most chunks in one batch. Larger ones gain little, and others wait for each as long as it is written.
pub const CHUNKS: usize = 20;

/// A part of an import.
#[derive(Debug)]
pub enum Part {
    /// Opens it.
    Header(Header),
    /// Rows in the order of the file.
    Chunk(Vec<RawRow>),
    /// Closes it.
    End {
        /// How many rows the file has.
        rows: i64,
    },
}

/// What opens an import.
#[derive(Clone, Debug)]
pub struct Header {
    /// The campaign to load into.
    pub campaign: CampaignId,
    /// SHA-256 of the file in lower-case hex: the same file is the same import.
    pub file_sha256: String,
    /// Which part of a date comes first in the file.
    pub date_order: DateOrder,
    /// Whether the rows are only judged.
    pub validate_only: bool,
    /// Whether the file has everybody whom its covered entities list.
    pub complete: bool,
}

/// What one transaction writes: rows of whole chunks, and perhaps the end of the file.
pub struct Batch {
    /// The rows, prepared, in order.
    pub rows: Arc<Vec<Judged>>,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// How many rows the file has, if its end came.
    pub end: Option<i64>,
}

/// Why no further part is read.
enum Stop {
    /// The file has ended; it has so many rows.
    End(i64),
    /// A part cannot be taken.
    Broken(Error),
    /// Whoever sends has gone.
    Gone,
}

/// Makes batches.
pub struct Batcher {
    /// What rows are judged against.
    pub rules: Arc<Rules>,
    /// What rows are sealed with.
    pub keys: Arc<RosterKeys>,
    /// Where ids come from.
    pub ids: Ids,
    /// The last line that was read.
    pub line: i64,
}

impl Batcher {
    /// Makes batches until the parts end, one of them breaks a rule, or nobody takes batches any more.
    pub async fn run<P>(mut self, mut parts: P, batches: mpsc::Sender<Result<Batch, Error>>)
    where
        P: Stream<Item = Result<Part, Error>> + Send + Unpin,
    {
        let mut stop = None;
        while stop.is_none() {
            let mut chunks = Vec::new();
            // The first part is waited for; others come along until the batch is full or can be written.
            stop = self.take(parts.next().await, &mut chunks);
            let place = loop {
                tokio::select! {
                    biased;
                    part = parts.next(), if stop.is_none() && chunks.len() < CHUNKS => {
                        stop = self.take(part, &mut chunks);
                    }
                    place = batches.reserve() => break place,
                }
            };
            let Ok(place) = place else { return };
            let end = match stop {
                Some(Stop::End(rows)) => Some(rows),
                _ => None,
            };
            place.send(self.batch(chunks, end).await);
        }
        if let Some(Stop::Broken(error)) = stop {
            drop(batches.send(Err(error)).await);
        }
    }

    fn take(
        &mut self,
        part: Option<Result<Part, Error>>,
        chunks: &mut Vec<Vec<RawRow>>,
    ) -> Option<Stop> {
        match part {
            None => Some(Stop::Gone),
            Some(Err(error)) => Some(Stop::Broken(error)),
            Some(Ok(Part::Header(_))) => Some(Stop::Broken(Error::field(
                "header",
                "must come once, as the first message",
            ))),
            Some(Ok(Part::End { rows })) => Some(Stop::End(rows)),
            Some(Ok(Part::Chunk(rows))) => match self.check(&rows) {
                Ok(()) => {
                    chunks.push(rows);
                    None
                }
                Err(error) => Some(Stop::Broken(error)),
            },
        }
    }

    fn check(&mut self, rows: &[RawRow]) -> Result<(), Error> {
        self.line = last_line(rows, self.line)?;
        Ok(())
    }

    /// Prepares the rows of a batch on another thread: ciphers take as long as the database.
    async fn batch(&self, chunks: Vec<Vec<RawRow>>, end: Option<i64>) -> Result<Batch, Error> {
        let lengths = chunks.iter().map(Vec::len).collect();
        let (rules, keys) = (Arc::clone(&self.rules), Arc::clone(&self.keys));
        let ids = self.ids.clone();
        let work = move || -> Vec<Judged> {
            let rows = chunks.into_iter().flatten();
            rows.map(|row| prepare(&row, &rules, &keys, &ids)).collect()
        };
        let rows = tokio::task::spawn_blocking(work).await;
        Ok(Batch {
            rows: Arc::new(rows.map_err(|_| process::Error::ShuttingDown)?),
            chunks: lengths,
            end,
        })
    }
}

/// Checks the rows of a chunk behind a line, and gives the last line.
pub fn last_line(rows: &[RawRow], mut line: i64) -> Result<i64, Error> {
    if rows.is_empty() || rows.len() > CHUNK {
        return Err(Error::field("chunk.rows", "must be 1 to 500 rows"));
    }
    for (at, row) in rows.iter().enumerate() {
        if row.line <= line {
            let path = format!("chunk.rows[{at}].line");
            return Err(Error::field(
                path,
                "must grow from row to row; the header is line 1",
            ));
        }
        line = row.line;
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;
    use crate::identity::roster::plan::tests::{ids, keys, row, rules};

    fn batcher() -> Batcher {
        Batcher {
            rules: Arc::new(rules()),
            keys: Arc::new(keys(&[3])),
            ids: ids(),
            line: 1,
        }
    }

    fn chunk(line: i64) -> Part {
        let row = row(line, "one", &format!("R{line}"), "Ada", "1961-03-12", "");
        Part::Chunk(vec![row])
    }

    #[tokio::test]
    async fn a_chunk_is_not_kept_waiting_for_the_next_one() {
        let (sender, mut batches) = mpsc::channel(1);
        let parts = stream::iter([chunk(2)]).map(Ok).chain(stream::pending());
        let running = tokio::spawn(batcher().run(parts, sender));
        let batch = batches.recv().await.unwrap().unwrap();
        assert_eq!((batch.rows.len(), batch.end), (1, None));
        drop(batches);
        running.abort();
    }

    #[tokio::test]
    async fn chunks_that_are_there_are_written_together_up_to_a_limit() {
        let (sender, mut batches) = mpsc::channel(1);
        let last = i64::try_from(CHUNKS).unwrap() + 4;
        let end = Ok(Part::End { rows: last - 1 });
        let parts: Vec<_> = (2..=last).map(chunk).map(Ok).chain([end]).collect();
        let running = tokio::spawn(batcher().run(stream::iter(parts), sender));
        let first = batches.recv().await.unwrap().unwrap();
        assert_eq!((first.chunks, first.end), (vec![1; CHUNKS], None));
        let rest = batches.recv().await.unwrap().unwrap();
        assert_eq!((rest.chunks, rest.end), (vec![1; 3], Some(last - 1)));
        running.await.unwrap();
        assert!(batches.recv().await.is_none());
    }

    #[tokio::test]
    async fn what_came_before_a_broken_part_is_written() {
        let (sender, mut batches) = mpsc::channel(1);
        let parts = stream::iter([chunk(2), chunk(2)]).map(Ok);
        let running = tokio::spawn(batcher().run(parts, sender));
        assert_eq!(batches.recv().await.unwrap().unwrap().rows.len(), 1);
        assert!(matches!(
            batches.recv().await.unwrap(),
            Err(Error::Common(process::Error::Request(_)))
        ));
        running.await.unwrap();
    }
}
