//! A file of mail events, read row by row.
//!
//! The header says which column is which. Unknown words are rejected here, because the wire has only known ones; everything
//! else the service judges.

use std::path::Path;

use jiff::civil::Date;

use crate::client::convert::wire_date;
use crate::client::mailing::endorsement;
use crate::client::problem::Problem;
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Row, Table};
use crate::kernel::dates::{DateOrder, Mended, NoDate, read_date};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::PostalAddress;

/// The columns of a file of mail events. The print file calls the individual's id `letter`.
static EVENTS: Vocabulary = Vocabulary::new(
    "mail events",
    &[
        Column::required("letter", "individualid letterid sequenceid"),
        Column::required("event", "kind mailevent status disposition"),
        Column::required("date", "eventdate dateofevent maildate returndate"),
        Column::optional("reason", "returnreason reasoncode"),
        Column::optional("source", "addresssource"),
        Column::optional(
            "address_line1",
            "address address1 addr1 newaddress newaddress1 street",
        ),
        Column::optional("address_line2", "address2 addr2 newaddress2 apt unit"),
        Column::optional("city", "newcity town"),
        Column::optional("region", "state newstate st province"),
        Column::optional("postal_code", "zip zipcode newzip zip5 zip9 postcode"),
        Column::optional("country", "countrycode"),
        Column::optional("generation", "letternumber letterno letterversion"),
    ],
);

const KINDS: &str = "MAILED, RETURNED, ADDRESS_CORRECTED or REMAILED";
const REASONS: &str = "NOT_DELIVERABLE_AS_ADDRESSED, MOVED_LEFT_NO_ADDRESS, VACANT, DECEASED, REFUSED, UNCLAIMED or OTHER, or as the postal service stamps it (ANK, NO SUCH STREET)";
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
    table: Table,
    /// The source of rows whose column `source` is empty.
    source: Option<wire::AddressSource>,
}

impl EventReader {
    /// Opens a file and checks its header.
    pub fn open(
        path: &Path,
        options: &Options,
        source: Option<wire::AddressSource>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            table: Table::open(path, &EVENTS, options)?,
            source,
        })
    }

    /// Gives the table.
    pub fn table(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Reads the next rows; none at the end of the file.
    pub fn next_lines(&mut self, most: usize) -> Result<Vec<Line>, Problem> {
        let mut lines = Vec::new();
        while lines.len() < most
            && let Some(row) = self.table.next_row()?
        {
            let event = self.event(&row);
            lines.push(Line {
                line: row.line,
                event,
            });
        }
        Ok(lines)
    }

    fn event(&self, row: &Row) -> Result<wire::MailEvent, Misfit> {
        if let Some(trouble) = &row.trouble {
            return Err(misfit("", trouble.as_str()));
        }
        let mut cells = <[&str; 12]>::default();
        for (ours, cell) in cells.iter_mut().zip(&row.cells) {
            *ours = cell.trim();
        }
        let [letter, event, day, reason, source, address @ .., generation] = cells;
        let kind = word(
            "event",
            event,
            KINDS,
            "MAIL_EVENT_KIND_",
            wire::MailEventKind::from_str_name,
        )?;
        let reason = match reason {
            "" => None,
            text => Some(
                endorsement::read(text)
                    .ok_or_else(|| misfit("reason", format!("write reason as {REASONS}")))?,
            ),
        };
        let source = word(
            "source",
            source,
            SOURCES,
            "ADDRESS_SOURCE_",
            wire::AddressSource::from_str_name,
        )?;
        let is_correction = kind == Some(wire::MailEventKind::AddressCorrected);
        let source = source.or(self.source.filter(|_| is_correction));
        let day = happened_on(day).map_err(|wrong| misfit("date", wrong))?;
        let generation = match generation {
            "" => 0,
            text => text.parse().map_err(|_| {
                misfit(
                    "generation",
                    "write the number that the print file has, such as 1",
                )
            })?,
        };
        Ok(wire::MailEvent {
            individual_id: letter.to_owned(),
            kind: kind.unwrap_or_default().into(),
            event_date: Some(wire_date(day)),
            return_reason: reason.unwrap_or_default().into(),
            address_source: source.unwrap_or_default().into(),
            address: postal(address),
            generation,
        })
    }
}

fn misfit(column: &'static str, help: impl Into<String>) -> Misfit {
    Misfit {
        column,
        help: help.into(),
    }
}

/// Reads a day. A year of two digits is refused: nobody guesses when a letter came back.
fn happened_on(text: &str) -> Result<Date, &'static str> {
    match read_date(text, DateOrder::MonthFirst, Date::MAX) {
        Ok(read) if read.mended == Some(Mended::Century) => {
            Err("write the year with four digits, as in 2026-11-20")
        }
        Ok(read) if read.mended == Some(Mended::OtherOrder) => {
            Err("write the month first, as in 11/20/2026, or the year, as in 2026-11-20")
        }
        Ok(read) => Ok(read.date),
        Err(NoDate::DigitsLost) => {
            Err("a spreadsheet program has cut the number short; write the date as 2026-11-20")
        }
        Err(NoDate::Malformed) => Err("a date looks like 2026-11-20 or 11/20/2026"),
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
        "generation" => "generation",
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
        EventReader::open(&path, &Options::default(), source)?.next_lines(100)
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
            told.contains("missing: date") && told.contains("unknown: reson (nearest: reason)"),
            "{told}"
        );
        let lines = read("letter,event,date\na,MAILED,soon\na,MAILED\n", None).unwrap();
        let columns = lines
            .iter()
            .map(|line| line.event.as_ref().unwrap_err().column);
        assert_eq!(columns.collect::<Vec<_>>(), ["date", ""]);
        assert_eq!(column_of("events[3].address.city"), "city");
    }

    #[test]
    fn days_are_read_in_the_ways_in_which_programs_write_them() {
        let days = [
            "2026-11-20 00:00:00",
            "20-Nov-2026",
            "20261120",
            "11-20-2026",
            "46346",
        ];
        let rows: Vec<String> = days
            .iter()
            .map(|day| format!("a,RETURNED,{day}\r\n"))
            .collect();
        let text = format!(
            "letter,event,date\r\n{}a,RETURNED,11/20/26\r\n",
            rows.concat()
        );
        let lines = read(&text, None).unwrap();
        for line in &lines[..5] {
            let day = line.event.as_ref().unwrap().event_date.unwrap();
            assert_eq!(
                (day.year, day.month, day.day),
                (2026, 11, 20),
                "{}",
                line.line
            );
        }
        let misfit = lines[5].event.as_ref().unwrap_err();
        assert!(misfit.help.contains("four digits") && lines[5].line == 7);
    }
}
