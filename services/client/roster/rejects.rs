//! The files of rows that could not be taken, of cells that were left out or mended, and of rows that tell of somebody known. They hold no
//! value of the list.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::client::convert::state;
use crate::client::files::beside;
use crate::client::problem::Problem;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::ItemVerdict;

/// The ending of the file of rows that were not taken.
const REJECTS: &str = ".rejects.csv";
/// The ending of the file of cells that were left out or mended.
const WARNINGS: &str = ".warnings.csv";
/// The ending of the file of rows that tell of somebody known, or perhaps of somebody known.
const MATCHES: &str = ".matches.csv";
/// The ending of the file that says up to which line the answers of an import are in the others.
const ANSWERED: &str = ".rejects.csv.answered";

/// What reasons begin with on the wire.
pub const REASON: &str = "ITEM_REASON_";

/// What stands in a file of rejects or warnings.
const WRONG: [&str; 4] = ["line", "column", "reason", "help"];
/// What stands in a file of matches.
const WHOM: [&str; 4] = ["line", "match", "individual_id", "other_individual_id"];

/// One of the files that are written beside a list: what was not taken, what was taken with a warning, or whom it told of.
struct Listing {
    path: PathBuf,
    partial: PathBuf,
    csv: csv::Writer<BufWriter<File>>,
    rows: u64,
}

impl Listing {
    fn create(file: &Path, ending: &str, columns: [&str; 4]) -> Result<Self, Problem> {
        let path = beside(file, ending);
        let partial = beside(&path, ".partial");
        let file = File::create(&partial).map_err(|error| Problem::file(&partial, &error))?;
        let mut csv = csv::Writer::from_writer(BufWriter::new(file));
        csv.write_record(columns)
            .map_err(|error| Problem::file(&partial, &error))?;
        Ok(Self {
            path,
            partial,
            csv,
            rows: 0,
        })
    }

    fn note(&mut self, record: &StringRecord) -> Result<(), Problem> {
        self.rows += 1;
        let written = self.csv.write_record(record);
        written.map_err(|error| Problem::file(&self.partial, &error))
    }

    fn flush(&mut self) -> Result<(), Problem> {
        let flushed = self.csv.flush();
        flushed.map_err(|error| Problem::file(&self.partial, &error))
    }

    /// Puts the file in place, or removes it where there is nothing in it. Gives its path if it is there.
    fn finish(self) -> Result<Option<PathBuf>, Problem> {
        let path = self.path.clone();
        let written = self.finish_or_keep()?;
        if written.is_none() {
            let _ = fs::remove_file(path);
        }
        Ok(written)
    }

    /// Puts the file in place. Where there is nothing in it, that of an earlier run stays: rows that were loaded before are not matched
    /// again.
    fn finish_or_keep(mut self) -> Result<Option<PathBuf>, Problem> {
        let failed = |error: std::io::Error| Problem::file(&self.path, &error);
        self.csv.flush().map_err(failed)?;
        if self.rows > 0 {
            fs::rename(&self.partial, &self.path).map_err(failed)?;
            return Ok(Some(self.path));
        }
        fs::remove_file(&self.partial).map_err(failed)?;
        Ok(None)
    }
}

/// The rejects and the warnings of one import, or the rejects of another list.
pub struct Rejects {
    noted: PathBuf,
    refused: Listing,
    warnings: Listing,
    matches: Listing,
    warned: BTreeSet<i64>,
}

/// Where the files are, if there are any, and how many rows they name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The file of rejects.
    pub rejects: Option<PathBuf>,
    /// Rows in it.
    pub rejected: u64,
    /// The file of warnings.
    pub warnings: Option<PathBuf>,
    /// The file of rows that tell of somebody known.
    pub matches: Option<PathBuf>,
}

impl Rejects {
    /// Goes on with the files of an import that broke off. Gives the last line whose answer is in them, at most `durable_line`; 1
    /// where there are none to go on with.
    pub fn go_on(file: &Path, import_id: &str, durable_line: i64) -> Result<(Self, i64), Problem> {
        let line = answered_line(file, import_id).map_or(1, |line| line.min(durable_line));
        let kept = |ending: &str| {
            let partial = beside(&beside(file, ending), ".partial");
            let read = if line > 1 {
                read_up_to(&partial, line)
            } else {
                Ok(Vec::new())
            };
            read.map_err(|error| Problem::file(&partial, &error))
        };
        let kept = [kept(REJECTS)?, kept(WARNINGS)?, kept(MATCHES)?];
        // From here until the next answer an interrupted run begins at the first line.
        let _ = fs::remove_file(beside(file, ANSWERED));
        let mut files = Self::create(file)?;
        let listings = [&mut files.refused, &mut files.warnings, &mut files.matches];
        for (listing, kept) in listings.into_iter().zip(&kept) {
            for record in kept {
                listing.note(record)?;
            }
        }
        Ok((files, line))
    }

    /// Notes that every answer up to a line is in the files, so that the next run can go on from there if this one breaks off.
    pub fn answered(&mut self, import_id: &str, line: i64) -> Result<(), Problem> {
        self.refused.flush()?;
        self.warnings.flush()?;
        self.matches.flush()?;
        self.warned = BTreeSet::new();
        let noted = fs::write(&self.noted, format!("{import_id} {line}"));
        noted.map_err(|error| Problem::file(&self.noted, &error))
    }

