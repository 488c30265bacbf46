//! Reads a partner's list as partners send it.

use std::path::Path;

use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::client::convert::{parse_date, parse_value};
use crate::client::problem::Problem;
use crate::client::table::columns::{Column, Vocabulary, plain};
use crate::client::table::{Options, Row, Table};
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::handoff::v1::ListEntry;
use crate::wire::redress::r#type::v1::OutcomeClass;

static LIST: Vocabulary = Vocabulary::new(
    "a partner's list",
    &[
        Column::optional(
            "handoff_id",
            "handoff handoffreference redressid redressreference externalid externalreference clientreference",
        ),
        Column::optional(
            "partner_reference",
            "reference ref ourreference memberid membernumber subscriberid enrollmentid accountnumber",
        ),
        Column::required("state", "status progress enrollmentstatus enrollmentstate"),
        Column::optional(
            "effective_date",
            "effective effectiveday since statusdate startdate activationdate",
        ),
        Column::optional("outcome_class", "outcome class reason reasoncode"),
        Column::optional("revision", "version"),
    ],
);

/// What partners call their states, in small letters and without spaces and signs.
const WORDS: [(EnrollmentProgress, &str); 7] = [
    (
        EnrollmentProgress::Accepted,
        "accepted received pending processing submitted",
    ),
    (EnrollmentProgress::Active, "active activated enrolled live"),
    (
        EnrollmentProgress::ActionRequired,
        "actionrequired incomplete onhold",
    ),
    (
        EnrollmentProgress::Refused,
        "refused rejected declined denied failed",
    ),
    (EnrollmentProgress::Suspended, "suspended paused frozen"),
    (
        EnrollmentProgress::Ended,
        "ended expired completed termended",
    ),
    (
        EnrollmentProgress::Canceled,
        "canceled cancelled terminated withdrawn",
    ),
];

/// So many lines that cannot be read are named.
const SHOWN: usize = 20;

/// A list that was read.
#[derive(Clone, Debug)]
pub struct List {
    /// Its entries.
    pub entries: Vec<ListEntry>,
    /// The line of each.
    pub lines: Vec<i64>,
    /// In one line what the file is, and what was passed over in it.
    pub detected: (String, Vec<String>),
}

/// Reads a list whole. A day begins in `zone`.
///
/// # Errors
/// All lines that cannot be read are named, up to some: a list with a gap would show differences that are none.
pub fn read(path: &Path, options: &Options, zone: &TimeZone) -> Result<List, Problem> {
    let mut table = Table::open(path, &LIST, options)?;
    let (mut entries, mut lines, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(row) = table.next_row()? {
        match entry(&row, zone) {
            Ok(entry) => {
                entries.push(entry);
                lines.push(row.line);
            }
            Err(what) => wrong.push(format!("line {}: {what}", row.line)),
        }
    }
    if wrong.is_empty() {
        return Ok(List {
            entries,
            lines,
            detected: (table.detected().to_owned(), table.notes()),
        });
    }
    let many = wrong.len();
    wrong.truncate(SHOWN);
    Err(Problem::refused(format!(
        "{}: nothing was sent, {many} of its lines cannot be read; mend them, or ask the partner for the list again\n  {}",
        path.display(),
        wrong.join("\n  ")
    )))
}

fn entry(row: &Row, zone: &TimeZone) -> Result<ListEntry, String> {
    if let Some(trouble) = &row.trouble {
        return Err(trouble.clone());
    }
    let cell = |at: usize| row.cells.get(at).map_or("", |cell| cell.trim());
    let handoff_id = handoff_id(cell(0))?;
    let partner_reference = cell(1).to_owned();
    if partner_reference.chars().count() > 64 {
        return Err("partner_reference is longer than 64 characters".to_owned());
    }
    if handoff_id.is_empty() && partner_reference.is_empty() {
        return Err("there is neither a handoff_id nor a partner_reference".to_owned());
    }
    Ok(ListEntry {
        handoff_id,
        partner_reference,
        progress: progress(cell(2))?.into(),
        effective_time: day(cell(3), zone)?,
        outcome_class: class(cell(4)).into(),
        revision: match cell(5) {
            "" => 0,
            text => text
                .parse()
                .map_err(|_| "revision is no whole number".to_owned())?,
        },
    })
}

fn handoff_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let id = Uuid::try_parse(text).map_err(|_| {
        "handoff_id is no UUID; a reference of the partner's own belongs into partner_reference"
    })?;
    Ok(id.to_string())
}

