//! Reads the files that a partner sends back.
//!
//! A file is read to its end before anything of it is applied: one that is cut off, or miscounts itself, is put away as refused, with the
//! reason beside it. The lines of a sound file go into the state machine like a partner's calls, many in one transaction; a line that cannot be
//! taken is told in a report beside the file, and holds back no other. Reading a file twice changes nothing, so a crash in between is gone on
//! with by reading it again.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::db::Tx;
use crate::db::entities::handoff_file::{Model, State as FileState};
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, Verdict, apply_status};
use crate::handoff::outcome::convert;
use crate::handoff::partner::heard::heard;
use crate::handoff::queue::end::{Failed, end_failed};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::retry_policy::{Failure, PartnerStatus};
use crate::handoff::queue::state::State;
use crate::handoff::queue::store as handoffs;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::HandoffId;

use super::answer_lines::{AnswerLines, Line};
use super::desk::{Desk, FileError};
use super::folders::Outcome;
use super::store;
use crate::handoff::partner::file_layout::Answer;
use crate::handoff::partner::meaning::Meaning;

/// Lines that are applied in one transaction.
const CHUNK: usize = 1_000;
/// The first line of a report.
const REPORT: &str = "line,handoff_id,problem\r\n";
const NOT_OURS: &str = "the reference is none of ours";

/// Reads every file that came; gives how many there were.
pub async fn read_answers(desk: &Desk<'_>) -> Result<usize, FileError> {
    let names = desk.folders.arrived()?;
    for name in &names {
        let Some((answer, of)) = desk.layout.answer(name) else {
            refuse(
                desk,
                name,
                "no [[answers]] of the layout has a name like this",
            )?;
            continue;
        };
        let path = desk.folders.incoming(name);
        match check(desk, &path, answer, of).await? {
            Ok(of) => take(desk, (name, path), answer, of).await?,
            Err(why) => refuse(desk, name, &why)?,
        }
    }
    if !names.is_empty() {
        close(desk).await?;
    }
    Ok(names.len())
}

fn refuse(desk: &Desk<'_>, name: &str, why: &str) -> Result<(), FileError> {
    let partner = &desk.partner.name;
    metrics::file_refused(partner);
    tracing::error!(%partner, file = name, why, "a file of a partner is refused, and nothing of it was taken; correct it and put it into `in` again");
    let report = format!("{REPORT},,\"{}\"\r\n", why.replace('"', "'"));
    Ok(desk.folders.put_away(name, Outcome::Refused, &report)?)
}

/// Reads a file to its end, and finds the file of ours that it answers.
async fn check(
    desk: &Desk<'_>,
    path: &std::path::Path,
    answer: &Answer,
    of: Option<String>,
) -> Result<Result<Option<Model>, String>, FileError> {
    let (path, whole) = (path.to_owned(), answer.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut lines = AnswerLines::open(&path, &whole)?;
        while lines.next()?.is_some() {}
        Ok::<_, String>(lines.of)
    });
    let named = match read.await.map_err(std::io::Error::other)? {
        Ok(in_header) => of.or(in_header),
        Err(why) => return Ok(Err(why)),
    };
    let Some(named) = named else {
        return Ok(Ok(None));
    };
    let ours = store::by_name(desk.context.db.read(), desk.partner.id, &named).await?;
    Ok(match ours {
        Some(file) if matches!(file.state, FileState::Sent | FileState::Closed) => Ok(Some(file)),
        _ => Err("it answers a file that was never sent to this partner".to_owned()),
    })
}

/// Applies a sound file and puts it away.
async fn take(
    desk: &Desk<'_>,
    (name, path): (&str, PathBuf),
    answer: &Answer,
    of: Option<Model>,
) -> Result<(), FileError> {
    let mut taken = Taken::default();
    let mut lines = AnswerLines::open(&path, answer).map_err(std::io::Error::other)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK {
            match lines.next().map_err(std::io::Error::other)? {
                Some(line) => chunk.push(read_line(desk, answer, line)),
                None => break,
            }
        }
        if chunk.is_empty() {
            break;
        }
        apply(desk, chunk, &mut taken).await?;
    }
    if let Some(file) = of.filter(|_| answer.complete) {
        taken.left_out = send_again_what_is_left(desk, &file).await?;
    }
    heard(desk.context, desk.partner.id).await?;
    let Taken {
        recorded,
        unchanged,
        send_again,
        left_out,
        problems,
        report,
    } = taken;
    desk.folders.put_away(name, Outcome::Done, &report)?;
    metrics::file_read(&desk.partner.name, problems);
    tracing::info!(
        partner = %desk.partner.name, file = name, recorded, unchanged, send_again, left_out, problems,
        "a file of a partner was read"
    );
    Ok(())
}

