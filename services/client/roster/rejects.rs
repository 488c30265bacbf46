//! The file of rows that could not be taken: line, column, reason, what to do. It holds no value of the file.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::client::convert::state;
use crate::client::files::beside;
use crate::client::problem::Problem;
use crate::wire::redress::identity::v1::RejectedRow;

/// The rejects file of one import, or of one list of mail events.
pub struct Rejects {
    path: PathBuf,
    partial: PathBuf,
    csv: csv::Writer<BufWriter<File>>,
    /// Rows written so far.
    pub rows: u64,
}

impl Rejects {
    /// Starts `FILE.rejects.csv`.
    pub fn create(file: &Path) -> Result<Self, Problem> {
        let path = beside(file, ".rejects.csv");
        let partial = beside(file, ".rejects.csv.partial");
        let file = File::create(&partial).map_err(|error| Problem::file(&partial, &error))?;
        let mut csv = csv::Writer::from_writer(BufWriter::new(file));
        csv.write_record(["line", "column", "reason", "way_out"])
            .map_err(|error| Problem::file(&partial, &error))?;
        Ok(Self {
            path,
            partial,
            csv,
            rows: 0,
        })
    }

    /// Adds a row that the service rejected; `misshapen` says what was wrong with its shape in the file.
    pub fn add(&mut self, row: &RejectedRow, misshapen: Option<&str>) -> Result<(), Problem> {
        let reason = state(row.reason().as_str_name(), "REJECT_REASON_");
        match misshapen {
            Some(wrong) => self.note(row.line, "", "MALFORMED", wrong),
            None => self.note(row.line, &row.column, &reason, &row.way_out),
        }
    }

    /// Adds a line: the column at fault, the reason in one word, and what to do.
    pub fn note(
        &mut self,
        line: i64,
        column: &str,
        reason: &str,
        way_out: &str,
    ) -> Result<(), Problem> {
        let line = line.to_string();
        self.rows += 1;
        self.csv
            .write_record([line.as_str(), column, reason, way_out])
            .map_err(|error| Problem::file(&self.partial, &error))
    }

    /// Puts the file in place, or removes it where there is nothing in it. Gives its path if it is there.
    pub fn finish(mut self) -> Result<Option<PathBuf>, Problem> {
        let failed = |error: std::io::Error| Problem::file(&self.path, &error);
        self.csv.flush().map_err(failed)?;
        if self.rows > 0 {
            fs::rename(&self.partial, &self.path).map_err(failed)?;
            return Ok(Some(self.path));
        }
        fs::remove_file(&self.partial).map_err(failed)?;
        let _ = fs::remove_file(&self.path);
        Ok(None)
    }
}