    /// Starts `FILE.rejects.csv`, `FILE.warnings.csv` and `FILE.matches.csv`.
    pub fn create(file: &Path) -> Result<Self, Problem> {
        Ok(Self {
            noted: beside(file, ANSWERED),
            refused: Listing::create(file, REJECTS, WRONG)?,
            warnings: Listing::create(file, WARNINGS, WRONG)?,
            matches: Listing::create(file, MATCHES, WHOM)?,
            warned: BTreeSet::new(),
        })
    }

    /// Adds a row that the service rejected; `misshapen` says what was wrong with its shape in the file.
    pub fn add(&mut self, row: &ItemVerdict, misshapen: Option<&str>) -> Result<(), Problem> {
        let reason = state(row.reason().as_str_name(), REASON);
        match misshapen {
            Some(wrong) => self.note(row.index, "", "MALFORMED", wrong),
            None => self.note(row.index, &row.field, &reason, &row.help),
        }
    }

    /// Adds a line to the rejects: the column at fault, the reason in one word, and what to do.
    pub fn note(
        &mut self,
        line: i64,
        column: &str,
        reason: &str,
        help: &str,
    ) -> Result<(), Problem> {
        self.refused.note(&record(line, column, reason, help))
    }

    /// Adds a line to the warnings. Tells whether it is the first one of its row since the last [`Self::answered`].
    pub fn warn(
        &mut self,
        line: i64,
        column: &str,
        reason: &str,
        help: &str,
    ) -> Result<bool, Problem> {
        self.warnings.note(&record(line, column, reason, help))?;
        Ok(self.warned.insert(line))
    }

    /// Adds a row that tells of somebody known, or perhaps of somebody known.
    pub fn matched(&mut self, row: &wire::MatchedRow) -> Result<(), Problem> {
        let how = state(row.r#match().as_str_name(), "ROW_MATCH_");
        let (whom, other) = (&row.individual_id, &row.other_individual_id);
        self.matches.note(&record(row.line, &how, whom, other))
    }

    /// Gives how many rows are in the rejects.
    pub fn rejected(&self) -> u64 {
        self.refused.rows
    }

    /// Puts the files in place, or removes those in which nothing is.
    pub fn finish(self) -> Result<Listed, Problem> {
        let _ = fs::remove_file(&self.noted);
        Ok(Listed {
            rejected: self.refused.rows,
            rejects: self.refused.finish()?,
            warnings: self.warnings.finish()?,
            matches: self.matches.finish_or_keep()?,
        })
    }
}

fn record(line: i64, second: &str, third: &str, fourth: &str) -> StringRecord {
    StringRecord::from(vec![line.to_string().as_str(), second, third, fourth])
}

/// Reads what [`Rejects::answered`] noted; nothing if it was another import.
fn answered_line(file: &Path, import_id: &str) -> Option<i64> {
    let noted = fs::read_to_string(beside(file, ANSWERED)).ok()?;
    let line = noted.strip_prefix(import_id)?.strip_prefix(' ')?;
    line.parse().ok()
}

/// Reads the rejects up to a line. The last record may have been cut off.
fn read_up_to(partial: &Path, line: i64) -> Result<Vec<StringRecord>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(partial)?;
    let of = |record: &StringRecord| record.get(0).and_then(|text| text.parse::<i64>().ok());
    let records = reader.records().filter(|record| {
        let Ok(record) = record else { return true };
        of(record).is_some_and(|of| of <= line)
    });
    records.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_import_keeps_the_rejects_whose_answers_were_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roster.csv");
        let mut first = Rejects::create(&file).unwrap();
        first.note(3, "ssn", "MALFORMED", "mend it").unwrap();
        first.answered("one", 5).unwrap();
        first.note(7, "ssn", "MALFORMED", "mend it").unwrap();
        drop(first);
        let (second, line) = Rejects::go_on(&file, "one", 9).unwrap();
        assert_eq!((second.rejected(), line), (1, 5));
        drop(second);
        let (again, line) = Rejects::go_on(&file, "one", 9).unwrap();
        assert_eq!(
            (again.rejected(), line),
            (0, 1),
            "it broke off before an answer"
        );
    }

    #[test]
    fn rejects_of_another_import_and_lines_that_are_not_durable_are_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roster.csv");
        for (import, durable, expected) in
            [("two", 9, (0, 1)), ("one", 4, (1, 4)), ("one", 1, (0, 1))]
        {
            let mut first = Rejects::create(&file).unwrap();
            first.note(3, "ssn", "MALFORMED", "mend it").unwrap();
            first.note(5, "ssn", "MALFORMED", "mend it").unwrap();
            first.answered("one", 5).unwrap();
            drop(first);
            let (second, line) = Rejects::go_on(&file, import, durable).unwrap();
            assert_eq!((second.rejected(), line), expected);
            assert!(second.finish().unwrap().rejects.is_some() == (expected.0 > 0));
            assert!(!beside(&file, ANSWERED).exists());
        }
    }
}
