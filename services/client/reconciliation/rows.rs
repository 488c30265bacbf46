//! Reads a partner's file whole: a row an entry, and every line that cannot be read is named.

use std::path::Path;

use uuid::Uuid;

use crate::client::problem::Problem;
use crate::client::table::columns::Vocabulary;
use crate::client::table::{Options, Row, Table};

/// So many lines that cannot be read are named.
const SHOWN: usize = 20;
/// The most characters of a partner's own reference.
const REFERENCE: usize = 64;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Entries<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// The line of each.
    pub lines: Vec<i64>,
    /// In one line what the file is, and what was passed over in it.
    pub detected: (String, Vec<String>),
}

/// Reads a file whole. `entry` reads a row, or says what is wrong with it.
///
/// # Errors
/// All lines that cannot be read are named, up to some: a list with a gap would show differences that are none.
pub fn read<T>(
    path: &Path,
    vocabulary: &'static Vocabulary,
    options: &Options,
    entry: impl Fn(&Row) -> Result<T, String>,
) -> Result<Entries<T>, Problem> {
    let mut table = Table::open(path, vocabulary, options)?;
    let (mut entries, mut lines, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(row) = table.next_row()? {
        let read = match &row.trouble {
            Some(trouble) => Err(trouble.clone()),
            None => entry(&row),
        };
        match read {
            Ok(entry) => {
                entries.push(entry);
                lines.push(row.line);
            }
            Err(what) => wrong.push(format!("line {}: {what}", row.line)),
        }
    }
    if wrong.is_empty() {
        return Ok(Entries {
            entries,
            lines,
            detected: (table.detected().to_owned(), table.notes()),
        });
    }
    let many = wrong.len();
    wrong.truncate(SHOWN);
    Err(Problem::refused(format!(
        "{}: nothing was sent, {many} of its lines cannot be read; mend them, or ask the partner for the file again\n  {}",
        path.display(),
        wrong.join("\n  ")
    )))
}

/// Gives a cell of a row without the spaces around it; empty where it has none.
pub fn cell(row: &Row, at: usize) -> &str {
    row.cells.get(at).map_or("", |cell| cell.trim())
}

/// Reads our reference and the partner's from the first two cells of a row: one of them at least.
pub fn references(row: &Row) -> Result<(String, String), String> {
    let handoff_id = handoff_id(cell(row, 0))?;
    let partner_reference = cell(row, 1).to_owned();
    if partner_reference.chars().count() > REFERENCE {
        return Err("partner_reference is longer than 64 characters".to_owned());
    }
    if handoff_id.is_empty() && partner_reference.is_empty() {
        return Err("there is neither a handoff_id nor a partner_reference".to_owned());
    }
    Ok((handoff_id, partner_reference))
}

fn handoff_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let id = Uuid::try_parse(text).map_err(|_| {
        "handoff_id is no UUID; a reference of the partner's own belongs into partner_reference"
    })?;
    Ok(id.to_string())
}
