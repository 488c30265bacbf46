//! The bureau of the measurement: reads the files of orders, and answers.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::client::problem::Problem;
use crate::kernel::clock::Timestamp;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(50);
/// It waits no longer.
const PATIENCE: Duration = Duration::from_mins(30);
/// Where the reference begins in a line of fixed widths, and how long it is.
const REFERENCE: std::ops::Range<usize> = 1..37;

/// A bureau that is reached by files.
pub struct Bureau {
    folder: PathBuf,
    fixed: bool,
    taken: Cell<usize>,
    ends: Cell<(u64, u64)>,
}

/// A file of orders.
pub struct Orders {
    /// Its name.
    pub name: String,
    /// The references of its records, in their order.
    pub records: Vec<String>,
}

/// An answer.
pub struct Answered {
    /// The name of the file.
    pub name: String,
    /// What it says.
    pub decided: Vec<(String, Decided)>,
}

/// What the bureau does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It takes it.
    Accepted,
    /// It refuses it.
    Refused,
    /// It is silent about it.
    LeftOut,
    /// Monitoring runs.
    Active,
}

impl Decided {
    /// Half is accepted, a tenth refused, by the reference's last digits.
    pub fn of(id: &str) -> Self {
        let end = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
        match u32::from_str_radix(end, 16).unwrap_or_default() % 10 {
            0..5 => Self::Accepted,
            5 => Self::Refused,
            _ => Self::LeftOut,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "BOOKED",
            Self::Refused => "REFUSED",
            Self::Active | Self::LeftOut => "ACTIVE",
        }
    }
}

impl Bureau {
    /// Makes a bureau over the folder that Redress has for it.
    pub fn new(folder: &Path, fixed: bool) -> Self {
        Self {
            folder: folder.to_owned(),
            fixed,
            taken: Cell::new(0),
            ends: Cell::new((0, 0)),
        }
    }

    /// Gives the layout of the files, whose time of day is that of an instant.
    pub fn layout(&self, at: Timestamp) -> String {
        let time = at.to_jiff().map(|at| TimeZone::UTC.to_datetime(at).time());
        let time = time.unwrap_or_default().strftime("%H:%M:%S").to_string();
        let form = if self.fixed {
            "{ format = \"fixed\", line_end = \"lf\" }"
        } else {
            "{ format = \"csv\", headings = false }"
        };
        format!(
            r#"
[orders]
name = "ORDERS_{{campaign}}_{{number}}.txt"
form = {form}
at = "{time}"
time_zone = "UTC"
plain = true
record = [
    {{ name = "T", value = "D", width = 1 }},
    {{ name = "R", field = "handoff_id", width = 36 }},
    {{ name = "K", field = "kind", width = 6 }},
    {{ name = "G", field = "given_name", width = 60 }},
    {{ name = "F", field = "family_name", width = 60 }},
    {{ name = "B", field = "date_of_birth", width = 10 }},
    {{ name = "S", field = "ssn", width = 9 }},
    {{ name = "A", field = "line1", width = 120 }},
    {{ name = "C", field = "city", width = 60 }},
    {{ name = "P", field = "postal_code", width = 10 }},
]
trailer = [{{ value = "T", width = 1 }}, {{ field = "count", width = 9 }}, {{ field = "sha256", width = 64 }}]

[[answers]]
name = "{{file}}.ack"
form = {form}
complete = true
record = [{{ name = "R", field = "handoff_id", width = 36 }}, {{ name = "S", field = "status", width = 8 }}]
trailer = [{{ value = "T", width = 1 }}, {{ field = "count", width = 9 }}]
statuses = {{ BOOKED = "ACCEPTED", REFUSED = "REFUSED NO_HIT", ACTIVE = "ACTIVE" }}

[[answers]]
name = "RESULT*"
form = {form}
record = [{{ name = "R", field = "handoff_id", width = 36 }}, {{ name = "S", field = "status", width = 8 }}]
trailer = [{{ value = "T", width = 1 }}, {{ field = "count", width = 9 }}]
statuses = {{ BOOKED = "ACCEPTED", REFUSED = "REFUSED NO_HIT", ACTIVE = "ACTIVE" }}
"#
        )
    }

