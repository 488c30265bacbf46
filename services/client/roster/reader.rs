//! A roster file, read in chunks of rows.
//!
//! The header says which column is which; the service judges the values. A row that is none of the table is sent empty, so that the
//! service counts it, and its reason is kept here for the rejects file.

use std::collections::BTreeMap;
use std::path::Path;

use super::columns::ROSTER;
use crate::client::problem::Problem;
use crate::client::table::{Options, Row, Table};
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

/// Rows of the file, and what is wrong with their shape.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The rows.
    pub rows: Vec<RosterRow>,
    /// Rows whose shape is wrong, by line.
    pub misshapen: BTreeMap<i64, String>,
    /// Rows in which something had to be forgiven, by line.
    pub forgiven: BTreeMap<i64, &'static str>,
    /// How much of the file was read so far, and how much there is.
    pub progress: (u64, u64),
}

/// A roster file that is being read.
pub struct RosterReader {
    table: Table,
}

impl RosterReader {
    /// Opens a file and checks its header.
    pub fn open(path: &Path, options: &Options) -> Result<Self, Problem> {
        let table = Table::open(path, &ROSTER, options)?;
        Ok(Self { table })
    }

    /// Gives the table.
    pub fn table(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Reads the next rows; `None` at the end of the file.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, Problem> {
        let mut chunk = Chunk::default();
        while chunk.rows.len() < CHUNK
            && let Some(row) = self.table.next_row()?
        {
            let Row {
                line,
                cells,
                trouble,
                forgiven,
            } = row;
            chunk.misshapen.extend(trouble.map(|wrong| (line, wrong)));
            chunk.forgiven.extend(forgiven.map(|what| (line, what)));
            chunk.rows.push(roster_row(line, cells));
        }
        chunk.progress = self.table.progress();
        Ok((!chunk.rows.is_empty()).then_some(chunk))
    }
}

fn roster_row(line: i64, cells: Vec<String>) -> RosterRow {
    let mut row = RosterRow {
        line,
        ..RosterRow::default()
    };
    for (name, cell) in COLUMNS.iter().zip(cells) {
        if let Some(field) = field(&mut row, name) {
            *field = match cell.trim() {
                trimmed if trimmed.len() == cell.len() => cell,
                trimmed => trimmed.to_owned(),
            };
        }
    }
    row
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

/// Gives the value of a column; nothing for a name that is none.
pub fn field_of<'r>(row: &'r RosterRow, column: &str) -> &'r str {
    match column {
        "external_ref" => &row.external_ref,
        "covered_entity" => &row.covered_entity_key,
        "given_name" => &row.given_name,
        "middle_name" => &row.middle_name,
        "family_name" => &row.family_name,
        "suffix" => &row.suffix,
        "date_of_birth" => &row.date_of_birth,
        "ssn" => &row.ssn,
        "address_line1" => &row.address_line1,
        "address_line2" => &row.address_line2,
        "city" => &row.city,
        "region" => &row.region,
        "postal_code" => &row.postal_code,
        "country" => &row.country,
        "phone" => &row.phone,
        "email" => &row.email,
        "population" => &row.population,
        "language" => &row.language_code,
        "data_elements" => &row.data_elements,
        "prior_names" => &row.prior_names,
        "prior_addresses" => &row.prior_addresses,
        "confidential_communication" => &row.confidential_communication,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &[u8]) -> Result<Chunk, Problem> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roster.csv");
        std::fs::write(&path, text).unwrap();
        let mut reader = RosterReader::open(&path, &Options::default())?;
        Ok(reader.next_chunk()?.unwrap_or_default())
    }

    #[test]
    fn columns_may_stand_in_any_order_and_lines_count_quoted_breaks() {
        let chunk = chunk(b"\xef\xbb\xbfFamily_Name,given_name,covered_entity,external_ref\n\"Sm\nith\",Ann,c,1\nRoe,Jo,c,2\n").unwrap();
        let lines: Vec<i64> = chunk.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 4]);
        assert_eq!(chunk.rows[1].family_name, "Roe");
    }

    #[test]
    fn the_language_may_be_headed_locale() {
        let header = "external_ref,covered_entity,given_name,family_name,Locale,data_elements";
        let text = format!("{header}\n1,c,Ann,Roe,es,SSN;NAME\n");
        let row = chunk(text.as_bytes()).unwrap().rows.remove(0);
        assert_eq!(
            (row.language_code.as_str(), row.data_elements.as_str()),
            ("es", "SSN;NAME")
        );
    }

    #[test]
    fn a_header_that_does_not_fit_is_told_by_name() {
        let told = chunk(b"given_name,nickname,covered_entity,external_ref\n")
            .err()
            .unwrap()
            .to_string();
        assert!(
            told.contains("missing: family_name") && told.contains("unknown: nickname"),
            "{told}"
        );
    }

    #[test]
    fn a_row_of_another_shape_is_sent_empty_and_remembered() {
        let chunk = chunk(b"external_ref,covered_entity,given_name,family_name\n1,c,Ann\n2,c,J\xff,Roe\n3,c,Al,Poe\n").unwrap();
        assert_eq!(chunk.misshapen.keys().copied().collect::<Vec<_>>(), [2]);
        assert!(chunk.rows[0].external_ref.is_empty());
        assert_eq!(chunk.rows[2].family_name, "Poe");
    }

    #[test]
    fn each_column_has_a_field_of_its_own_and_an_unknown_one_has_none() {
        let names: Vec<&str> = ROSTER.columns.iter().map(|column| column.name).collect();
        assert_eq!(names, COLUMNS);
        let mut row = RosterRow::default();
        for column in COLUMNS {
            let field = field(&mut row, column).expect(column);
            assert!(field.is_empty(), "{column} has the field of another one");
            column.clone_into(field);
            assert_eq!(field_of(&row, column), column);
        }
        assert_eq!(row.language_code, "language");
        assert!(field(&mut row, "preferred_name").is_none());
    }
}
