//! A file of mail events, read row by row.
//!
//! The header says which column is which. Unknown words are rejected here, because the wire has only known ones; everything
//! else the service judges.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::client::convert::{parse_date, wire_date};
use crate::client::problem::Problem;
use crate::client::roster::reader::header_name;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::PostalAddress;

/// The columns of a file of mail events.
pub const COLUMNS: [&str; 11] = [
    "letter",
    "event",
    "date",
    "reason",
    "source",
    "address_line1",
    "address_line2",
    "city",
    "region",
    "postal_code",
    "country",
];

/// Columns that a file must have.
const REQUIRED: [&str; 3] = ["letter", "event", "date"];

const KINDS: &str = "MAILED, RETURNED, ADDRESS_CORRECTED or REMAILED";
const REASONS: &str = "NOT_DELIVERABLE_AS_ADDRESSED, MOVED_LEFT_NO_ADDRESS, VACANT, DECEASED, REFUSED, UNCLAIMED or OTHER";
const SOURCES: &str = "USPS_NCOA, MAIL_HOUSE or COVERED_ENTITY";

/// A row that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The column at fault; empty when it is the whole row.
    pub column: &'static str,
    /// What to do.
    pub help: String,
}

/// A row of the file.
#[derive(Debug)]
pub struct Line {
    /// Line in the file.
    pub line: i64,
    /// The event, or why it cannot be sent.
    pub event: Result<wire::MailEvent, Misfit>,
}

/// A file of mail events that is being read.
pub struct EventReader {
    csv: Reader<BufReader<File>>,
    /// For each of [`COLUMNS`], where it stands in this file.
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
    /// The source of rows whose column `source` is empty.
    source: Option<wire::AddressSource>,
}

impl EventReader {
    /// Opens a file and checks its header.
    pub fn open(path: &Path, source: Option<wire::AddressSource>) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|error| Problem::file(path, &error))?;
        let buffered = BufReader::with_capacity(1 << 18, file);
        let mut csv = ReaderBuilder::new().flexible(true).from_reader(buffered);
        let header = csv.byte_headers();
        let header = header.map_err(|error| Problem::file(path, &error))?;
        let names: Vec<String> = header.iter().map(header_name).map(renamed).collect();
        let places = places(&names).map_err(|wrong| Problem::file(path, &wrong))?;
        Ok(Self {
            csv,
            places,
            width: names.len(),
            source,
        })
    }

    /// Reads the next rows; none at the end of the file.
    pub fn next_lines(&mut self, most: usize) -> Result<Vec<Line>, csv::Error> {
        let mut lines = Vec::new();
        let mut record = ByteRecord::new();
        while lines.len() < most && self.csv.read_byte_record(&mut record)? {
            let position = record.position();
            let line = position.map_or(0, |position| i64::try_from(position.line()).unwrap_or(0));
            let event = self.event(&record);
            lines.push(Line { line, event });
        }
        Ok(lines)
    }

    /// Gives how many bytes have been read.
    pub fn bytes(&self) -> u64 {
        self.csv.position().byte()
    }

    fn event(&self, record: &ByteRecord) -> Result<wire::MailEvent, Misfit> {
        if record.len() != self.width {
            let (row, header) = (record.len(), self.width);
            let help = format!("the row has {row} columns and the header {header}");
            return Err(misfit("", help));
        }
        let mut cells = <[&str; COLUMNS.len()]>::default();
        for (column, place) in self.places.iter().enumerate() {
            let bytes = place.and_then(|at| record.get(at)).unwrap_or_default();
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|_| misfit(COLUMNS[column], "write it in UTF-8"))?;
            cells[column] = text.trim();
        }
        let [letter, event, day, reason, source, address @ ..] = cells;
        let kind = word(
            "event",
            event,
            KINDS,
            "MAIL_EVENT_KIND_",
            wire::MailEventKind::from_str_name,
        )?;
        let reason = word(
            "reason",
            reason,
            REASONS,
            "RETURN_REASON_",
            wire::ReturnReason::from_str_name,
        )?;
        let source = word(
            "source",
            source,
            SOURCES,
            "ADDRESS_SOURCE_",
            wire::AddressSource::from_str_name,
        )?;
        let is_correction = kind == Some(wire::MailEventKind::AddressCorrected);
        let source = source.or(self.source.filter(|_| is_correction));
        let day = parse_date(day).map_err(|wrong| misfit("date", wrong))?;
        Ok(wire::MailEvent {
            individual_id: letter.to_owned(),
            kind: kind.unwrap_or_default().into(),
            event_date: Some(wire_date(day)),
            return_reason: reason.unwrap_or_default().into(),
            address_source: source.unwrap_or_default().into(),
            address: postal(address),
        })
    }
}

fn misfit(column: &'static str, help: impl Into<String>) -> Misfit {
    Misfit {
        column,
        help: help.into(),
    }
}

/// Accepts `individual_id` for the column that the print file calls `letter`.
fn renamed(name: String) -> String {
    if name == "individual_id" {
        "letter".to_owned()
    } else {
        name
    }
}

