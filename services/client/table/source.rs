//! Where records come from: a text or the sheet of a workbook, opened up to its header.

use std::collections::VecDeque;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::columns::Vocabulary;
use super::container::{self, Opened, Text};
use super::encoding::Encoding;
use super::header::{self, HEAD, Header};
use super::lines::{Line, Lines};
use super::options::Options;
use super::records::{RawRecord, Records};
use super::workbook::{Format, Rows, Sheet, Workbook};

/// From so many bytes the encoding is told.
const SAMPLE: u64 = 1 << 20;

/// A file that is open behind its header.
pub struct Begun {
    /// Gives the records.
    pub source: Source,
    /// The header.
    pub header: Header,
    /// What the file is.
    pub what: String,
    /// What its lines are called.
    pub counted_in: &'static str,
}

/// Gives records.
pub enum Source {
    /// Those of a text.
    Text {
        /// Reads them.
        records: Box<Records<BufReader<Box<dyn Read + Send>>>>,
        /// How many bytes of the file were read.
        read: Arc<AtomicU64>,
        /// How many there are.
        size: u64,
    },
    /// Those of a sheet.
    Sheet {
        /// Reads them.
        rows: Rows,
        /// The row of the header.
        header: i64,
        /// How many cells the header has.
        width: usize,
        /// The last row that was read.
        row: i64,
        /// A row behind rows without a cell.
        held: Option<RawRecord>,
    },
}

/// Opens a file, tells what it is and finds its header.
pub fn open(path: &Path, vocabulary: &Vocabulary, options: &Options) -> Result<Begun, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .len();
    match container::open(path)? {
        Opened::Text(text) if options.sheet.is_none() => open_text(text, size, vocabulary, options),
        Opened::Text(_) => Err("this is no workbook: --sheet has no meaning for it".to_owned()),
        Opened::Workbook(format) => open_sheet(path, format, vocabulary, options),
    }
}

fn open_text(
    text: Text,
    size: u64,
    vocabulary: &Vocabulary,
    options: &Options,
) -> Result<Begun, String> {
    let Text {
        mut reader,
        packed,
        read,
    } = text;
    let mut head = Vec::new();
    let sampled = reader.by_ref().take(SAMPLE).read_to_end(&mut head);
    sampled.map_err(|error| error.to_string())?;
    let (encoding, mark) = Encoding::detect(&head);
    let whole = Cursor::new(head.split_off(mark)).chain(reader);
    let decoded = encoding.decode(Box::new(whole));
    let mut lines = Lines::new(BufReader::with_capacity(1 << 17, decoded));
    let mut ahead = Vec::new();
    while ahead.len() < HEAD
        && let Some(line) = lines.next().map_err(|error| error.to_string())?
    {
        ahead.push(line);
    }
    let Some((dialect, header)) = header::find(vocabulary, &options.map, &ahead) else {
        return Err(no_header(vocabulary, "lines"));
    };
    let kind = match dialect.delimiter {
        b',' if dialect.quote == b'\'' => "CSV, comma, single quotes".to_owned(),
        b',' => "CSV, comma".to_owned(),
        b'\t' => "TSV, tab".to_owned(),
        _ => format!("CSV, {}", dialect.delimiter_name()),
    };
    let packed = if packed.is_empty() {
        String::new()
    } else {
        format!("{packed}, ")
    };
    let what = format!(
        "{packed}{kind}, {}, {}",
        lines.ends.as_str(),
        encoding.as_str()
    );
    let rest: VecDeque<Line> = ahead
        .into_iter()
        .filter(|line| line.number >= header.next_line)
        .collect();
    let records = Records::new(lines, rest, dialect, header.cells.len());
    Ok(Begun {
        source: Source::Text {
            records: Box::new(records),
            read,
            size,
        },
        header,
        what,
        counted_in: "line",
    })
}

