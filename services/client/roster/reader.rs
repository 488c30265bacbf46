//! A roster file, read in chunks of rows.
//!
//! The header says which column is which; the service judges the values. A row with the wrong number of columns or text
//! that is not UTF-8 is sent empty, so that the service counts it, and its reason is kept here for the rejects file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::client::problem::Problem;
use crate::wire::redress::identity::v1::RosterRow;

/// The columns of a roster file, in the order in which they are written.
pub const COLUMNS: [&str; 22] = [
    "external_ref",
    "covered_entity",
    "given_name",
    "middle_name",
    "family_name",
    "suffix",
    "date_of_birth",
    "ssn",
    "address_line1",
    "address_line2",
    "city",
    "region",
    "postal_code",
    "country",
    "phone",
    "email",
    "population",
    "language",
    "data_elements",
    "prior_names",
    "prior_addresses",
    "confidential_communication",
];

/// Rows in one chunk.
pub const CHUNK: usize = 500;

/// Columns that a file must have.
const REQUIRED: [&str; 4] = [
    "external_ref",
    "covered_entity",
    "given_name",
    "family_name",
];

/// Rows of the file, and what is wrong with their shape.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The rows.
    pub rows: Vec<RosterRow>,
    /// Rows whose shape is wrong, by line.
    pub misshapen: BTreeMap<i64, String>,
    /// How many bytes of the file have been read so far.
    pub bytes: u64,
}

/// A roster file that is being read.
pub struct RosterReader {
    csv: Reader<BufReader<File>>,
    /// For each of [`COLUMNS`], where it stands in this file.
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl RosterReader {
    /// Opens a file and checks its header.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|error| Problem::file(path, &error))?;
        let buffered = BufReader::with_capacity(1 << 18, file);
        let mut csv = ReaderBuilder::new().flexible(true).from_reader(buffered);
        let header = csv
            .byte_headers()
            .map_err(|error| Problem::file(path, &error))?;
        let names: Vec<String> = header.iter().map(column_name).collect();
        let places = places(&names).map_err(|wrong| Problem::file(path, &wrong))?;
        Ok(Self {
            csv,
            places,
            width: names.len(),
        })
    }

    /// Reads the next rows; `None` at the end of the file.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, csv::Error> {
        let mut chunk = Chunk::default();
        let mut record = ByteRecord::new();
        while chunk.rows.len() < CHUNK && self.csv.read_byte_record(&mut record)? {
            let position = record.position();
            let line = position.map_or(0, |position| i64::try_from(position.line()).unwrap_or(0));
            let row = self.row(&record, line).unwrap_or_else(|wrong| {
                chunk.misshapen.insert(line, wrong);
                RosterRow {
                    line,
                    ..RosterRow::default()
                }
            });
            chunk.rows.push(row);
        }
        chunk.bytes = self.csv.position().byte();
        Ok((!chunk.rows.is_empty()).then_some(chunk))
    }

    fn row(&self, record: &ByteRecord, line: i64) -> Result<RosterRow, String> {
        if record.len() != self.width {
            return Err(format!(
                "the row has {} columns and the header {}",
                record.len(),
                self.width
            ));
        }
        let mut row = RosterRow {
            line,
            ..RosterRow::default()
        };
        for (column, place) in self.places.iter().enumerate() {
            let Some(bytes) = place.and_then(|at| record.get(at)) else {
                continue;
            };
            let text = std::str::from_utf8(bytes)
                .map_err(|_| format!("{} is not UTF-8", COLUMNS[column]))?;
            let name = COLUMNS[column];
            let field = field(&mut row, name).ok_or_else(|| format!("{name} is not sent"))?;
            text.trim().clone_into(field);
        }
        Ok(row)
    }
}

/// Normalizes a column's name: no byte-order mark, no spaces around it, lower case.
pub fn header_name(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start_matches('\u{feff}')
        .trim()
        .to_ascii_lowercase()
}

/// Gives the name of a column of a roster: the language may be headed `locale`.
fn column_name(bytes: &[u8]) -> String {
    match header_name(bytes) {
        name if name == "locale" => "language".to_owned(),
        name => name,
    }
}

