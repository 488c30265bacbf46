//! One invented person, drawn from their own stream.

use jiff::civil::Date;

use super::dice::Dice;
use super::places::{self, Address};
use super::shape::Shape;
use super::{names, ssn};

/// A person as they are, before any covered entity writes them down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub given_name: String,
    /// Middle name or initial.
    pub middle_name: String,
    /// Surname.
    pub family_name: String,
    /// Generational suffix.
    pub suffix: &'static str,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Nine digits.
    pub ssn: Option<String>,
    /// Where they live.
    pub address: Address,
    /// Telephone number.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// `adult`, `minor` or `deceased`; empty when the entity did not say.
    pub population: &'static str,
    /// `es`; empty when letters come in the campaign's language.
    pub language: &'static str,
}

/// What is settled about a person before they have a name.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// `adult`, `minor` or `deceased`; empty when the entity did not say.
    pub population: &'static str,
    /// Age in years.
    pub age: u32,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Whether a woman or a girl.
    pub woman: bool,
}

impl Start {
    /// Draws anybody.
    pub fn draw(dice: &mut Dice, as_of: Date) -> Self {
        let (population, age) = population_and_age(dice);
        Self {
            population,
            age,
            date_of_birth: birth(dice, as_of, age),
            woman: dice.chance(540),
        }
    }

    /// Draws somebody of an age.
    pub fn of_age(dice: &mut Dice, as_of: Date, age: u32, woman: bool) -> Self {
        Self {
            population: if age < 17 { "minor" } else { "adult" },
            age,
            date_of_birth: birth(dice, as_of, age),
            woman,
        }
    }
}

/// Draws the person of this rank.
pub fn draw(dice: &mut Dice, shape: &Shape, rank: u64) -> Person {
    let start = Start::draw(dice, shape.as_of);
    draw_from(dice, shape, rank, start)
}

/// Draws what a person has beside their birth date.
pub fn draw_from(dice: &mut Dice, shape: &Shape, rank: u64, start: Start) -> Person {
    let Start {
        population,
        age,
        date_of_birth,
        woman,
    } = start;
    let given_name = names::given_name(dice, date_of_birth.year(), woman).to_owned();
    let family_name = names::surname(dice);
    let middle_name = middle(dice, date_of_birth.year(), woman);
    let suffix = if !woman && dice.chance(35) {
        dice.pick(&["Jr", "Sr", "II", "III"])
    } else {
        ""
    };
    let no_ssn = dice.chance(60);
    let (address, area) = address(dice);
    let phone = phone(dice, area);
    let email = email(dice, &given_name, &family_name, age, rank);
    Person {
        given_name,
        middle_name,
        family_name,
        suffix,
        date_of_birth,
        ssn: if no_ssn {
            None
        } else {
            ssn::ssn(shape.seed, rank)
        },
        address,
        phone,
        email,
        population,
        language: language(shape, rank),
    }
}

/// Drawn from its own stream, so that the other values of a seed stay the same.
fn language(shape: &Shape, rank: u64) -> &'static str {
    if Dice::new(shape.seed, !rank).chance(90) {
        "es"
    } else {
        ""
    }
}

fn population_and_age(dice: &mut Dice) -> (&'static str, u32) {
    match dice.below(1_000) {
        0..80 => ("minor", dice.between(0, 16)),
        80..100 => ("deceased", dice.between(48, 98)),
        100..300 => ("", adult_age(dice)),
        _ => ("adult", adult_age(dice)),
    }
}

/// Patients are older than the public.
fn adult_age(dice: &mut Dice) -> u32 {
    match dice.below(10) {
        0..3 => dice.between(19, 39),
        3..8 => dice.between(40, 69),
        _ => dice.between(70, 94),
    }
}

fn birth(dice: &mut Dice, as_of: Date, age: u32) -> Date {
    let days = i64::from(age * 365 + age / 4 + dice.below(365));
    as_of.saturating_sub(jiff::Span::new().days(days))
}

fn middle(dice: &mut Dice, year: i16, woman: bool) -> String {
    match dice.below(10) {
        0..2 => String::new(),
        2..8 => names::given_name(dice, year, woman)[..1].to_owned(),
        _ => names::given_name(dice, year, woman).to_owned(),
    }
}

fn address(dice: &mut Dice) -> (Address, &'static str) {
    if dice.chance(5) {
        return (places::foreign(dice), "");
    }
    let (mut address, area) = places::domestic(dice);
    if dice.chance(20) {
        places::undeliverable(dice, &mut address);
    }
    (address, area)
}

/// Numbers of the exchange 555, which belongs to nobody.
fn phone(dice: &mut Dice, area: &str) -> String {
    if area.is_empty() || !dice.chance(680) {
        return String::new();
    }
    let line = dice.between(1_000, 9_999);
    match dice.below(3) {
        0 => format!("({area}) 555-{line}"),
        1 => format!("{area}-555-{line}"),
        _ => format!("+1{area}555{line}"),
    }
}

/// Draws an e-mail address under the domains that are reserved for examples (RFC 2606); some have none.
pub fn email(dice: &mut Dice, given: &str, family: &str, age: u32, rank: u64) -> String {
    let share = if age < 70 { 560 } else { 220 };
    if age < 13 || !dice.chance(share) {
        return String::new();
    }
    let domain = dice.pick(&["example.com", "example.net", "example.org"]);
    let family: String = family.chars().filter(char::is_ascii_alphabetic).collect();
    format!("{given}.{family}{}@{domain}", rank % 1_000_003).to_ascii_lowercase()
}
