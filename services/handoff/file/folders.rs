//! The directories that both sides use: `out` for our files, `in` for theirs, `done` and `refused` for theirs once they were read.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that came is read once nothing was written to it for so long: it may still be on its way.
const QUIET: Duration = Duration::from_secs(5);

/// The directories of one partner.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Makes the directories of a partner where they are missing. Nobody but this user and its group can look into them.
    pub fn of(directory: &Path, partner: &str) -> io::Result<Self> {
        let root = directory.join(partner);
        for folder in ["out", "in", "done", "refused"] {
            private(&root.join(folder))?;
        }
        Ok(Self { root })
    }

    /// Where a file of ours lies once it is whole.
    pub fn sent(&self, name: &str) -> PathBuf {
        self.root.join("out").join(name)
    }

    /// Where it grows: on the same disk, under a name that begins with a dot.
    pub fn growing(&self, name: &str) -> PathBuf {
        self.root.join("out").join(format!(".{name}.part"))
    }

    /// Gives a whole file its name, and makes sure that the disk has it. Doing it again changes nothing.
    pub fn publish(&self, name: &str) -> io::Result<()> {
        match fs::rename(self.growing(name), self.sent(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
        File::open(self.root.join("out"))?.sync_all()
    }

    /// Gives the names of the files that came and are quiet, in the order of their names.
    pub fn arrived(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("in"))? {
            let entry = entry?;
            let about = entry.metadata()?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if about.is_file() && !name.starts_with('.') && is_quiet(about.modified()?) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Where a file that came lies.
    pub fn incoming(&self, name: &str) -> PathBuf {
        self.root.join("in").join(name)
    }

    /// Puts a file that was read away, with what is to be said about it.
    pub fn put_away(&self, name: &str, outcome: Outcome, report: &str) -> io::Result<()> {
        let folder = match outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
        };
        if !report.is_empty() {
            fs::write(
                self.root.join(folder).join(format!("{name}.report.csv")),
                report,
            )?;
        }
        fs::rename(self.incoming(name), self.root.join(folder).join(name))
    }
}

/// What became of a file that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Done,
    /// It cannot be read, and nothing of it was applied.
    Refused,
}

/// A file that bears a time to come is as quiet as any other: its sender kept that time.
fn is_quiet(modified: SystemTime) -> bool {
    !modified.elapsed().is_ok_and(|since| since < QUIET)
}

fn private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o770)
        .create(folder)
}
