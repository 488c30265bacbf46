//! The limits and lifetimes of the process, with defaults from the field's rules.

use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether SSN area 666 passes on a roster: bureaus' sandboxes use it, people never have it.
    pub sandbox_ssn: bool,
    /// How long a verification may wait for its confirmation code, or be used once VERIFIED.
    pub verified_for: Duration,
    /// How long an approved referral may be used: the person must be told first.
    pub approved_for: Duration,
    /// How long a reviewer may take.
    pub review_within: Duration,
    /// How often a code may be sent for one verification.
    pub sends: u64,
    /// How often things may be tried.
    pub throttles: Throttles,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            sandbox_ssn: false,
            verified_for: DAY,
            approved_for: 14 * DAY,
            review_within: 5 * DAY,
            sends: 3,
            throttles: Throttles::default(),
        }
    }
}

/// How often an identity may be tried, each within its own period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttles {
    /// Of one caller a minute: a call center's or a page's whole backend.
    pub caller: u32,
    /// Of one agent of a call center a minute.
    pub agent: u32,
    /// Of one network a minute.
    pub network: u32,
    /// Of one campaign a minute.
    pub campaign: u32,
    /// Of one individual or one claimed person an hour.
    pub person: u32,
    /// Of one claimed name a day; many people share a name.
    pub name: u32,
    /// Of one individual by letter a day.
    pub person_a_day: u32,
    /// Of one individual by letter in all; one try becomes free again every day.
    pub person_ever: u32,
    /// Codes sent to one individual a day, over all verifications.
    pub sends: u32,
}

impl Default for Throttles {
    /// 500 a second for a campaign is fifteen times the busiest hour known; a person needs a few tries.
    fn default() -> Self {
        Self {
            caller: 30_000,
            agent: 60,
            network: 60,
            campaign: 30_000,
            person: 6,
            name: 100,
            person_a_day: 20,
            person_ever: 100,
            sends: 6,
        }
    }
}

/// A confirmation code is spent after this many tries (NIST SP 800-63A-4).
pub const TRIES: i32 = 5;

/// A confirmation code by text or voice is good for this long (NIST SP 800-63A-4).
pub const PHONE_CODE_LIFE: Duration = Duration::from_mins(10);

/// A confirmation code by e-mail is good for this long (NIST SP 800-63A-4).
pub const EMAIL_CODE_LIFE: Duration = DAY;

/// The period of the limits a minute.
pub const PER_MINUTE: Duration = MINUTE;

/// The period of a person's limit.
pub const PER_HOUR: Duration = HOUR;

/// The period of the limits a day.
pub const PER_DAY: Duration = DAY;
