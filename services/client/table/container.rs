//! What a file is, by its content and not by its name: text, packed text, or a workbook. What is no list is refused by what it is.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::workbook::Format;

/// A file whose kind is known.
pub enum Opened {
    /// A text.
    Text(Text),
    /// A workbook, to be opened by its path.
    Workbook(Format),
}

/// A text that may be packed.
pub struct Text {
    /// Gives its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How it is packed: `gzip`, `zip` or nothing.
    pub packed: &'static str,
    /// How many bytes of the file were read.
    pub read: Arc<AtomicU64>,
}

/// What begins other files that people send as lists, and what to do about them.
const OTHERS: [(&[u8], &str); 16] = [
    (b"%PDF", "a PDF: ask for the list as CSV or as a workbook"),
    (b"\x00\x01\x00\x00Standard Jet DB", ACCESS),
    (b"\x00\x01\x00\x00Standard ACE DB", ACCESS),
    (
        b"SQLite format 3",
        "a SQLite database: export the table as CSV",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"BZh", "packed with bzip2: unpack it"),
    (b"\xfd7zXZ", "packed with xz: unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it"),
    (b"PAR1", "a Parquet file: export it as CSV"),
    (b"-----BEGIN PGP", "encrypted with PGP: decrypt it"),
    (b"age-encryption.org", "encrypted with age: decrypt it"),
    (
        b"{\\rtf",
        "a text document (RTF): ask for the list as CSV or as a workbook",
    ),
    (
        b"<?xml",
        "XML: open it in a spreadsheet program and save it as a workbook or as CSV",
    ),
    (b"<html", HTML),
    (b"<!doctype html", HTML),
];

const ACCESS: &str = "an Access database: export the table as CSV or as a workbook";
const HTML: &str = "a web page, as some programs write under the name of .xls: open it in a spreadsheet program and save it as a workbook";

/// Opens a file and tells what it is.
pub fn open(path: &Path) -> Result<Opened, String> {
    let failed = |error: io::Error| error.to_string();
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut head)
        .map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if head.starts_with(b"PK\x05\x06") {
        return Err("an empty zip archive".to_owned());
    }
    if head.starts_with(b"PK\x03\x04") {
        return zip(file);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Ok(Opened::Workbook(Format::Xls));
    }
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted(file, Arc::clone(&read));
    let (reader, packed): (Box<dyn Read + Send>, _) = if head.starts_with(b"\x1f\x8b") {
        let packed = BufReader::with_capacity(1 << 16, counted);
        let mut reader = MultiGzDecoder::new(packed);
        head.clear();
        let limit = 512;
        reader
            .by_ref()
            .take(limit)
            .read_to_end(&mut head)
            .map_err(failed)?;
        if head.starts_with(b"PK\x03\x04") {
            return Err("a workbook or an archive within gzip: unpack it".to_owned());
        }
        (
            Box::new(io::Cursor::new(head.clone()).chain(reader)),
            "gzip",
        )
    } else {
        (Box::new(counted), "")
    };
    is_text(&head)?;
    Ok(Opened::Text(Text {
        reader,
        packed,
        read,
    }))
}

/// Refuses what is known not to be a list.
fn is_text(head: &[u8]) -> Result<(), String> {
    let start = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    for (begins, what) in OTHERS {
        let first = start.get(..begins.len()).unwrap_or_default();
        let is_it = head.starts_with(begins) || first.eq_ignore_ascii_case(begins);
        if is_it {
            return Err(format!("this is no list but {what}"));
        }
    }
    if head.is_empty() {
        return Err("the file is empty".to_owned());
    }
    Ok(())
}

