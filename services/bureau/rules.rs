//! What happens to each person in the sandbox bureau: a table over the SSN's first five digits.
//!
//! All test people live in area 666, which is never issued. The group says what happens:
//!
//! | Group | Outcome |
//! |---|---|
//! | 666-11 | ACTION_REQUIRED, FILE_FROZEN |
//! | 666-12 | REFUSED, THIN_FILE |
//! | 666-13 | ACTION_REQUIRED, SSN_MISMATCH |
//! | 666-14 | REFUSED, ALREADY_ENROLLED |
//! | 666-15 | UNAVAILABLE for the first two tries, then ACTIVE |
//! | 666-16 | booked, but the first answer is lost; ACTIVE |
//! | 666-17 | ACTIVE, reported about a second later |
//! | 666-18 | ACTION_REQUIRED, IDENTITY_NOT_CONFIRMED |
//! | 666-19 | ACTION_REQUIRED, NO_HIT |
//! | 666-20 | ACTION_REQUIRED, FILE_FROZEN for products whose code ends in `-2`, as for one bureau of several; otherwise ACTIVE |
//! | 666-21 | INTERNAL to every order, and nothing is booked |
//! | 666-22 | never answers an order, and nothing is booked |
//! | 666-23 | RESOURCE_EXHAUSTED without a delay for the first two tries, then ACTIVE |
//! | 666-24 | REFUSED, ALREADY_ENROLLED, for a year |
//! | 666-25 | takes the first order and forgets it; ACTIVE once it is ordered again |
//! | 666-26 | INTERNAL to every order, and no answer to a question about it |
//! | 666-27 | RESOURCE_EXHAUSTED with a delay of two seconds for the first two tries, then ACTIVE |
//! | 666-28 | UNAUTHENTICATED for the first two tries, as after a password has expired; then ACTIVE |
//! | 666-29 | INVALID_ARGUMENT with the class INVALID_INPUT, and nothing is booked |
//! | 666-30 | ACTION_REQUIRED, VICTIM_ALERT |
//! | 666-31 | REFUSED, DECEASED |
//! | 666-32 | REFUSED, MINOR |
//! | 666-33 | ACTION_REQUIRED, PRODUCT_CONFIG |
//! | 666-34 | ACTION_REQUIRED, OTHER |
//! | any other, or no SSN | ACTIVE |
//!
//! A term is extended to at most 60 months; what would be longer is REFUSED, PRODUCT_CONFIG.
//!
//! An order that is given again, with a higher attempt, ends ACTIVE for everybody: what was missing is there now.

use std::time::Duration;

use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::r#type::v1::OutcomeClass;

/// How many tries a bureau that is "down" refuses.
pub const REFUSED_TRIES: u32 = 2;

/// The longest term in calendar months.
pub const LONGEST: i32 = 60;

/// For how long somebody has been enrolled who is enrolled already.
pub const YEAR: Duration = Duration::from_hours(24 * 365);

/// How long a bureau wants no calls that says for how long.
pub const PAUSE: Duration = Duration::from_secs(2);

/// How long a slow outcome takes.
pub const SLOW: Duration = Duration::from_secs(1);

/// A bad habit of the bureau.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Habit {
    /// Answers well.
    None,
    /// Cannot work for the first tries.
    DownAtFirst,
    /// Takes the first offer and never answers it.
    LosesAnswer,
    /// Fails at every order of this person.
    Breaks,
    /// Fails at every order of this person, and at every question about it.
    BreaksAtAll,
    /// Takes no order of this person, and never answers.
    Hangs,
    /// Wants a slower pace for the first tries, and does not say for how long.
    Throttles,
    /// Wants a slower pace for the first tries, and no calls for a [`PAUSE`].
    ThrottlesFor,
    /// Lets nobody in for the first tries.
    LocksOut,
    /// Refuses the order at once, for what is in it.
    Refuses,
    /// Says that the outcome has held for a [`YEAR`].
    LongSince,
    /// Accepts the first order and forgets it.
    Forgets,
}

/// What happens to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The SSN's first five digits.
    prefix: &'static str,
    /// How it ends.
    pub progress: EnrollmentProgress,
    /// Why, if it does not end well.
    pub class: OutcomeClass,
    /// How badly the bureau behaves on the way.
    pub habit: Habit,
    /// How long it takes until the outcome is known.
    pub after: Duration,
    /// How many tries a habit spoils that ends.
    pub tries: u32,
}

const fn rule(
    prefix: &'static str,
    progress: EnrollmentProgress,
    class: OutcomeClass,
    habit: Habit,
) -> Rule {
    Rule {
        prefix,
        progress,
        class,
        habit,
        after: Duration::ZERO,
        tries: REFUSED_TRIES,
    }
}

impl Rule {
    /// Makes a rule that holds for orders of every group.
    pub const fn of(progress: EnrollmentProgress, class: OutcomeClass, habit: Habit) -> Self {
        rule("", progress, class, habit)
    }

