//! What people were told, what the services say of it, and what stands in the bureaus' books.

use std::collections::HashMap;

use crate::lab::books::Entry;
use crate::wire::redress::bureau::v1::EnrollmentProgress as Progress;
use crate::wire::redress::enrollment::v1::{Coverage, CoverageState, Enrollment};

use super::person::Told;

/// What the comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Coverages that were promised.
    pub promised: u64,
    /// Promised to somebody who did not withdraw, and in no book.
    pub lost: u64,
    /// In the books more often than once, by the coverage or by the person.
    pub doubled: u64,
    /// In the books although the person has withdrawn.
    pub withdrawn_in_books: u64,
    /// In the books although nobody was told so.
    pub unexplained: u64,
    /// In another state at the services than in the books.
    pub otherwise: u64,
    /// How often orders were sent or offered to the bureaus, and how many of them repeated one that the bureau had taken.
    pub offers: u64,
    /// See `offers`.
    pub repeated: u64,
}

impl Compared {
    /// Tells whether everybody is in the books as they were told.
    pub const fn is_clean(&self) -> bool {
        self.lost == 0
            && self.doubled == 0
            && self.withdrawn_in_books == 0
            && self.unexplained == 0
            && self.otherwise == 0
    }
}

/// Compares.
pub fn compare(
    told: &[&Told],
    enrollments: &HashMap<String, Enrollment>,
    booked: &[Entry],
) -> Compared {
    let mut found = Compared::default();
    let mut by_coverage: HashMap<&str, Vec<&Entry>> = HashMap::new();
    let mut by_person: HashMap<&str, u64> = HashMap::new();
    for entry in booked {
        let offers = u64::try_from(entry.offers).unwrap_or_default();
        found.offers += offers;
        found.repeated += offers.saturating_sub(1);
        by_coverage
            .entry(&entry.coverage_id)
            .or_default()
            .push(entry);
        if entry.progress != Progress::Canceled {
            *by_person.entry(&entry.digest).or_default() += 1;
        }
    }
    found.doubled = by_person.values().map(|times| times - 1).sum();
    for one in told {
        let enrollment = enrollments.get(&one.enrollment);
        for coverage in &one.coverages {
            let entries = by_coverage.remove(coverage.as_str()).unwrap_or_default();
            found.add(one, &entries, state_of(enrollment, coverage));
        }
    }
    found.unexplained = by_coverage
        .values()
        .map(|entries| entries.len() as u64)
        .sum();
    found
}

impl Compared {
    fn add(&mut self, told: &Told, entries: &[&Entry], state: CoverageState) {
        let stands = |entry: &&&Entry| entry.progress != Progress::Canceled;
        let standing: Vec<&&Entry> = entries.iter().filter(stands).collect();
        self.promised += 1;
        self.doubled += (entries.len() as u64).saturating_sub(1);
        let expected = match standing.first() {
            // What the bureau had refused before there was nothing to withdraw from.
            Some(entry) if told.withdrew && entry.progress != Progress::Refused => {
                self.withdrawn_in_books += 1;
                CoverageState::Canceled
            }
            Some(entry) => as_state(entry.progress),
            None if told.withdrew => CoverageState::Canceled,
            None => {
                self.lost += 1;
                return;
            }
        };
        self.otherwise += u64::from(state != expected);
    }
}

fn state_of(enrollment: Option<&Enrollment>, coverage: &str) -> CoverageState {
    let mut coverages = enrollment.into_iter().flat_map(|it| &it.coverages);
    let found = coverages.find(|it| it.coverage_id == coverage);
    found.map_or(CoverageState::Unspecified, Coverage::state)
}

const fn as_state(progress: Progress) -> CoverageState {
    match progress {
        Progress::Unspecified => CoverageState::Unspecified,
        Progress::Accepted => CoverageState::Submitted,
        Progress::Active => CoverageState::Active,
        Progress::ActionRequired => CoverageState::ActionRequired,
        Progress::Refused => CoverageState::Refused,
        Progress::Suspended => CoverageState::Suspended,
        Progress::Ended => CoverageState::Ended,
        Progress::Canceled => CoverageState::Canceled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(enrollment: &str, withdrew: bool) -> Told {
        Told {
            enrollment: enrollment.to_owned(),
            coverages: vec![format!("c-{enrollment}")],
            withdrew,
        }
    }

    fn booked(enrollment: &str, digest: &str, progress: Progress) -> Entry {
        Entry {
            handoff_id: String::new(),
            digest: digest.to_owned(),
            coverage_id: format!("c-{enrollment}"),
            offers: 1,
            progress,
        }
    }

    fn enrollments(all: &[(&str, CoverageState)]) -> HashMap<String, Enrollment> {
        let one = |(id, state): &(&str, CoverageState)| {
            let coverage = Coverage {
                coverage_id: format!("c-{id}"),
                state: (*state).into(),
                ..Coverage::default()
            };
            let enrollment = Enrollment {
                coverages: vec![coverage],
                ..Enrollment::default()
            };
            ((*id).to_owned(), enrollment)
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn who_is_booked_as_they_were_told_is_no_finding() {
        let (a, b, c) = (told("a", false), told("b", true), told("c", true));
        let refused_before = told("d", true);
        let known = enrollments(&[
            ("a", CoverageState::Active),
            ("b", CoverageState::Canceled),
            ("c", CoverageState::Canceled),
            ("d", CoverageState::Refused),
        ]);
        let books = [
            booked("a", "A", Progress::Active),
            booked("b", "B", Progress::Canceled),
            booked("d", "D", Progress::Refused),
        ];
        let found = compare(&[&a, &b, &c, &refused_before], &known, &books);
        assert!(found.is_clean(), "{found:?}");
        assert_eq!((found.promised, found.offers, found.repeated), (4, 3, 0));
    }

    #[test]
    fn each_kind_of_fault_is_found() {
        let people = ["lost", "twice", "left", "other"];
        let all: Vec<Told> = people.map(|name| told(name, name == "left")).to_vec();
        let all: Vec<&Told> = all.iter().collect();
        let states = people.map(|name| (name, CoverageState::Active));
        let again = Entry {
            offers: 3,
            ..booked("twice", "T", Progress::Active)
        };
        let books = [
            booked("twice", "T", Progress::Canceled),
            again,
            booked("left", "L", Progress::Active),
            booked("other", "O", Progress::Refused),
            booked("nobody", "N", Progress::Active),
            booked("again", "N", Progress::Active),
        ];
        let found = compare(&all, &enrollments(&states), &books);
        let expected = Compared {
            promised: 4,
            lost: 1,
            // By the coverage, and by the person.
            doubled: 2,
            withdrawn_in_books: 1,
            unexplained: 2,
            // Refused is not ACTIVE, and who withdrew is not CANCELED.
            otherwise: 2,
            offers: 8,
            repeated: 2,
        };
        assert_eq!(found, expected);
    }
}
