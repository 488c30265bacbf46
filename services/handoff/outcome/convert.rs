//! From a status on the wire to a status of ours, whether it is a partner's answer or a call of its own.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::db::entities::outcome::OutcomeClass;
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
/// A class stands exactly where the partner could not activate; one that does not go with its progress is refused, not guessed at. A
/// progress or class that is not known here is OTHER.
pub fn status(given: &EnrollmentStatus, now: Timestamp) -> Result<PartnerStatus, Unreadable> {
    let instant = |time: &Option<prost_types::Timestamp>| match time {
        Some(time) => Timestamp::from_proto(time).map_err(|_| Unreadable),
        None => Ok(now),
    };
    let observed_at = given.observed_time.as_ref().map(Timestamp::from_proto);
    if given.revision < 0 {
        return Err(Unreadable);
    }
    let unknown = EnrollmentProgress::try_from(given.progress).is_err();
    let native = text(&given.native_code)?;
    let unnamed = unknown.then(|| format!("PROGRESS_{}", given.progress));
    Ok(PartnerStatus {
        fact: fact(given.progress, given.outcome_class)?,
        reference: reference(&given.partner_reference)?,
        native_code: native.or(unnamed),
        revision: given.revision,
        attempt: attempt(given.attempt)?,
        effective_at: instant(&given.effective_time)?,
        observed_at: observed_at.transpose().map_err(|_| Unreadable)?,
        term_ends_on: term_end(given)?,
    })
}

/// Reads which attempt a partner speaks of; 0 where it names none.
pub fn attempt(given: i32) -> Result<i32, Unreadable> {
    if given < 0 {
        return Err(Unreadable);
    }
    Ok(given)
}

/// Reads a partner's reference: at most 64 characters on one line, none when empty.
pub fn reference(text: &str) -> Result<Option<String>, Unreadable> {
    let text = text.trim();
    if text.chars().count() > REFERENCE_MAX || text.chars().any(char::is_control) {
        return Err(Unreadable);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Reads the partner's own last day. Its zone must be one that there is, and is not kept.
fn term_end(given: &EnrollmentStatus) -> Result<Option<Date>, Unreadable> {
    let Some(date) = &given.term_end_date else {
        return Ok(None);
    };
    TimeZone::get(&given.term_end_time_zone).map_err(|_| Unreadable)?;
    let part = |number: i32| i8::try_from(number).map_err(|_| Unreadable);
    let year = i16::try_from(date.year).map_err(|_| Unreadable)?;
    let date = Date::new(year, part(date.month)?, part(date.day)?);
    date.map(Some).map_err(|_| Unreadable)
}

/// Reads a partner's own text: at most 64 characters that can be printed, none when empty.
pub fn text(text: &str) -> Result<Option<String>, Unreadable> {
    let text = text.trim();
    if text.chars().count() > REFERENCE_MAX || text.chars().any(char::is_control) {
        return Err(Unreadable);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A progress that is not known here waits for an operator, who asks the partner.
fn fact(progress: i32, class: i32) -> Result<Fact, Unreadable> {
    let Ok(progress) = EnrollmentProgress::try_from(progress) else {
        return Ok(Fact::ActionRequired(OutcomeClass::Other));
    };
    let class = class_of(class);
    match (progress, class) {
        (EnrollmentProgress::Accepted, None) => Ok(Fact::Accepted),
        (EnrollmentProgress::Active, None) => Ok(Fact::Active),
        (EnrollmentProgress::Suspended, None) => Ok(Fact::Suspended),
        (EnrollmentProgress::Ended, None) => Ok(Fact::Ended),
        (EnrollmentProgress::Canceled, None) => Ok(Fact::Canceled),
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
    fn what_is_not_known_yet_is_other_with_the_native_code() {
        let mut newer = given(EnrollmentProgress::Active, OutcomeClass::Unspecified);
        newer.progress = 99;
        let read = status(&newer, Timestamp::EPOCH).unwrap();
        let other = Fact::ActionRequired(outcome::OutcomeClass::Other);
        assert_eq!(
            (read.fact, read.native_code.as_deref()),
            (other, Some("PROGRESS_99"))
        );
        newer.progress = EnrollmentProgress::ActionRequired.into();
        newer.outcome_class = 99;
        newer.native_code = "SC999".to_owned();
        let read = status(&newer, Timestamp::EPOCH).unwrap();
        assert_eq!(
            (read.fact, read.native_code.as_deref()),
            (other, Some("SC999"))
        );
    }

    #[test]
    fn odd_references_and_revisions_are_unreadable() {
        let mut odd = given(EnrollmentProgress::Active, OutcomeClass::Unspecified);
        odd.partner_reference = "x".repeat(65);
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "a\tb".to_owned();
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
        odd.partner_reference = "A-1".to_owned();
        assert_eq!(
            status(&odd, Timestamp::EPOCH).unwrap().reference.as_deref(),
            Some("A-1")
        );
        odd.revision = -1;
        assert_eq!(status(&odd, Timestamp::EPOCH), Err(Unreadable));
    }
}
