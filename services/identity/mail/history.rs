//! Whether a letter can be sent to a person, by what happened to their letters. Pure.
//!
//! It follows from the events and their days, never from the order in which they were recorded: a list from the mail house may be
//! recorded late. Where an event names the letter, it follows from what that letter can tell: one that had gone out before a better
//! address became known had the old one, however late it comes back.

use jiff::civil::Date;

use crate::db::entities::mail_event::{AddressSource, Kind};
use crate::identity::roster::letters::Letter;
use crate::kernel::clock::Timestamp;

/// When something happened: by day, and within a day as things happen to one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The day.
    pub on: Date,
    /// What.
    pub kind: Kind,
    /// Which of the person's letters; 0 if that is not known.
    pub generation: i32,
}

/// A better address that became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The day.
    pub on: Date,
    /// Who knew it.
    pub source: AddressSource,
    /// When it was recorded: from then on letters are printed with it.
    pub recorded_at: Timestamp,
}

/// What is known of one person's letters.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The better addresses.
    pub corrections: &'a [Correction],
    /// The letters.
    pub letters: &'a [Letter],
}

/// Tells whether a letter came back from the address on record.
///
/// A letter that comes back on the day on which the address was corrected had the old one.
pub fn is_returned(history: impl IntoIterator<Item = Moment>, known: Known<'_>) -> bool {
    let mut returns = history.into_iter().filter(|one| one.kind == Kind::Returned);
    returns.any(|returned| {
        !known
            .corrections
            .iter()
            .any(|one| one.outdates(returned, known.letters))
    })
}

impl Correction {
    /// Tells whether a letter that came back had an older address than this.
    fn outdates(&self, returned: Moment, letters: &[Letter]) -> bool {
        let letter = letters
            .iter()
            .find(|one| one.generation == returned.generation);
        self.on >= returned.on || letter.is_some_and(|letter| self.came_after(letter))
    }

    /// Tells whether a letter had gone out when this address became known. The register of changed addresses is asked between
    /// printing and mailing, and the letter is mailed to what it says; every other source is too late for what is printed.
    fn came_after(&self, letter: &Letter) -> bool {
        match (self.source, letter.mailed_on) {
            (AddressSource::UspsNcoa, Some(mailed_on)) => mailed_on < self.on,
            (AddressSource::UspsNcoa, None) => false,
            (AddressSource::MailHouse | AddressSource::CoveredEntity, _) => {
                letter.printed_at.is_some_and(|at| at < self.recorded_at)
            }
        }
    }
}

/// Tells whether an address corrected on this day is the newest one there is.
pub fn is_newest(on: Date, known: &[Correction]) -> bool {
    !known.iter().any(|one| one.on > on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const NOTHING: &[Letter] = &[];

    fn day(day: i8) -> Date {
        date(2015, 7, day)
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day)
    }

    fn moment(on: i8, kind: Kind) -> Moment {
        let on = day(on);
        Moment {
            on,
            kind,
            generation: 0,
        }
    }

    fn returned(on: i8, generation: i32) -> Moment {
        Moment {
            generation,
            ..moment(on, Kind::Returned)
        }
    }

    fn corrected(on: i8) -> Correction {
        Correction {
            on: day(on),
            source: AddressSource::MailHouse,
            recorded_at: at(i64::from(on)),
        }
    }

    fn letter(generation: i32, printed: i64, mailed: Option<i8>) -> Letter {
        Letter {
            generation,
            printed_at: Some(at(printed)),
            mailed_on: mailed.map(day),
        }
    }

    fn is_out_of_reach(history: &[Moment], corrections: &[Correction], letters: &[Letter]) -> bool {
        let known = Known {
            corrections,
            letters,
        };
        is_returned(history.iter().copied(), known)
    }

    #[test]
    fn who_moved_and_was_found_can_be_written_to() {
        use Kind::{Mailed, Remailed, Returned};
        assert!(!is_out_of_reach(&[], &[], NOTHING));
        assert!(!is_out_of_reach(&[moment(1, Mailed)], &[], NOTHING));
        let back = [moment(1, Mailed), moment(5, Returned)];
        assert!(is_out_of_reach(&back, &[], NOTHING));
        let found = [moment(5, Returned), moment(7, Remailed)];
        assert!(!is_out_of_reach(&found, &[corrected(6)], NOTHING));
        assert!(is_out_of_reach(&found, &[], NOTHING), "to the same address");
        let again = [moment(5, Returned), moment(9, Returned)];
        assert!(is_out_of_reach(&again, &[corrected(6)], NOTHING));
    }

    #[test]
    fn a_correction_of_the_same_day_came_after_the_return() {
        let back = [moment(6, Kind::Returned)];
        assert!(!is_out_of_reach(&back, &[corrected(6)], NOTHING));
        assert!(is_out_of_reach(&back, &[corrected(5)], NOTHING));
    }

    #[test]
    fn a_late_return_of_the_first_letter_says_nothing_of_the_corrected_address() {
        let letters = [letter(1, 2, Some(3)), letter(2, 11, Some(12))];
        let known = [corrected(8)];
        assert!(!is_out_of_reach(&[returned(20, 1)], &known, &letters));
        assert!(is_out_of_reach(&[returned(20, 2)], &known, &letters));
        assert!(
            is_out_of_reach(&[returned(20, 0)], &known, &letters),
            "which letter is not known"
        );
    }

    #[test]
    fn an_address_that_was_known_before_printing_was_the_one_that_the_letter_had() {
        let letters = [letter(1, 9, Some(10))];
        assert!(is_out_of_reach(
            &[returned(20, 1)],
            &[corrected(8)],
            &letters
        ));
    }

    #[test]
    fn the_register_of_changed_addresses_is_asked_between_printing_and_mailing() {
        let ncoa = |on| Correction {
            source: AddressSource::UspsNcoa,
            ..corrected(on)
        };
        let letters = [letter(1, 2, Some(10))];
        assert!(is_out_of_reach(&[returned(20, 1)], &[ncoa(8)], &letters));
        assert!(!is_out_of_reach(&[returned(20, 1)], &[ncoa(11)], &letters));
    }

    #[test]
    fn an_older_correction_does_not_replace_a_newer_one() {
        let known = [corrected(9)];
        assert!(!is_newest(day(6), &known));
        assert!(is_newest(day(9), &known) && is_newest(day(10), &known));
    }
}
