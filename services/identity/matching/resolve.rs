//! Tells whether two rows of a roster are of one person.
//!
//! Two errors are possible, and they do not weigh the same: somebody whose row is merged into another person's is never told, and somebody
//! who stays two people gets one letter too many. So only what is certain is merged, and what may be one person is listed for somebody to look
//! at. Certain is what every rule of [`is_certain`] allows; the sum of the weights decides only what is worth a look.
//!
//! A number is not a person: clinics write the guarantor's number for the whole family. Twins share the birth date and the house as well,
//! a father and his son the whole name; what tells them apart is the given name, the birth date or the suffix, and no sum outvotes these.

use jiff::civil::Date;

use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

use super::compare;
use super::contact::{self, Kind};
use super::date;
use super::fold::{self, Folded};
use super::street;
use super::waterfall::{Field, Level, Waterfall};
use super::weights::Weights;

/// From this sum on, in hundredths of a bit, two records may be one person: among four million (22 bits) it is then likelier than not. Equal
/// names and birth dates reach it by themselves, equal names in one postal code do not.
pub const WORTH_A_LOOK: i32 = 2_450;

/// The most that the address and the contacts weigh together: a household shares them all.
const HOUSEHOLD: i32 = 1_600;

/// What two records come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// Two people.
    Different,
    /// Perhaps one person: two people, until somebody has looked.
    Doubtful,
    /// One person.
    Same,
}

/// What is compared of a record, folded once. It has no `Debug`: all of it is personal.
#[derive(Clone)]
pub struct Record {
    given: Folded,
    middle: Folded,
    family: Folded,
    /// Family names that the person had before.
    former: Vec<Folded>,
    generation: Option<u8>,
    born: Option<Date>,
    ssn: Option<Text>,
    postal: Secret<String>,
    street: Secret<String>,
    contacts: Vec<(Kind, Text)>,
}

impl Record {
    /// Folds what is compared of a person.
    pub fn of(person: &Person) -> Self {
        let text = |text: &Option<Text>| text.as_ref().map_or("", |text| text.expose()).to_owned();
        let family = person.family_name.expose();
        let suffix = person
            .suffix
            .as_ref()
            .map(|suffix| suffix.expose().as_str());
        let former = person.prior_names.iter();
        let former = former.filter_map(|name| name.expose().split_whitespace().last());
        let contacts = contact::contacts(person);
        Self {
            given: fold::name(person.given_name.expose()),
            middle: fold::name(&text(&person.middle_name)),
            family: fold::family(family),
            former: former.map(fold::family).collect(),
            generation: fold::generation(suffix, family),
            born: person.date_of_birth,
            ssn: person.ssn.clone(),
            postal: fold::postal(&text(&person.postal_code)),
            street: street::key(&person.address_lines),
            contacts: contacts
                .map(|contact| (contact.kind, contact.value.clone()))
                .collect(),
        }
    }

    fn is_given_by_an_initial(&self) -> bool {
        self.given.joined().chars().count() == 1
    }

    /// Tells whether the given name is what a hospital writes before there is one: of twins it writes it twice.
    fn has_no_name_yet(&self) -> bool {
        NO_NAME_YET.contains(&self.given.first()) || NO_NAME_YET.contains(&self.given.joined())
    }

    /// Gives the names after the first given one, in whichever column they stand.
    fn further_names(&self) -> impl Iterator<Item = &str> {
        self.given.tokens().skip(1).chain(self.middle.tokens())
    }
}

