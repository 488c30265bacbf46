//! A private file that is there whole under its name or not at all.
//!
//! It is written under another name, which also keeps two programs from writing it at once. What a program that was killed
//! left under that name is written over by the next one. A link is followed; what is no plain file, such as a FIFO, is never
//! replaced: it gets the bytes.

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
    file: File,
    /// None for what is no plain file.
    names: Option<Names>,
}

/// The names of a file, until it is finished and after that.
struct Names {
    partial: PathBuf,
    out: PathBuf,
}

impl Partial {
    /// Begins the file that becomes `out`.
    pub fn create(out: &Path) -> Result<Self, Problem> {
        if fs::metadata(out).is_ok_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(out);
            return Ok(Self {
                file: file.map_err(|error| Problem::file(out, &error))?,
                names: None,
            });
        }
        let out = if out.is_symlink() {
            fs::canonicalize(out).map_err(|error| Problem::file(out, &error))?
        } else {
            out.to_owned()
        };
        let partial = beside(&out, ".partial");
        let failed = |error: io::Error| Problem::file(&partial, &error);
        let file = lock(&partial).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        let names = Some(Names { partial, out });
        Ok(Self { file, names })
    }

    /// Gives a handle to write with.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the finished file its name, durably.
    pub fn publish(mut self) -> io::Result<()> {
        let Some(Names { partial, out }) = &self.names else {
            return Ok(());
        };
        self.file.sync_all()?;
        fs::rename(partial, out)?;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        self.names = None;
        folder?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(names) = &self.names {
            let _ = fs::remove_file(&names.partial);
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
    use crate::client::mailing::output::{Output, Sink};
    use std::io::Write;
    use std::os::unix::fs::FileTypeExt;

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
        whole.publish().unwrap();
        assert!(!partial.exists());
        assert_eq!(fs::read(&out).unwrap(), b"whole");
        let mode = fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
    }

    #[test]
    fn a_link_is_followed_and_one_that_leads_nowhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (out, link) = (
            folder.path().join("letters.csv"),
            folder.path().join("link"),
        );
        std::os::unix::fs::symlink("letters.csv", &link).unwrap();
        assert!(Partial::create(&link).is_err());
        fs::write(&out, "old").unwrap();
        let partial = Partial::create(&link).unwrap();
        partial.handle().unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read(&out).unwrap(), b"old");
        partial.publish().unwrap();
        assert_eq!(fs::read(&out).unwrap(), b"new");
        assert!(link.is_symlink() && fs::read_dir(folder.path()).unwrap().count() == 2);
    }

    #[test]
    fn what_is_no_plain_file_gets_the_bytes_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        let partial = Partial::create(&fifo).unwrap();
        let output = Output::begin(Sink::open(partial.handle().unwrap(), &[]).unwrap()).unwrap();
        output.write(b"letters".to_vec()).unwrap();
        assert_eq!(output.finish().unwrap().bytes, 7);
        partial.publish().unwrap();
        assert_eq!(reader.join().unwrap(), b"letters");
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());

        assert!(Partial::create(folder.path()).is_err(), "a folder");
        let full = Path::new("/dev/full");
        if full.exists() {
            let partial = Partial::create(full).unwrap();
            assert!(partial.handle().unwrap().write_all(b"letters").is_err());
            drop(partial);
            assert!(fs::metadata(full).unwrap().file_type().is_char_device());
        }
    }
}
