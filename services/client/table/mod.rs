//! A table as the field delivers it, read as rows of named cells.
//!
//! It knows no table in particular: which columns there are a [`columns::Vocabulary`] says. A file goes through these steps: what it is
//! ([`container`]), how it is encoded ([`encoding`]), its lines as an editor counts them ([`lines`]), records ([`records`] over [`split`], or
//! the rows of a sheet, [`workbook`]), its header ([`header`]), and what is no row of it ([`passed_over`]). Memory does not grow with
//! the file.

pub mod columns;
mod container;
mod encoding;
mod header;
mod lines;
mod passed_over;
mod records;
mod source;
mod split;
mod workbook;

use std::path::{Path, PathBuf};

use self::columns::{Map, Places, Vocabulary};
use self::passed_over::{Judge, PassedOver};
use self::records::RawRecord;
use self::source::Source;
use crate::client::problem::Problem;

/// So many notes of what was passed over are kept.
const NOTES: usize = 100;

/// What somebody says about a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which column is which.
    pub map: Map,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// Whether unknown columns are passed over.
    pub ignore_unknown: bool,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its line, as an editor or a spreadsheet program shows it.
    pub line: i64,
    /// Its cells in the order of the vocabulary; those of a missing column are empty.
    pub cells: Vec<String>,
    /// Why it is no row of this table; its cells are then empty.
    pub trouble: Option<String>,
    /// What had to be forgiven.
    pub forgiven: Option<&'static str>,
}

/// A table that is being read.
pub struct Table {
    path: PathBuf,
    vocabulary: &'static Vocabulary,
    map: Map,
    source: Source,
    places: Places,
    /// Whether the first row was read.
    is_begun: bool,
    judge: Judge,
    detected: String,
    notes: Vec<String>,
    more_notes: usize,
    /// Lines passed over that the last note tells of.
    last: Option<(PassedOver, i64, i64)>,
}

impl Table {
    /// Opens a file and finds its header.
    pub fn open(
        path: &Path,
        vocabulary: &'static Vocabulary,
        options: &Options,
    ) -> Result<Self, Problem> {
        let wrong = |wrong: String| Problem::file(path, &wrong);
        let begun = source::open(path, vocabulary, options).map_err(wrong)?;
        let header = &begun.header;
        let places = Places::find(
            vocabulary,
            &options.map,
            options.ignore_unknown,
            &header.cells,
        )
        .map_err(wrong)?;
        let named = header.cells.len() - places.nameless.len();
        let detected = format!(
            "{}, {named} columns, header on {} {}",
            begun.what, begun.counted_in, header.line
        );
        let mut table = Self {
            path: path.to_owned(),
            vocabulary,
            map: options.map.clone(),
            source: begun.source,
            judge: Judge::new(&header.cells),
            places,
            is_begun: false,
            detected,
            notes: Vec::new(),
            more_notes: 0,
            last: None,
        };
        if !table.places.ignored.is_empty() {
            let ignored = table.places.ignored.join(", ");
            table.notes.push(format!(
                "columns that nobody knows were passed over: {ignored}"
            ));
        }
        Ok(table)
    }

    /// Says in one line what was detected.
    pub fn detected(&self) -> &str {
        &self.detected
    }

    /// Says what was passed over so far.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.extend(self.last.map(in_words));
        if self.more_notes > 0 {
            notes.push(format!("and {} more such places", self.more_notes));
        }
        notes
    }

    /// Gives how much of the file was read, and how much there is.
    pub fn progress(&self) -> (u64, u64) {
        self.source.progress()
    }

    /// Tells whether a column of ours is in the file.
    pub fn has(&self, column: usize) -> bool {
        self.places.of.get(column).is_some_and(Option::is_some)
    }

    /// Gives the next row; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        loop {
            let record = self.source.next();
            let record = record.map_err(|error| Problem::file(&self.path, &error))?;
            let Some(record) = record else {
                return Ok(None);
            };
            if record.cells.iter().all(|cell| cell.trim().is_empty()) {
                self.judge.blank();
                continue;
            }
            match self.judge.judge(self.vocabulary, &self.map, &record) {
                Some(what) => self.note(what, &record),
                None => return Ok(Some(self.row(record))),
            }
        }
    }

    fn row(&mut self, mut record: RawRecord) -> Row {
        if record.trouble.is_none() {
            let is_filled = |at: &usize| {
                record
                    .cells
                    .get(*at)
                    .is_some_and(|cell| !cell.trim().is_empty())
            };
            if !self.is_begun {
                // Row numbers stand under no name in the first row already. Values that come later are those of a row that slipped.
                self.is_begun = true;
                let filled = self.places.nameless.iter().filter(|at| is_filled(at));
                let notes =
                    filled.map(|at| format!("column {} has no name and was passed over", at + 1));
                self.notes.extend(notes);
                self.places.nameless.retain(|at| !is_filled(at));
            }
            if let Some(at) = self.places.nameless.iter().find(|at| is_filled(at)) {
                record.trouble = Some(format!(
                    "there is a value in column {}, which has no name",
                    at + 1
                ));
            }
        }
        let cells = if record.trouble.is_some() {
            vec![String::new(); self.places.of.len()]
        } else {
            let places = self.places.of.iter();
            let mut take = |place: &Option<usize>| {
                let cell = place.and_then(|at| record.cells.get_mut(at));
                cell.map(std::mem::take).unwrap_or_default()
            };
            places.map(&mut take).collect()
        };
        Row {
            line: record.line,
            cells,
            trouble: record.trouble,
            forgiven: record.forgiven,
        }
    }

    fn note(&mut self, what: PassedOver, record: &RawRecord) {
        let end = record.line + i64::try_from(record.lines).unwrap_or(1) - 1;
        if let Some((last, _, until)) = &mut self.last
            && *last == what
            && what == PassedOver::AnotherTable
        {
            *until = end;
            return;
        }
        self.settle();
        self.last = Some((what, record.line, end));
    }

    fn settle(&mut self) {
        match self.last.take() {
            Some(_) if self.notes.len() >= NOTES => self.more_notes += 1,
            Some(last) => self.notes.push(in_words(last)),
            None => {}
        }
    }
}

fn in_words((what, from, until): (PassedOver, i64, i64)) -> String {
    let what = what.as_str();
    if from == until {
        format!("line {from} passed over: {what}")
    } else {
        format!("lines {from} to {until} passed over: {what}")
    }
}

#[cfg(test)]
mod tests;
