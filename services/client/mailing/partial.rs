//! A private file that is there whole under its name or not at all.
//!
//! It is written under another name, which also keeps two programs from writing it at once. What a program that was killed
//! left under that name is written over by the next one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::client::files::beside;
use crate::client::problem::Problem;

/// Only the owner may read a file with names and codes.
const PRIVATE: u32 = 0o600;

/// An unfinished file. It is removed when it is dropped without having been published.
pub struct Partial {
    path: PathBuf,
    file: File,
    published: bool,
}

impl Partial {
    /// Begins the file that becomes `out`.
    pub fn create(out: &Path) -> Result<Self, Problem> {
        let path = beside(out, ".partial");
        let failed = |error: io::Error| Problem::file(&path, &error);
        let file = lock(&path).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        Ok(Self {
            path,
            file,
            published: false,
        })
    }

    /// Gives a handle to write with.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the finished file its name, durably.
    pub fn publish(mut self, out: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, out)?;
        self.published = true;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE);
    loop {
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another export is writing this file"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it may have finished it and given it its name meanwhile.
        let same = fs::metadata(path).is_ok_and(|there| {
            file.metadata()
                .is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
        });
        if same {
            file.set_permissions(fs::Permissions::from_mode(PRIVATE))?;
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_there_whole_and_private_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("letters.csv");
        let partial = beside(&out, ".partial");
        fs::write(&partial, "what was left").unwrap();
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o644)).unwrap();
        let dropped = Partial::create(&out).unwrap();
        dropped.handle().unwrap().write_all(b"half").unwrap();
        assert!(Partial::create(&out).is_err(), "one at a time");
        drop(dropped);
        assert!(!partial.exists() && !out.exists());

        let whole = Partial::create(&out).unwrap();
        whole.handle().unwrap().write_all(b"whole").unwrap();
        whole.publish(&out).unwrap();
        assert!(!partial.exists());
        assert_eq!(fs::read(&out).unwrap(), b"whole");
        let mode = fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
    }
}