impl Record {
    /// Tells whether two records bear one number and are surely not one person's: the number is a guarantor's, or a filler.
    pub fn shares_a_number_with(&self, other: &Self) -> bool {
        self.bears_the_number_of(other)
            && compare::given_name(&self.given, &other.given) == Level::Different
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

/// Compares two records.
pub fn resolve(a: &Record, b: &Record) -> (Resolution, Waterfall) {
    let waterfall = compare_records(a, b);
    let resolution = if is_certain(a, b, &waterfall) {
        Resolution::Same
    } else if waterfall.score() >= WORTH_A_LOOK && !tells_two_people(&waterfall) {
        Resolution::Doubtful
    } else {
        Resolution::Different
    };
    (resolution, waterfall)
}

fn compare_records(a: &Record, b: &Record) -> Waterfall {
    let weights = &Weights::built_in().resolving;
    let mut waterfall = Waterfall::default();
    let mut weigh = |field, level| waterfall.weigh(weights, field, level);
    let (family, given) = compare::names((&a.family, &a.given), (&b.family, &b.given));
    let had_before = a
        .former
        .iter()
        .any(|name| name.joined() == b.family.joined())
        || b.former
            .iter()
            .any(|name| name.joined() == a.family.joined());
    let family = if family == Level::Different && had_before {
        Level::Close
    } else {
        family
    };
    weigh(Field::FamilyName, family);
    weigh(Field::GivenName, given);
    weigh(Field::MiddleName, compare::given_name(&a.middle, &b.middle));
    weigh(Field::Suffix, same_or_not(a.generation, b.generation));
    let born = a.born.zip(b.born);
    weigh(
        Field::DateOfBirth,
        born.map_or(Level::Missing, |(a, b)| date::compare(a, b)),
    );
    weigh(Field::Ssn, number(a, b));
    let (street, postal, contact) = (street(a, b), postal(a, b), contact(a, b));
    // The postal code says nothing that the street has not said.
    let postal = if matches!(street, Level::Exact | Level::Close) {
        Level::Missing
    } else {
        postal
    };
    weigh(Field::Street, street);
    weigh(Field::PostalCode, postal);
    weigh(Field::Contact, contact);
    let home = weights.of(Field::Street, street) + weights.of(Field::PostalCode, postal);
    if let Some(last) = waterfall.0.last_mut() {
        last.weight = last.weight.min(HOUSEHOLD - home);
    }
    waterfall
}

/// Tells whether two records are surely one person's.
fn is_certain(a: &Record, b: &Record, found: &Waterfall) -> bool {
    use Level::{Close, Different, Exact, Missing, Nickname, Transposed};
    let [family, given, born, number] = [
        Field::FamilyName,
        Field::GivenName,
        Field::DateOfBirth,
        Field::Ssn,
    ]
    .map(|field| found.level(field));
    let contradicted = found.level(Field::Suffix) == Different
        || found.level(Field::MiddleName) == Different
        || a.is_given_by_an_initial() != b.is_given_by_an_initial()
        || a.has_no_name_yet()
        || b.has_no_name_yet()
        || !further_names_fit(a, b);
    let is_one_given_name = match given {
        Exact | Transposed => true,
        Nickname => is_short_form(a, b),
        // A given name that is a typing error away may be the twin's.
        _ => false,
    };
    if contradicted || !is_one_given_name {
        return false;
    }
    let is_named = matches!(family, Exact | Close | Transposed);
    let at_home =
        matches!(found.level(Field::Street), Exact | Close) || found.level(Field::Contact) == Exact;
    match (number, born) {
        (Exact, Exact) => is_named || at_home,
        // A father's and his son's birth dates may be a digit apart, but not within one year.
        (Exact, Close | Transposed) => {
            (family, given) == (Exact, Exact) && a.born.map(Date::year) == b.born.map(Date::year)
        }
        (Missing, Exact) => is_named && at_home,
        // Nobody shares the whole name, the birth date and the house: one of the numbers is a slip, or whose the insurance is.
        (Close | Different, Exact) => (family, given) == (Exact, Exact) && at_home,
        _ => false,
    }
}

/// Tells whether the names after the first given one may be one person's: Maria Elena and Maria with the middle name Luisa are sisters, and
/// a bare Maria may be either.
fn further_names_fit(a: &Record, b: &Record) -> bool {
    let fits = |one: &str, other: &str| {
        one.starts_with(other) && other.chars().count() == 1
            || other.starts_with(one) && one.chars().count() == 1
            || one == other
            || compare::near(one, other)
    };
    let is_double = |record: &Record| record.given.tokens().nth(1).is_some();
    let (none, none_there) = (
        a.further_names().next().is_none(),
        b.further_names().next().is_none(),
    );
    match (none, none_there) {
        (true, true) => true,
        (true, false) => !is_double(b),
        (false, true) => !is_double(a),
        (false, false) => a
            .further_names()
            .any(|one| b.further_names().any(|other| fits(one, other))),
    }
}

/// Given names of children who have none yet.
const NO_NAME_YET: [&str; 12] = [
    "baby", "babyboy", "babygirl", "boy", "girl", "newborn", "infant", "twin", "male", "female",
    "unknown", "unnamed",
];

/// Tells whether one of two related given names is surely the short form of the other: the first of several names, or a nickname that is
/// clearly shorter. Maria and Marie, Anna and Anne are names of their own, and of sisters.
fn is_short_form(a: &Record, b: &Record) -> bool {
    let (a, b) = (a.given.first(), b.given.first());
    let length = |name: &str| name.chars().count();
    a == b || (length(a).abs_diff(length(b)) >= CLEARLY_SHORTER && !compare::near(a, b))
}

/// By so many letters a nickname is shorter than its name.
const CLEARLY_SHORTER: usize = 2;

/// Tells whether two records are surely two people's, however much they share: the given name is another one, and not even number and birth
/// date agree; or it is nearly the same and the number is another one; or one is the elder and one the younger.
fn tells_two_people(found: &Waterfall) -> bool {
    use Level::{Close, Different, Exact, Transposed};
    let born = found.level(Field::DateOfBirth);
    let shares_number = found.level(Field::Ssn) == Exact;
    let [given, family] = [Field::GivenName, Field::FamilyName].map(|field| found.level(field));
    let other_given = match given {
        // A number and a birth date that are fillers.
        Different if family == Different => true,
        Different => !(shares_number && matches!(born, Exact | Transposed | Close)),
        // A twin whose name is a letter apart has a number and a second name of their own.
        Close => found.level(Field::Ssn) == Different && found.level(Field::MiddleName) != Exact,
        _ => false,
    };
    let other_generation =
        found.level(Field::Suffix) == Different && !(shares_number && born == Exact);
    other_given || other_generation
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
    let numbers = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    numbers(a) == numbers(b) && strsim::jaro_winkler(a, b) >= NEARLY_ONE_STREET
}

/// How alike two street lines are that differ by a typing error or two.
const NEARLY_ONE_STREET: f64 = 0.9;

fn postal(a: &Record, b: &Record) -> Level {
    let there =
        |code: &'_ Secret<String>| (!code.expose().is_empty()).then(|| code.expose().clone());
    same_or_not(there(&a.postal), there(&b.postal))
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

#[cfg(test)]
mod tests;
