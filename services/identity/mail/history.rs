//! Whether a letter can be sent to a person, by what happened to their letters. Pure.
//!
//! It follows from the events and their days alone, never from the order in which they were recorded: a list from the mail
//! house may be recorded late.

use jiff::civil::Date;

use crate::db::entities::mail_event::Kind;

/// When something happened: by day, and within a day as things happen to one letter.
pub type Moment = (Date, Kind);

/// Tells whether the last letter came back and no better address is known since.
///
/// A letter that comes back on the day on which the address was corrected had the old one.
pub fn is_returned(history: impl IntoIterator<Item = Moment>) -> bool {
    let telling = |kind| matches!(kind, Kind::Returned | Kind::AddressCorrected);
    let last = history.into_iter().filter(|(_, kind)| telling(*kind)).max();
    last.is_some_and(|(_, kind)| kind == Kind::Returned)
}

/// Tells whether an address corrected on this day is the newest one there is.
pub fn is_newest(on: Date, history: impl IntoIterator<Item = Moment>) -> bool {
    !history
        .into_iter()
        .any(|(later, kind)| kind == Kind::AddressCorrected && later > on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn day(day: i8) -> Date {
        date(2015, 7, day)
    }

    #[test]
    fn who_moved_and_was_found_can_be_written_to() {
        use Kind::{AddressCorrected, Mailed, Remailed, Returned};
        assert!(!is_returned([]));
        assert!(!is_returned([(day(1), Mailed)]));
        assert!(is_returned([(day(1), Mailed), (day(5), Returned)]));
        let found = [
            (day(5), Returned),
            (day(6), AddressCorrected),
            (day(7), Remailed),
        ];
        assert!(!is_returned(found));
        assert!(is_returned(found.into_iter().chain([(day(9), Returned)])));
        assert!(
            is_returned([(day(5), Returned), (day(6), Remailed)]),
            "to the same address"
        );
    }

    #[test]
    fn the_order_of_recording_does_not_count() {
        use Kind::{AddressCorrected, Returned};
        assert!(!is_returned([
            (day(6), AddressCorrected),
            (day(5), Returned)
        ]));
        assert!(!is_returned([
            (day(6), AddressCorrected),
            (day(6), Returned)
        ]));
        assert!(is_returned([
            (day(7), Returned),
            (day(6), AddressCorrected)
        ]));
    }

    #[test]
    fn an_older_correction_does_not_replace_a_newer_one() {
        let known = [(day(9), Kind::AddressCorrected), (day(12), Kind::Returned)];
        assert!(!is_newest(day(6), known));
        assert!(is_newest(day(9), known) && is_newest(day(10), known));
    }
}
