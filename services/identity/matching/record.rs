//! What is compared of a row of a roster, and how two such records agree, field by field.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

use super::compare;
use super::contact::{self, Kind};
use super::date;
use super::fold::{self, Folded};
use super::frequency;
use super::level::{Field, Level};
use super::street;

/// What is compared of a record, folded once. It has no `Debug`: all of it is personal.
#[derive(Clone)]
pub struct Record {
    pub(super) given: Folded,
    pub(super) middle: Folded,
    pub(super) family: Folded,
    /// Family names that the person had before.
    pub(super) former: Vec<Folded>,
    pub(super) generation: Option<u8>,
    pub(super) born: Option<Date>,
    pub(super) ssn: Option<Text>,
    pub(super) postal: Secret<String>,
    pub(super) street: Secret<String>,
    pub(super) contacts: Vec<(Kind, Text)>,
    /// By how much an agreement in the family name and the given name weighs more than in a typical name, in hundredths of a bit.
    pub(super) rarity: (i32, i32),
}

impl Record {
    /// Folds what is compared of a person.
    pub fn of(person: &Person) -> Self {
        let text = |text: &Option<Text>| text.as_ref().map_or("", |text| text.expose()).to_owned();
        let family_name = person.family_name.expose();
        let (family, given) = (
            fold::family(family_name),
            fold::name(person.given_name.expose()),
        );
        let suffix = person
            .suffix
            .as_ref()
            .map(|suffix| suffix.expose().as_str());
        let contacts = contact::contacts(person);
        Self {
            rarity: rarity(&family, &given),
            given,
            middle: fold::name(&text(&person.middle_name)),
            family,
            former: fold::former_families(person).collect(),
            generation: fold::generation(suffix, family_name),
            born: person.date_of_birth,
            ssn: person.ssn.clone(),
            postal: fold::postal(&text(&person.postal_code)),
            street: street::key(&person.address_lines),
            contacts: contacts
                .map(|contact| (contact.kind, contact.value.clone()))
                .collect(),
        }
    }

    pub(super) fn is_given_by_an_initial(&self) -> bool {
        self.given.joined().chars().count() == 1
    }

    /// Tells whether the given name is what a hospital writes before there is one: of twins it writes it twice.
    pub(super) fn has_no_name_yet(&self) -> bool {
        is_no_name_yet(&self.given)
    }

    /// Gives the names after the first given one, in whichever column they stand.
    pub(super) fn further_names(&self) -> impl Iterator<Item = &str> {
        self.given.tokens().skip(1).chain(self.middle.tokens())
    }
}

impl Record {
    /// Tells whether two records bear one number and are surely not one person's: the number is a guarantor's, or a filler.
    pub fn shares_a_number_with(&self, other: &Self) -> bool {
        self.bears_the_number_of(other)
            && compare::given_name(&self.given, &other.given) == Level::Different
    }

    /// Tells whether there is a value of a field by which records are sorted: family name, birth date, number or street.
    pub(super) fn has(&self, field: Field) -> bool {
        self.key(field) != ("", "", None)
    }

    /// Sorts by the value of such a field.
    pub(super) fn order(&self, other: &Self, field: Field) -> Ordering {
        self.key(field).cmp(&other.key(field))
    }

    fn key(&self, field: Field) -> (&str, &str, Option<Date>) {
        match field {
            Field::FamilyName => (self.family.joined(), "", None),
            Field::DateOfBirth => ("", "", self.born),
            Field::Ssn => (self.ssn.as_ref().map_or("", |ssn| ssn.expose()), "", None),
            Field::Street if !self.street.expose().is_empty() => {
                (self.street.expose(), self.postal.expose(), None)
            }
            _ => ("", "", None),
        }
    }

    /// Tells whether two records bear one number.
    pub fn bears_the_number_of(&self, other: &Self) -> bool {
        number(self, other) == Level::Exact
    }

    /// Forgets the number, which turned out to be somebody else's.
    #[must_use]
    pub fn without_number(&self) -> Self {
        Self {
            ssn: None,
            ..self.clone()
        }
    }
}

fn rarity(family: &Folded, given: &Folded) -> (i32, i32) {
    let of_family = frequency::adjustment_of(frequency::Kind::Family, family);
    let of_given = frequency::adjustment_of(frequency::Kind::Given, given);
    // What is written where there is no name is common, whatever the lists of names say.
    let most = if is_no_name_yet(given) {
        0
    } else {
        frequency::MOST
    };
    (of_family, of_given.min(most))
}

fn is_no_name_yet(given: &Folded) -> bool {
    NO_NAME_YET.contains(&given.first()) || NO_NAME_YET.contains(&given.joined())
}

