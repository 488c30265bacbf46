//! What a roster file is, read once before anything is sent: its hash, its rows, the order of its dates, and for `roster check` what its
//! columns hold.

use std::path::Path;

use super::facts::{Duplicates, Facts, Repeated};
use super::reader::RosterReader;
use crate::client::files::sha256_of;
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::client::table::Options;
use crate::kernel::dates::{self, DateOrder};
use crate::wire::redress::identity::v1 as wire;

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is loaded.
    Load {
        /// Whether it has everybody whom its covered entities list.
        complete: bool,
    },
    /// It is judged, and nothing is stored.
    Check,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// SHA-256 of the file.
    pub file_sha256: String,
    /// How many rows it has.
    pub rows: u64,
    /// Which part of a date comes first.
    pub date_order: wire::DateOrder,
    /// In one line what the file is.
    pub detected: String,
    /// What is passed over.
    pub notes: Vec<String>,
    /// What the columns hold; only where the file is checked.
    pub facts: Facts,
    /// People who seem to stand there twice; only where the file is checked.
    pub repeated: Repeated,
}

/// Reads a file from its beginning to its end.
pub fn survey(
    path: &Path,
    options: &Options,
    purpose: Purpose,
    show: Show,
) -> Result<Survey, Problem> {
    let (file_sha256, _) = sha256_of(path).map_err(|error| Problem::file(path, &error))?;
    let mut reader = RosterReader::open(path, options)?;
    let mut found = Survey {
        file_sha256,
        facts: Facts::new(reader.table()),
        ..Survey::default()
    };
    let mut duplicates = Duplicates::default();
    let (mut months, mut days) = (0_u64, 0_u64);
    let progress = show("reading the roster", Unit::Bytes);
    while let Some(chunk) = reader.next_chunk()? {
        for row in &chunk.rows {
            match dates::order_of(&row.date_of_birth) {
                Some(DateOrder::MonthFirst) => months += 1,
                Some(DateOrder::DayFirst) => days += 1,
                None => {}
            }
            if purpose == Purpose::Check {
                found.facts.add(row);
                duplicates.add(row);
            }
        }
        found.rows += chunk.rows.len() as u64;
        progress.set(chunk.progress.0, chunk.progress.1);
    }
    reader.table().detected().clone_into(&mut found.detected);
    found.notes = reader.table().notes();
    found.date_order = wire::DateOrder::MonthFirst;
    if days > 0 && months == 0 {
        found.date_order = wire::DateOrder::DayFirst;
        found.detected.push_str(", dates with the day first");
    } else if days > 0 {
        let both = format!(
            "dates of birth with the month first ({months} that can be read in no other way) and with the day first ({days})"
        );
        found.notes.push(both);
    }
    if purpose == Purpose::Check {
        found.repeated = repeated(path, options, duplicates)?;
    }
    Ok(found)
}

/// Reads the file again for the lines of those who stand there twice, where there are any.
fn repeated(path: &Path, options: &Options, duplicates: Duplicates) -> Result<Repeated, Problem> {
    let mut search = duplicates.search();
    if search.is_empty() {
        return Ok(Repeated::default());
    }
    let mut reader = RosterReader::open(path, options)?;
    while let Some(chunk) = reader.next_chunk()? {
        for row in &chunk.rows {
            search.see(row);
        }
    }
    Ok(search.finish())
}
