//! The ways in which a claim can be refused, and the calls that are.

use jiff::Span;
use jiff::civil::{Date, date};

use crate::lab::callers::letters::Person;
use crate::lab::people::dice::Dice;
use crate::lab::people::{names, places};
use crate::wire::redress::identity::v1::Claims;

/// Why a claim is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// With an enrollment, in a campaign that does not exist.
    UnknownCampaign,
    /// With an enrollment that does not exist.
    UnknownEnrollment,
    /// With a letter, and another birth date than the person's.
    WrongDate,
    /// With a letter, and all that is true of another person.
    AnothersData,
    /// With an enrollment that does not exist and was tried too often.
    SpentEnrollment,
    /// With a letter that was tried too often.
    SpentLetter,
    /// Without a letter, somebody who is not on the list.
    LookUpStranger,
    /// Without a letter, somebody who is on the list, with another birth date.
    LookUpWrongDate,
    /// Without a letter, somebody who is not on the list and was tried too often.
    SpentStranger,
    /// Without a letter, somebody who is on the list and was tried too often.
    SpentPerson,
}

/// Within a group nobody may tell one class from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Refused with a letter, or with what looks like one.
    Letter,
    /// The same, throttled.
    SpentLetter,
    /// Refused without a letter.
    LookUp,
    /// The same, throttled.
    SpentLookUp,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::UnknownCampaign,
        Self::UnknownEnrollment,
        Self::WrongDate,
        Self::AnothersData,
        Self::SpentEnrollment,
        Self::SpentLetter,
        Self::LookUpStranger,
        Self::LookUpWrongDate,
        Self::SpentStranger,
        Self::SpentPerson,
    ];

    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownCampaign => "unknown campaign",
            Self::UnknownEnrollment => "unknown enrollment",
            Self::WrongDate => "letter, wrong birth date",
            Self::AnothersData => "letter, another person's data",
            Self::SpentEnrollment => "unknown enrollment, throttled",
            Self::SpentLetter => "letter, throttled",
            Self::LookUpStranger => "nobody on the list",
            Self::LookUpWrongDate => "somebody on the list, wrong birth date",
            Self::SpentStranger => "nobody on the list, throttled",
            Self::SpentPerson => "somebody on the list, throttled",
        }
    }

    /// Gives the classes that it must not be told from.
    pub const fn group(self) -> Group {
        match self {
            Self::UnknownCampaign
            | Self::UnknownEnrollment
            | Self::WrongDate
            | Self::AnothersData => Group::Letter,
            Self::SpentEnrollment | Self::SpentLetter => Group::SpentLetter,
            Self::LookUpStranger | Self::LookUpWrongDate => Group::LookUp,
            Self::SpentStranger | Self::SpentPerson => Group::SpentLookUp,
        }
    }

    /// Tells whether it is refused because there were too many tries.
    pub const fn is_throttled(self) -> bool {
        matches!(self.group(), Group::SpentLetter | Group::SpentLookUp)
    }

    const fn is_of_unknown_campaign(self) -> bool {
        matches!(self, Self::UnknownCampaign)
    }
}

impl Group {
    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Letter => "with a letter",
            Self::SpentLetter => "with a letter, throttled",
            Self::LookUp => "without a letter",
            Self::SpentLookUp => "without a letter, throttled",
        }
    }
}

/// A call that is refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub class: Class,
    /// Whether it names a campaign that does not exist.
    pub unknown_campaign: bool,
    /// The enrollment, if there is one.
    pub enrollment: Option<String>,
    /// What is claimed.
    pub claims: Claims,
}

/// A letter, and whose it is.
pub struct Letter<'a> {
    /// The person whom it names.
    pub person: &'a Person,
    /// The enrollment that its code began.
    pub enrollment: String,
}

/// The letters that calls are made with.
pub struct Letters<'a> {
    /// One for each call of a class.
    pub fresh: &'a [Letter<'a>],
    /// One whose tries are used up.
    pub spent: &'a Letter<'a>,
}

