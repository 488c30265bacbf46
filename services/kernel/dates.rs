//! Civil dates as people and spreadsheet programs write them.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Which part of `03/12/1961` comes first. Where only one way gives a date, that one is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// The month, as in the United States.
    #[default]
    MonthFirst,
    /// The day.
    DayFirst,
}

/// A date, and what had to be made of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRead {
    /// The date.
    pub date: Date,
    /// How it was written, where it was not written as a date with a year of four digits.
    pub mended: Option<Mended>,
}

/// What was made of a text that is no plain date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    /// A time of day was left out.
    TimeOfDay,
    /// Eight digits.
    Digits,
    /// The number of a day, as Excel counts them from 1900 on.
    SerialDay,
    /// The century is the latest in which the day is past.
    Century,
    /// The parts stand in the other order than in the other rows.
    OtherOrder,
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDate {
    /// It is a number that a spreadsheet program cut short.
    DigitsLost,
    /// It is something else.
    Malformed,
}

/// Reads a date. `latest` is the last day that it can be: it tells the century of a year with two digits.
pub fn read_date(text: &str, order: DateOrder, latest: Date) -> Result<DateRead, NoDate> {
    let (day, has_time) = without_time(text.trim());
    if is_scientific(day) {
        return Err(NoDate::DigitsLost);
    }
    let read = if !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit()) {
        of_digits(day, order, latest)
    } else {
        of_parts(day, order, latest)
    };
    let mut read = read.ok_or(NoDate::Malformed)?;
    if has_time {
        read.mended = read.mended.or(Some(Mended::TimeOfDay));
    }
    Ok(read)
}

