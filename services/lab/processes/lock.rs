//! One stack a directory: whoever has the lock on its file runs there.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::client::problem::Problem;

const FILE: &str = "up.lock";

/// Holds the directory until it is dropped or the process ends, whatever way it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the directory, which is made if missing. Nothing else in it is touched.
    ///
    /// # Errors
    /// Where another process has it.
    pub fn take(dir: &Path) -> Result<Self, Problem> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(dir);
        made.map_err(|error| Problem::file(dir, &error))?;
        let path = dir.join(FILE);
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true).mode(0o600);
        let file = options
            .open(&path)
            .map_err(|error| Problem::file(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Problem::usage(format!(
                "{} is in use: `redress up` is running already there\n  stop it, or use another directory: --dir",
                dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Problem::file(&path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_stack_in_one_directory_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = DirectoryLock::take(dir.path()).unwrap();
        let problem = DirectoryLock::take(dir.path()).unwrap_err();
        assert_eq!(problem.exit_code(), 2);
        assert!(problem.to_string().contains("running already"));
        drop(first);
        DirectoryLock::take(dir.path()).unwrap();
    }
}