/// Finds each column, or says which are missing or unknown.
fn places(names: &[String]) -> Result<[Option<usize>; COLUMNS.len()], String> {
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    let missing: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|column| !names.iter().any(|name| name == column))
        .collect();
    let unknown: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !COLUMNS.contains(name))
        .collect();
    let twice = names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name));
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push(format!("columns are missing: {}", missing.join(", ")));
    }
    if !unknown.is_empty() {
        wrong.push(format!("columns are unknown: {}", unknown.join(", ")));
    }
    if let Some((_, name)) = twice {
        wrong.push(format!("a column stands there twice: {name}"));
    }
    if wrong.is_empty() {
        return Ok(places);
    }
    Err(format!(
        "the header does not fit: {}\n  columns of a roster: {}",
        wrong.join("; "),
        COLUMNS.join(", ")
    ))
}

/// Gives where a column goes.
fn field<'r>(row: &'r mut RosterRow, column: &str) -> Option<&'r mut String> {
    Some(match column {
        "external_ref" => &mut row.external_ref,
        "covered_entity" => &mut row.covered_entity_key,
        "given_name" => &mut row.given_name,
        "middle_name" => &mut row.middle_name,
        "family_name" => &mut row.family_name,
        "suffix" => &mut row.suffix,
        "date_of_birth" => &mut row.date_of_birth,
        "ssn" => &mut row.ssn,
        "address_line1" => &mut row.address_line1,
        "address_line2" => &mut row.address_line2,
        "city" => &mut row.city,
        "region" => &mut row.region,
        "postal_code" => &mut row.postal_code,
        "country" => &mut row.country,
        "phone" => &mut row.phone,
        "email" => &mut row.email,
        "population" => &mut row.population,
        "language" => &mut row.language_code,
        "data_elements" => &mut row.data_elements,
        "prior_names" => &mut row.prior_names,
        "prior_addresses" => &mut row.prior_addresses,
        "confidential_communication" => &mut row.confidential_communication,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn roster(text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roster.csv");
        File::create(&path).unwrap().write_all(text).unwrap();
        (dir, path)
    }

    #[test]
    fn columns_may_stand_in_any_order_and_lines_count_quoted_breaks() {
        let (_dir, path) = roster(b"\xef\xbb\xbfFamily_Name,given_name,covered_entity,external_ref\n\"Sm\nith\",Ann,c,1\nRoe,Jo,c,2\n");
        let chunk = RosterReader::open(&path)
            .unwrap()
            .next_chunk()
            .unwrap()
            .unwrap();
        let lines: Vec<i64> = chunk.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 4]);
        assert_eq!(chunk.rows[1].family_name, "Roe");
    }

    #[test]
    fn the_language_may_be_headed_locale() {
        let header = "external_ref,covered_entity,given_name,family_name,Locale,data_elements";
        let text = format!("{header}\n1,c,Ann,Roe,es,SSN;NAME\n");
        let (_dir, path) = roster(text.as_bytes());
        let chunk = RosterReader::open(&path).unwrap().next_chunk().unwrap();
        let row = chunk.unwrap().rows.remove(0);
        assert_eq!(
            (row.language_code.as_str(), row.data_elements.as_str()),
            ("es", "SSN;NAME")
        );
    }

    #[test]
    fn a_header_that_does_not_fit_is_told_by_name() {
        let (_dir, path) = roster(b"given_name,surname,covered_entity,external_ref\n");
        let text = RosterReader::open(&path).err().unwrap().to_string();
        assert!(
            text.contains("missing: family_name") && text.contains("unknown: surname"),
            "{text}"
        );
    }

    #[test]
    fn a_row_of_another_shape_is_sent_empty_and_remembered() {
        let (_dir, path) = roster(b"external_ref,covered_entity,given_name,family_name\n1,c,Ann\n2,c,J\xff,Roe\n3,c,Al,Poe\n");
        let chunk = RosterReader::open(&path)
            .unwrap()
            .next_chunk()
            .unwrap()
            .unwrap();
        assert_eq!(chunk.misshapen.keys().copied().collect::<Vec<_>>(), [2, 3]);
        assert!(chunk.rows[0].external_ref.is_empty());
        assert_eq!(chunk.rows[2].family_name, "Poe");
    }

    #[test]
    fn each_column_has_a_field_of_its_own_and_an_unknown_one_has_none() {
        let mut row = RosterRow::default();
        for column in COLUMNS {
            let field = field(&mut row, column).expect(column);
            assert!(field.is_empty(), "{column} has the field of another one");
            column.clone_into(field);
        }
        assert_eq!(row.language_code, "language");
        assert!(field(&mut row, "preferred_name").is_none());
    }
}
