//! Reads the cells of one row and keeps what there is to say about them.

use jiff::civil::Date;

use crate::identity::matching::{date, ssn};
use crate::identity::roster::reject::{Cause, Column, Reject};
use crate::identity::roster::warning::{Mend, Warning, What};
use crate::kernel::dates::{self, DateOrder, NoDate, read_date};
use crate::kernel::person::Text;
use crate::kernel::secrets::Secret;

use super::cell::{self, Cell};

/// Days that stand where no birth date is known: the first that programs can write, and the last.
const NO_DAYS: [Date; 9] = [
    jiff::civil::date(1900, 1, 1),
    jiff::civil::date(1899, 12, 30),
    jiff::civil::date(1899, 12, 31),
    jiff::civil::date(1901, 1, 1),
    jiff::civil::date(1800, 1, 1),
    jiff::civil::date(1753, 1, 1),
    jiff::civil::date(1, 1, 1),
    jiff::civil::date(9999, 12, 31),
    jiff::civil::date(9999, 9, 9),
];

/// Numbers that stand where no SSN is known: printed on samples, or typed in a row.
const NO_SSN: [&str; 4] = ["123456789", "987654321", "078051120", "219099999"];

/// What was found in the cells of a row.
#[derive(Default)]
pub struct Reading {
    /// What there is to say.
    pub warnings: Vec<Warning>,
}

impl Reading {
    /// Notes that a cell is left out.
    pub fn leave_out(&mut self, column: Column, cause: Cause) {
        self.warnings.push(Warning::left_out(column, cause));
    }

    /// Notes that a value was mended.
    pub fn mended(&mut self, column: Column, mend: Mend) {
        self.warnings.push(Warning::mended(column, mend));
    }

    /// Cleans a cell; nothing where it has no value.
    pub fn cell(&mut self, column: Column, raw: &str) -> Option<Cell> {
        if raw.is_empty() {
            return None;
        }
        let (text, mend) = cell::clean(column, raw);
        if text.is_empty() || cell::is_nothing(column, &text) {
            return None;
        }
        if text.chars().count() > column.longest() {
            self.leave_out(column, Cause::TooLong);
            return None;
        }
        if let Some(mend) = mend {
            self.mended(column, mend);
        }
        Some(text)
    }

    /// Reads a plain text.
    pub fn text(&mut self, column: Column, raw: &str) -> Option<Text> {
        let mut text = self.cell(column, raw)?;
        Some(Secret::new(std::mem::take(&mut *text)))
    }

    /// Reads a list whose items are separated by semicolons; empty items are left out.
    pub fn list(&mut self, column: Column, raw: &str) -> Vec<Text> {
        let Some(value) = self.cell(column, raw) else {
            return Vec::new();
        };
        let items = value
            .split(';')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items.map(Text::from).collect()
    }

    /// Reads a birth date.
    pub fn birth_date(&mut self, raw: &str, order: DateOrder, today: Date) -> Option<Date> {
        const COLUMN: Column = Column::DateOfBirth;
        let text = self.cell(COLUMN, raw)?;
        if text.chars().all(|letter| "0/-. :".contains(letter)) {
            return None;
        }
        let read = match read_date(&text, order, today) {
            Ok(read) => read,
            Err(NoDate::DigitsLost) => {
                self.leave_out(COLUMN, Cause::DigitsLost);
                return None;
            }
            Err(NoDate::Malformed) => {
                self.leave_out(COLUMN, Cause::Malformed);
                return None;
            }
        };
        if NO_DAYS.contains(&read.date) {
            return None;
        }
        if !date::is_plausible(read.date, today) {
            self.leave_out(COLUMN, Cause::ImplausibleDate);
            return None;
        }
        if let Some(how) = read.mended {
            self.mended(COLUMN, Mend::Date(how));
        }
        Some(read.date)
    }

    /// Reads an SSN.
    pub fn ssn(&mut self, raw: &str, sandbox: bool) -> Option<Text> {
        const COLUMN: Column = Column::Ssn;
        let text = self.cell(COLUMN, raw)?;
        let text = text.strip_suffix(".0").unwrap_or(&text);
        if dates::is_scientific(text) {
            self.leave_out(COLUMN, Cause::DigitsLost);
            return None;
        }
        let digits: Cell = Cell::new(text.chars().filter(char::is_ascii_digit).collect());
        if is_one_digit(&digits) || NO_SSN.contains(&digits.as_str()) {
            return None;
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let lost_zeros = is_number && (7..=8).contains(&digits.len());
        let padded = Cell::new(if lost_zeros {
            format!("{:0>9}", *digits)
        } else {
            text.to_owned()
        });
        match ssn::parse_ssn(&padded, sandbox) {
            Ok(ssn) => {
                if lost_zeros {
                    self.mended(COLUMN, Mend::LostZeros);
                }
                return Some(ssn);
            }
            Err(ssn::SsnError::NeverIssued) if !lost_zeros => {
                self.leave_out(COLUMN, Cause::SsnNeverIssued);
            }
            Err(ssn::SsnError::NeverIssued | ssn::SsnError::Malformed) => {
                self.leave_out(COLUMN, Cause::Malformed);
            }
        }
        None
    }

    /// Gives the first thing that a row of somebody's own hand may not have: a cell that cannot be read, and a name's, date's or
    /// number's guess.
    pub fn strictly(self) -> Result<(), Reject> {
        let fault = self
            .warnings
            .into_iter()
            .find_map(|Warning { column, what }| match what {
                What::LeftOut(cause) => Some(Reject::new(column, cause)),
                What::Mended(Mend::LostZeros | Mend::Date(_))
                    if matches!(column, Column::Ssn | Column::DateOfBirth) =>
                {
                    Some(Reject::new(column, Cause::Malformed))
                }
                What::Mended(_) | What::Undeliverable => None,
            });
        fault.map_or(Ok(()), Err)
    }
}

/// Tells whether a number is one digit again and again.
pub fn is_one_digit(digits: &str) -> bool {
    digits.len() > 3 && digits.bytes().all(|digit| digit == digits.as_bytes()[0])
}