fn no_header(vocabulary: &Vocabulary, lines: &str) -> String {
    format!(
        "no header was found in the first {HEAD} {lines}: none of them has the names of columns of {}\n  columns: {}\n  --map FILE.toml says which \
         column is which, one line each: \"Their header\" = \"our_column\"",
        vocabulary.of,
        vocabulary.names()
    )
}

fn open_sheet(
    path: &Path,
    format: Format,
    vocabulary: &Vocabulary,
    options: &Options,
) -> Result<Begun, String> {
    let book = Workbook::open(path, format, HEAD)?;
    let header_of = |sheet: &Sheet| {
        let rows = sheet.head.iter().map(|(_, cells)| cells.as_slice());
        let (at, _) = header::best(vocabulary, &options.map, rows.enumerate())?;
        let (line, cells) = &sheet.head[at];
        Some(Header::new(*line, 1, cells))
    };
    let names: Vec<&str> = book
        .sheets
        .iter()
        .map(|sheet| sheet.name.as_str())
        .collect();
    let found: Vec<(String, Header)> = if let Some(name) = &options.sheet {
        let same = |sheet: &&Sheet| sheet.name.trim().eq_ignore_ascii_case(name.trim());
        let sheet = book.sheets.iter().find(same);
        let sheet = sheet.ok_or_else(|| {
            format!(
                "there is no sheet {name}; the sheets are {}",
                names.join(", ")
            )
        })?;
        let header = header_of(sheet).ok_or_else(|| no_header(vocabulary, "rows of the sheet"))?;
        vec![(sheet.name.clone(), header)]
    } else {
        let visible = book.sheets.iter().filter(|sheet| sheet.is_visible);
        let found = visible.filter_map(|sheet| Some((sheet.name.clone(), header_of(sheet)?)));
        found.collect()
    };
    let mut found = found.into_iter();
    let Some((name, header)) = found.next() else {
        return Err(no_header(vocabulary, "rows of any sheet"));
    };
    let others: Vec<String> = found.map(|(name, _)| name).collect();
    if !others.is_empty() {
        return Err(format!(
            "several sheets have a table: {name}, {}; name the one to read: --sheet NAME",
            others.join(", ")
        ));
    }
    let rows = book.read(&name);
    Ok(Begun {
        source: Source::Sheet {
            rows,
            header: header.line,
            width: header.cells.len(),
            row: header.line,
            held: None,
        },
        what: format!("{}, sheet \"{name}\"", format.as_str()),
        header,
        counted_in: "row",
    })
}

impl Source {
    /// Gives the next record; `None` at the end.
    pub fn next(&mut self) -> Result<Option<RawRecord>, String> {
        match self {
            Self::Text { records, .. } => records.next().map_err(|error| error.to_string()),
            Self::Sheet {
                rows,
                header,
                width,
                row,
                held,
            } => loop {
                if let Some(held) = held.take() {
                    return Ok(Some(held));
                }
                let Some((line, mut cells)) = rows.next()? else {
                    return Ok(None);
                };
                if line <= *header {
                    continue;
                }
                let surplus = cells
                    .iter()
                    .skip(*width)
                    .position(|cell| !cell.trim().is_empty());
                let trouble = surplus.map(|at| {
                    format!(
                        "there is a value in column {}, which has no name",
                        *width + at + 1
                    )
                });
                cells.resize(*width, String::new());
                let record = RawRecord {
                    line,
                    lines: 1,
                    cells,
                    trouble,
                    forgiven: None,
                };
                // Rows without a cell are not given; they part tables all the same.
                let is_behind_blank = line > *row + 1;
                *row = line;
                if !is_behind_blank {
                    return Ok(Some(record));
                }
                *held = Some(record);
                return Ok(Some(RawRecord {
                    line: line - 1,
                    lines: 1,
                    ..RawRecord::default()
                }));
            },
        }
    }

    /// Gives how much was read, and how much there is; nothing where that is not known.
    pub fn progress(&self) -> (u64, u64) {
        match self {
            Self::Text { read, size, .. } => (read.load(Ordering::Relaxed).min(*size), *size),
            Self::Sheet { .. } => (0, 0),
        }
    }
}
