//! The sandbox bureau's book: what it was given and what became of it, keyed by `handoff_id`.
//!
//! The book is independent of Redress, so that Redress can be checked against it. It holds no names: a person is a keyed
//! hash. Every change is one [`Line`] of the journal; applying all lines in order gives the book again.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::clock::Timestamp;
use crate::wire::redress::bureau::v1::{self as wire, EnrollmentProgress};

use super::entry::{Entry, outcome};

/// One line of the journal. Names are short and never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Line {
    /// An enrollment was taken.
    Booked {
        /// Redress's reference.
        id: Uuid,
        /// When.
        at: Timestamp,
        /// The keyed hash of the person.
        digest: String,
        /// The coverage, by Redress's id.
        coverage: String,
        /// The product.
        product: String,
        /// The keyed hash of the activation code; empty without one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        activation: String,
        /// When the outcome is known.
        due: Timestamp,
        /// The outcome's name on the wire.
        progress: String,
        /// The outcome class's name on the wire.
        class: String,
        /// The attempt of the order; absent for the first.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        attempt: i32,
        /// The term in calendar months; absent where there is none.
        #[serde(default, skip_serializing_if = "is_zero")]
        months: i32,
    },
    /// An order took the place of an earlier attempt.
    Updated {
        /// Redress's reference.
        id: Uuid,
        /// When.
        at: Timestamp,
        /// The attempt of the order.
        attempt: i32,
        /// The keyed hash of the person.
        digest: String,
        /// The outcome's name on the wire.
        progress: String,
        /// The outcome class's name on the wire.
        class: String,
    },
    /// An enrollment that stands in the book was offered again.
    Offered {
        /// Redress's reference.
        id: Uuid,
    },
    /// An enrollment was canceled.
    Canceled {
        /// Redress's reference.
        id: Uuid,
        /// When.
        at: Timestamp,
        /// Whether its term was over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        over: bool,
    },
    /// An enrollment was given a longer term.
    Extended {
        /// Redress's reference for the extension.
        id: Uuid,
        /// That of the enrollment.
        of: Uuid,
        /// When.
        at: Timestamp,
        /// The whole term in calendar months.
        months: i32,
    },
    /// Somebody who is enrolled has new data.
    PersonUpdated {
        /// Redress's reference for the update.
        id: Uuid,
        /// That of the enrollment.
        of: Uuid,
        /// When.
        at: Timestamp,
        /// The attempt of the update.
        attempt: i32,
        /// The keyed hash of the person.
        digest: String,
    },
    /// A status was reported to Redress and recorded there.
    Told {
        /// Redress's reference.
        id: Uuid,
        /// The reported progress, by its name on the wire.
        progress: String,
    },
}