/// What was taken from a file.
#[derive(Default)]
struct Taken {
    recorded: u64,
    unchanged: u64,
    send_again: u64,
    left_out: u64,
    problems: u64,
    /// A line for each problem.
    report: String,
}

impl Taken {
    /// Writes down a line that cannot be taken.
    fn problem(&mut self, line: u64, handoff: Option<HandoffId>, why: &str) {
        if self.report.is_empty() {
            self.report.push_str(REPORT);
        }
        let handoff = handoff.map(|id| id.to_string()).unwrap_or_default();
        // A string takes every text.
        let _ = write!(self.report, "{line},{handoff},{why}\r\n");
        self.problems += 1;
    }
}

/// What a line says, or why it cannot be taken.
struct Said {
    line: u64,
    handoff: Option<HandoffId>,
    what: Result<What, &'static str>,
}

enum What {
    Status(Box<PartnerStatus>),
    SendAgain,
}

fn read_line(desk: &Desk<'_>, answer: &Answer, line: Line) -> Said {
    let cells = match line.cells {
        Ok(cells) => cells,
        Err(why) => {
            return Said {
                line: line.number,
                handoff: None,
                what: Err(why),
            };
        }
    };
    let text = |field: &str| {
        let columns = answer.record.iter().zip(&cells);
        let mut of_field = columns.filter(|(column, _)| column.field.as_deref() == Some(field));
        let found = of_field.next().map(|(column, cell)| column.read(cell));
        found.unwrap_or_default()
    };
    let handoff = text("handoff_id").parse().ok();
    let what = match handoff {
        Some(_) => what(desk, answer, text),
        None => Err(NOT_OURS),
    };
    Said {
        line: line.number,
        handoff,
        what,
    }
}

fn what(
    desk: &Desk<'_>,
    answer: &Answer,
    text: impl Fn(&str) -> String,
) -> Result<What, &'static str> {
    let code = text("code");
    let meaning = answer.meaning(&text("status"), &code);
    let fact = match meaning.ok_or("the layout does not say what this status means")? {
        Meaning::SendAgain => return Ok(What::SendAgain),
        Meaning::Fact(fact) => fact,
    };
    let number = |field: &str| match text(field).as_str() {
        "" => Ok(0),
        digits => digits.parse::<u32>(),
    };
    let attempt = number("attempt").map_err(|_| "the attempt is no number")?;
    let revision = number("revision").map_err(|_| "the revision is no number")?;
    let reference = convert::reference(&text("partner_reference"));
    let code = convert::text(&code);
    Ok(What::Status(Box::new(PartnerStatus {
        reference: reference.map_err(|_| "the partner's reference is longer than 64 characters")?,
        native_code: code.map_err(|_| "the code is longer than 64 characters")?,
        revision: revision.into(),
        attempt: i32::try_from(attempt).map_err(|_| "the attempt is too large")?,
        ..PartnerStatus::of(fact, effective(desk, &text("effective_date"))?)
    })))
}

/// Gives the beginning of a day where the partner is; now where none is given.
fn effective(desk: &Desk<'_>, day: &str) -> Result<Timestamp, &'static str> {
    let wrong = "the effective date cannot be read";
    if day.is_empty() {
        return Ok(desk.context.clock.now());
    }
    let day: jiff::civil::Date = day.parse().map_err(|_| wrong)?;
    let zone = TimeZone::get(&desk.layout.orders.time_zone).map_err(|_| wrong)?;
    let begins = zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()));
    Ok(Timestamp::from_jiff(begins.map_err(|_| wrong)?))
}

