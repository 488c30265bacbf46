//! Tells whether two rows of a roster are of one person.
//!
//! Two errors are possible, and they do not weigh the same: somebody whose row is merged into another person's is never told, and somebody
//! who stays two people gets one letter too many. So only what is certain is merged, and what may be one person is listed for somebody to look
//! at. Certain is what every rule of [`is_certain`] allows; the sum of the weights decides only what is worth a look.
//!
//! A number is not a person: clinics write the guarantor's number for the whole family. Twins share the birth date and the house as well,
//! a father and his son the whole name; what tells them apart is the given name, the birth date or the suffix, and no sum outvotes these.

use super::compare;
use super::frequency;
use super::record::{self, COMPARED};
use super::waterfall::{Agreement, Field, Level, Waterfall};
use super::weights::{Table, Weights};

pub use super::record::Record;

/// Gives the sum from which on, in hundredths of a bit, two records may be one person. Every pair of a roster is a chance for two strangers to
/// agree in so much, so it grows with the roster: it is then likelier than not that they are one. Among four million (22 bits) equal names and
/// birth dates reach it by themselves, equal names in one postal code do not.
pub fn worth_a_look(people: u64) -> i32 {
    let doublings = people.max(FEWEST).ilog2();
    i32::try_from(doublings).unwrap_or(i32::MAX) * 100 + LIKELIER
}

/// A roster that has just begun counts as large as this: what is left of it comes yet.
const FEWEST: u64 = 10_000;
/// So much beyond the number of people, rounded down to a power of two.
const LIKELIER: i32 = 350;

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

/// Compares two records of a roster of so many people.
pub fn resolve(a: &Record, b: &Record, people: u64) -> (Resolution, Waterfall) {
    resolve_by(&Weights::built_in().resolving, (a, b), people)
}

/// Compares two records by weights of somebody's own.
pub fn resolve_by(
    weights: &Table,
    (a, b): (&Record, &Record),
    people: u64,
) -> (Resolution, Waterfall) {
    let mut waterfall = compare_records(weights, a, b);
    let resolution = if is_certain(a, b, &waterfall) {
        Resolution::Same
    } else if is_worth_a_look(&waterfall, people) && !tells_two_people(a, b, &waterfall) {
        Resolution::Doubtful
    } else {
        Resolution::Different
    };
    weigh_rarity(a, &mut waterfall);
    (resolution, waterfall)
}

/// Tells whether two records may be one person's: by the sum, or because names and birth date are the same, whatever is not: one may have
/// moved and stand under a relative's number.
fn is_worth_a_look(found: &Waterfall, people: u64) -> bool {
    let whole = [Field::FamilyName, Field::GivenName, Field::DateOfBirth];
    found.score() >= worth_a_look(people)
        || whole
            .iter()
            .all(|field| found.level(*field) == Level::Exact)
}

fn compare_records(weights: &Table, a: &Record, b: &Record) -> Waterfall {
    let levels = record::levels(a, b);
    let mut waterfall = Waterfall(Vec::with_capacity(levels.len()));
    for (field, level) in COMPARED.into_iter().zip(levels) {
        waterfall.0.push(Agreement {
            field,
            level,
            weight: weights.of(field, level),
        });
    }
    let mut left = HOUSEHOLD;
    for one in &mut waterfall.0 {
        if one.field.is_of_a_household() {
            one.weight = one.weight.min(left);
            left -= one.weight;
        }
    }
    waterfall
}

/// Makes an agreement in a name weigh more where the name is rare and less where it is common. A reviewer sees it, and of several people the one
/// who shares the rarer name comes first. What is worth a look is decided before: on invented rosters it would take one in twelve of the wrong pairs
/// off the review list, and one true pair in two thousand.
fn weigh_rarity(a: &Record, found: &mut Waterfall) {
    for one in &mut found.0 {
        one.weight += match (one.field, one.level) {
            (Field::FamilyName, Level::Exact) => a.rarity.0,
            (Field::GivenName, Level::Exact) => a.rarity.1,
            _ => 0,
        };
    }
}

