//! Streams a roster file to the server and writes down what was not taken.
//!
//! At most [`IN_FLIGHT`] chunks are under way: the reader waits for an answer before it sends more, so memory does not
//! grow with the file. Only the end of the stream is a success; anything else is resumed by running it again, which skips
//! the rows that are durable and whose rejects are written down already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

use super::reader::{Chunk, RosterReader};
use super::rejects::Rejects;
use crate::client::connect::Channels;
use crate::client::files::sha256_of;
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Progress, Show, Unit};
use crate::wire::redress::identity::v1 as wire;
use wire::import_roster_request::Part;
use wire::import_roster_response::Step;
use wire::roster_service_client::RosterServiceClient;

/// Chunks sent and not yet answered: enough for the largest batch to be settled, another one to wait, and some to be read.
const IN_FLIGHT: usize = 120;

const DOING: &str = "import the roster";

/// What an import came to.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The import.
    pub import_id: String,
    /// Totals of this run: what it sent, not what it skipped.
    pub totals: wire::ImportTotals,
    /// The line after which this run went on; 1 if it began at the first row.
    pub after_line: i64,
    /// Totals of the whole file over all runs.
    pub file: wire::ImportTotals,
    /// Where the rejects are, if there are any.
    pub rejects: Option<PathBuf>,
}

/// Imports a file into a campaign.
pub async fn import(
    channels: &Channels,
    campaign_id: &str,
    path: &Path,
    show: Show,
) -> Result<Imported, Problem> {
    let reader = RosterReader::open(path)?;
    let size = std::fs::metadata(path)
        .map_err(|error| Problem::file(path, &error))?
        .len();
    let hashed = path.to_owned();
    let file_sha256 = tokio::task::spawn_blocking(move || sha256_of(&hashed));
    let (file_sha256, _) = file_sha256
        .await
        .map_err(|error| Problem::usage(error.to_string()))?
        .map_err(|error| Problem::file(path, &error))?;
    let header = wire::ImportHeader {
        campaign: campaign_id.to_owned(),
        file_sha256,
    };

    let (parts, outgoing) = mpsc::channel(1);
    let (sent, notes) = mpsc::unbounded_channel();
    let (permits, permitted) = mpsc::channel(IN_FLIGHT);
    let (begin, beginning) = oneshot::channel();
    let feeder = Feeder {
        reader,
        parts,
        sent,
        permitted,
        beginning,
    };
    let feeding = tokio::task::spawn_blocking(move || feeder.run(header));
    for _ in 0..IN_FLIGHT {
        let _ = permits.try_send(());
    }

    let mut client = RosterServiceClient::new(channels.identity.clone());
    let answers = client
        .import_roster(ReceiverStream::new(outgoing))
        .await
        .or_problem(DOING)?;
    let imported = Follower {
        notes,
        permits,
        begin: Some(begin),
        waiting: BTreeMap::new(),
        size,
        progress: show("importing the roster", Unit::Bytes),
    }
    .run(answers, path)
    .await;
    drop(client);
    let fed = feeding
        .await
        .map_err(|error| Problem::usage(error.to_string()))?;
    fed.map_err(|error| Problem::file(path, &error))?;
    imported
}

/// Reads the file in a thread of its own and sends it.
struct Feeder {
    reader: RosterReader,
    parts: mpsc::Sender<wire::ImportRosterRequest>,
    sent: mpsc::UnboundedSender<Note>,
    permitted: mpsc::Receiver<()>,
    /// Gives the line after which to go on.
    beginning: oneshot::Receiver<i64>,
}

/// A chunk that was sent, as the follower needs it.
struct Note {
    last_line: i64,
    bytes: u64,
    misshapen: BTreeMap<i64, String>,
}

