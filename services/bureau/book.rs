//! The sandbox bureau's book: what it was given and what became of it, keyed by `handoff_id`.
//!
//! The book is independent of Redress, so that Redress can be checked against it. It holds no names: a person is a keyed
//! hash. Every change is one [`Line`] of the journal; applying all lines in order gives the book again.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::clock::Timestamp;
use crate::wire::redress::bureau::v1::{self as wire, EnrollmentProgress};
use crate::wire::redress::r#type::v1::OutcomeClass;

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

/// One enrollment in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Redress's reference.
    pub id: Uuid,
    /// The keyed hash of the person.
    pub digest: String,
    /// The coverage, by Redress's id.
    pub coverage: String,
    /// The product.
    pub product: String,
    /// The keyed hash of the activation code; empty without one.
    pub activation: String,
    /// How often it was offered.
    pub offers: i32,
    /// The attempt of the newest order.
    pub attempt: i32,
    /// The term in calendar months; 0 where there is none.
    pub months: i32,
    booked_at: Timestamp,
    due: Timestamp,
    outcome: (EnrollmentProgress, OutcomeClass),
    canceled_at: Option<Timestamp>,
    is_over: bool,
    reported: Option<EnrollmentProgress>,
}

impl Entry {
    /// Gives what a status inquiry answers now.
    pub fn status(&self, now: Timestamp) -> wire::EnrollmentStatus {
        let (progress, class, since) = self.standing(now);
        wire::EnrollmentStatus {
            handoff_id: self.id.to_string(),
            partner_reference: self.reference(),
            progress: progress.into(),
            outcome_class: class.into(),
            native_code: native_code(class).to_owned(),
            effective_time: Some(since.to_proto()),
            observed_time: Some(now.to_proto()),
            revision: self.revision(progress),
            attempt: self.attempt,
            ..wire::EnrollmentStatus::default()
        }
    }

    /// Counts the changes over all attempts: taken, decided, canceled.
    const fn revision(&self, progress: EnrollmentProgress) -> i64 {
        let of_attempt = match progress {
            EnrollmentProgress::Accepted => 1,
            EnrollmentProgress::Canceled | EnrollmentProgress::Ended => 3,
            _ => 2,
        };
        (self.attempt as i64 - 1) * 3 + of_attempt
    }

    /// Gives the bureau's own reference, stable because it is the head of the reference that it was given.
    pub fn reference(&self) -> String {
        format!("SB-{}", &self.id.simple().to_string().to_uppercase()[16..])
    }

    /// Tells whether there is something now that Redress has not recorded.
    pub fn is_unreported(&self, now: Timestamp) -> bool {
        let (progress, _, _) = self.standing(now);
        progress != EnrollmentProgress::Accepted && self.reported != Some(progress)
    }

    /// Gives what the first offer of an attempt is answered: taken, and nothing more; or that it was canceled before.
    pub fn accepted(&self) -> wire::EnrollmentStatus {
        if self.canceled_at.is_some() {
            return self.status(self.booked_at);
        }
        wire::EnrollmentStatus {
            progress: EnrollmentProgress::Accepted.into(),
            outcome_class: OutcomeClass::Unspecified.into(),
            native_code: String::new(),
            revision: self.revision(EnrollmentProgress::Accepted),
            effective_time: Some(self.booked_at.to_proto()),
            ..self.status(self.booked_at)
        }
    }

    /// Tells whether Redress has recorded its end.
    fn is_settled(&self) -> bool {
        let end = match self.canceled_at {
            Some(_) => self.end(),
            None => self.outcome.0,
        };
        self.reported == Some(end)
    }

    /// Gives what it comes to when it is canceled.
    const fn end(&self) -> EnrollmentProgress {
        if self.is_over {
            EnrollmentProgress::Ended
        } else {
            EnrollmentProgress::Canceled
        }
    }

    fn standing(&self, now: Timestamp) -> (EnrollmentProgress, OutcomeClass, Timestamp) {
        if let Some(at) = self.canceled_at {
            (self.end(), OutcomeClass::Unspecified, at)
        } else if self.due <= now {
            (self.outcome.0, self.outcome.1, self.due)
        } else {
            (
                EnrollmentProgress::Accepted,
                OutcomeClass::Unspecified,
                self.booked_at,
            )
        }
    }
}

fn outcome(progress: &str, class: &str) -> (EnrollmentProgress, OutcomeClass) {
    (
        EnrollmentProgress::from_str_name(progress).unwrap_or_default(),
        OutcomeClass::from_str_name(class).unwrap_or_default(),
    )
}