    /// Waits for the next file of orders, and gives how long it took.
    pub async fn next_file(&self) -> Result<(Orders, Duration), Problem> {
        let begun_at = Instant::now();
        let out = self.folder.join("out");
        loop {
            let names = names(&out);
            if names.len() > self.taken.get() {
                let took = begun_at.elapsed();
                let name = names.into_iter().nth(self.taken.get()).unwrap_or_default();
                self.taken.set(self.taken.get() + 1);
                return Ok((self.read(&out, name)?, took));
            }
            wait(begun_at, "no file of orders was written").await?;
        }
    }

    fn read(&self, out: &Path, name: String) -> Result<Orders, Problem> {
        let path = out.join(&name);
        let text = fs::read_to_string(&path).map_err(|error| Problem::file(&path, &error))?;
        let reference = |line: &str| {
            let found = if self.fixed {
                line.get(REFERENCE)
            } else {
                line.split(',').nth(1)
            };
            found.unwrap_or_default().to_owned()
        };
        let records = text.lines().filter(|line| line.starts_with('D'));
        Ok(Orders {
            records: records.map(reference).collect(),
            name,
        })
    }

    /// Answers a file: half is accepted, a tenth refused, and the others are left out.
    pub fn answer(&self, orders: &Orders) -> Result<Answered, Problem> {
        let decided = orders
            .records
            .iter()
            .map(|id| (id.clone(), Decided::of(id)));
        let decided: Vec<(String, Decided)> =
            decided.filter(|(_, it)| *it != Decided::LeftOut).collect();
        self.give(format!("{}.ack", orders.name), decided)
    }

    /// Says that whoever was not refused is active.
    pub fn activate(&self, first: &Orders, second: &Orders) -> Result<Answered, Problem> {
        let is_active = |id: &&String| Decided::of(id) != Decided::Refused;
        let active: BTreeSet<&String> = first
            .records
            .iter()
            .chain(&second.records)
            .filter(is_active)
            .collect();
        let refused = first.records.iter().filter(|id| !is_active(id)).count();
        self.ends.set((active.len() as u64, refused as u64));
        let decided = active.into_iter().map(|id| (id.clone(), Decided::Active));
        self.give("RESULT.1".to_owned(), decided.collect())
    }

    /// Gives in which states how many stand in the end.
    pub fn ends(&self) -> [(&'static str, u64); 2] {
        let (active, refused) = self.ends.get();
        [("ACTIVE", active), ("REFUSED", refused)]
    }

    fn give(&self, name: String, decided: Vec<(String, Decided)>) -> Result<Answered, Problem> {
        let separator = if self.fixed { "" } else { "," };
        let mut text = String::new();
        for (id, what) in &decided {
            // A string takes every text.
            let _ = writeln!(text, "{id}{separator}{}", what.word());
        }
        let _ = writeln!(text, "T{separator}{}", decided.len());
        let growing = self.folder.join("in").join(format!(".{name}"));
        let path = self.folder.join("in").join(&name);
        let written = fs::write(&growing, text).and_then(|()| fs::rename(&growing, &path));
        written.map_err(|error| Problem::file(&path, &error))?;
        Ok(Answered { name, decided })
    }

    /// Waits until a file was read, and gives how long it took.
    pub async fn until_read(&self, name: &str) -> Result<Duration, Problem> {
        let begun_at = Instant::now();
        let report = self.folder.join("done").join(format!("{name}.report.csv"));
        while !self.folder.join("done").join(name).exists() {
            if self.folder.join("refused").join(name).exists() {
                return Err(Problem::refused(format!("{name} was refused")));
            }
            wait(begun_at, "an answer was not read").await?;
        }
        if report.exists() {
            return Err(Problem::refused(format!("lines of {name} were not taken")));
        }
        Ok(begun_at.elapsed())
    }
}

async fn wait(begun_at: Instant, otherwise: &str) -> Result<(), Problem> {
    if begun_at.elapsed() > PATIENCE {
        return Err(Problem::refused(otherwise));
    }
    tokio::time::sleep(LOOK).await;
    Ok(())
}

/// Gives the names of whole files, in their order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort_unstable();
    names
}
