//! One directory, one `redress up`: a second one would write over the first one's endpoints and certificates.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::client::problem::Problem;

/// The lock of a directory; it is free again when this is dropped or the program ends, whatever way.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "it is held, not used")] File);

impl Lock {
    /// Takes the lock of a directory, which is made if it is missing. Nothing else in it is touched.
    pub fn take(dir: &Path) -> Result<Self, Problem> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(dir);
        made.map_err(|error| Problem::file(dir, &error))?;
        let path = dir.join("up.lock");
        let failed = |error: std::io::Error| Problem::file(&path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(Problem::refused(format!(
                    "Redress is up in {} already (process {}): stop that one, or name another directory with --dir",
                    dir.display(),
                    holder.trim()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        let id = std::process::id();
        file.write_all(format!("{id}\n").as_bytes())
            .map_err(failed)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        let first = Lock::take(&dir).unwrap();
        let second = Lock::take(&dir).unwrap_err().to_string();
        let process = format!("process {}", std::process::id());
        assert!(
            second.contains(&process) && second.contains("--dir"),
            "{second}"
        );
        drop(first);
        Lock::take(&dir).unwrap();
    }
}
