//! What each level of each field weighs, in hundredths of a bit: two tables of one mechanism.
//!
//! The frequencies of U.S. names and dates would give these for an exact agreement: family name 10, given name 8, birth date 14.8,
//! SSN 29.9, its last four 13.3, ZIP 12 bits.

use super::level::Field::{
    self, Contact, DateOfBirth, FamilyName, GivenName, MiddleName, PostalCode, Ssn, SsnLastFour,
    Street, Suffix,
};
use super::level::Level::{self, Close, Different, Exact, Missing, Nickname, Transposed};

/// Which question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Whether a claim is about the person on the roster. Whoever claims may hold stolen data, so what agrees is capped well below its
    /// statistical weight, and what disagrees is not.
    Deciding,
    /// Whether two rows of the roster are one person. Nobody has a reason to forge them, so the weights are the statistical ones.
    Resolving,
}

impl Weights {
    /// Gives the weight of a level.
    pub const fn of(self, field: Field, level: Level) -> i32 {
        match (self, level) {
            (_, Missing) => 0,
            (Self::Deciding, _) => deciding(field, level),
            (Self::Resolving, _) => resolving(field, level),
        }
    }
}

#[expect(
    clippy::match_same_arms,
    reason = "a table by field; equal numbers are a coincidence"
)]
const fn deciding(field: Field, level: Level) -> i32 {
    match (field, level) {
        (_, Missing) => 0,
        (FamilyName, Exact) => 600,
        (FamilyName, Close | Nickname | Transposed) => 400,
        (FamilyName, Different) => -500,
        (GivenName, Exact) => 450,
        (GivenName, Nickname) => 350,
        (GivenName, Close | Transposed) => 300,
        (GivenName, Different) => -400,
        (MiddleName, Exact) => 100,
        (MiddleName, Close | Nickname | Transposed) => 50,
        (MiddleName, Different) => -100,
        (DateOfBirth, Exact) => 900,
        (DateOfBirth, Transposed) => 600,
        // As likely a guess as a slip.
        (DateOfBirth, Close | Nickname) => 50,
        (DateOfBirth, Different) => -1_200,
        (Ssn, Exact) => 1_200,
        (Ssn, Close | Nickname | Transposed) => 300,
        (Ssn, Different) => -800,
        (SsnLastFour, Exact) => 550,
        (SsnLastFour, Close | Nickname | Transposed | Different) => -600,
        (PostalCode, Exact) => 250,
        (PostalCode, Close | Nickname | Transposed) => 100,
        // People move; the roster does not know.
        (PostalCode, Different) => -150,
        // Nobody claims these.
        (Suffix | Street | Contact, _) => 0,
    }
}

#[expect(
    clippy::match_same_arms,
    reason = "a table by field; equal numbers are a coincidence"
)]
const fn resolving(field: Field, level: Level) -> i32 {
    match (field, level) {
        (_, Missing) => 0,
        (FamilyName, Exact) => 1_000,
        (FamilyName, Close | Nickname | Transposed) => 700,
        (FamilyName, Different) => -400,
        (GivenName, Exact) => 800,
        (GivenName, Nickname | Transposed) => 600,
        (GivenName, Close) => 450,
        (GivenName, Different) => -800,
        (MiddleName, Exact) => 400,
        (MiddleName, Close | Nickname | Transposed) => 200,
        (MiddleName, Different) => -300,
        (Suffix, Exact) => 200,
        (Suffix, Close | Nickname | Transposed | Different) => -1_000,
        (DateOfBirth, Exact) => 1_480,
        (DateOfBirth, Transposed) => 900,
        (DateOfBirth, Close | Nickname) => 600,
        (DateOfBirth, Different) => -800,
        (Ssn, Exact) => 2_990,
        (Ssn, Close | Nickname | Transposed) => 1_200,
        (Ssn, Different) => -800,
        (SsnLastFour, Exact) => 1_330,
        (SsnLastFour, Close | Nickname | Transposed | Different) => -800,
        (Street, Exact) => 1_200,
        (Street, Close) => 900,
        (Contact, Exact) => 1_200,
        // People move, and change their number.
        (Street, Nickname | Transposed | Different) => -100,
        (Contact, Close | Nickname | Transposed | Different) => -100,
        (PostalCode, Exact) => 600,
        (PostalCode, Close | Nickname | Transposed) => 300,
        (PostalCode, Different) => -100,
    }
}
