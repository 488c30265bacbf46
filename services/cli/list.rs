//! What every command that reads a list is told about its file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::ask;
use crate::client::problem::{Outcome, Problem};
use crate::client::table::Options;
use crate::client::table::columns::Map;

/// Flags about a file.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// A TOML file that says which column is which: "Their header" = "our_column"; "" leaves one out.
    #[arg(long, value_name = "FILE.toml")]
    map: Option<PathBuf>,
    /// The sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Pass over columns that nobody knows.
    #[arg(long)]
    ignore_unknown: bool,
    /// Exit with 0 although rows were refused.
    #[arg(long)]
    allow_rejects: bool,
}

impl ListArgs {
    /// Gives what the reader is told.
    pub fn options(&self) -> Result<Options, Problem> {
        let map = self.map.as_deref().map(Map::read).transpose()?;
        Ok(Options {
            map: map.unwrap_or_default(),
            sheet: self.sheet.clone(),
            ignore_unknown: self.ignore_unknown,
        })
    }

    /// Fails where rows were refused and nobody allows it.
    pub fn judge(&self, rejected: i64, rejects: Option<&Path>) -> Outcome {
        if rejected == 0 || self.allow_rejects {
            return Ok(());
        }
        let named = rejects.map_or_else(String::new, |path| {
            format!(": {} names them", path.display())
        });
        Err(Problem::refused(format!(
            "rows were refused ({rejected}){named}; --allow-rejects makes that no failure"
        )))
    }
}

/// Says what a file was found to be, and what was passed over in it.
pub fn tell(detected: &str, notes: &[String]) {
    ask::note(detected);
    for note in notes {
        ask::note(&format!("  {note}"));
    }
}

/// What the long help of such a command says about files.
pub const FILES: &str = "The file may be CSV, TSV, or text with semicolons or pipes, in UTF-8, UTF-16 or Windows-1252, with any line ends, packed with gzip or zip \
or not; or a workbook (xlsx, xlsb, xls, ods), of which --sheet names the sheet where several have a table. Columns are known by the usual names; \
--map FILE.toml says the rest. What was detected is said in one line.";
