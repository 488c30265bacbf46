//! Reads a partner's list as partners send it.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::client::convert::{parse_date, parse_value};
use crate::client::problem::Problem;
use crate::client::table::columns::{Column, Vocabulary, plain};
use crate::client::table::{Options, Row};
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::handoff::v1::ListEntry;
use crate::wire::redress::r#type::v1::OutcomeClass;

use super::rows::{self, Entries, cell, references};

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

/// A list that was read.
pub type List = Entries<ListEntry>;

/// Reads a list whole. A day begins in `zone`.
///
/// # Errors
/// All lines that cannot be read are named.
pub fn read(path: &Path, options: &Options, zone: &TimeZone) -> Result<List, Problem> {
    rows::read(path, &LIST, options, |row| entry(row, zone))
}

fn entry(row: &Row, zone: &TimeZone) -> Result<ListEntry, String> {
    let (handoff_id, partner_reference) = references(row)?;
    Ok(ListEntry {
        handoff_id,
        partner_reference,
        progress: progress(cell(row, 2))?.into(),
        effective_time: day(cell(row, 3), zone)?,
        outcome_class: class(cell(row, 4)).into(),
        revision: match cell(row, 5) {
            "" => 0,
            text => text
                .parse()
                .map_err(|_| "revision is no whole number".to_owned())?,
        },
    })
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