/// Given names of children who have none yet.
const NO_NAME_YET: [&str; 12] = [
    "baby", "babyboy", "babygirl", "boy", "girl", "newborn", "infant", "twin", "male", "female",
    "unknown", "unnamed",
];

/// The fields that are compared, in the order of a waterfall.
pub(super) const COMPARED: [Field; 9] = [
    Field::FamilyName,
    Field::GivenName,
    Field::MiddleName,
    Field::Suffix,
    Field::DateOfBirth,
    Field::Ssn,
    Field::Street,
    Field::PostalCode,
    Field::Contact,
];

/// Gives the level of each field, in the order of [`COMPARED`].
pub(super) fn levels(a: &Record, b: &Record) -> [Level; COMPARED.len()] {
    let (family, given) = compare::names((&a.family, &a.given), (&b.family, &b.given));
    let family = if family == Level::Different && was_called(a, b) {
        Level::Close
    } else {
        family
    };
    let born = a.born.zip(b.born);
    let street = street(a, b);
    // The postal code says nothing that the street has not said.
    let postal = if matches!(street, Level::Exact | Level::Close) {
        Level::Missing
    } else {
        postal(a, b)
    };
    [
        family,
        given,
        compare::given_name(&a.middle, &b.middle),
        same_or_not(a.generation, b.generation),
        born.map_or(Level::Missing, |(a, b)| date::compare(a, b)),
        number(a, b),
        street,
        postal,
        contact(a, b),
    ]
}

/// Tells whether one of two had the other's family name before.
fn was_called(a: &Record, b: &Record) -> bool {
    let had = |one: &Record, other: &Record| {
        let mut former = one.former.iter();
        former.any(|name| name.joined() == other.family.joined())
    };
    had(a, b) || had(b, a)
}

fn same_or_not<T: PartialEq>(a: Option<T>, b: Option<T>) -> Level {
    match a.zip(b) {
        None => Level::Missing,
        Some((a, b)) if a == b => Level::Exact,
        Some(_) => Level::Different,
    }
}

fn number(a: &Record, b: &Record) -> Level {
    let Some((a, b)) = a.ssn.as_ref().zip(b.ssn.as_ref()) else {
        return Level::Missing;
    };
    let (a, b) = (a.expose().as_bytes(), b.expose().as_bytes());
    if a == b {
        Level::Exact
    } else if date::one_slip(a, b) {
        Level::Close
    } else {
        Level::Different
    }
}

/// One street line of two towns is two addresses, and another house number another house. A typing error in the street or in the postal
/// code is CLOSE.
fn street(a: &Record, b: &Record) -> Level {
    let (one, other) = (a.street.expose(), b.street.expose());
    if one.is_empty() || other.is_empty() {
        return Level::Missing;
    }
    let (code, other_code) = (a.postal.expose(), b.postal.expose());
    let no_code = code.is_empty() || other_code.is_empty();
    let in_one_place = no_code || code == other_code;
    let is_near = in_one_place || date::one_slip(code.as_bytes(), other_code.as_bytes());
    match one == other {
        true if in_one_place => Level::Exact,
        true if is_near => Level::Close,
        false if in_one_place && is_one_house(one, other) => Level::Close,
        _ => Level::Different,
    }
}

/// Tells whether two street lines have the same numbers and nearly the same words.
fn is_one_house(a: &str, b: &str) -> bool {
    numbers(a).eq(numbers(b)) && strsim::jaro_winkler(a, b) >= NEARLY_ONE_STREET
}

fn numbers(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

/// How alike two street lines are that differ by a typing error or two.
const NEARLY_ONE_STREET: f64 = 0.9;

fn postal(a: &Record, b: &Record) -> Level {
    same_or_not(postal_code(a), postal_code(b))
}

fn postal_code(record: &Record) -> Option<&String> {
    Some(record.postal.expose()).filter(|code| !code.is_empty())
}

/// One contact in common is enough: people have several.
fn contact(a: &Record, b: &Record) -> Level {
    let meets = |(kind, value): &(Kind, Text)| {
        let mut others = b.contacts.iter();
        others.any(|(other, theirs)| kind == other && value.expose() == theirs.expose())
    };
    if a.contacts.iter().any(meets) {
        Level::Exact
    } else {
        let of = |record: &Record, kind| record.contacts.iter().any(|(one, _)| *one == kind);
        let comparable = [Kind::Email, Kind::Phone]
            .into_iter()
            .any(|kind| of(a, kind) && of(b, kind));
        if comparable {
            Level::Different
        } else {
            Level::Missing
        }
    }
}
