//! The limits and lifetimes of the process, with defaults from the field's rules.

use std::time::Duration;

use clap::{ArgAction, Args};

use crate::kernel::settings::{self, duration, limit, whole};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Rules {
    /// Take SSN area 666, which bureaus' sandboxes use.
    #[arg(id = "allow_sandbox_ssn", long, action = ArgAction::Set, default_value = "false")]
    pub sandbox_ssn: bool,
    /// How long a verification can be used.
    #[arg(id = "verification_lifetime", long, value_name = "DURATION", value_parser = duration, default_value = "1d")]
    pub verified_for: Duration,
    /// How long an approved referral can be used.
    #[arg(id = "approval_lifetime", long, value_name = "DURATION", value_parser = duration, default_value = "14d")]
    pub approved_for: Duration,
    /// How long a reviewer of a referral may take.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5d")]
    pub review_within: Duration,
    /// Confirmation codes that may be sent for one verification.
    #[arg(id = "codes_per_verification", long, default_value = "3", value_parser = whole(1..=1_000_000_000_u64))]
    pub sends: u64,
    /// Refusals of VerifyIdentity and ConfirmCode, and all answers of SendConfirmationCode, of OrderLetter and of VerifyIdentity without a letter, leave at a multiple of this after the call began; 0s switches it off.
    #[arg(long, value_name = "DURATION", value_parser = grid, default_value = "50ms")]
    pub refusal_grid: Duration,
    /// How often things may be tried.
    #[command(flatten)]
    pub throttles: Throttles,
}

impl Default for Rules {
    fn default() -> Self {
        settings::defaults()
    }
}

/// How often an identity may be tried, each within its own period.
///
/// By default 500 a second for a campaign, fifteen times the busiest hour known; a person needs a few tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Throttles {
    /// Confirmation codes that may be sent to one individual in a day.
    #[arg(id = "codes_per_individual", long, default_value = "6", value_parser = limit())]
    pub sends: u32,
    /// Identities that one caller's backend may try in a minute.
    #[arg(id = "tries_per_caller", long, default_value = "30000", value_parser = limit())]
    pub caller: u32,
    /// Identities that one agent of a call center may try in a minute.
    #[arg(id = "tries_per_agent", long, default_value = "60", value_parser = limit())]
    pub agent: u32,
    /// Identities that may be tried from one network in a minute.
    #[arg(id = "tries_per_network", long, default_value = "60", value_parser = limit())]
    pub network: u32,
    /// Identities that may be tried in one campaign in a minute.
    #[arg(id = "tries_per_campaign", long, default_value = "30000", value_parser = limit())]
    pub campaign: u32,
    /// Searches of the roster that one agent of a call center may make in an hour.
    #[arg(id = "searches_per_agent", long, default_value = "60", value_parser = limit())]
    pub searches: u32,
    /// Times that one person may be tried in an hour.
    #[arg(id = "tries_per_person", long, default_value = "6", value_parser = limit())]
    pub person: u32,
    /// Of one claimed name a day; many people share a name.
    #[arg(skip = 100_u32)]
    pub name: u32,
    /// Of one individual by letter a day.
    #[arg(skip = 20_u32)]
    pub person_a_day: u32,
    /// Of one letter in its lifetime; an agent goes on from there.
    #[arg(skip = 10_u32)]
    pub letter: u32,
    /// Of these, how many can be verified by what is claimed. Who knows the year of birth has one guess in 365 with each, and one
    /// more from a referral that tells how near a guess was: with two tries 3 of 365 are let in.
    #[arg(skip = 2_u32)]
    pub letter_verified: u32,
}

impl Default for Throttles {
    fn default() -> Self {
        settings::defaults()
    }
}

/// Parses the step of a grid: shorter ones are finer than what a timer keeps, longer ones make people wait.
fn grid(text: &str) -> Result<Duration, &'static str> {
    let step = duration(text)?;
    let is_fine = step.is_zero() || (SHORTEST_STEP..=LONGEST_STEP).contains(&step);
    is_fine
        .then_some(step)
        .ok_or("must be from 1ms to 1s, or 0s")
}

const SHORTEST_STEP: Duration = Duration::from_millis(1);
const LONGEST_STEP: Duration = Duration::from_secs(1);

/// A confirmation code is spent after this many tries (NIST SP 800-63A-4).
pub const TRIES: i32 = 5;

/// A confirmation code by text or voice is good for this long (NIST SP 800-63A-4).
pub const PHONE_CODE_LIFE: Duration = Duration::from_mins(10);

/// A confirmation code by e-mail is good for this long (NIST SP 800-63A-4).
pub const EMAIL_CODE_LIFE: Duration = DAY;

/// A person can repudiate a proofing for this long after they were told of it: a letter takes its time, and so do people.
pub const NOTICE_LIFE: Duration = DAY.saturating_mul(60);

/// The period of the limits a minute.
pub const PER_MINUTE: Duration = MINUTE;

/// The period of a person's limit.
pub const PER_HOUR: Duration = HOUR;

/// The period of the limits a day.
pub const PER_DAY: Duration = DAY;

/// How long until a letter gets one of its tries back: longer than any letter is good for.
pub const LETTER_LIFE: Duration = DAY.saturating_mul(365);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_grid_is_neither_too_fine_nor_too_long() {
        assert_eq!(grid("0s"), Ok(Duration::ZERO));
        assert_eq!(grid("1ms"), Ok(SHORTEST_STEP));
        assert_eq!(grid("1s"), Ok(LONGEST_STEP));
        for bad in ["999us", "1001ms", "1m", "50", ""] {
            assert!(grid(bad).is_err(), "{bad}");
        }
    }
}
