//! One enrollment in the sandbox bureau's book, and how it stands.

use uuid::Uuid;

use crate::kernel::clock::Timestamp;
use crate::wire::redress::bureau::v1::{self as wire, EnrollmentProgress};
use crate::wire::redress::r#type::v1::OutcomeClass;

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
    pub(super) booked_at: Timestamp,
    pub(super) due: Timestamp,
    pub(super) outcome: (EnrollmentProgress, OutcomeClass),
    pub(super) canceled_at: Option<Timestamp>,
    pub(super) is_over: bool,
    pub(super) reported: Option<EnrollmentProgress>,
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

    /// Gives when it becomes something else than accepted.
    pub(super) fn changes_at(&self) -> Timestamp {
        self.canceled_at.unwrap_or(self.due)
    }

    /// Tells whether Redress has recorded its end.
    pub(super) fn is_settled(&self) -> bool {
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

pub(super) fn outcome(progress: &str, class: &str) -> (EnrollmentProgress, OutcomeClass) {
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
