//! What a further clinic has of somebody that is not as the person is: what it left out, what changed since, and what was mistyped.

use jiff::civil::Date;

use super::written;
use crate::lab::people::dice::{Dice, cumulate};
use crate::lab::people::person::Person;
use crate::lab::people::{names, places};

/// Of 1,000 further listings so many have no slip, one, two, or three: most have none or one.
const HOW_MANY: [u32; 4] = [450, 430, 100, 20];

/// How often each slip is made beside the others, in thousandths. What is left out or outdated is far more frequent than what is mistyped.
const SHARES: [(Slip, u32); 15] = [
    (Slip::NumberLeftOut, 170),
    (Slip::Moved, 160),
    (Slip::MiddleNameShort, 130),
    (Slip::AddressWritten, 130),
    (Slip::PhoneChanged, 120),
    (Slip::Nickname, 60),
    (Slip::GivenNameMistyped, 50),
    (Slip::FamilyNameMistyped, 50),
    (Slip::NumberMistyped, 35),
    (Slip::BirthDateMistyped, 30),
    (Slip::Married, 20),
    (Slip::MarriedAndMoved, 20),
    (Slip::DayAndMonthSwapped, 10),
    (Slip::BirthDateLeftOut, 10),
    (Slip::NamesSwapped, 5),
];

/// Slips of which one hides the other: a row has one of each.
const ONE_OF: [&[Slip]; 4] = [
    &[Slip::NumberLeftOut, Slip::NumberMistyped],
    &[
        Slip::BirthDateLeftOut,
        Slip::BirthDateMistyped,
        Slip::DayAndMonthSwapped,
    ],
    &[
        Slip::Married,
        Slip::MarriedAndMoved,
        Slip::FamilyNameMistyped,
    ],
    &[Slip::Moved, Slip::MarriedAndMoved, Slip::AddressWritten],
];

/// Of 1,000 women who married so many have both names.
const BOTH_NAMES: u32 = 150;
/// Whoever was born after this year is not married.
const MARRIED_UNTIL: i16 = 2006;

/// What of a row is not as the person is, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slip {
    /// The number is left out.
    NumberLeftOut,
    /// The person has no number.
    HasNoNumber,
    /// A digit of the number is another one, or two neighbours are swapped.
    NumberMistyped,
    /// The number is that of the guarantor, or of the twin.
    NumberOfAnother,
    /// Number and birth date are fillers.
    Filler,
    /// The birth date is left out.
    BirthDateLeftOut,
    /// A digit of the birth date is another one.
    BirthDateMistyped,
    /// Day and month of the birth date are swapped.
    DayAndMonthSwapped,
    /// The given name has a typing error.
    GivenNameMistyped,
    /// The family name has a typing error.
    FamilyNameMistyped,
    /// Given name and family name are swapped.
    NamesSwapped,
    /// The given name is a short form.
    Nickname,
    /// The middle name is an initial or left out.
    MiddleNameShort,
    /// The suffix is left out.
    SuffixLeftOut,
    /// The family name is the one after the wedding.
    Married,
    /// The same, and the address is another one.
    MarriedAndMoved,
    /// The address is another one.
    Moved,
    /// The telephone number is another one.
    PhoneChanged,
    /// The same address is written otherwise.
    AddressWritten,
}

