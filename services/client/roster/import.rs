//! Streams a roster file to the server and writes down what was not taken.
//!
//! At most [`IN_FLIGHT`] chunks are under way: the reader waits for an answer before it sends more, so memory does not
//! grow with the file. Only the end of the stream is a success; anything else is resumed by running it again, which skips
//! the rows that are durable and whose rejects are written down already.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

use super::reader::{Chunk, RosterReader};
use super::rejects::{Listed, REASON, Rejects};
use super::survey::{Survey, survey};
use crate::client::connect::Channels;
use crate::client::convert::state;
use crate::client::files::beside;
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Progress, Show, Unit};
use crate::client::table::Options;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::ItemVerdict;
use wire::import_roster_request::Part;
use wire::import_roster_response::Step;
use wire::roster_service_client::RosterServiceClient;

pub use super::survey::Purpose;

/// Chunks sent and not yet answered: enough for the largest batch to be settled, another one to wait, and some to be read.
const IN_FLIGHT: usize = 120;

const DOING: &str = "import the roster";

/// What an import came to.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The import; empty where the file was only checked.
    pub import_id: String,
    /// What the file was found to be.
    pub survey: Survey,
    /// Totals of this run: what it sent, not what it skipped.
    pub totals: wire::ImportTotals,
    /// The line after which this run went on; 1 if it began at the first row.
    pub after_line: i64,
    /// Totals of the whole file over all runs.
    pub file: wire::ImportTotals,
    /// Where the rejects, the warnings and the matches are.
    pub listed: Listed,
}

/// Imports a file into a campaign, or has it judged.
pub async fn import(
    channels: &Channels,
    campaign_id: &str,
    path: &Path,
    options: &Options,
    purpose: Purpose,
    show: Show,
) -> Result<Imported, Problem> {
    let read = (path.to_owned(), options.clone());
    let surveyed = tokio::task::spawn_blocking(move || survey(&read.0, &read.1, purpose, show));
    let surveyed = surveyed
        .await
        .map_err(|error| Problem::usage(error.to_string()))??;
    let reader = RosterReader::open(path, options)?;
    let header = wire::ImportHeader {
        campaign: campaign_id.to_owned(),
        file_sha256: surveyed.file_sha256.clone(),
        date_order: surveyed.date_order.into(),
        validate_only: purpose == Purpose::Check,
        complete: purpose == Purpose::Load { complete: true },
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
    let (what, files) = match purpose {
        Purpose::Load { .. } => ("importing the roster", path.to_owned()),
        // Those of an import stay as they are.
        Purpose::Check => ("judging the rows", beside(path, ".check")),
    };
    let imported = Follower {
        notes,
        permits,
        begin: Some(begin),
        waiting: BTreeMap::new(),
        forgiven: BTreeMap::new(),
        rows: surveyed.rows,
        done: 0,
        more_warned: 0,
        progress: show(what, Unit::Pieces),
    }
    .run(answers, &files)
    .await;
    drop(client);
    let fed = feeding
        .await
        .map_err(|error| Problem::usage(error.to_string()))?;
    fed?;
    let mut imported = imported?;
    imported.survey = surveyed;
    Ok(imported)
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
    rows: u64,
    misshapen: BTreeMap<i64, String>,
    forgiven: BTreeMap<i64, &'static str>,
}

impl Feeder {
    /// Ends early, without an error, when the stream is closed: the answers then say why.
    fn run(mut self, header: wire::ImportHeader) -> Result<(), Problem> {
        if !send(&self.parts, Part::Header(header)) {
            return Ok(());
        }
        let Ok(after_line) = self.beginning.blocking_recv() else {
            return Ok(());
        };
        let mut rows = 0;
        while let Some(chunk) = self.reader.next_chunk()? {
            rows += chunk.rows.len() as u64;
            let Chunk {
                rows: mut part,
                mut misshapen,
                mut forgiven,
                ..
            } = chunk;
            part.retain(|row| row.line > after_line);
            misshapen.retain(|line, _| *line > after_line);
            forgiven.retain(|line, _| *line > after_line);
            let Some(last_line) = part.last().map(|row| row.line) else {
                continue;
            };
            let _ = self.sent.send(Note {
                last_line,
                rows,
                misshapen,
                forgiven,
            });
            if self.permitted.blocking_recv().is_none()
                || !send(&self.parts, Part::Chunk(wire::ImportChunk { rows: part }))
            {
                return Ok(());
            }
        }
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        send(&self.parts, Part::End(wire::ImportEnd { rows }));
        Ok(())
    }
}

/// Tells whether the stream still takes parts.
fn send(parts: &mpsc::Sender<wire::ImportRosterRequest>, part: Part) -> bool {
    let request = wire::ImportRosterRequest { part: Some(part) };
    parts.blocking_send(request).is_ok()
}

/// Reads the answers, writes the rejects and warnings and lets the feeder go on.
struct Follower {
    notes: mpsc::UnboundedReceiver<Note>,
    permits: mpsc::Sender<()>,
    /// Tells the feeder where to begin, once.
    begin: Option<oneshot::Sender<i64>>,
    /// Misshapen rows not answered yet.
    waiting: BTreeMap<i64, String>,
    /// What was forgiven in rows not answered yet.
    forgiven: BTreeMap<i64, &'static str>,
    rows: u64,
    done: u64,
    /// Rows with a warning of the reader's and none of the service's.
    more_warned: i64,
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
                    self.write_down(&answer, &mut rejects)?;
                    rejects.answered(&import_id, answer.durable_line)?;
                }
                Step::Result(result) => {
                    let import = result.import.unwrap_or_default();
                    let mut totals = result.totals.unwrap_or_default();
                    totals.warned += self.more_warned;
                    return Ok(Imported {
                        import_id,
                        totals,
                        after_line,
                        file: import.totals.unwrap_or_default(),
                        listed: rejects.finish()?,
                        ..Imported::default()
                    });
                }
            }
        }
    }

    /// Writes down what an answer says of its rows, and what the reader forgave in them.
    fn write_down(
        &mut self,
        answer: &wire::ImportProgress,
        rejects: &mut Rejects,
    ) -> Result<(), Problem> {
        let word = |row: &ItemVerdict| state(row.reason().as_str_name(), REASON);
        for row in &answer.rejected {
            self.forgiven.remove(&row.index);
            rejects.add(row, self.waiting.remove(&row.index).as_deref())?;
        }
        for row in &answer.warnings {
            rejects.warn(row.index, &row.field, &word(row), &row.help)?;
        }
        for row in &answer.matched {
            rejects.matched(row)?;
        }
        let later = self.forgiven.split_off(&(answer.durable_line + 1));
        for (line, what) in std::mem::replace(&mut self.forgiven, later) {
            self.more_warned += i64::from(rejects.warn(line, "", "MENDED", what)?);
        }
        Ok(())
    }

    /// Takes the notes of the chunks up to a line off the list; gives the note that was read too early.
    fn settle(&mut self, mut pending: Option<Note>, durable_line: i64) -> Option<Note> {
        while let Some(mut note) = pending.take().or_else(|| self.notes.try_recv().ok()) {
            self.waiting.append(&mut note.misshapen);
            self.forgiven.append(&mut note.forgiven);
            if note.last_line > durable_line {
                return Some(note);
            }
            self.done = note.rows;
            self.progress.set(self.done, self.rows);
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
