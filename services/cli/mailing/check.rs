//! `redress mailing check`: whether a print file is the one that its manifest describes. Needs no service.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use csv::ByteRecord;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::files::{beside, sha256_of};
use crate::client::mailing::letter::Tally;
use crate::client::mailing::manifest::Manifest;
use crate::client::problem::{Outcome, Problem};
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Table};

/// Flags of `mailing check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The print file, encrypted or decrypted.
    file: PathBuf,
    /// Its manifest; without this the one beside the file: FILE.manifest.json or FILE.age.manifest.json.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// Runs the command.
pub fn run(session: &Session, args: &CheckArgs) -> Outcome {
    let path = args
        .manifest
        .clone()
        .unwrap_or_else(|| manifest_of(&args.file));
    let manifest = Manifest::read(&path)?;
    let hashed = sha256_of(&args.file);
    let (sha256, bytes) = hashed.map_err(|error| Problem::file(&args.file, &error))?;
    let sealed = manifest.encrypted.as_ref();
    let is_sealed = sealed.is_some_and(|sealed| sealed.sha256 == sha256);
    if !is_sealed {
        compare(&args.file, &manifest, &sha256, bytes)?;
    }
    let record = Record::new()
        .with("file", args.file.display().to_string())
        .with("manifest", path.display().to_string())
        .with(
            "is",
            if is_sealed {
                "the encrypted file, whole"
            } else {
                "the CSV, whole"
            },
        )
        .with("sha256", sha256)
        .with("letters", manifest.letters)
        .with(
            "sequence",
            format!("{}-{}", manifest.first_sequence, manifest.last_sequence),
        )
        .with("engagement_number", manifest.engagement_number)
        .with("wave", manifest.wave)
        .with("batch_ids", manifest.batch_ids);
    render::one(session.format, &record)
}

fn manifest_of(file: &Path) -> PathBuf {
    let own = Manifest::path(file);
    let sealed = Manifest::path(&beside(file, ".age"));
    if !own.exists() && sealed.exists() {
        sealed
    } else {
        own
    }
}

/// Compares a file that is not the encrypted one, and says as well as it can what is wrong with it.
fn compare(path: &Path, manifest: &Manifest, sha256: &str, bytes: u64) -> Outcome {
    let refused = |what: String| Err(Problem::refused(format!("{}: {what}", path.display())));
    let lengths = [
        Some(manifest.csv_bytes),
        manifest.encrypted.as_ref().map(|sealed| sealed.bytes),
    ];
    if sha256 != manifest.csv_sha256 {
        if lengths.contains(&Some(bytes)) {
            return refused(
                "its length is right, but its content is not: it was changed; do not print it"
                    .into(),
            );
        }
        if letters_in(path) == Some(manifest.letters) {
            return refused(format!(
                "its {} letters are all there, but not as they were written: a spreadsheet program saved it again, which loses zeros and \
                 marks, or its last line is cut; do not print it; fetch it again and open it in no other program",
                manifest.letters
            ));
        }
        let wanted: Vec<String> = lengths.iter().flatten().map(u64::to_string).collect();
        return refused(format!(
            "{bytes} bytes, and the manifest says {}: it is cut short, or another file; fetch it again",
            wanted.join(" or ")
        ));
    }
    let counted = count(path).map_err(|error| Problem::file(path, &error))?;
    match counted {
        Some(tally)
            if tally.letters == manifest.letters
                && tally.by_locale == manifest.letters_by_locale
                && tally.by_population == manifest.letters_by_population
                && tally.by_kind == manifest.letters_by_kind =>
        {
            Ok(())
        }
        _ => refused("the file is the one that was hashed, but the manifest's counts are not its own: the manifest was changed".into()),
    }
}

/// The columns by which a print file is known again, whatever another program made of it.
static LETTERS: Vocabulary = Vocabulary::new(
    "letters",
    &[
        Column::required("sequence", ""),
        Column::required("locale", ""),
        Column::required("population", ""),
    ],
);

/// Counts the letters of a file in whatever form a spreadsheet program saves it; nothing where it is another file or one is missing.
fn letters_in(path: &Path) -> Option<u64> {
    let options = Options {
        ignore_unknown: true,
        ..Options::default()
    };
    let mut table = Table::open(path, &LETTERS, &options).ok()?;
    let mut letters = 0;
    while let Some(row) = table.next_row().ok()? {
        letters += 1;
        if row.cells.first()?.parse() != Ok(letters) {
            return None;
        }
    }
    Some(letters)
}

/// Counts the lines; nothing where their numbers are not in order.
fn count(path: &Path) -> Result<Option<Tally>, csv::Error> {
    let lines = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut reader = csv::Reader::from_reader(lines);
    let headers = reader.byte_headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name.as_bytes());
    let Some((sequence, (locale, population))) =
        column("sequence").zip(column("locale").zip(column("population")))
    else {
        return Ok(None);
    };
    let kind = column("letter_kind");
    let (mut record, mut tally) = (ByteRecord::new(), Tally::default());
    while reader.read_byte_record(&mut record)? {
        let cell = |at: usize| std::str::from_utf8(&record[at]).unwrap_or_default();
        if cell(sequence).parse() != Ok(tally.letters + 1) {
            return Ok(None);
        }
        tally.add(cell(locale), cell(population), kind.map(cell));
    }
    Ok(Some(tally))
}