fn progress(text: &str) -> Result<EnrollmentProgress, String> {
    let word = plain(text);
    let found = WORDS
        .iter()
        .find(|(_, words)| words.split(' ').any(|known| known == word));
    found.map(|(progress, _)| *progress).ok_or_else(|| {
        "state must be accepted, active, action required, refused, suspended, ended or canceled"
            .to_owned()
    })
}

fn day(text: &str, zone: &TimeZone) -> Result<Option<prost_types::Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    // A spreadsheet writes the time of day behind it.
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let start = zone.to_timestamp(parse_date(day)?.at(0, 0, 0, 0));
    let start = start.map_err(|_| "effective_date is no day".to_owned())?;
    Ok(Some(prost_types::Timestamp {
        seconds: start.as_second(),
        nanos: 0,
    }))
}

/// A class that is none of ours is OTHER.
fn class(text: &str) -> OutcomeClass {
    if text.is_empty() {
        return OutcomeClass::Unspecified;
    }
    parse_value(text, OutcomeClass::as_str_name, "OUTCOME_CLASS_").unwrap_or(OutcomeClass::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(text: &[u8]) -> Result<List, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, &Options::default(), &TimeZone::UTC)
    }

    #[test]
    fn a_list_is_read_as_spreadsheet_programs_save_it() {
        let id = "0198a5f0-0000-7000-8000-000000000001";
        let text = format!(
            "\u{feff}Handoff ID;Member Number;Enrollment Status;Status Date;Reason\r\n\
             {id};M-1;Enrolled;08/01/2015;\r\n;M-2;ACTION_REQUIRED;2015-08-02 00:00;file-frozen\r\n;M-3;Cancelled;;odd\r\n"
        );
        let list = list_of(text.as_bytes()).unwrap();
        assert_eq!(list.lines, [2, 3, 4]);
        let [first, second, third] = list.entries.as_slice() else {
            panic!("three entries")
        };
        assert_eq!(
            (first.handoff_id.as_str(), first.partner_reference.as_str()),
            (id, "M-1")
        );
        assert_eq!(first.progress(), EnrollmentProgress::Active);
        assert_eq!(first.effective_time.unwrap().seconds, 1_438_387_200);
        assert_eq!(second.progress(), EnrollmentProgress::ActionRequired);
        assert_eq!(second.outcome_class(), OutcomeClass::FileFrozen);
        assert_eq!(second.effective_time.unwrap().seconds, 1_438_473_600);
        assert_eq!(third.progress(), EnrollmentProgress::Canceled);
        assert_eq!(third.outcome_class(), OutcomeClass::Other);
        assert_eq!((third.effective_time, third.revision), (None, 0));
    }

    #[test]
    fn all_lines_that_cannot_be_read_are_named_and_nothing_is_sent() {
        let text =
            "handoff_id,partner_reference,state\nx,,active\n,,active\n,R-1,happy\n,R-2,active\n";
        let problem = list_of(text.as_bytes()).unwrap_err().to_string();
        for part in [
            "3 of its lines",
            "line 2: handoff_id is no UUID",
            "line 3: there is neither",
            "line 4: state must be",
        ] {
            assert!(problem.contains(part), "{problem}");
        }
        assert!(!problem.contains("line 5"), "{problem}");
    }
}
