//! Birth dates: how they are written, when they are plausible, how two of them differ.

use jiff::ToSpan;
use jiff::civil::Date;

use super::waterfall::Level;

/// The oldest age that a living person on a roster may have.
const OLDEST_YEARS: i32 = 120;
/// The age at which a minor stops being one.
const MAJORITY_YEARS: i32 = 18;

/// Tells whether a person on a roster can have been born on that day.
pub fn is_plausible(born: Date, today: Date) -> bool {
    born <= today
        && today
            .checked_sub(OLDEST_YEARS.years())
            .is_ok_and(|oldest| born >= oldest)
}

/// Tells whether a person born on that day is a minor.
pub fn is_minor(born: Date, today: Date) -> bool {
    today
        .checked_sub(MAJORITY_YEARS.years())
        .is_ok_and(|limit| born > limit)
}

/// Compares two birth dates.
///
/// Swapped day and month is TRANSPOSED. One wrong digit, two neighbours swapped or the year before or after is CLOSE: a slip, but
/// also what a lucky guess looks like, which its weight allows for.
pub fn compare(a: Date, b: Date) -> Level {
    if a == b {
        return Level::Exact;
    }
    if a.year() == b.year() && a.month() == b.day() && a.day() == b.month() {
        return Level::Transposed;
    }
    let is_next_year =
        a.year().abs_diff(b.year()) == 1 && (a.month(), a.day()) == (b.month(), b.day());
    if is_next_year || one_slip(&digits(a), &digits(b)) {
        Level::Close
    } else {
        Level::Different
    }
}

/// Gives year, month and day as eight digits.
fn digits(date: Date) -> [u8; 8] {
    let mut rest = u32::from(date.year().unsigned_abs()) * 10_000
        + u32::from(date.month().unsigned_abs()) * 100
        + u32::from(date.day().unsigned_abs());
    let mut digits = [0; 8];
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    digits
}

/// Tells whether two texts of one length are one substitution or one swap of neighbours apart.
pub(super) fn one_slip(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut differ = (0..a.len()).filter(|at| a[*at] != b[*at]);
    match (differ.next(), differ.next(), differ.next()) {
        (Some(_), None, _) => true,
        (Some(i), Some(j), None) => j == i + 1 && a[i] == b[j] && a[j] == b[i],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn plausible_is_between_today_and_120_years_back() {
        let today = date(2015, 7, 17);
        assert!(is_plausible(today, today));
        assert!(!is_plausible(date(2015, 7, 18), today));
        assert!(is_plausible(date(1895, 7, 17), today));
        assert!(!is_plausible(date(1895, 7, 16), today));
    }

    #[test]
    fn a_minor_comes_of_age_on_the_birthday() {
        assert!(is_minor(date(1997, 7, 18), date(2015, 7, 17)));
        assert!(!is_minor(date(1997, 7, 17), date(2015, 7, 17)));
        assert!(is_minor(date(2000, 2, 29), date(2018, 2, 28)));
    }

    #[test]
    fn slips_have_levels() {
        let born = date(1961, 3, 12);
        assert_eq!(compare(born, date(1961, 12, 3)), Level::Transposed);
        assert_eq!(compare(born, date(1961, 3, 13)), Level::Close);
        assert_eq!(compare(born, date(1916, 3, 12)), Level::Close);
        assert_eq!(compare(born, date(1961, 3, 21)), Level::Close);
        assert_eq!(compare(born, date(1962, 3, 13)), Level::Different);
        assert_eq!(compare(date(1970, 3, 12), date(1969, 3, 12)), Level::Close);
    }

    proptest! {
        #[test]
        fn comparing_is_symmetric(a in (1900i16..2015, 1i8..=12, 1i8..=28), b in (1900i16..2015, 1i8..=12, 1i8..=28)) {
            let (a, b) = (date(a.0, a.1, a.2), date(b.0, b.1, b.2));
            prop_assert_eq!(compare(a, b), compare(b, a));
        }
    }
}
