//! From a partner's words to a fact, wherever they come from: an answer to us or a call of its own.

use crate::handoff::queue::retry_policy::Report;
use crate::handoff::queue::state::Fact;
use crate::handoff::vocabulary::OutcomeClass;
use crate::kernel::clock::Timestamp;
use crate::wire::redress::bureau::v1::{
    EnrollmentProgress, EnrollmentStatus, OutcomeClass as WireClass,
};

/// The longest reference that a partner may give.
const REFERENCE_MAX: usize = 64;

/// Says that a partner's words make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a partner's status cannot be read")]
pub struct Unreadable;

/// Reads a status. Without a time it is so since now.
///
/// A class stands exactly where the partner could not activate; everything else is a misunderstanding that is better told
/// than guessed at.
pub fn read(status: &EnrollmentStatus, now: Timestamp) -> Result<Report, Unreadable> {
    let effective_at = match &status.effective_time {
        Some(time) => Timestamp::from_proto(time).map_err(|_| Unreadable)?,
        None => now,
    };
    Ok(Report {
        fact: fact(status.progress, status.outcome_class)?,
        reference: reference(&status.partner_reference)?,
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
    let class = class_of(WireClass::try_from(class).map_err(|_| Unreadable)?);
    match (progress, class) {
        (EnrollmentProgress::Accepted, None) => Ok(Fact::Taken),
        (EnrollmentProgress::Active, None) => Ok(Fact::Active),
        (EnrollmentProgress::Withdrawn, None) => Ok(Fact::Withdrawn),
        (EnrollmentProgress::ActionRequired, Some(class)) => Ok(Fact::ActionRequired(class)),
        (EnrollmentProgress::Refused, Some(class)) => Ok(Fact::Refused(class)),
        _ => Err(Unreadable),
    }
}

/// Gives our word for a class.
pub fn class_of(class: WireClass) -> Option<OutcomeClass> {
    match class {
        WireClass::Unspecified => None,
        WireClass::InvalidInput => Some(OutcomeClass::InvalidInput),
        WireClass::IdentityNotConfirmed => Some(OutcomeClass::IdentityNotConfirmed),
        WireClass::NoHit => Some(OutcomeClass::NoHit),
        WireClass::ThinFile => Some(OutcomeClass::ThinFile),
        WireClass::FileFrozen => Some(OutcomeClass::FileFrozen),
        WireClass::VictimAlert => Some(OutcomeClass::VictimAlert),
        WireClass::SsnMismatch => Some(OutcomeClass::SsnMismatch),
        WireClass::Deceased => Some(OutcomeClass::Deceased),
        WireClass::Minor => Some(OutcomeClass::Minor),
        WireClass::AlreadyEnrolled => Some(OutcomeClass::AlreadyEnrolled),
        WireClass::ProductConfig => Some(OutcomeClass::ProductConfig),
    }
}

/// Gives the wire's word for a class.
pub fn class_to(class: Option<OutcomeClass>) -> WireClass {
    match class {
        None => WireClass::Unspecified,
        Some(OutcomeClass::InvalidInput) => WireClass::InvalidInput,
        Some(OutcomeClass::IdentityNotConfirmed) => WireClass::IdentityNotConfirmed,
        Some(OutcomeClass::NoHit) => WireClass::NoHit,
        Some(OutcomeClass::ThinFile) => WireClass::ThinFile,
        Some(OutcomeClass::FileFrozen) => WireClass::FileFrozen,
        Some(OutcomeClass::VictimAlert) => WireClass::VictimAlert,
        Some(OutcomeClass::SsnMismatch) => WireClass::SsnMismatch,
        Some(OutcomeClass::Deceased) => WireClass::Deceased,
        Some(OutcomeClass::Minor) => WireClass::Minor,
        Some(OutcomeClass::AlreadyEnrolled) => WireClass::AlreadyEnrolled,
        Some(OutcomeClass::ProductConfig) => WireClass::ProductConfig,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(progress: EnrollmentProgress, class: WireClass) -> EnrollmentStatus {
        EnrollmentStatus {
            progress: progress.into(),
            outcome_class: class.into(),
            ..EnrollmentStatus::default()
        }
    }

    #[test]
    fn a_class_stands_exactly_where_something_went_wrong() {
        let judge = |progress, class| read(&status(progress, class), Timestamp::EPOCH);
        let frozen = judge(EnrollmentProgress::ActionRequired, WireClass::FileFrozen).unwrap();
        assert_eq!(frozen.fact, Fact::ActionRequired(OutcomeClass::FileFrozen));
        for (progress, class) in [
            (EnrollmentProgress::Unspecified, WireClass::Unspecified),
            (EnrollmentProgress::Active, WireClass::NoHit),
            (EnrollmentProgress::Accepted, WireClass::NoHit),
            (EnrollmentProgress::Refused, WireClass::Unspecified),
            (EnrollmentProgress::ActionRequired, WireClass::Unspecified),
        ] {
            assert_eq!(judge(progress, class), Err(Unreadable), "{progress:?}");
        }
    }

    #[test]
    fn unknown_numbers_and_odd_references_are_unreadable() {
        let mut odd = status(EnrollmentProgress::Active, WireClass::Unspecified);
        odd.partner_reference = "x".repeat(65);
        assert_eq!(read(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "a b".to_owned();
        assert_eq!(read(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "A-1".to_owned();
        assert_eq!(
            read(&odd, Timestamp::EPOCH).unwrap().reference.as_deref(),
            Some("A-1")
        );
        odd.progress = 99;
        assert_eq!(read(&odd, Timestamp::EPOCH), Err(Unreadable));
    }

    #[test]
    fn classes_survive_both_ways() {
        for class in OutcomeClass::ALL {
            assert_eq!(class_of(class_to(Some(*class))), Some(*class));
        }
        assert_eq!(class_of(class_to(None)), None);
    }
}
