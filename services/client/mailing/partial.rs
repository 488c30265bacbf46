//! The unfinished print file, and going on with it.
//!
//! A line is a record, so whatever stands after the last line end was cut off in the middle and is written anew. Beside the
//! file lies its plan: what shapes it, and which codes became seeds. A file with another plan is begun anew.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use serde::{Deserialize, Serialize};

use super::letter::{COLUMNS, Tally};
use crate::cli::problem::Problem;
use crate::kernel::crypto::Sha256;

/// Only the owner may read a file with names and codes.
const PRIVATE: u32 = 0o600;

/// What shapes a print file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// SHA-256 of everything that shapes its lines but codes and addresses.
    pub shape: String,
    /// The individuals whose codes became seeds, by batch, in their order.
    pub seeds: BTreeMap<String, Vec<String>>,
}

impl Plan {
    /// Reads a plan, if there is one that can be read.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes the plan whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Problem> {
        let text = serde_json::to_vec(self).map_err(|error| Problem::file(path, &error))?;
        replace(path, &text).map_err(|error| Problem::file(path, &error))
    }
}

/// Writes a file under another name first, so that nobody ever sees half of it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Gives the path of a file that belongs to another.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// An unfinished print file, held by one program at a time.
pub struct Partial {
    /// Where it is.
    pub path: PathBuf,
    /// Where its plan is.
    pub plan: PathBuf,
    file: File,
}

/// What is in an unfinished file.
pub struct Found {
    /// Its bytes up to the end of the last whole line.
    pub bytes: u64,
    /// SHA-256 of them.
    pub hash: Sha256,
    /// What they hold.
    pub tally: Tally,
    /// Of the last line the individual, the code and the covered entities.
    pub last: [String; 3],
}

impl Partial {
    /// Opens the unfinished file that becomes `out`, or makes one.
    pub fn open(out: &Path) -> Result<Self, Problem> {
        let path = beside(out, ".partial");
        let file = lock(&path).map_err(|error| Problem::file(&path, &error))?;
        let plan = beside(&path, ".plan");
        Ok(Self { path, plan, file })
    }

    /// Finds the whole lines of a file and cuts off what follows; nothing when there is no letter in it.
    pub fn find(&mut self) -> io::Result<Option<Found>> {
        let whole = whole_lines(&mut self.file)?;
        let Some((bytes, tally, last)) = read_lines(&mut self.file, whole)? else {
            return Ok(None);
        };
        self.file.set_len(bytes)?;
        let hash = hash(&mut self.file, bytes)?;
        Ok(Some(Found {
            bytes,
            hash,
            tally,
            last,
        }))
    }

    /// Gives a handle to write with, at the end of what is there.
    pub fn handle(&mut self) -> io::Result<File> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.try_clone()
    }

    /// Empties the file.
    pub fn restart(&mut self) -> io::Result<()> {
        let _ = fs::remove_file(&self.plan);
        self.file.set_len(0)
    }

    /// Gives the finished file its name.
    pub fn finish(self, out: &Path) -> io::Result<()> {
        fs::rename(&self.path, out)?;
        let _ = fs::remove_file(&self.plan);
        sync_folder(out)
    }

    /// Removes the file: it is of no use.
    pub fn remove(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.plan);
    }
}

/// Makes a change of names durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
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

/// Gives the bytes up to the last line end.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = file.metadata()?.len();
    let mut piece = Vec::new();
    while end > 0 {
        let from = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(from))?;
        piece.clear();
        Read::by_ref(file)
            .take(end - from)
            .read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// Reads lines as long as they are what an export writes: a power cut can leave anything.
fn read_lines(file: &mut File, whole: u64) -> io::Result<Option<(u64, Tally, [String; 3])>> {
    file.seek(SeekFrom::Start(0))?;
    let lines = BufReader::with_capacity(1 << 18, Read::by_ref(file).take(whole));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(lines);
    let (mut record, mut last) = (ByteRecord::new(), ByteRecord::new());
    if !reader.read_byte_record(&mut record)? || record.iter().ne(COLUMNS.map(str::as_bytes)) {
        return Ok(None);
    }
    let (mut tally, mut end) = (Tally::default(), 0);
    while reader.read_byte_record(&mut record)? {
        let number = cell(&record, "sequence").parse();
        if record.len() != COLUMNS.len() || number != Ok(tally.letters + 1) {
            break;
        }
        tally.add(cell(&record, "locale"), cell(&record, "population"));
        end = reader.position().byte();
        std::mem::swap(&mut record, &mut last);
    }
    let last = ["letter", "code", "covered_entities"].map(|name| cell(&last, name).to_owned());
    Ok((tally.letters > 0).then_some((end, tally, last)))
}

fn cell<'a>(record: &'a ByteRecord, name: &str) -> &'a str {
    let at = COLUMNS.iter().position(|column| *column == name);
    let bytes = at.and_then(|at| record.get(at)).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn hash(file: &mut File, bytes: u64) -> io::Result<Sha256> {
    file.seek(SeekFrom::Start(0))?;
    let mut lines = Read::by_ref(file).take(bytes);
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match lines.read(&mut piece)? {
            0 => return Ok(hash),
            read => hash.update(&piece[..read]),
        }
    }
}