/// A zip archive is a workbook, or holds the one file that is the list.
fn zip(file: File) -> Result<Opened, String> {
    let read = Arc::new(AtomicU64::new(0));
    let again = file.try_clone().map_err(|error| error.to_string())?;
    let broken =
        |error: zip::result::ZipError| format!("a zip archive that cannot be read: {error}");
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if let Some(format) = workbook(&archive) {
        return Ok(Opened::Workbook(format));
    }
    let names = (0..archive.len()).filter_map(|at| {
        let entry = archive.by_index_raw(at).ok()?;
        let name = entry.name().ok()?.into_owned();
        is_content(&name).then_some((at, name))
    });
    let names: Vec<(usize, String)> = names.collect();
    let at = match &names[..] {
        [] => return Err("an archive without a file in it".to_owned()),
        [(one, _)] => *one,
        _ => {
            return Err(format!(
                "an archive of {} files: unpack it and name the one that is the list ({})",
                names.len(),
                names
                    .iter()
                    .map(|(_, name)| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
    };
    let entry = archive.by_index_raw(at).map_err(broken)?;
    if entry.encrypted() {
        return Err("an archive with a password: unpack it".to_owned());
    }
    let (start, length) = (entry.data_start(), entry.compressed_size());
    let Some(start) = start else {
        return Err("a zip archive that cannot be read".to_owned());
    };
    let method = entry.compression();
    let check = Check {
        crc: entry.crc32(),
        size: entry.size(),
    };
    drop(entry);
    drop(archive);
    let mut file = again;
    file.seek(SeekFrom::Start(start))
        .map_err(|error| error.to_string())?;
    let packed = Counted(file, Arc::clone(&read)).take(length);
    let packed = BufReader::with_capacity(1 << 16, packed);
    let reader: Box<dyn Read + Send> = match method {
        zip::CompressionMethod::Stored => Box::new(packed),
        zip::CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
        other => return Err(format!("an archive packed with {other}: unpack it")),
    };
    let mut reader = Checked {
        reader: flate2::CrcReader::new(reader),
        check,
    };
    let mut head = Vec::new();
    let begun = reader.by_ref().take(512).read_to_end(&mut head);
    begun.map_err(|error| error.to_string())?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("an archive with a workbook or another archive in it: unpack it".to_owned());
    }
    is_text(&head)?;
    Ok(Opened::Text(Text {
        reader: Box::new(io::Cursor::new(head).chain(reader)),
        packed: "zip",
        read,
    }))
}

/// Tells whether an entry is a file that somebody put there: macOS and Windows add their own.
fn is_content(name: &str) -> bool {
    let own =
        name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") || name.ends_with("Thumbs.db");
    !own && !name.ends_with('/')
}

/// Tells which workbook a zip archive is, if it is one.
fn workbook<R: Read + Seek>(archive: &zip::ZipArchive<R>) -> Option<Format> {
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("xl/workbook.bin") {
        Some(Format::Xlsb)
    } else if has("xl/workbook.xml") || has("xl/sharedStrings.xml") {
        Some(Format::Xlsx)
    } else if has("content.xml") && has("META-INF/manifest.xml") {
        Some(Format::Ods)
    } else {
        None
    }
}

/// Counts what is read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(out)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

struct Check {
    crc: u32,
    size: u64,
}

/// Compares what was unpacked with what the archive says of it.
struct Checked<R> {
    reader: flate2::CrcReader<R>,
    check: Check,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        if read == 0
            && !out.is_empty()
            && self.check.size > 0
            && self.reader.crc().sum() != self.check.crc
        {
            return Err(io::Error::other(
                "the archive is damaged: its checksum does not fit",
            ));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn told(bytes: &[u8]) -> Result<(String, &'static str), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, bytes).unwrap();
        match open(&path)? {
            Opened::Workbook(format) => Ok((format!("{format:?}"), "workbook")),
            Opened::Text(mut text) => {
                let mut read = String::new();
                let whole = text.reader.read_to_string(&mut read);
                whole.map_err(|error| error.to_string())?;
                Ok((read, text.packed))
            }
        }
    }

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            let options = zip::write::SimpleFileOptions::default();
            archive.start_file(*name, options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn text_is_read_packed_or_not() {
        assert_eq!(told(b"a,b\n"), Ok(("a,b\n".to_owned(), "")));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a,b\n").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(told(&packed), Ok(("a,b\n".to_owned(), "gzip")));
        let long = "a,b\n".repeat(10_000);
        let one = zipped(&[("list.csv", &long), ("__MACOSX/list.csv", "x")]);
        assert_eq!(told(&one), Ok((long, "zip")));
    }

    #[test]
    fn what_is_no_list_is_refused_by_what_it_is() {
        let two = zipped(&[("a.csv", "a"), ("b.csv", "b")]);
        assert!(told(&two).unwrap_err().contains("a.csv, b.csv"));
        for (bytes, word) in [
            (&b"%PDF-1.7"[..], "PDF"),
            (b"\x00\x01\x00\x00Standard ACE DB\x00", "Access"),
            (b"<!DOCTYPE HTML><table>", "web page"),
            (b"  <?xml version=\"1.0\"?>", "XML"),
            (b"", "empty"),
            (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        ] {
            let told = told(bytes).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
        let mut damaged = zipped(&[("a.csv", &"a,b\n".repeat(100))]);
        let at = damaged.len() / 3;
        damaged[at] ^= 0x55;
        assert!(told(&damaged).is_err());
    }
}