/// The sandbox's own code for a class; bureaus have hundreds of them.
pub fn native_code(class: OutcomeClass) -> &'static str {
    match class {
        OutcomeClass::InvalidInput => "SB400",
        OutcomeClass::FileFrozen => "SB422",
        OutcomeClass::ThinFile => "SB306",
        OutcomeClass::SsnMismatch => "SB013",
        OutcomeClass::AlreadyEnrolled => "SB102",
        OutcomeClass::IdentityNotConfirmed => "SB303",
        OutcomeClass::NoHit => "SB9193",
        OutcomeClass::VictimAlert => "SB9012",
        OutcomeClass::Deceased => "SB005",
        OutcomeClass::Minor => "SB018",
        OutcomeClass::ProductConfig => "SB2004",
        OutcomeClass::Other => "SB999",
        OutcomeClass::Unspecified => "",
    }
}

/// The book, in the order of booking.
#[derive(Debug, Default)]
pub struct Book {
    entries: Vec<Entry>,
    places: HashMap<Uuid, usize>,
    /// Entries whose end Redress may not have recorded.
    unreported: BTreeSet<Uuid>,
    /// Extensions that were given, by Redress's reference for them: of what, and when.
    extensions: HashMap<Uuid, (Uuid, Timestamp)>,
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
                self.note(*id);
            }
            Line::Offered { id } => self.change(*id, |entry| entry.offers += 1),
            Line::Canceled { id, at, over } => {
                self.change(*id, |entry| {
                    if entry.canceled_at.is_none() {
                        (entry.canceled_at, entry.is_over) = (Some(*at), *over);
                    }
                });
                self.note(*id);
            }
            Line::Extended { id, of, at, months } => {
                self.change(*of, |entry| entry.months = *months);
                self.extensions.entry(*id).or_insert((*of, *at));
            }
            Line::Told { id, progress } => {
                self.change(*id, |entry| {
                    entry.reported = EnrollmentProgress::from_str_name(progress);
                });
                self.note(*id);
            }
        }
    }

    /// Notes whether an entry is still to be reported.
    fn note(&mut self, id: Uuid) {
        if self.get(id).is_some_and(Entry::is_settled) {
            self.unreported.remove(&id);
        } else {
            self.unreported.insert(id);
        }
    }

    fn book(&mut self, entry: Entry) {
        let (id, next) = (entry.id, self.entries.len());
        if *self.places.entry(id).or_insert(next) == next {
            self.entries.push(entry);
            self.unreported.insert(id);
        }
    }

    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self
            .places
            .get(&id)
            .and_then(|at| self.entries.get_mut(*at))
        {
            change(entry);
        }
    }

    /// Finds an enrollment.
    pub fn get(&self, id: Uuid) -> Option<&Entry> {
        self.places.get(&id).and_then(|at| self.entries.get(*at))
    }

    /// Says what is known under a reference: of an enrollment, or of an extension that was given.
    pub fn status(&self, id: Uuid, now: Timestamp) -> Option<wire::EnrollmentStatus> {
        let Some((of, at)) = self.extensions.get(&id) else {
            return self.get(id).map(|entry| entry.status(now));
        };
        Some(wire::EnrollmentStatus {
            handoff_id: id.to_string(),
            partner_reference: self.get(*of).map(Entry::reference).unwrap_or_default(),
            progress: EnrollmentProgress::Active.into(),
            effective_time: Some(at.to_proto()),
            observed_time: Some(now.to_proto()),
            revision: 1,
            attempt: 1,
            ..wire::EnrollmentStatus::default()
        })
    }

    /// Gives the entries from a place on, in the order of booking.
    pub fn from(&self, place: usize) -> &[Entry] {
        self.entries.get(place..).unwrap_or(&[])
    }

    /// Gives at most `most` statuses that Redress has not recorded.
    pub fn unreported(&self, now: Timestamp, most: usize) -> Vec<wire::EnrollmentStatus> {
        let unreported = self.unreported.iter().filter_map(|id| self.get(*id));
        let due = unreported.filter(|entry| entry.is_unreported(now));
        due.take(most).map(|entry| entry.status(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ID: Uuid = Uuid::from_u128(7);

    fn booked(due: Timestamp) -> Line {
        Line::Booked {
            id: ID,
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
    fn lines_survive_the_journal() {
        let line = booked(Timestamp::EPOCH);
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }
}
