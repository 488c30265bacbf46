//! The sandbox bureau as a partner that is reached by files: it takes files of orders, books them, and answers with files.
//!
//! Its files are plain CSV with the fields' own names as headings; `deploy/sandbox-files.toml` is the layout for them. Each file of orders gets
//! an acknowledgement `NAME.ack` that names every record but those that its habits swallow, and what becomes of the orders later stands in
//! `RESULT-....csv`.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bureau::desk::{Answered, Desk};
use crate::kernel::ids::Ids;
use crate::kernel::lifecycle::pause;
use crate::wire::google::r#type::Date;
use crate::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentProgress, EnrollmentStatus, HandoffKind, OrderedCoverage, Subject,
};
use crate::wire::redress::r#type::v1::PersonName;

/// How often it is looked whether a file came.
const POLL: Duration = Duration::from_millis(500);
/// Orders that are booked at once.
const AT_ONCE: usize = 256;
/// Statuses in one file of results.
const RESULTS: usize = 100_000;

/// Takes and gives files.
pub struct FileExchange {
    desk: Arc<Desk>,
    folder: PathBuf,
    ids: Ids,
    given: AtomicU32,
}

/// One line of a file of orders.
struct Record {
    id: Uuid,
    order: EnrollmentOrder,
    cancels: Option<Uuid>,
    is_over: bool,
}

/// One line of an answer.
struct Line {
    id: Uuid,
    status: &'static str,
    code: String,
    reference: String,
}

impl FileExchange {
    /// Makes an exchange over the folder that Redress has for this partner.
    pub fn new(desk: Arc<Desk>, folder: PathBuf, ids: Ids) -> Self {
        Self {
            desk,
            folder,
            ids,
            given: AtomicU32::new(0),
        }
    }

    /// Works until the process drains.
    pub async fn run(self, draining: CancellationToken) {
        loop {
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "the files could not be exchanged; trying again");
            }
            if !pause(&draining, POLL).await {
                return;
            }
        }
    }

    /// Takes every file of orders that is there, and gives what became of orders meanwhile. Gives how many files were taken and given.
    pub async fn step(&self) -> io::Result<(usize, usize)> {
        for folder in ["out", "in", "taken"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        let names = names(&self.folder.join("out"))?;
        for name in &names {
            self.take(name).await?;
        }
        let given = self.give_results().await?;
        Ok((names.len(), given))
    }

    async fn take(&self, name: &str) -> io::Result<()> {
        let path = self.folder.join("out").join(name);
        let records = read(&path)?;
        let lines = stream::iter(records).map(|record| self.book(record));
        let lines: Vec<io::Result<Option<Line>>> = lines.buffered(AT_ONCE).collect().await;
        let lines: Vec<Line> = lines
            .into_iter()
            .filter_map(Result::transpose)
            .collect::<io::Result<_>>()?;
        self.give(&format!("{name}.ack"), &lines)?;
        fs::rename(path, self.folder.join("taken").join(name))
    }

    /// Books a record, and gives its line of the acknowledgement; none where a habit swallows it.
    async fn book(&self, record: Record) -> io::Result<Option<Line>> {
        let line = |status: &'static str, of: &EnrollmentStatus| Line {
            id: record.id,
            status,
            code: of.native_code.clone(),
            reference: of.partner_reference.clone(),
        };
        if let Some(cancels) = record.cancels {
            let canceled = self.desk.cancel(cancels, record.is_over).await?;
            // What was never here is as good as canceled.
            return Ok(Some(Line {
                reference: String::new(),
                ..line("CANCELED", &canceled.unwrap_or_default())
            }));
        }
        Ok(match self.desk.submit(record.id, &record.order).await? {
            Answered::Status(status) | Answered::Refused(status) => {
                Some(line(word(&status), &status))
            }
            Answered::Down | Answered::Throttled { .. } | Answered::NotLetIn => {
                Some(line("AGAIN", &EnrollmentStatus::default()))
            }
            Answered::Lost(_) | Answered::Never | Answered::Broken => None,
        })
    }

    async fn give_results(&self) -> io::Result<usize> {
        let statuses = self.desk.unreported(RESULTS).await?;
        if statuses.is_empty() {
            return Ok(0);
        }
        let mut lines = Vec::with_capacity(statuses.len());
        let mut reported: Vec<(Uuid, EnrollmentProgress)> = Vec::with_capacity(statuses.len());
        for status in &statuses {
            let id = Uuid::try_parse(&status.handoff_id).unwrap_or_default();
            reported.push((id, status.progress()));
            lines.push(Line {
                id,
                status: word(status),
                code: status.native_code.clone(),
                reference: status.partner_reference.clone(),
            });
        }
        // The ids of version 7 have the order of their time.
        self.give(&format!("RESULT-{}.csv", self.ids.uuid()), &lines)?;
        self.desk.mark_reported(&reported).await?;
        Ok(1)
    }

    /// Writes a file whole before it gets its name.
    fn give(&self, name: &str, lines: &[Line]) -> io::Result<()> {
        let growing = self.folder.join("in").join(format!(".{name}.part"));
        let mut file = io::BufWriter::new(File::create(&growing)?);
        file.write_all(b"TYPE,HANDOFF_ID,STATUS,CODE,REFERENCE\r\n")?;
        for line in lines {
            let Line {
                id,
                status,
                code,
                reference,
            } = line;
            write!(file, "D,{id},{status},{code},{reference}\r\n")?;
        }
        let miscounted = self.given.fetch_add(1, Ordering::Relaxed) < self.desk.miscounts();
        let count = lines.len() + usize::from(miscounted);
        write!(file, "T,{count}\r\n")?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(growing, self.folder.join("in").join(name))
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Gives the sandbox's word for a status.
pub fn word(status: &EnrollmentStatus) -> &'static str {
    match status.progress() {
        EnrollmentProgress::Active => "ACTIVE",
        EnrollmentProgress::ActionRequired => "ACTION",
        EnrollmentProgress::Refused => "REFUSED",
        EnrollmentProgress::Suspended => "SUSPENDED",
        EnrollmentProgress::Ended => "ENDED",
        EnrollmentProgress::Canceled => "CANCELED",
        EnrollmentProgress::Accepted | EnrollmentProgress::Unspecified => "BOOKED",
    }
}

