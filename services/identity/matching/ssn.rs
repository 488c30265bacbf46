//! Social Security numbers: how they are written and which were never issued.

use subtle::ConstantTimeEq;

use crate::kernel::secrets::Secret;

use super::date::one_slip;
use super::waterfall::Level;

/// Why a text is not a usable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsnError {
    /// It is not nine digits.
    Malformed,
    /// The Social Security Administration never issued it.
    NeverIssued,
}

/// The number that a person claims.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// All nine digits.
    Whole(Secret<String>),
    /// The last four.
    LastFour(Secret<String>),
}

/// Parses nine digits, with or without dashes, and applies the rules of issue.
///
/// Areas 000 and 900-999, group 00 and serial 0000 were never issued; neither was area 666, which every bureau's sandbox uses,
/// so it passes if `sandbox` is set (SSA, "Social Security Number Randomization", 2011).
pub fn parse_ssn(text: &str, sandbox: bool) -> Result<Secret<String>, SsnError> {
    let digits = digits(text)
        .filter(|digits| digits.expose().len() == 9)
        .ok_or(SsnError::Malformed)?;
    let (area, group, serial) = (
        &digits.expose()[..3],
        &digits.expose()[3..5],
        &digits.expose()[5..],
    );
    let never = area == "000"
        || area >= "900"
        || (area == "666" && !sandbox)
        || group == "00"
        || serial == "0000";
    if never {
        Err(SsnError::NeverIssued)
    } else {
        Ok(digits)
    }
}

/// Parses a claimed number: nine digits or the last four.
pub fn parse_claimed(text: &str) -> Option<Claimed> {
    let digits = digits(text)?;
    match digits.expose().len() {
        9 => Some(Claimed::Whole(digits)),
        4 => Some(Claimed::LastFour(digits)),
        _ => None,
    }
}

fn digits(text: &str) -> Option<Secret<String>> {
    let allowed = text
        .chars()
        .all(|c| c.is_ascii_digit() || c == '-' || c == ' ');
    allowed.then(|| Secret::new(text.chars().filter(char::is_ascii_digit).collect()))
}

/// Gives the last four of nine digits.
pub fn last_four(ssn: &str) -> &str {
    ssn.get(5..).unwrap_or("")
}

impl Claimed {
    /// Gives the last four digits.
    pub fn last_four(&self) -> &str {
        match self {
            Self::Whole(ssn) => last_four(ssn.expose()),
            Self::LastFour(digits) => digits.expose(),
        }
    }

    /// Compares with the nine digits on record.
    pub fn compare(&self, record: &str) -> Level {
        let (claimed, record) = match self {
            Self::Whole(ssn) => (ssn.expose().as_bytes(), record.as_bytes()),
            Self::LastFour(digits) => (digits.expose().as_bytes(), last_four(record).as_bytes()),
        };
        if bool::from(claimed.ct_eq(record)) {
            Level::Exact
        } else if one_slip(claimed, record) {
            Level::Close
        } else {
            Level::Different
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, sandbox: bool) -> Result<String, SsnError> {
        parse_ssn(text, sandbox).map(|ssn| ssn.expose().clone())
    }

    #[test]
    fn dashes_are_forgiven_and_letters_are_not() {
        assert_eq!(parsed("123-45-6789", false), Ok("123456789".to_owned()));
        assert_eq!(parsed("123 45 6789", false), Ok("123456789".to_owned()));
        for wrong in ["", "12345678", "1234567890", "12345678x", "१२३४५६७८९"] {
            assert_eq!(parsed(wrong, false), Err(SsnError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn numbers_never_issued_are_refused() {
        for never in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "999-12-3456",
            "123-00-3456",
            "123-45-0000",
        ] {
            assert_eq!(parsed(never, false), Err(SsnError::NeverIssued), "{never}");
        }
        assert_eq!(parsed("666-12-3456", true), Ok("666123456".to_owned()));
        assert_eq!(parsed("666-00-3456", true), Err(SsnError::NeverIssued));
        assert_eq!(parsed("899-12-3456", false), Ok("899123456".to_owned()));
    }

    #[test]
    fn a_claim_is_nine_or_four_digits() {
        let whole = parse_claimed("666-12-3456").unwrap();
        assert_eq!(whole.compare("666123456"), Level::Exact);
        assert_eq!(whole.compare("666123465"), Level::Close);
        assert_eq!(whole.compare("666999999"), Level::Different);
        let last = parse_claimed("3456").unwrap();
        assert_eq!(last.compare("666123456"), Level::Exact);
        assert_eq!(last.compare("666123457"), Level::Close);
        assert_eq!(last.compare("666123477"), Level::Different);
        assert!(parse_claimed("12345").is_none());
        assert_eq!(format!("{whole:?}"), "Whole([redacted])");
    }
}
