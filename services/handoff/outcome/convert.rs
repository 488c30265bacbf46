//! From a status on the wire to a status of ours, whether it is a partner's answer or a call of its own.

use crate::handoff::queue::retry_policy::PartnerStatus;
use crate::handoff::queue::state::Fact;
use crate::kernel::clock::Timestamp;
use crate::process::convert::class_of;
use crate::wire::redress::bureau::v1::{EnrollmentProgress, EnrollmentStatus};

/// The longest reference that a partner may give.
const REFERENCE_MAX: usize = 64;

/// Says that a status cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a partner's status cannot be read")]
pub struct Unreadable;

/// Reads a status. Without a time it holds from now on.
///
/// A class stands exactly where the partner could not activate. Anything else is refused, not guessed at.
pub fn status(given: &EnrollmentStatus, now: Timestamp) -> Result<PartnerStatus, Unreadable> {
    let effective_at = match &given.effective_time {
        Some(time) => Timestamp::from_proto(time).map_err(|_| Unreadable)?,
        None => now,
    };
    Ok(PartnerStatus {
        fact: fact(given.progress, given.outcome_class)?,
        reference: reference(&given.partner_reference)?,
        effective_at,
    })
}

/// Reads a partner's reference: at most 64 graphic ASCII characters, none when empty.
pub fn reference(text: &str) -> Result<Option<String>, Unreadable> {
    if text.len() > REFERENCE_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unreadable);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn fact(progress: i32, class: i32) -> Result<Fact, Unreadable> {
    let progress = EnrollmentProgress::try_from(progress).map_err(|_| Unreadable)?;
    let class = class_of(class);
    match (progress, class) {
        (EnrollmentProgress::Accepted, None) => Ok(Fact::Accepted),
        (EnrollmentProgress::Active, None) => Ok(Fact::Active),
        (EnrollmentProgress::Canceled, None) => Ok(Fact::Withdrawn),
        (EnrollmentProgress::ActionRequired, Some(class)) => Ok(Fact::ActionRequired(class)),
        (EnrollmentProgress::Refused, Some(class)) => Ok(Fact::Refused(class)),
        _ => Err(Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::entities::outcome;
    use crate::wire::redress::r#type::v1::OutcomeClass;

    fn given(progress: EnrollmentProgress, class: OutcomeClass) -> EnrollmentStatus {
        EnrollmentStatus {
            progress: progress.into(),
            outcome_class: class.into(),
            ..EnrollmentStatus::default()
        }
    }

    #[test]
    fn a_class_stands_exactly_where_something_went_wrong() {
        let judge = |progress, class| status(&given(progress, class), Timestamp::EPOCH);
        let frozen = judge(EnrollmentProgress::ActionRequired, OutcomeClass::FileFrozen).unwrap();
        assert_eq!(
            frozen.fact,
            Fact::ActionRequired(outcome::OutcomeClass::FileFrozen)
        );
        for (progress, class) in [
            (EnrollmentProgress::Unspecified, OutcomeClass::Unspecified),
            (EnrollmentProgress::Active, OutcomeClass::NoHit),
            (EnrollmentProgress::Accepted, OutcomeClass::NoHit),
            (EnrollmentProgress::Refused, OutcomeClass::Unspecified),
            (
                EnrollmentProgress::ActionRequired,
                OutcomeClass::Unspecified,
            ),
        ] {
            assert_eq!(judge(progress, class), Err(Unreadable), "{progress:?}");
        }
    }

    #[test]
    fn unknown_numbers_and_odd_references_are_unreadable() {
        let mut odd = given(EnrollmentProgress::Active, OutcomeClass::Unspecified);
        odd.partner_reference = "x".repeat(65);
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "a b".to_owned();
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "A-1".to_owned();
        assert_eq!(
            status(&odd, Timestamp::EPOCH).unwrap().reference.as_deref(),
            Some("A-1")
        );
        odd.progress = 99;
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
    }
}