/// Applies lines, and writes down those that cannot be taken.
async fn apply(desk: &Desk<'_>, chunk: Vec<Said>, taken: &mut Taken) -> Result<(), FileError> {
    let (mut lines, mut reports, mut again) = (Vec::new(), Vec::new(), Vec::new());
    let mut problems: Vec<(u64, Option<HandoffId>, &str)> = Vec::new();
    for said in chunk {
        match (said.what, said.handoff) {
            (Ok(What::Status(status)), Some(handoff)) => {
                lines.push((said.line, handoff));
                let status = *status;
                reports.push(StatusReport { handoff, status });
            }
            (Ok(What::SendAgain), Some(handoff)) => again.push(handoff),
            (Err(why), handoff) => problems.push((said.line, handoff, why)),
            (Ok(_), None) => problems.push((said.line, None, NOT_OURS)),
        }
    }
    let (verdicts, sent_again) = record(desk, &reports, &again).await?;
    for ((line, handoff), verdict) in lines.into_iter().zip(verdicts) {
        let why = match verdict {
            Verdict::Recorded => {
                taken.recorded += 1;
                continue;
            }
            Verdict::Unchanged => {
                taken.unchanged += 1;
                continue;
            }
            Verdict::Unknown => "no order of this partner has this reference",
            Verdict::Contradicts => "it contradicts what was reported before; nothing was changed",
            Verdict::Malformed => "it speaks of an attempt that was never ordered",
        };
        problems.push((line, Some(handoff), why));
    }
    problems.sort_unstable_by_key(|(line, ..)| *line);
    for (line, handoff, why) in problems {
        taken.problem(line, handoff, why);
    }
    taken.send_again += sent_again;
    Ok(())
}

async fn record(
    desk: &Desk<'_>,
    reports: &[StatusReport],
    again: &[HandoffId],
) -> Result<(Vec<Verdict>, u64), Error> {
    let reporter = Reporter {
        partner: desk.partner.id,
        actor: desk.actor,
    };
    desk.context
        .db
        .run_tx("file.answer", |tx| {
            Box::pin(async move {
                let verdicts = apply_status(tx, desk.context, reporter, reports).await?;
                let again = handoffs::lock_of_partner(tx, desk.partner.id, again).await?;
                let again = again.into_iter().filter(|it| it.state == State::Leased);
                let again: Vec<Handoff> = again.collect();
                let count = again.len() as u64;
                put_back(tx, desk, again, &Failure::Unavailable).await?;
                Ok((verdicts, count))
            })
        })
        .await
}

/// Puts back what an answer leaves out that should name everything; gives how many.
async fn send_again_what_is_left(desk: &Desk<'_>, file: &Model) -> Result<u64, Error> {
    let mut count = 0;
    loop {
        let done = desk.context.db.run_tx("file.left_out", |tx| {
            Box::pin(async move {
                let left = store::lock_leased(tx, file, CHUNK as u64).await?;
                let count = left.len() as u64;
                put_back(tx, desk, left, &Failure::Expired { by_partner: true }).await?;
                Ok::<_, Error>(count)
            })
        });
        match done.await? {
            0 => return Ok(count),
            done => count += done,
        }
    }
}

async fn put_back(
    tx: &Tx<'_>,
    desk: &Desk<'_>,
    leased: Vec<Handoff>,
    failure: &Failure,
) -> Result<(), Error> {
    let failed = leased.into_iter().map(|handoff| Failed {
        sent_before: handoff.sent_at,
        failure: failure.clone(),
        partner_answers: true,
        handoff,
    });
    let failed: Vec<Failed> = failed.collect();
    end_failed(tx, desk.context, desk.actor, &failed).await
}

/// Closes the files of which nothing waits any more.
async fn close(desk: &Desk<'_>) -> Result<(), Error> {
    let db = desk.context.db.read();
    for file in store::waiting(db, desk.partner.id).await? {
        if store::leases_any(db, &file).await? {
            continue;
        }
        let closed = Model {
            state: FileState::Closed,
            closed_at: Some(desk.context.clock.now()),
            ..file
        };
        let done = desk.context.db.run_tx("file.close", |tx| {
            let closed = &closed;
            Box::pin(async move { store::set(tx, FileState::Sent, closed).await })
        });
        done.await?;
    }
    Ok(())
}
