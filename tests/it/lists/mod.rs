//! Lists as the field delivers them: read by the client, judged as the server judges them.

mod field;
mod files;
mod people;
mod pollution;
mod spoil;
mod terminal;
mod ways;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::date;
use redress::client::problem::Problem;
use redress::client::progress::hidden;
use redress::client::roster::reader::RosterReader;
use redress::client::roster::survey::{Purpose, survey};
use redress::client::table::Options;
use redress::identity::matching::address;
use redress::identity::roster::grpc::import::row_of;
use redress::identity::roster::row::{Row, Rules, parse_row};
use redress::kernel::dates::DateOrder;
use redress::kernel::ids::CoveredEntityId;
use redress::wire::redress::identity::v1 as wire;
use uuid::Uuid;

/// What became of a list.
struct Read {
    detected: String,
    notes: Vec<String>,
    /// Rows that were taken, by line.
    taken: BTreeMap<i64, Row>,
    /// Rows that were refused, by line, with why.
    refused: BTreeMap<i64, String>,
    /// What was said of rows that were taken.
    warned: BTreeMap<i64, Vec<String>>,
}

fn rules(date_order: DateOrder) -> Rules {
    let entity = |id| CoveredEntityId::from_uuid(Uuid::from_u128(id));
    Rules {
        entities: HashMap::from([
            ("north".to_owned(), entity(1)),
            ("south".to_owned(), entity(2)),
        ]),
        today: date(2026, 11, 28),
        sandbox_ssn: true,
        date_order,
    }
}

fn read(bytes: &[u8]) -> Read {
    read_with(bytes, &Options::default()).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Reads a file as `redress roster import` does, and judges each row as the server does.
fn read_with(bytes: &[u8], options: &Options) -> Result<Read, Problem> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("the list");
    let survey = survey(
        file.path(),
        options,
        Purpose::Load { complete: false },
        hidden,
    )?;
    let order = match survey.date_order {
        wire::DateOrder::DayFirst => DateOrder::DayFirst,
        _ => DateOrder::MonthFirst,
    };
    let rules = rules(order);
    let mut reader = RosterReader::open(file.path(), options)?;
    let mut read = Read {
        detected: survey.detected,
        notes: survey.notes,
        taken: BTreeMap::new(),
        refused: BTreeMap::new(),
        warned: BTreeMap::new(),
    };
    while let Some(chunk) = reader.next_chunk()? {
        for (line, what) in chunk.forgiven {
            read.warned.entry(line).or_default().push(what.to_owned());
        }
        for row in chunk.rows {
            let line = row.line;
            if let Some(wrong) = chunk.misshapen.get(&line) {
                read.refused.insert(line, wrong.clone());
                continue;
            }
            match parse_row(&row_of(row).columns, &rules) {
                Ok(row) => {
                    let said = row.warnings.iter().map(|warning| format!("{warning:?}"));
                    read.warned.entry(line).or_default().extend(said);
                    read.taken.insert(line, row);
                }
                Err(reject) => {
                    read.refused.insert(line, format!("{reject:?}"));
                }
            }
        }
    }
    read.warned.retain(|_, said| !said.is_empty());
    Ok(read)
}

impl Read {
    fn by_reference(&self, reference: &str) -> Option<(i64, &Row)> {
        let mut rows = self.taken.iter();
        let found = rows.find(|(_, row)| row.reference.expose() == reference);
        found.map(|(line, row)| (*line, row))
    }
}

/// The name and the address lines of a letter; nothing where none can be sent.
fn letter(row: &Row) -> Option<String> {
    let lines = address::address_lines(&row.person).join(" | ");
    let name = address::full_name(&row.person);
    address::is_mailable(&row.person).then(|| format!("{name} | {lines}"))
}

/// The columns of the inputs of the field.
const HEADER: &str = "external_ref,covered_entity,given_name,middle_name,family_name,suffix,date_of_birth,ssn,address_line1,address_line2,city,region,\
    postal_code,country,phone,email,population";