/// Tells what a date says about the order of all: the first part is no month, or the second is none.
pub fn order_of(text: &str) -> Option<DateOrder> {
    let (day, _) = without_time(text.trim());
    let mut parts = day
        .split(['/', '-', '.'])
        .map(|part| part.trim().parse::<u16>());
    let (Some(Ok(first)), Some(Ok(second)), Some(Ok(_)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    match (first, second) {
        (13..=31, 1..=12) => Some(DateOrder::DayFirst),
        (1..=12, 13..=31) => Some(DateOrder::MonthFirst),
        _ => None,
    }
}

/// Tells whether a text is a number as spreadsheet programs write those that are too long for a cell.
pub fn is_scientific(text: &str) -> bool {
    let Some((number, power)) = text.trim().split_once(['E', 'e']) else {
        return false;
    };
    let digits = power.trim_start_matches(['+', '-']);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && number.parse::<f64>().is_ok()
}

/// Cuts off a time of day, and a weekday before the date.
fn without_time(text: &str) -> (&str, bool) {
    let words = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let text = match text.split_once([',', ' ']) {
        Some((word, rest))
            if word.len() >= 3
                && words
                    .iter()
                    .any(|day| day.starts_with(&word.to_lowercase())) =>
        {
            rest.trim_start_matches([',', ' '])
        }
        _ => text,
    };
    // A time has a colon in it, or begins with the `T` of ISO 8601.
    let Some(colon) = text.find(':') else {
        return match text.strip_suffix(".0") {
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => (number, false),
            _ => (text, false),
        };
    };
    let start = text[..colon].rfind([' ', 'T', 't']);
    (
        start.map_or(text, |at| text[..at].trim_end()),
        start.is_some(),
    )
}

fn of_digits(digits: &str, order: DateOrder, latest: Date) -> Option<DateRead> {
    let mended = |date, mended| DateRead {
        date,
        mended: Some(mended),
    };
    match digits.len() {
        8 => {
            let part = |from: usize, to: usize| digits[from..to].parse::<i16>().ok();
            let short = |from: usize, to: usize| i8::try_from(part(from, to)?).ok();
            let by_year = Date::new(part(0, 4)?, short(4, 6)?, short(6, 8)?).ok();
            let by_year = by_year.filter(|day| day.year() >= 1_850 && *day <= latest);
            let last = || in_order(part(0, 2)?, part(2, 4)?, part(4, 8)?, order);
            by_year
                .or_else(|| last().map(|(day, _)| day))
                .map(|day| mended(day, Mended::Digits))
        }
        // A number of four digits that could be a year says no more than the year.
        4 | 5 => {
            let number: i32 = digits.parse().ok()?;
            let is_year = digits.len() == 4 && (1_850..=2_100).contains(&number);
            (!is_year)
                .then(|| serial_day(number))
                .flatten()
                .map(|day| mended(day, Mended::SerialDay))
        }
        _ => None,
    }
}

/// Day 1 is January 1, 1900. Excel has a February 29, 1900, so later days are one further.
fn serial_day(number: i32) -> Option<Date> {
    let start = if number < 60 {
        date(1899, 12, 31)
    } else {
        date(1899, 12, 30)
    };
    start.checked_add(number.days()).ok()
}

fn of_parts(text: &str, order: DateOrder, latest: Date) -> Option<DateRead> {
    let parts: Vec<&str> = parts_of(text);
    let [first, second, third] = parts[..] else {
        return None;
    };
    if let Some(month) = month_of(second) {
        return with_year(third, latest, |year| {
            Some((
                Date::new(year, month, number(first)?.try_into().ok()?).ok()?,
                None,
            ))
        })
        .or_else(|| year_first(first, month, third));
    }
    if let Some(month) = month_of(first) {
        return with_year(third, latest, |year| {
            Some((
                Date::new(year, month, number(second)?.try_into().ok()?).ok()?,
                None,
            ))
        });
    }
    if first.len() == 4 {
        return year_first(first, number(second)?.try_into().ok()?, third);
    }
    let (a, b) = (number(first)?, number(second)?);
    with_year(third, latest, |year| in_order(a, b, year, order))
}

fn year_first(year: &str, month: i8, day: &str) -> Option<DateRead> {
    let is_year = year.len() == 4;
    let date = Date::new(number(year)?, month, number(day)?.try_into().ok()?);
    let date = date.ok().filter(|_| is_year)?;
    Some(DateRead { date, mended: None })
}

/// Reads the year of a date, and with it the date.
fn with_year(
    text: &str,
    latest: Date,
    day: impl Fn(i16) -> Option<(Date, Option<Mended>)>,
) -> Option<DateRead> {
    let year = number(text)?;
    match text.len() {
        4 => day(year).map(|(date, mended)| DateRead { date, mended }),
        2 => {
            let century = latest.year() / 100 * 100;
            let years = [century + year, century + year - 100];
            let mut days = years.into_iter().filter_map(day);
            let found = days.find(|(day, _)| *day <= latest)?;
            Some(DateRead {
                date: found.0,
                mended: Some(Mended::Century),
            })
        }
        _ => None,
    }
}

/// Puts two parts into their order, or into the other where only that gives a date.
fn in_order(
    first: i16,
    second: i16,
    year: i16,
    order: DateOrder,
) -> Option<(Date, Option<Mended>)> {
    let (month, day) = match order {
        DateOrder::MonthFirst => (first, second),
        DateOrder::DayFirst => (second, first),
    };
    let date =
        |month: i16, day: i16| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    date(month, day)
        .map(|date| (date, None))
        .or_else(|| date(day, month).map(|date| (date, Some(Mended::OtherOrder))))
}

fn number(digits: &str) -> Option<i16> {
    let is_number =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// Takes a date apart at its separators, and between digits and letters.
fn parts_of(text: &str) -> Vec<&str> {
    let separators = ['/', '-', '.', ' ', ',', '\u{2013}'];
    let mut parts = Vec::new();
    for part in text.split(separators).filter(|part| !part.is_empty()) {
        let letters = part.find(|letter: char| letter.is_alphabetic());
        let rest = letters.map(|at| &part[at..]).unwrap_or_default();
        let is_ordinal = ["st", "nd", "rd", "th"].contains(&rest.to_lowercase().as_str());
        match letters {
            Some(at) if at > 0 && is_ordinal => parts.push(&part[..at]),
            Some(at) if at > 0 => {
                parts.push(&part[..at]);
                let digits = rest
                    .find(|letter: char| letter.is_ascii_digit())
                    .unwrap_or(rest.len());
                parts.extend(
                    [&rest[..digits], &rest[digits..]]
                        .into_iter()
                        .filter(|part| !part.is_empty()),
                );
            }
            _ => parts.push(part),
        }
    }
    parts
}

fn month_of(word: &str) -> Option<i8> {
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    let at = months.iter().position(|month| {
        word.len() >= 3 && (month.starts_with(&word) || (word == "sept" && *month == "september"))
    });
    at.and_then(|at| i8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LATEST: Date = date(2015, 7, 17);

    fn read(text: &str) -> Result<(Date, Option<Mended>), NoDate> {
        read_date(text, DateOrder::MonthFirst, LATEST).map(|read| (read.date, read.mended))
    }

    #[test]
    fn dates_are_read_however_they_are_written() {
        let day = date(1961, 3, 12);
        for plain in "1961-03-12|1961/3/12|03/12/1961|3/12/1961|3-12-1961|03.12.1961|12-Mar-1961|12 March 1961|Mar 12, 1961|March 12th, 1961|12MAR1961|1961-Mar-12|Sunday, March 12, 1961| 1961-03-12 ".split('|') {
            assert_eq!(read(plain), Ok((day, None)), "{plain}");
        }
        for (text, how) in [
            ("1961-03-12 00:00:00", Mended::TimeOfDay),
            ("1961-03-12T00:00:00Z", Mended::TimeOfDay),
            ("3/12/1961 0:00", Mended::TimeOfDay),
            ("3/12/1961 12:00:00 AM", Mended::TimeOfDay),
            ("19610312", Mended::Digits),
            ("03121961", Mended::Digits),
            ("22352", Mended::SerialDay),
            ("22352.0", Mended::SerialDay),
            ("3/12/61", Mended::Century),
            ("12-Mar-61", Mended::Century),
        ] {
            assert_eq!(read(text), Ok((day, Some(how))), "{text}");
        }
        assert_eq!(
            read("13/2/1961"),
            Ok((date(1961, 2, 13), Some(Mended::OtherOrder)))
        );
        assert_eq!(read("1/2/15").unwrap().0, date(2015, 1, 2));
        assert_eq!(read("1/2/16").unwrap().0, date(1916, 1, 2));
        assert_eq!(read("8/1/15").unwrap().0, date(1915, 8, 1));
        let day_first = read_date("03/12/1961", DateOrder::DayFirst, LATEST);
        assert_eq!(day_first.unwrap().date, date(1961, 12, 3));
        assert_eq!(serial_day(1), Some(date(1900, 1, 1)));
        assert_eq!(serial_day(61), Some(date(1900, 3, 1)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for wrong in
            "|1961|1961-02-30|31/31/1961|soon|12|1961-03|121961|3/12/961|+961-02-03|Mar 1961"
                .split('|')
        {
            assert_eq!(read(wrong), Err(NoDate::Malformed), "{wrong}");
        }
        assert_eq!(read("2.2352E+04"), Err(NoDate::DigitsLost));
        assert!(is_scientific("4.56E+08") && !is_scientific("E5") && !is_scientific("12E Main"));
    }

    #[test]
    fn a_date_may_tell_the_order_of_all() {
        assert_eq!(order_of("13/02/1961"), Some(DateOrder::DayFirst));
        assert_eq!(order_of("02/13/1961 00:00"), Some(DateOrder::MonthFirst));
        for neither in ["02/03/1961", "1961-02-13", "", "13 Feb 1961"] {
            assert_eq!(order_of(neither), None, "{neither}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,20}") {
            let _ = read(&text);
            let _ = order_of(&text);
        }

        #[test]
        fn every_plain_date_is_read(year in 1890i16..2015, month in 1i8..=12, day in 1i8..=28) {
            let born = date(year, month, day);
            prop_assert_eq!(read(&born.to_string()), Ok((born, None)));
            let american = format!("{month:02}/{day:02}/{year}");
            prop_assert_eq!(read(&american), Ok((born, None)));
        }
    }
}