/// Tells whether two records are surely one person's.
fn is_certain(a: &Record, b: &Record, found: &Waterfall) -> bool {
    use Level::{Close, Different, Exact, Missing, Transposed};
    let [family, given, middle, born, number] = [
        Field::FamilyName,
        Field::GivenName,
        Field::MiddleName,
        Field::DateOfBirth,
        Field::Ssn,
    ]
    .map(|field| found.level(field));
    if contradicts(a, b, found) || !is_one_given_name(a, b, (given, middle)) {
        return false;
    }
    let is_named = matches!(family, Exact | Close | Transposed);
    let is_named_alike = (family, given) == (Exact, Exact);
    let at_home = is_at_home(found);
    match (number, born) {
        (Exact, Exact) => is_named || at_home,
        (Exact, Close | Transposed) => is_named_alike && are_of_one_generation(a, b),
        (Missing, Exact) => is_named && at_home,
        (Missing, Close | Transposed) => {
            is_named_alike && middle == Exact && at_home && are_of_one_generation(a, b)
        }
        // Nobody shares the names, the birth date and the house: one of the numbers is a slip, or whose the insurance is.
        (Close | Different, Exact) if at_home => is_named && (given == Exact || middle == Exact),
        // Nor the whole name, the birth date and all but a digit of the number, wherever they live.
        (Close, Exact) => is_named_alike,
        _ => false,
    }
}

/// Tells whether something says that they may be two: a suffix, another middle name, a given name that is not known yet.
fn contradicts(a: &Record, b: &Record, found: &Waterfall) -> bool {
    found.level(Field::Suffix) == Level::Different
        || found.level(Field::MiddleName) == Level::Different
        || a.is_given_by_an_initial() != b.is_given_by_an_initial()
        || a.has_no_name_yet()
        || b.has_no_name_yet()
        || !further_names_fit(a, b)
}

/// Tells whether two given names are surely one person's, whatever else agrees. A twin may have one that is nearly the same, but not the same
/// middle name with it.
fn is_one_given_name(a: &Record, b: &Record, (given, middle): (Level, Level)) -> bool {
    let (one, other) = (a.given.first(), b.given.first());
    match given {
        Level::Exact | Level::Transposed => true,
        Level::Nickname => {
            is_short_form(one, other) || (middle == Level::Exact && !compare::near(one, other))
        }
        // Where the two have changed places, they are no slip of one another.
        Level::Close => {
            middle == Level::Exact && compare::near(one, other) && frequency::is_slip(one, other)
        }
        _ => false,
    }
}

/// Tells whether two birth dates that are a slip apart are not a father's and his son's of the same name.
fn are_of_one_generation(a: &Record, b: &Record) -> bool {
    let years = a.born.zip(b.born);
    years.is_some_and(|(a, b)| a.year().abs_diff(b.year()) < YOUNGEST_PARENT)
}

/// Nobody is a parent at a younger age, in years.
const YOUNGEST_PARENT: u16 = 12;

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

/// Tells whether one of two related given names is surely the short form of the other: the first of several names, or a nickname that is
/// clearly shorter and that few are given at birth. Maria and Marie are names of their own, and of sisters; William and Liam are brothers'.
fn is_short_form(a: &str, b: &str) -> bool {
    let length = |name: &str| name.chars().count();
    let short = if length(a) < length(b) { a } else { b };
    let is_clear = length(a).abs_diff(length(b)) >= CLEARLY_SHORTER && !compare::near(a, b);
    a == b || is_clear && !frequency::is_name_of_its_own(short)
}

/// By so many letters a nickname is shorter than its name.
const CLEARLY_SHORTER: usize = 2;

/// Tells whether two records are surely two people's, however much they share: the given name is another one, and not even number and birth
/// date agree; or it is nearly the same and the number is another one; or one is the elder and one the younger.
fn tells_two_people(a: &Record, b: &Record, found: &Waterfall) -> bool {
    use Level::{Close, Different, Exact, Transposed};
    let born = found.level(Field::DateOfBirth);
    let shares_number = found.level(Field::Ssn) == Exact;
    let [given, family] = [Field::GivenName, Field::FamilyName].map(|field| found.level(field));
    let other_given = match given {
        // A number and a birth date that are fillers, unless they live in one house.
        Different if family == Different && !is_at_home(found) => true,
        Different => !(shares_number && matches!(born, Exact | Transposed | Close)),
        // A twin whose name is a letter apart has a number and a second name of their own.
        Close => {
            found.level(Field::Ssn) == Different
                && found.level(Field::MiddleName) != Exact
                && !frequency::is_slip(a.given.first(), b.given.first())
        }
        _ => false,
    };
    let other_generation =
        found.level(Field::Suffix) == Different && !(shares_number && born == Exact);
    other_given || other_generation
}

/// Tells whether they live in one house, or are reached at one contact.
fn is_at_home(found: &Waterfall) -> bool {
    let street = found.level(Field::Street);
    matches!(street, Level::Exact | Level::Close) || found.level(Field::Contact) == Level::Exact
}

#[cfg(test)]
mod tests;