impl Letters<'_> {
    /// Gives the next one who was born on quite another day: whoever has the right date is looked at and not refused.
    fn other_than<'a>(&'a self, person: &'a Person, number: usize) -> &'a Person {
        let from = number % self.fresh.len();
        let next = self.fresh.iter().cycle().skip(from + 1);
        let mut others = next.take(self.fresh.len()).map(|letter| letter.person);
        let is_other = |it: &&Person| !is_alike(it.date_of_birth, person.date_of_birth);
        others.find(is_other).unwrap_or(person)
    }

    /// Makes call `number` of a class.
    pub fn call(&self, class: Class, number: usize, seed: u64) -> Refusal {
        let letter = &self.fresh[number % self.fresh.len()];
        let mut dice = Dice::new(seed, number as u64 * 16 + class as u64);
        let wrong = |dice: &mut Dice| with_wrong_date(dice, letter.person);
        let (enrollment, said) = match class {
            Class::UnknownCampaign | Class::WrongDate => {
                (Some(letter.enrollment.clone()), wrong(&mut dice))
            }
            Class::UnknownEnrollment => (Some(random_id(&mut dice)), wrong(&mut dice)),
            Class::AnothersData => {
                let said = without_number(self.other_than(letter.person, number));
                (Some(letter.enrollment.clone()), said)
            }
            Class::SpentEnrollment => (Some(NO_ENROLLMENT.to_owned()), wrong(&mut dice)),
            Class::SpentLetter => (Some(self.spent.enrollment.clone()), wrong(&mut dice)),
            Class::LookUpWrongDate => (None, wrong(&mut dice)),
            Class::LookUpStranger => (None, stranger(&mut dice)),
            Class::SpentStranger => (None, stranger(&mut Dice::new(seed, u64::MAX))),
            Class::SpentPerson => {
                let dice = &mut Dice::new(seed, u64::MAX);
                (None, with_wrong_date(dice, self.spent.person))
            }
        };
        Refusal {
            class,
            unknown_campaign: class.is_of_unknown_campaign(),
            enrollment,
            claims: said.claims(),
        }
    }
}

/// An enrollment that does not exist.
const NO_ENROLLMENT: &str = "018f0000-0000-7000-8000-000000000001";

fn random_id(dice: &mut Dice) -> String {
    let mut bytes = [0; 16];
    bytes.fill_with(|| u8::try_from(dice.below(256)).unwrap_or(0));
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn without_number(person: &Person) -> Person {
    Person {
        ssn: String::new(),
        ..person.clone()
    }
}

/// The person, born on quite another day: in another year, month and day.
fn with_wrong_date(dice: &mut Dice, person: &Person) -> Person {
    let mut said = without_number(person);
    let born = person.date_of_birth;
    while is_alike(said.date_of_birth, born) {
        let days = i64::from(dice.below(25_000));
        said.date_of_birth = date(1930, 1, 1).saturating_add(Span::new().days(days));
    }
    said
}

/// Tells whether two days share their month, day, last digit of the year or decade.
fn is_alike(one: Date, other: Date) -> bool {
    let parts = |day: Date| {
        [
            i16::from(day.month()),
            i16::from(day.day()),
            day.year() % 10,
            day.year() / 10,
        ]
    };
    let same = parts(one).into_iter().zip(parts(other));
    same.filter(|(a, b)| a == b).count() > 0
}

/// Somebody whose name nobody has.
fn stranger(dice: &mut Dice) -> Person {
    let letters = |dice: &mut Dice, count: u32| -> String {
        let drawn = (0..count).map(|_| char::from(*dice.pick(b"abcdefghijklmnopqrstuvwxyz")));
        drawn.collect()
    };
    let length = dice.between(4, 8);
    let born = date(1930, 1, 1).saturating_add(Span::new().days(i64::from(dice.below(25_000))));
    Person {
        given_name: names::given_name(dice, born.year(), length.is_multiple_of(2)).to_owned(),
        middle_name: "J".to_owned(),
        family_name: format!("Q{}", letters(dice, length)),
        date_of_birth: born,
        ssn: String::new(),
        postal_code: places::domestic(dice).0.postal_code,
        phone: String::new(),
        email: String::new(),
        population: String::new(),
    }
}
