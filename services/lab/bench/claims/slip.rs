//! The error model: what a true person says otherwise than their record has it.
//!
//! No study of what callers get wrong is public with its figures, so the shares are assumptions, each a constant: most say everything
//! right; the last four digits are what they most often keep to themselves, then come those who have moved, short and mistyped names,
//! names before or after a wedding, and last slips in the birth date and in the digits. One caller in sixteen has two.
//!
//! The model shares no code with what is measured, nor with the one of the labelled rosters: there a clinic wrote a person down, here
//! somebody types or speaks.

use jiff::civil::{Date, date};

use crate::lab::callers::letters::Person;
use crate::lab::people::dice::{Dice, cumulate};
use crate::lab::people::{names, places};

/// Of 1,000 callers so many make no slip, one, or two.
const HOW_MANY: [u32; 3] = [620, 320, 60];

/// How often each slip is made beside the others.
const SHARES: [(Slip, u32); 10] = [
    (Slip::LastFourMissing, 290),
    (Slip::Moved, 190),
    (Slip::FamilyNameMistyped, 115),
    (Slip::Nickname, 115),
    (Slip::GivenNameMistyped, 95),
    (Slip::OtherFamilyName, 65),
    (Slip::BirthDateDigit, 40),
    (Slip::LastFourDigit, 40),
    (Slip::LastFourTransposed, 25),
    (Slip::DayAndMonthSwapped, 25),
];

/// Of 1,000 people with another family name so many give both.
const BOTH_NAMES: u32 = 200;
/// Of 1,000 typing errors in a name so many are in its first letter.
const FIRST_LETTER: u32 = 50;
/// A birth date that a form takes is not before this day.
const OLDEST: Date = date(1908, 1, 1);
/// Nor is an adult's after this one.
const YOUNGEST: Date = date(2007, 1, 1);

/// One slip, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slip {
    /// A typing error in the given name.
    GivenNameMistyped,
    /// A typing error in the family name.
    FamilyNameMistyped,
    /// The given name that friends use.
    Nickname,
    /// The family name from before or after a wedding, alone or beside the other.
    OtherFamilyName,
    /// Day and month are swapped.
    DayAndMonthSwapped,
    /// One digit of the birth date is another one.
    BirthDateDigit,
    /// One of the last four digits of the number is another one.
    LastFourDigit,
    /// Two neighbours of the last four digits are swapped.
    LastFourTransposed,
    /// The ZIP code of another place.
    Moved,
    /// The last four digits are not given.
    LastFourMissing,
}

/// What a claim has of slips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// None.
    Right,
    /// One.
    One(Slip),
    /// Two.
    Two,
}

impl Kind {
    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "no slip",
            Self::One(slip) => slip.name(),
            Self::Two => "two slips",
        }
    }
}

impl Slip {
    const fn name(self) -> &'static str {
        match self {
            Self::GivenNameMistyped => "given name mistyped",
            Self::FamilyNameMistyped => "family name mistyped",
            Self::Nickname => "nickname",
            Self::OtherFamilyName => "maiden or married name",
            Self::DayAndMonthSwapped => "day and month swapped",
            Self::BirthDateDigit => "one digit of the birth date",
            Self::LastFourDigit => "one digit of the last four",
            Self::LastFourTransposed => "two of the last four swapped",
            Self::Moved => "ZIP of another place",
            Self::LastFourMissing => "last four not given",
        }
    }

    /// Gives what it is about; two slips are about two things.
    const fn field(self) -> u8 {
        match self {
            Self::GivenNameMistyped | Self::Nickname => 0,
            Self::FamilyNameMistyped | Self::OtherFamilyName => 1,
            Self::DayAndMonthSwapped | Self::BirthDateDigit => 2,
            Self::LastFourDigit | Self::LastFourTransposed | Self::LastFourMissing => 3,
            Self::Moved => 4,
        }
    }

    /// Makes it; tells whether it could be made of this person.
    fn make(self, dice: &mut Dice, said: &mut Person) -> bool {
        let before = said.clone();
        match self {
            Self::GivenNameMistyped => said.given_name = mistype(dice, &said.given_name),
            Self::FamilyNameMistyped => said.family_name = mistype(dice, &said.family_name),
            Self::Nickname => {
                if let Some(short) = names::nickname(&said.given_name) {
                    short.clone_into(&mut said.given_name);
                }
            }
            Self::OtherFamilyName => {
                let name = names::surname(dice);
                said.family_name = if dice.chance(BOTH_NAMES) {
                    format!("{}-{name}", said.family_name)
                } else {
                    name
                };
            }
            Self::DayAndMonthSwapped => {
                let born = said.date_of_birth;
                said.date_of_birth =
                    Date::new(born.year(), born.day(), born.month()).unwrap_or(born);
            }
            Self::BirthDateDigit => {
                said.date_of_birth = with_another_digit(dice, said.date_of_birth);
            }
            Self::LastFourDigit => said.ssn = change_digit(dice, &said.ssn, 0),
            Self::LastFourTransposed => said.ssn = swap_digits(dice, &said.ssn),
            Self::Moved => said.postal_code = places::domestic(dice).0.postal_code,
            Self::LastFourMissing => said.ssn.clear(),
        }
        // A town is another one by its ZIP code, not by the four digits behind it.
        let zip = |person: &Person| person.postal_code.get(..5).map(str::to_owned);
        *said != before && (self != Self::Moved || zip(said) != zip(&before))
    }
}

