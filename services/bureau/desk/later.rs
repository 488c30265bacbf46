//! What the desk does with an order about an earlier one.

use std::io;

use uuid::Uuid;

use crate::bureau::book::Line;
use crate::bureau::digest::digest;
use crate::bureau::entry::native_code;
use crate::bureau::rules::LONGEST;
use crate::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentProgress, EnrollmentStatus, Subject,
};
use crate::wire::redress::r#type::v1::OutcomeClass;

use super::{Answered, Desk};

impl Desk {
    /// Gives what runs here a longer term. What does not run, or would have more than [`LONGEST`], is refused and not booked.
    pub(super) async fn extend(&self, id: Uuid, order: &EnrollmentOrder) -> io::Result<Answered> {
        let now = self.clock.now();
        let of = Uuid::try_parse(&order.extends_handoff_id).unwrap_or_default();
        let coverage = order.coverage.as_ref();
        let months = coverage.map_or(0, |coverage| coverage.term_months);
        let (written, status) = {
            let mut state = self.lock();
            let refused = match state.book.get(of).map(|entry| entry.status(now).progress()) {
                _ if state.book.status(id, now).is_some() => None,
                Some(EnrollmentProgress::Active) if months > LONGEST => {
                    Some(OutcomeClass::ProductConfig)
                }
                Some(EnrollmentProgress::Active) => None,
                _ => Some(OutcomeClass::Other),
            };
            if let Some(class) = refused {
                return Ok(Answered::Status(not_taken((id, order.attempt), class)));
            }
            let line = Line::Extended {
                id,
                of,
                at: now,
                months,
            };
            let written = self.change(&mut state, line);
            (written, state.book.status(id, now))
        };
        written.wait().await?;
        Ok(Answered::Status(status.unwrap_or_default()))
    }

    /// Takes the person's data as they are now, for what runs here; what does not run is refused and not booked. An attempt that was taken, or
    /// a lower one, changes nothing.
    pub(super) async fn update_person(
        &self,
        id: Uuid,
        order: &EnrollmentOrder,
    ) -> io::Result<Answered> {
        let now = self.clock.now();
        let of = Uuid::try_parse(&order.updates_handoff_id).unwrap_or_default();
        let nobody = Subject::default();
        let subject = order.subject.as_ref().unwrap_or(&nobody);
        let (written, status) = {
            let mut state = self.lock();
            let known = state.book.status(id, now);
            let enrollment = state.book.get(of).map(|entry| entry.status(now).progress());
            let written = if known.is_some_and(|known| known.attempt >= order.attempt) {
                self.journal.hand_in(Vec::new())
            } else if enrollment.is_some_and(runs) {
                let line = Line::PersonUpdated {
                    id,
                    of,
                    at: now,
                    attempt: order.attempt,
                    digest: digest(&self.key, subject),
                };
                self.change(&mut state, line)
            } else {
                let refused = not_taken((id, order.attempt), OutcomeClass::Other);
                return Ok(Answered::Status(refused));
            };
            (written, state.book.status(id, now))
        };
        written.wait().await?;
        Ok(Answered::Status(status.unwrap_or_default()))
    }
}

const fn runs(progress: EnrollmentProgress) -> bool {
    matches!(
        progress,
        EnrollmentProgress::Active | EnrollmentProgress::Suspended
    )
}

/// Says that an order about an earlier one is not carried out.
fn not_taken((id, attempt): (Uuid, i32), class: OutcomeClass) -> EnrollmentStatus {
    EnrollmentStatus {
        handoff_id: id.to_string(),
        progress: EnrollmentProgress::Refused.into(),
        outcome_class: class.into(),
        native_code: native_code(class).to_owned(),
        attempt,
        ..EnrollmentStatus::default()
    }
}
