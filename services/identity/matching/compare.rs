//! Compares claims with a person on the roster, field by field, into a [`Waterfall`].

use jiff::civil::Date;

use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

use super::fold::{self, Folded};
use super::waterfall::{Field, Level, Waterfall};
use super::{date, nickname, ssn};

/// What a person claims about themself, folded once. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Claims {
    /// The given name.
    pub given: Folded,
    /// Middle names.
    pub middle: Folded,
    /// The family name.
    pub family: Folded,
    /// The birth date.
    pub born: Date,
    /// The SSN or its last four digits.
    pub ssn: Option<ssn::Claimed>,
    /// The postal code, folded.
    pub postal: Option<Secret<String>>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims([redacted])")
    }
}

/// Compares claims with a person on the roster.
pub fn compare(claims: &Claims, person: &Person) -> Waterfall {
    let given = fold::name(person.given_name.expose());
    let family = fold::family(person.family_name.expose());
    let mut waterfall = Waterfall::default();
    let (family_level, given_level) = names((&claims.family, &claims.given), (&family, &given));
    waterfall.add(Field::FamilyName, family_level);
    waterfall.add(Field::GivenName, given_level);
    waterfall.add(Field::MiddleName, middle_name(&claims.middle, person));
    let born = person
        .date_of_birth
        .map_or(Level::Missing, |born| date::compare(claims.born, born));
    waterfall.add(Field::DateOfBirth, born);
    let field = match claims.ssn {
        Some(ssn::Claimed::LastFour(_)) => Field::SsnLastFour,
        Some(ssn::Claimed::Whole(_)) | None => Field::Ssn,
    };
    let number = claims.ssn.as_ref().zip(person.ssn.as_ref());
    waterfall.add(
        field,
        number.map_or(Level::Missing, |(claimed, record)| {
            claimed.compare(record.expose())
        }),
    );
    waterfall.add(
        Field::PostalCode,
        postal_code(claims.postal.as_ref(), person),
    );
    waterfall
}

/// Compares family and given names, each pair in this order; the two may have changed places.
pub(super) fn names(a: (&Folded, &Folded), b: (&Folded, &Folded)) -> (Level, Level) {
    let levels = (family_name(a.0, b.0), given_name(a.1, b.1));
    let swapped = !b.0.is_empty() && a.0.joined() == b.1.joined() && a.1.joined() == b.0.joined();
    if swapped && levels != (Level::Exact, Level::Exact) {
        (Level::Transposed, Level::Transposed)
    } else {
        levels
    }
}

/// Compares folded family names; one half of a double name is CLOSE.
pub fn family_name(a: &Folded, b: &Folded) -> Level {
    if a.is_empty() || b.is_empty() {
        Level::Missing
    } else if a.joined() == b.joined() {
        Level::Exact
    } else if is_half(a, b) || is_half(b, a) || near(a.joined(), b.joined()) {
        Level::Close
    } else {
        Level::Different
    }
}

/// Compares folded given names. An initial or the first of two names is a short form like a nickname.
pub fn given_name(a: &Folded, b: &Folded) -> Level {
    if a.is_empty() || b.is_empty() {
        Level::Missing
    } else if a.joined() == b.joined() {
        Level::Exact
    } else if has_related_first(a, b)
        || nickname::related(a.joined(), b.joined())
        || is_short_for(a, b)
        || is_short_for(b, a)
    {
        Level::Nickname
    } else if a.first() == b.first() || near(a.joined(), b.joined()) {
        Level::Close
    } else {
        Level::Different
    }
}

fn middle_name(claimed: &Folded, person: &Person) -> Level {
    match &person.middle_name {
        Some(middle) => given_name(claimed, &fold::name(middle.expose())),
        None => Level::Missing,
    }
}

fn postal_code(claimed: Option<&Secret<String>>, person: &Person) -> Level {
    let Some((claimed, record)) = claimed.zip(person.postal_code.as_ref()) else {
        return Level::Missing;
    };
    let record = fold::postal(record.expose());
    if record.expose().is_empty() || claimed.expose().is_empty() {
        Level::Missing
    } else if claimed.expose() == record.expose() {
        Level::Exact
    } else if date::one_slip(claimed.expose().as_bytes(), record.expose().as_bytes()) {
        Level::Close
    } else {
        Level::Different
    }
}

/// Tells whether `half` is one whole word, and not a particle, of the longer name.
fn is_half(half: &Folded, whole: &Folded) -> bool {
    whole.tokens().nth(1).is_some()
        && half.joined().chars().count() > 3
        && whole.tokens().any(|word| word == half.joined())
}

/// Tells whether the first words are forms of one name, and the other words do not tell two people apart.
fn has_related_first(a: &Folded, b: &Folded) -> bool {
    let is_alone = |name: &Folded| name.tokens().nth(1).is_none();
    let rest_fits = is_alone(a) || is_alone(b) || a.tokens().skip(1).eq(b.tokens().skip(1));
    rest_fits && nickname::related(a.first(), b.first())
}

/// Tells whether `short` is the initial or the first word of the other name.
fn is_short_for(short: &Folded, name: &Folded) -> bool {
    let is_initial =
        short.joined().chars().count() == 1 && name.joined().starts_with(short.joined());
    is_initial || short.joined() == name.first()
}

/// Tells whether two words are a typing error apart. Short words have too many true neighbours.
pub(super) fn near(a: &str, b: &str) -> bool {
    let shorter = a.chars().count().min(b.chars().count());
    shorter >= 4 && (strsim::jaro_winkler(a, b) >= 0.93 || strsim::osa_distance(a, b) <= 1)
}

#[cfg(test)]
mod tests;