const fn first() -> i32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_first(attempt: &i32) -> bool {
    *attempt == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(months: &i32) -> bool {
    *months == 0
}

/// The book, in the order of booking.
#[derive(Debug, Default)]
pub struct Book {
    entries: Vec<Entry>,
    places: HashMap<Uuid, usize>,
    /// Entries whose end Redress may not have recorded, with when there is something to report: what is due is found without reading the rest.
    unreported: BTreeSet<(Timestamp, Uuid)>,
    /// Orders about earlier ones that were carried out, by Redress's reference for them.
    later: HashMap<Uuid, Later>,
}

/// An order about an earlier one that was carried out.
#[derive(Clone, Copy, Debug)]
struct Later {
    /// Redress's reference for the enrollment.
    of: Uuid,
    at: Timestamp,
    attempt: i32,
}

impl Book {
    /// Applies a line. A line that names an unknown enrollment, or books a known one, changes nothing.
    pub fn apply(&mut self, line: &Line) {
        match line {
            Line::Booked {
                id,
                at,
                digest,
                coverage,
                product,
                activation,
                due,
                progress,
                class,
                attempt,
                months,
            } => {
                self.book(Entry {
                    id: *id,
                    digest: digest.clone(),
                    coverage: coverage.clone(),
                    product: product.clone(),
                    activation: activation.clone(),
                    offers: 1,
                    attempt: *attempt,
                    months: *months,
                    booked_at: *at,
                    due: *due,
                    outcome: outcome(progress, class),
                    canceled_at: None,
                    is_over: false,
                    reported: None,
                });
            }
            Line::Updated {
                id,
                at,
                attempt,
                digest,
                progress,
                class,
            } => {
                self.change(*id, |entry| {
                    entry.offers += 1;
                    entry.attempt = *attempt;
                    entry.digest.clone_from(digest);
                    (entry.booked_at, entry.due) = (*at, *at);
                    entry.outcome = outcome(progress, class);
                    entry.reported = None;
                });
            }
            Line::Offered { id } => self.change(*id, |entry| entry.offers += 1),
            Line::Canceled { id, at, over } => {
                self.change(*id, |entry| {
                    if entry.canceled_at.is_none() {
                        (entry.canceled_at, entry.is_over) = (Some(*at), *over);
                    }
                });
            }
            Line::Extended { id, of, at, months } => {
                self.change(*of, |entry| entry.months = *months);
                let (of, at, attempt) = (*of, *at, first());
                self.later.entry(*id).or_insert(Later { of, at, attempt });
            }
            Line::PersonUpdated {
                id,
                of,
                at,
                attempt,
                digest,
            } => {
                self.change(*of, |entry| {
                    entry.offers += 1;
                    entry.digest.clone_from(digest);
                });
                let (of, at, attempt) = (*of, *at, *attempt);
                self.later.insert(*id, Later { of, at, attempt });
            }
            Line::Told { id, progress } => {
                self.change(*id, |entry| {
                    entry.reported = EnrollmentProgress::from_str_name(progress);
                });
            }
        }
    }

    fn book(&mut self, entry: Entry) {
        let (id, next) = (entry.id, self.entries.len());
        if *self.places.entry(id).or_insert(next) == next {
            self.unreported.insert((entry.changes_at(), id));
            self.entries.push(entry);
        }
    }

    /// Changes an entry, and notes whether it is still to be reported.
    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Entry)) {
        let place = self.places.get(&id);
        let Some(entry) = place.and_then(|at| self.entries.get_mut(*at)) else {
            return;
        };
        self.unreported.remove(&(entry.changes_at(), id));
        change(entry);
        if !entry.is_settled() {
            self.unreported.insert((entry.changes_at(), id));
        }
    }

    /// Finds an enrollment.
    pub fn get(&self, id: Uuid) -> Option<&Entry> {
        self.places.get(&id).and_then(|at| self.entries.get(*at))
    }

    /// Says what is known under a reference: of an enrollment, or of an order about one that was carried out.
    pub fn status(&self, id: Uuid, now: Timestamp) -> Option<wire::EnrollmentStatus> {
        let Some(later) = self.later.get(&id) else {
            return self.get(id).map(|entry| entry.status(now));
        };
        Some(wire::EnrollmentStatus {
            handoff_id: id.to_string(),
            partner_reference: self.get(later.of).map(Entry::reference).unwrap_or_default(),
            progress: EnrollmentProgress::Active.into(),
            effective_time: Some(later.at.to_proto()),
            observed_time: Some(now.to_proto()),
            revision: later.attempt.into(),
            attempt: later.attempt,
            ..wire::EnrollmentStatus::default()
        })
    }

    /// Gives the entries from a place on, in the order of booking.
    pub fn from(&self, place: usize) -> &[Entry] {
        self.entries.get(place..).unwrap_or(&[])
    }

    /// Gives at most `most` statuses that Redress has not recorded.
    pub fn unreported(&self, now: Timestamp, most: usize) -> Vec<wire::EnrollmentStatus> {
        let due = self.unreported.iter().take_while(|(at, _)| *at <= now);
        let entries = due.filter_map(|(_, id)| self.get(*id));
        let unreported = entries.filter(|entry| entry.is_unreported(now));
        let statuses = unreported.take(most).map(|entry| entry.status(now));
        statuses.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::redress::r#type::v1::OutcomeClass;
    use std::time::Duration;

    const ID: Uuid = Uuid::from_u128(7);

    fn booked(due: Timestamp) -> Line {
        booked_as(ID, due)
    }

    fn booked_as(id: Uuid, due: Timestamp) -> Line {
        Line::Booked {
            id,
            at: Timestamp::EPOCH,
            digest: "d".to_owned(),
            coverage: String::new(),
            product: "GOLD".to_owned(),
            activation: String::new(),
            due,
            progress: EnrollmentProgress::Active.as_str_name().to_owned(),
            class: OutcomeClass::Unspecified.as_str_name().to_owned(),
            attempt: 1,
            months: 24,
        }
    }

    #[test]
    fn booking_twice_books_once() {
        let mut book = Book::default();
        book.apply(&booked(Timestamp::EPOCH));
        book.apply(&booked(Timestamp::EPOCH + Duration::from_secs(9)));
        book.apply(&Line::Offered { id: ID });
        assert_eq!(book.from(0).len(), 1);
        assert_eq!(book.get(ID).unwrap().offers, 2);
        assert_eq!(book.get(ID).unwrap().due, Timestamp::EPOCH);
    }

    #[test]
    fn an_outcome_is_reported_once_it_is_due_and_until_it_is_recorded() {
        let due = Timestamp::EPOCH + Duration::from_secs(1);
        let mut book = Book::default();
        book.apply(&booked(due));
        assert!(book.unreported(Timestamp::EPOCH, 9).is_empty());
        assert_eq!(
            book.unreported(due, 9)[0].progress(),
            EnrollmentProgress::Active
        );
        let progress = EnrollmentProgress::Active.as_str_name().to_owned();
        book.apply(&Line::Told { id: ID, progress });
        assert!(book.unreported(due, 9).is_empty());
        book.apply(&Line::Canceled {
            id: ID,
            at: due,
            over: false,
        });
        assert_eq!(
            book.unreported(due, 9)[0].progress(),
            EnrollmentProgress::Canceled
        );
    }

    #[test]
    fn what_is_due_first_is_reported_first_and_what_is_not_due_waits() {
        let second = Duration::from_secs(1);
        let mut book = Book::default();
        for (id, after) in [(1, 3), (2, 1), (3, 2), (4, 9)] {
            book.apply(&booked_as(
                Uuid::from_u128(id),
                Timestamp::EPOCH + second * after,
            ));
        }
        book.apply(&Line::Canceled {
            id: Uuid::from_u128(4),
            at: Timestamp::EPOCH,
            over: false,
        });
        let statuses = book.unreported(Timestamp::EPOCH + second * 2, 9);
        let ids = statuses.iter().map(|status| status.handoff_id.clone());
        let expected = [4, 2, 3].map(|id| Uuid::from_u128(id).to_string());
        assert_eq!(ids.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_survive_the_journal() {
        let line = booked(Timestamp::EPOCH);
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }
}