    const fn slow(self) -> Self {
        Self {
            after: SLOW,
            ..self
        }
    }
}

const WELL: OutcomeClass = OutcomeClass::Unspecified;

/// The table. People whom it does not name are activated.
const RULES: [Rule; 23] = [
    rule(
        "66611",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::FileFrozen,
        Habit::None,
    ),
    rule(
        "66612",
        EnrollmentProgress::Refused,
        OutcomeClass::ThinFile,
        Habit::None,
    ),
    rule(
        "66613",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::SsnMismatch,
        Habit::None,
    ),
    rule(
        "66614",
        EnrollmentProgress::Refused,
        OutcomeClass::AlreadyEnrolled,
        Habit::None,
    ),
    rule(
        "66615",
        EnrollmentProgress::Active,
        WELL,
        Habit::DownAtFirst,
    ),
    rule(
        "66616",
        EnrollmentProgress::Active,
        WELL,
        Habit::LosesAnswer,
    ),
    rule("66617", EnrollmentProgress::Active, WELL, Habit::None).slow(),
    rule(
        "66618",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::IdentityNotConfirmed,
        Habit::None,
    ),
    rule(
        "66619",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::NoHit,
        Habit::None,
    ),
    rule("66621", EnrollmentProgress::Active, WELL, Habit::Breaks),
    rule("66622", EnrollmentProgress::Active, WELL, Habit::Hangs),
    rule("66623", EnrollmentProgress::Active, WELL, Habit::Throttles),
    rule(
        "66624",
        EnrollmentProgress::Refused,
        OutcomeClass::AlreadyEnrolled,
        Habit::LongSince,
    ),
    rule("66625", EnrollmentProgress::Active, WELL, Habit::Forgets),
    rule(
        "66626",
        EnrollmentProgress::Active,
        WELL,
        Habit::BreaksAtAll,
    ),
    rule(
        "66627",
        EnrollmentProgress::Active,
        WELL,
        Habit::ThrottlesFor,
    ),
    rule("66628", EnrollmentProgress::Active, WELL, Habit::LocksOut),
    rule(
        "66629",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::InvalidInput,
        Habit::Refuses,
    ),
    rule(
        "66630",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::VictimAlert,
        Habit::None,
    ),
    rule(
        "66631",
        EnrollmentProgress::Refused,
        OutcomeClass::Deceased,
        Habit::None,
    ),
    rule(
        "66632",
        EnrollmentProgress::Refused,
        OutcomeClass::Minor,
        Habit::None,
    ),
    rule(
        "66633",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::ProductConfig,
        Habit::None,
    ),
    rule(
        "66634",
        EnrollmentProgress::ActionRequired,
        OutcomeClass::Other,
        Habit::None,
    ),
];

/// People whose file is frozen at one bureau of several.
const FROZEN_IN_PART: &str = "66620";

const OTHERWISE: Rule = rule("", EnrollmentProgress::Active, WELL, Habit::None);

/// Finds the rule for an SSN, which may be empty or carry dashes, a product and the attempt of the order.
pub fn rule_for(ssn: &str, product: &str, attempt: i32) -> Rule {
    if attempt > 1 {
        return OTHERWISE;
    }
    let digits: String = ssn.chars().filter(char::is_ascii_digit).take(5).collect();
    if digits == FROZEN_IN_PART && product.ends_with("-2") {
        return RULES[0];
    }
    let found = RULES.into_iter().find(|rule| rule.prefix == digits);
    found.unwrap_or(OTHERWISE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_decides() {
        assert_eq!(
            rule_for("666-11-0001", "GOLD", 1).class,
            OutcomeClass::FileFrozen
        );
        assert_eq!(rule_for("666150001", "GOLD", 1).habit, Habit::DownAtFirst);
        assert_eq!(rule_for("666010001", "GOLD", 1), OTHERWISE);
        assert_eq!(rule_for("666120001", "GOLD", 2), OTHERWISE);
        assert_eq!(rule_for("", "GOLD", 1), OTHERWISE);
        assert_eq!(rule_for("666200001", "CM3B-1", 1), OTHERWISE);
        let frozen = rule_for("666200001", "CM3B-2", 1);
        assert_eq!(frozen.class, OutcomeClass::FileFrozen);
        assert_eq!(rule_for("123111111", "GOLD", 1), OTHERWISE);
    }

    #[test]
    fn every_outcome_class_has_a_group() {
        for number in 0.. {
            let Ok(class) = OutcomeClass::try_from(number) else {
                break;
            };
            let found = RULES.iter().any(|rule| rule.class == class);
            assert!(found, "{class:?}");
        }
    }

    #[test]
    fn who_is_not_activated_has_a_class_and_the_others_none() {
        for rule in RULES {
            let well = rule.progress == EnrollmentProgress::Active;
            assert_eq!(well, rule.class == WELL, "{}", rule.prefix);
        }
    }
}
