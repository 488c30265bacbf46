//! Whose letters a command is about.

use clap::Args;

use crate::cli::ask;
use crate::client::problem::Problem;

/// Names a person by id, or by the code of a letter that they have.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct WhoseArg {
    /// The individual's id.
    #[arg(long, value_name = "ID")]
    individual: Option<String>,
    /// The person of a letter, whatever became of its code: `-` asks for the code, which never stands on the command line.
    #[arg(long, value_name = "-", value_parser = ["-"])]
    code: Option<String>,
}

impl WhoseArg {
    /// Gives the individual's id or the code; the other one is empty.
    pub(super) fn read(self) -> Result<(String, String), Problem> {
        match self.individual {
            Some(id) => Ok((id, String::new())),
            None => Ok((String::new(), ask::letter_code()?)),
        }
    }
}