impl Feeder {
    /// Ends early, without an error, when the stream is closed: the answers then say why.
    fn run(mut self, header: wire::ImportHeader) -> Result<(), csv::Error> {
        if !send(&self.parts, Part::Header(header)) {
            return Ok(());
        }
        let Ok(after_line) = self.beginning.blocking_recv() else {
            return Ok(());
        };
        let mut rows = 0;
        while let Some(chunk) = self.reader.next_chunk()? {
            rows += i64::try_from(chunk.rows.len()).unwrap_or(0);
            let Chunk {
                rows: mut part,
                mut misshapen,
                bytes,
            } = chunk;
            part.retain(|row| row.line > after_line);
            misshapen.retain(|line, _| *line > after_line);
            let Some(last_line) = part.last().map(|row| row.line) else {
                continue;
            };
            let _ = self.sent.send(Note {
                last_line,
                bytes,
                misshapen,
            });
            if self.permitted.blocking_recv().is_none()
                || !send(&self.parts, Part::Chunk(wire::ImportChunk { rows: part }))
            {
                return Ok(());
            }
        }
        send(&self.parts, Part::End(wire::ImportEnd { rows }));
        Ok(())
    }
}

/// Tells whether the stream still takes parts.
fn send(parts: &mpsc::Sender<wire::ImportRosterRequest>, part: Part) -> bool {
    let request = wire::ImportRosterRequest { part: Some(part) };
    parts.blocking_send(request).is_ok()
}

/// Reads the answers, writes the rejects and lets the feeder go on.
struct Follower {
    notes: mpsc::UnboundedReceiver<Note>,
    permits: mpsc::Sender<()>,
    /// Tells the feeder where to begin, once.
    begin: Option<oneshot::Sender<i64>>,
    /// Misshapen rows not answered yet.
    waiting: BTreeMap<i64, String>,
    size: u64,
    progress: Progress,
}

impl Follower {
    async fn run(
        mut self,
        mut answers: tonic::Streaming<wire::ImportRosterResponse>,
        path: &Path,
    ) -> Result<Imported, Problem> {
        let Step::Progress(first) = next(&mut answers).await? else {
            return Err(Problem::usage("the service did not say where to begin"));
        };
        let import_id = first.import_id;
        let (mut rejects, after_line) = Rejects::go_on(path, &import_id, first.durable_line)?;
        let _ = self.begin.take().map(|begin| begin.send(after_line));
        let mut pending: Option<Note> = None;
        loop {
            match next(&mut answers).await? {
                Step::Progress(answer) => {
                    pending = self.settle(pending, answer.durable_line);
                    for row in &answer.rejected {
                        rejects.add(row, self.waiting.remove(&row.index).as_deref())?;
                    }
                    rejects.answered(&import_id, answer.durable_line)?;
                }
                Step::Result(result) => {
                    let import = result.import.unwrap_or_default();
                    return Ok(Imported {
                        import_id,
                        totals: result.totals.unwrap_or_default(),
                        after_line,
                        file: import.totals.unwrap_or_default(),
                        rejects: rejects.finish()?,
                    });
                }
            }
        }
    }

    /// Takes the notes of the chunks up to a line off the list; gives the note that was read too early.
    fn settle(&mut self, mut pending: Option<Note>, durable_line: i64) -> Option<Note> {
        while let Some(note) = pending.take().or_else(|| self.notes.try_recv().ok()) {
            if note.last_line > durable_line {
                let misshapen = note.misshapen.iter();
                self.waiting
                    .extend(misshapen.map(|(line, wrong)| (*line, wrong.clone())));
                return Some(note);
            }
            self.waiting.extend(note.misshapen);
            self.progress.set(note.bytes, self.size);
            let _ = self.permits.try_send(());
        }
        None
    }
}

async fn next(answers: &mut tonic::Streaming<wire::ImportRosterResponse>) -> Result<Step, Problem> {
    let answer = answers.message().await;
    let answer = answer.map_err(|status| Problem::from_status(DOING, &status))?;
    answer.and_then(|answer| answer.step).ok_or_else(|| {
        Problem::usage(
            "cannot import the roster: the stream ended early; run the same command again, it goes on where it stopped",
        )
    })
}