/// Makes of a record what the person says about themself: the number by its last four digits, and as many slips as a caller makes.
pub fn say(dice: &mut Dice, record: &Person) -> (Person, Kind) {
    let wanted = weighted(dice, HOW_MANY);
    let mut said = by_last_four(record);
    let mut made: Vec<Slip> = Vec::new();
    while made.len() < wanted {
        let (slip, _) = SHARES[weighted(dice, SHARES.map(|(_, share)| share))];
        let is_about_another = made.iter().all(|other| other.field() != slip.field());
        let mut tried = said.clone();
        if is_about_another && slip.make(dice, &mut tried) {
            said = tried;
            made.push(slip);
        }
    }
    let kind = match made[..] {
        [] => Kind::Right,
        [one] => Kind::One(one),
        _ => Kind::Two,
    };
    (said, kind)
}

/// Gives a person who tells no more of the number than its last four digits.
pub fn by_last_four(record: &Person) -> Person {
    let mut said = record.clone();
    said.ssn = said.ssn.get(5..).unwrap_or_default().to_owned();
    said
}

fn weighted<const N: usize>(dice: &mut Dice, shares: [u32; N]) -> usize {
    dice.weighted(&cumulate(shares))
}

/// Types another letter, swaps two neighbours, leaves one out or types one twice.
fn mistype(dice: &mut Dice, name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let last = u32::try_from(letters.len().saturating_sub(1)).unwrap_or(0);
    let at = if last == 0 || dice.chance(FIRST_LETTER) {
        0
    } else {
        dice.between(1, last) as usize
    };
    match dice.below(4) {
        _ if letters.is_empty() => {}
        0 => letters[at] = char::from(*dice.pick(b"abcdefghijklmnopqrstuvwxyz")),
        1 if at + 1 < letters.len() => letters.swap(at, at + 1),
        2 if letters.len() > 2 => drop(letters.remove(at)),
        _ => letters.insert(at, letters[at]),
    }
    let typed: String = letters.into_iter().collect();
    // Capital and small letters are no slip.
    if typed.eq_ignore_ascii_case(name) {
        name.to_owned()
    } else {
        typed
    }
}

/// Gives a day that differs in one digit, where there is one among a few draws.
fn with_another_digit(dice: &mut Dice, born: Date) -> Date {
    let digits = born.strftime("%Y%m%d").to_string();
    let days = std::iter::repeat_with(|| change_digit(dice, &digits, 2)).take(20);
    let mut days = days.filter_map(|digits| Date::strptime("%Y%m%d", digits).ok());
    let found = days.find(|day| *day != born && (OLDEST..YOUNGEST).contains(day));
    found.unwrap_or(born)
}

/// Puts another digit in one place, not before `from`.
fn change_digit(dice: &mut Dice, digits: &str, from: u32) -> String {
    let mut digits = digits.as_bytes().to_vec();
    let Some(last) = u32::try_from(digits.len()).unwrap_or(0).checked_sub(1) else {
        return String::new();
    };
    let at = dice.between(from, last) as usize;
    digits[at] = *dice.pick(b"0123456789");
    String::from_utf8_lossy(&digits).into_owned()
}

fn swap_digits(dice: &mut Dice, digits: &str) -> String {
    let mut digits = digits.as_bytes().to_vec();
    if let Some(last) = digits.len().checked_sub(2) {
        let at = dice.below(u32::try_from(last + 1).unwrap_or(1)) as usize;
        digits.swap(at, at + 1);
    }
    String::from_utf8_lossy(&digits).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn person(dice: &mut Dice) -> Person {
        let woman = dice.chance(500);
        let born = date(1950, 3, 12).saturating_add(jiff::Span::new().days(dice.below(12_000)));
        Person {
            given_name: names::given_name(dice, born.year(), woman).to_owned(),
            middle_name: String::new(),
            family_name: names::surname(dice),
            date_of_birth: born,
            ssn: format!("666{:06}", dice.between(20_001, 999_999)),
            postal_code: places::domestic(dice).0.postal_code,
            phone: String::new(),
            email: String::new(),
            population: "adult".to_owned(),
        }
    }

    #[test]
    fn each_slip_is_made_as_often_as_its_share_says() {
        let mut kinds: BTreeMap<Kind, u32> = BTreeMap::new();
        for at in 0..20_000 {
            let mut dice = Dice::new(1, at);
            let record = person(&mut dice);
            let (_, kind) = say(&mut dice, &record);
            *kinds.entry(kind).or_default() += 1;
        }
        assert_eq!(kinds.len(), SHARES.len() + 2);
        let share = |kind| kinds[&kind] * 1_000 / 20_000;
        assert!((600..=640).contains(&share(Kind::Right)));
        assert!((50..=70).contains(&share(Kind::Two)));
        for (slip, of_slips) in SHARES {
            let (seen, wanted) = (share(Kind::One(slip)), of_slips * 320 / 1_000);
            // Some cannot be made of everybody, and others take their place.
            assert!(seen <= wanted * 2 && seen * 4 >= wanted, "{slip:?} {seen}");
        }
    }

    #[test]
    fn a_slip_changes_one_thing_and_that_for_another() {
        for at in 0..5_000 {
            let mut dice = Dice::new(2, at);
            let record = person(&mut dice);
            let (said, kind) = say(&mut dice, &record);
            let right = by_last_four(&record);
            let differs = [
                said.given_name != right.given_name,
                said.family_name != right.family_name,
                said.date_of_birth != right.date_of_birth,
                said.ssn != right.ssn,
                said.postal_code != right.postal_code,
            ];
            let places: Vec<usize> = (0..5).filter(|at| differs[*at]).collect();
            match kind {
                Kind::Right => assert!(places.is_empty()),
                Kind::One(slip) => assert_eq!(places, [usize::from(slip.field())]),
                Kind::Two => assert_eq!(places.len(), 2),
            }
        }
    }
}
