//! The file of rows that could not be taken: line, column, reason, what to do. It holds no value of the file.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::client::convert::state;
use crate::client::files::beside;
use crate::client::problem::Problem;
use crate::wire::redress::r#type::v1::ItemVerdict;

/// The ending of the rejects file while it is written.
const PARTIAL: &str = ".rejects.csv.partial";
/// The ending of the file that says up to which line the answers of an import are in the rejects file.
const ANSWERED: &str = ".rejects.csv.answered";

/// What reasons begin with on the wire.
pub const REASON: &str = "ITEM_REASON_";

/// The rejects file of one import, or of one list of mail events.
pub struct Rejects {
    path: PathBuf,
    partial: PathBuf,
    noted: PathBuf,
    csv: csv::Writer<BufWriter<File>>,
    /// Rows written so far.
    pub rows: u64,
}

impl Rejects {
    /// Goes on with the rejects of an import that broke off. Gives the last line whose answer is in them, at most `durable_line`; 1
    /// where there are none to go on with.
    pub fn go_on(file: &Path, import_id: &str, durable_line: i64) -> Result<(Self, i64), Problem> {
        let partial = beside(file, PARTIAL);
        let line = answered_line(file, import_id).map_or(1, |line| line.min(durable_line));
        let kept = if line > 1 {
            read_up_to(&partial, line).map_err(|error| Problem::file(&partial, &error))?
        } else {
            Vec::new()
        };
        // From here until the next answer an interrupted run begins at the first line.
        let _ = fs::remove_file(beside(file, ANSWERED));
        let mut rejects = Self::create(file)?;
        for record in &kept {
            let written = rejects.csv.write_record(record);
            written.map_err(|error| Problem::file(&partial, &error))?;
            rejects.rows += 1;
        }
        Ok((rejects, line))
    }

    /// Notes that every answer up to a line is in the file, so that the next run can go on from there if this one breaks off.
    pub fn answered(&mut self, import_id: &str, line: i64) -> Result<(), Problem> {
        let flushed = self.csv.flush();
        flushed.map_err(|error| Problem::file(&self.partial, &error))?;
        let noted = fs::write(&self.noted, format!("{import_id} {line}"));
        noted.map_err(|error| Problem::file(&self.noted, &error))
    }

    /// Starts `FILE.rejects.csv`.
    pub fn create(file: &Path) -> Result<Self, Problem> {
        let path = beside(file, ".rejects.csv");
        let partial = beside(file, PARTIAL);
        let noted = beside(file, ANSWERED);
        let file = File::create(&partial).map_err(|error| Problem::file(&partial, &error))?;
        let mut csv = csv::Writer::from_writer(BufWriter::new(file));
        csv.write_record(["line", "column", "reason", "help"])
            .map_err(|error| Problem::file(&partial, &error))?;
        Ok(Self {
            path,
            partial,
            noted,
            csv,
            rows: 0,
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

    /// Adds a line: the column at fault, the reason in one word, and what to do.
    pub fn note(
        &mut self,
        line: i64,
        column: &str,
        reason: &str,
        help: &str,
    ) -> Result<(), Problem> {
        let line = line.to_string();
        self.rows += 1;
        self.csv
            .write_record([line.as_str(), column, reason, help])
            .map_err(|error| Problem::file(&self.partial, &error))
    }

    /// Puts the file in place, or removes it where there is nothing in it. Gives its path if it is there.
    pub fn finish(mut self) -> Result<Option<PathBuf>, Problem> {
        let failed = |error: std::io::Error| Problem::file(&self.path, &error);
        self.csv.flush().map_err(failed)?;
        let _ = fs::remove_file(&self.noted);
        if self.rows > 0 {
            fs::rename(&self.partial, &self.path).map_err(failed)?;
            return Ok(Some(self.path));
        }
        fs::remove_file(&self.partial).map_err(failed)?;
        let _ = fs::remove_file(&self.path);
        Ok(None)
    }
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
        assert_eq!((second.rows, line), (1, 5));
        drop(second);
        let (again, line) = Rejects::go_on(&file, "one", 9).unwrap();
        assert_eq!((again.rows, line), (0, 1), "it broke off before an answer");
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
            assert_eq!((second.rows, line), expected);
            assert!(second.finish().unwrap().is_some() == (expected.0 > 0));
            assert!(!beside(&file, ANSWERED).exists());
        }
    }
}