/// Reads a word of a closed vocabulary, however it is written; nothing if the cell is empty.
fn word<T>(
    column: &'static str,
    cell: &str,
    words: &str,
    prefix: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Misfit> {
    if cell.is_empty() {
        return Ok(None);
    }
    let name = cell.to_ascii_uppercase().replace([' ', '-'], "_");
    let known = (name != "UNSPECIFIED").then(|| parse(&format!("{prefix}{name}")));
    match known.flatten() {
        Some(known) => Ok(Some(known)),
        None => Err(misfit(column, format!("write {column} as {words}"))),
    }
}

/// Reads the word of `--source`.
pub fn source(text: &str) -> Result<wire::AddressSource, String> {
    let parse = wire::AddressSource::from_str_name;
    let known = word("source", text, SOURCES, "ADDRESS_SOURCE_", parse);
    let known = known.map_err(|misfit| misfit.help)?;
    known.ok_or_else(|| format!("write source as {SOURCES}"))
}

fn postal(cells: [&str; 6]) -> Option<PostalAddress> {
    let [line1, line2, city, region, postal_code, country] = cells.map(str::to_owned);
    let address = PostalAddress {
        line1,
        line2,
        city,
        region,
        postal_code,
        country,
    };
    (address != PostalAddress::default()).then_some(address)
}

/// Finds each column, or says which are missing or unknown.
fn places(names: &[String]) -> Result<[Option<usize>; COLUMNS.len()], String> {
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    let listed = |wrong: Vec<&str>, what: &str| {
        (!wrong.is_empty()).then(|| format!("columns are {what}: {}", wrong.join(", ")))
    };
    let has = |column: &&str| names.iter().any(|name| name == column);
    let missing = REQUIRED.into_iter().filter(|column| !has(column));
    let unknown = names.iter().map(String::as_str);
    let unknown = unknown.filter(|name| !COLUMNS.contains(name));
    let twice = names.iter().enumerate();
    let twice = twice.filter(|(at, name)| names[..*at].contains(name));
    let twice = twice.map(|(_, name)| name.as_str());
    let wrong: Vec<String> = [
        listed(missing.collect(), "missing"),
        listed(unknown.collect(), "unknown"),
        listed(twice.collect(), "there twice"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if wrong.is_empty() {
        return Ok(places);
    }
    let (wrong, columns) = (wrong.join("; "), COLUMNS.join(", "));
    Err(format!(
        "the header does not fit: {wrong}\n  columns of mail events: {columns}"
    ))
}

/// Gives the column in which a field of an event stands.
pub fn column_of(field: &str) -> &'static str {
    let field = field.split_once("].").map_or(field, |(_, field)| field);
    match field {
        "individual_id" => "letter",
        "kind" => "event",
        "event_date" => "date",
        "return_reason" => "reason",
        "address_source" => "source",
        "address.line2" => "address_line2",
        "address.city" => "city",
        "address.region" => "region",
        "address.postal_code" => "postal_code",
        "address.country" => "country",
        "address" | "address.line1" => "address_line1",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, source: Option<wire::AddressSource>) -> Result<Vec<Line>, Problem> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.csv");
        std::fs::write(&path, text).unwrap();
        Ok(EventReader::open(&path, source)?.next_lines(100).unwrap())
    }

    #[test]
    fn words_are_read_however_they_are_written() {
        let text = "Individual_ID,date,event,reason\na,07/20/2015,returned,moved left no address\na,2015-07-21,Re-mailed,\n";
        let lines = read(text, None).unwrap();
        let first = lines[0].event.as_ref().unwrap();
        assert_eq!(first.kind(), wire::MailEventKind::Returned);
        assert_eq!(
            first.return_reason(),
            wire::ReturnReason::MovedLeftNoAddress
        );
        assert_eq!((first.event_date.unwrap().day, lines[0].line), (20, 2));
        assert!(first.address.is_none());
        let misfit = lines[1].event.as_ref().unwrap_err();
        assert_eq!(misfit.column, "event");
        assert!(misfit.help.contains("REMAILED"));
    }

    #[test]
    fn a_source_for_all_stands_only_where_an_address_is_corrected() {
        let ncoa = Some(source("usps-ncoa").unwrap());
        let text = "letter,event,date,address_line1\na,ADDRESS_CORRECTED,2015-07-20,9 Elm Ave\na,MAILED,2015-07-20,\n";
        let lines = read(text, ncoa).unwrap();
        let sources = lines
            .iter()
            .map(|line| line.event.as_ref().unwrap().address_source());
        let sources: Vec<_> = sources.collect();
        assert_eq!(
            sources,
            [
                wire::AddressSource::UspsNcoa,
                wire::AddressSource::Unspecified
            ]
        );
        assert!(source("the person").is_err() && source("").is_err());
    }

    #[test]
    fn what_does_not_fit_is_told_by_column() {
        let told = read("letter,event,reson\n", None)
            .err()
            .unwrap()
            .to_string();
        assert!(
            told.contains("missing: date") && told.contains("unknown: reson"),
            "{told}"
        );
        let lines = read("letter,event,date\na,MAILED,soon\na,MAILED\n", None).unwrap();
        let columns = lines
            .iter()
            .map(|line| line.event.as_ref().unwrap_err().column);
        assert_eq!(columns.collect::<Vec<_>>(), ["date", ""]);
        assert_eq!(column_of("events[3].address.city"), "city");
    }
}
