//! What is said of a row that is taken: a cell that was left out, a value that was mended, an address that no letter reaches.

use crate::kernel::dates;

use super::reject::{Cause, Column, Reject};

/// A warning: the column and what about it, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The column.
    pub column: Column,
    /// What about it.
    pub what: What,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The cell cannot be read, and is left out.
    LeftOut(Cause),
    /// The value was read otherwise than it is written.
    Mended(Mend),
    /// No letter can be sent to the address.
    Undeliverable,
}

/// What was mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// `="..."` stood around it.
    Formula,
    /// An apostrophe stood before it.
    Apostrophe,
    /// A quote stood before it.
    StrayQuote,
    /// Control characters were taken out.
    ControlCharacters,
    /// Zeros that were lost at its beginning were put back.
    LostZeros,
    /// The date was written otherwise.
    Date(dates::Mended),
    /// What stood beside a telephone number was left out.
    BesideNumber,
    /// The state was taken from the ZIP.
    RegionOfZip,
    /// The country was taken from the postal code.
    CountryOfCode,
}

impl Warning {
    /// Says that a cell is left out.
    pub const fn left_out(column: Column, cause: Cause) -> Self {
        Self {
            column,
            what: What::LeftOut(cause),
        }
    }

    /// Says that a value was mended.
    pub const fn mended(column: Column, mend: Mend) -> Self {
        Self {
            column,
            what: What::Mended(mend),
        }
    }

    /// Says in plain words what was done and what to do.
    pub fn help(&self) -> String {
        match self.what {
            What::LeftOut(cause) => {
                let help = Reject::new(self.column, cause).help();
                format!("left out, the row was taken without it: {help}")
            }
            What::Mended(mend) => mend.in_words().to_owned(),
            What::Undeliverable => {
                "no letter can be sent to this address, and the person is counted as undeliverable: street, city, state and ZIP are needed, abroad street, city and a \
                 country of ISO 3166"
                    .to_owned()
            }
        }
    }
}

impl Mend {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Formula => "the =\"...\" around the value was taken off",
            Self::Apostrophe => "the apostrophe before the value was taken off",
            Self::StrayQuote => "a quote at the beginning of the value was taken off",
            Self::ControlCharacters => "control characters were taken out of the value",
            Self::LostZeros => {
                "zeros that a spreadsheet program had cut off at the beginning were put back"
            }
            Self::Date(dates::Mended::TimeOfDay) => "the time of day beside the date was left out",
            Self::Date(dates::Mended::Digits) => "eight digits were read as a date",
            Self::Date(dates::Mended::SerialDay) => {
                "the number was read as a day, as Excel counts days from 1900 on"
            }
            Self::Date(dates::Mended::Century) => {
                "the year has two digits: the latest one that is past was taken; check the century"
            }
            Self::Date(dates::Mended::OtherOrder) => {
                "day and month stand in the other order than in the rest of the file; check the date"
            }
            Self::BesideNumber => {
                "what stands beside the number, such as an extension, was left out"
            }
            Self::RegionOfZip => "the state was taken from the ZIP",
            Self::CountryOfCode => {
                "the postal code and the province are Canadian: the country was taken to be Canada"
            }
        }
    }
}