impl Slip {
    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NumberLeftOut => "SSN in one list only",
            Self::HasNoNumber => "SSN in neither list",
            Self::NumberMistyped => "SSN mistyped",
            Self::NumberOfAnother => "SSN of a relative",
            Self::Filler => "filler SSN and birth date",
            Self::BirthDateLeftOut => "birth date in one list only",
            Self::BirthDateMistyped => "birth date mistyped",
            Self::DayAndMonthSwapped => "day and month swapped",
            Self::GivenNameMistyped => "given name mistyped",
            Self::FamilyNameMistyped => "family name mistyped",
            Self::NamesSwapped => "given and family name swapped",
            Self::Nickname => "nickname",
            Self::MiddleNameShort => "middle name short or missing",
            Self::SuffixLeftOut => "suffix left out",
            Self::Married => "married",
            Self::MarriedAndMoved => "married and moved",
            Self::Moved => "moved",
            Self::PhoneChanged => "telephone changed",
            Self::AddressWritten => "address written otherwise",
        }
    }

    /// Tells whether it needs a number to be seen.
    pub const fn is_of_the_number(self) -> bool {
        matches!(
            self,
            Self::NumberLeftOut | Self::HasNoNumber | Self::NumberMistyped | Self::NumberOfAnother
        )
    }

    fn excludes(self, other: Self) -> bool {
        let has_both = |group: &&[Self]| group.contains(&self) && group.contains(&other);
        self == other || ONE_OF.iter().any(has_both)
    }

    /// Makes it; tells whether it could be made of this person.
    fn make(self, dice: &mut Dice, person: &mut Person, woman: bool) -> bool {
        let before = person.clone();
        match self {
            Self::NumberLeftOut => person.ssn = None,
            Self::NumberMistyped => {
                person.ssn = person
                    .ssn
                    .take()
                    .map(|number| written::mistype_number(dice, &number));
            }
            // It is left out of the row.
            Self::BirthDateLeftOut => return true,
            Self::BirthDateMistyped => {
                person.date_of_birth = written::mistype_date(dice, person.date_of_birth);
            }
            Self::DayAndMonthSwapped => {
                let born = person.date_of_birth;
                let swapped = Date::new(born.year(), born.day(), born.month());
                person.date_of_birth = swapped.unwrap_or(born);
            }
            Self::GivenNameMistyped => {
                person.given_name = written::mistype(dice, &person.given_name);
            }
            Self::FamilyNameMistyped => {
                person.family_name = written::mistype(dice, &person.family_name);
            }
            Self::NamesSwapped => {
                std::mem::swap(&mut person.given_name, &mut person.family_name);
            }
            Self::Nickname => {
                if let Some(short) = names::nickname(&person.given_name) {
                    short.clone_into(&mut person.given_name);
                }
            }
            Self::MiddleNameShort => {
                let keep = usize::from(person.middle_name.len() > 1 && dice.chance(500));
                person.middle_name.truncate(keep);
            }
            Self::Married | Self::MarriedAndMoved => {
                if woman && person.date_of_birth.year() <= MARRIED_UNTIL {
                    marry(dice, person);
                    if self == Self::MarriedAndMoved {
                        move_away(dice, person);
                    }
                }
            }
            Self::Moved => move_away(dice, person),
            Self::PhoneChanged => change_phone(dice, person),
            Self::AddressWritten => written::write_otherwise(dice, &mut person.address),
            // These are not drawn.
            Self::HasNoNumber | Self::NumberOfAnother | Self::Filler | Self::SuffixLeftOut => {}
        }
        *person != before
    }
}

/// Makes as many slips as a further listing has. Gives those.
pub fn make(dice: &mut Dice, person: &mut Person, woman: bool) -> Vec<Slip> {
    let wanted = weighted(dice, HOW_MANY);
    let mut made: Vec<Slip> = Vec::new();
    while made.len() < wanted {
        let (slip, _) = SHARES[weighted(dice, SHARES.map(|(_, share)| share))];
        let is_hidden = made.iter().any(|other| slip.excludes(*other));
        if !is_hidden && slip.make(dice, person, woman) {
            made.push(slip);
        }
    }
    made
}

fn weighted<const N: usize>(dice: &mut Dice, shares: [u32; N]) -> usize {
    dice.weighted(&cumulate(shares))
}

fn marry(dice: &mut Dice, person: &mut Person) {
    let name = names::surname(dice);
    person.family_name = if dice.chance(BOTH_NAMES) {
        format!("{}-{name}", person.family_name)
    } else {
        name
    };
}

/// Draws another address under another ZIP code.
fn move_away(dice: &mut Dice, person: &mut Person) {
    let before = person.address.postal_code.clone();
    while person.address.postal_code.get(..5) == before.get(..5) {
        (person.address, _) = places::domestic(dice);
    }
}

fn change_phone(dice: &mut Dice, person: &mut Person) {
    let digits: Vec<u8> = person.phone.bytes().filter(u8::is_ascii_digit).collect();
    let Some(national) = digits.last_chunk::<10>() else {
        return;
    };
    let area = String::from_utf8_lossy(&national[..3]).into_owned();
    let line = dice.between(1_000, 9_999);
    person.phone = format!("({area}) 555-{line}");
}