/// Reads a file of orders; its last line is a trailer.
fn read(path: &Path) -> io::Result<Vec<Record>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(BufReader::new(File::open(path)?));
    let headings = reader.headers()?.clone();
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a file of orders is damaged");
    let mut records = Vec::new();
    let mut counted = None;
    for row in reader.records() {
        let row = row?;
        let cell = |name: &str| {
            let place = headings.iter().position(|heading| heading == name);
            let cell = place.and_then(|place| row.get(place));
            cell.unwrap_or_default().to_owned()
        };
        match row.get(0) {
            Some("D") => records.push(record(cell).ok_or_else(damaged)?),
            Some("T") => counted = row.get(1).and_then(|count| count.parse().ok()),
            _ => return Err(damaged()),
        }
    }
    if counted != Some(records.len()) {
        return Err(damaged());
    }
    Ok(records)
}

fn kind(word: &str) -> HandoffKind {
    HandoffKind::from_str_name(&format!("HANDOFF_KIND_{word}")).unwrap_or_default()
}

fn record(cell: impl Fn(&str) -> String) -> Option<Record> {
    let id = Uuid::try_parse(&cell("handoff_id")).ok()?;
    let born = cell("date_of_birth").parse::<jiff::civil::Date>().ok();
    let order = EnrollmentOrder {
        handoff_id: id.to_string(),
        kind: kind(&cell("kind")).into(),
        attempt: cell("attempt").parse().ok()?,
        extends_handoff_id: cell("extends_handoff_id"),
        updates_handoff_id: cell("updates_handoff_id"),
        coverage: Some(OrderedCoverage {
            coverage_id: cell("coverage_id"),
            product_code: cell("product_code"),
            term_months: cell("term_months").parse().unwrap_or_default(),
            ..OrderedCoverage::default()
        }),
        subject: Some(Subject {
            name: Some(PersonName {
                given_name: cell("given_name"),
                family_name: cell("family_name"),
                ..PersonName::default()
            }),
            date_of_birth: born.map(|born| Date {
                year: born.year().into(),
                month: born.month().into(),
                day: born.day().into(),
            }),
            ssn: cell("ssn"),
            ..Subject::default()
        }),
        activation_code: cell("activation_code"),
        ..EnrollmentOrder::default()
    };
    Some(Record {
        id,
        order,
        cancels: Uuid::try_parse(&cell("cancels_handoff_id")).ok(),
        is_over: cell("cancellation_reason") == "TERM_OVER",
    })
}
