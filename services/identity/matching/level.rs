//! The fields that are compared, and how much two values of one can agree.

use serde::{Deserialize, Serialize};

/// How much two values agree.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// The same after folding.
    Exact,
    /// A typing error apart.
    Close,
    /// A short form of the same name: a nickname, the initial, the first of two names.
    Nickname,
    /// Parts are swapped.
    Transposed,
    /// One side has no value.
    Missing,
    /// Different.
    Different,
}

impl Level {
    /// Gives the name in files of weights.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Close => "close",
            Self::Nickname => "nickname",
            Self::Transposed => "transposed",
            Self::Missing => "missing",
            Self::Different => "different",
        }
    }
}

/// A field that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The family name.
    FamilyName,
    /// The given name.
    GivenName,
    /// Middle names or initials.
    MiddleName,
    /// The birth date.
    DateOfBirth,
    /// All nine digits of the SSN.
    Ssn,
    /// The last four digits of the SSN.
    SsnLastFour,
    /// The postal code.
    PostalCode,
    /// Jr., III and the like.
    Suffix,
    /// The street line of the address.
    Street,
    /// A telephone number or an e-mail address.
    Contact,
}

impl Field {
    /// Gives the name in waterfalls.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::MiddleName => "middle_name",
            Self::DateOfBirth => "date_of_birth",
            Self::Ssn => "ssn",
            Self::SsnLastFour => "ssn_last_four",
            Self::PostalCode => "postal_code",
            Self::Suffix => "suffix",
            Self::Street => "street",
            Self::Contact => "contact",
        }
    }

    /// Gives the levels that the field can reach when both sides have a value.
    pub const fn levels(self) -> &'static [Level] {
        use Level::{Close, Different, Exact, Nickname, Transposed};
        match self {
            Self::GivenName => &[Exact, Close, Nickname, Transposed, Different],
            Self::FamilyName | Self::DateOfBirth => &[Exact, Close, Transposed, Different],
            Self::MiddleName => &[Exact, Close, Nickname, Different],
            Self::Ssn | Self::SsnLastFour | Self::PostalCode | Self::Street => {
                &[Exact, Close, Different]
            }
            Self::Suffix | Self::Contact => &[Exact, Different],
        }
    }

    /// Tells whether those who live together share it.
    pub const fn is_of_a_household(self) -> bool {
        matches!(self, Self::Street | Self::PostalCode | Self::Contact)
    }

    /// Tells whether agreement proves more than having held the letter's envelope.
    pub const fn is_off_the_envelope(self) -> bool {
        matches!(self, Self::DateOfBirth | Self::Ssn | Self::SsnLastFour)
    }
}
