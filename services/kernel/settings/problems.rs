//! What is wrong with the settings, all of it at once.

use std::fmt;

/// One thing to mend. It never shows a value that may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting, or what stands where a setting should.
    pub setting: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// Says what is wrong with a setting.
    pub fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            setting: setting.into(),
            message: message.into(),
        }
    }
}

/// Everything to mend before the process can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The name of the process.
    pub process: &'static str,
    /// The problems, in the order of the list of settings.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let plural = if count == 1 { "" } else { "s" };
        writeln!(
            f,
            "{} cannot start: {count} problem{plural} with its settings",
            self.process
        )?;
        for problem in &self.problems {
            writeln!(f, "  {}: {}", problem.setting, problem.message)?;
        }
        write!(f, "All settings: {} --help", self.process)
    }
}

impl std::error::Error for Problems {}
