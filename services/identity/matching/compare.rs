//! Compares claims with a person on the roster, field by field, into a [`Waterfall`].

use jiff::civil::Date;

use crate::kernel::person::{Person, Text};
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

/// What claims are compared with of a person on the roster, folded once. It has no `Debug`: all of it is personal.
#[derive(Clone)]
pub struct Known {
    given: Folded,
    middle: Option<Folded>,
    family: Folded,
    /// Family names that the person had before.
    former: Vec<Folded>,
    born: Option<Date>,
    ssn: Option<Text>,
    postal: Option<Secret<String>>,
}

impl Known {
    /// Folds what is compared of a person.
    pub fn of(person: &Person) -> Self {
        let middle = person.middle_name.as_ref();
        let postal = person.postal_code.as_ref();
        Self {
            given: fold::name(person.given_name.expose()),
            middle: middle.map(|middle| fold::name(middle.expose())),
            family: fold::family(person.family_name.expose()),
            former: fold::former_families(person).collect(),
            born: person.date_of_birth,
            ssn: person.ssn.clone(),
            postal: postal.map(|code| fold::postal(code.expose())),
        }
    }
}

impl Known {
    fn was_called(&self, family: &Folded) -> bool {
        let mut former = self.former.iter();
        !family.is_empty() && former.any(|name| name.joined() == family.joined())
    }
}

/// Compares claims with a person on the roster.
pub fn compare(claims: &Claims, person: &Person) -> Waterfall {
    compare_known(claims, &Known::of(person))
}

/// Compares claims with what is known of a person.
pub fn compare_known(claims: &Claims, person: &Known) -> Waterfall {
    let mut waterfall = Waterfall(Vec::with_capacity(FIELDS));
    let (family, given) = names(
        (&claims.family, &claims.given),
        (&person.family, &person.given),
    );
    let family = match family {
        Level::Different if person.was_called(&claims.family) => Level::Close,
        level => level,
    };
    waterfall.add(Field::FamilyName, family);
    waterfall.add(Field::GivenName, given);
    let middle = person.middle.as_ref();
    let middle = middle.map_or(Level::Missing, |middle| given_name(&claims.middle, middle));
    waterfall.add(Field::MiddleName, middle);
    let born = person
        .born
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
        postal_code(claims.postal.as_ref(), person.postal.as_ref()),
    );
    waterfall
}

/// Tells whether a name that somebody says of themselves is this person's: neither the family name, of today or of before, nor the given
/// name contradicts. What may be a twin's given name does.
pub fn is_called(person: &Person, said: &Person) -> bool {
    let (known, said) = (Known::of(person), Known::of(said));
    let (family, given) = names((&said.family, &said.given), (&known.family, &known.given));
    let family = known.was_called(&said.family)
        || matches!(family, Level::Exact | Level::Close | Level::Transposed);
    let have_one_name = said.given.is_empty() && known.given.is_empty();
    family && (have_one_name || matches!(given, Level::Exact | Level::Nickname | Level::Transposed))
}

/// So many fields are claimed.
const FIELDS: usize = 6;

/// Compares family and given names, each pair in this order; the two may have changed places. With a typing error in one of them the given
/// name is CLOSE only: it may be a twin's.
pub(super) fn names(a: (&Folded, &Folded), b: (&Folded, &Folded)) -> (Level, Level) {
    let levels = (family_name(a.0, b.0), given_name(a.1, b.1));
    let is_swapped = |is_one: fn(&str, &str) -> bool| {
        let is_one = |a: &Folded, b: &Folded| !a.is_empty() && is_one(a.joined(), b.joined());
        is_one(a.0, b.1) && is_one(a.1, b.0)
    };
    let in_place = levels.0 != Level::Different || levels.1 != Level::Different;
    if levels != (Level::Exact, Level::Exact) && is_swapped(|a, b| a == b) {
        (Level::Transposed, Level::Transposed)
    } else if !in_place && is_swapped(|a, b| a == b || near(a, b)) {
        (Level::Transposed, Level::Close)
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

fn postal_code(claimed: Option<&Secret<String>>, record: Option<&Secret<String>>) -> Level {
    let Some((claimed, record)) = claimed.zip(record) else {
        return Level::Missing;
    };
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
    shorter >= 4 && (is_one_edit(a, b) || is_alike(a, b))
}

/// Tells whether at most one letter was put in, left out or replaced, or two neighbours were swapped: the optimal string alignment
/// distance is at most 1.
fn is_one_edit(a: &str, b: &str) -> bool {
    let same = |(one, other): &(char, char)| one == other;
    let begin = a.chars().zip(b.chars()).take_while(same);
    let begin: usize = begin.map(|(letter, _)| letter.len_utf8()).sum();
    let (a, b) = (&a[begin..], &b[begin..]);
    let end = a.chars().rev().zip(b.chars().rev()).take_while(same);
    let end: usize = end.map(|(letter, _)| letter.len_utf8()).sum();
    let letters = |text: &str| {
        let mut letters = text[..text.len() - end].chars();
        [letters.next(), letters.next(), letters.next()]
    };
    match (letters(a), letters(b)) {
        ([_, None, None], [_, None, None]) => true,
        ([one, two, None], [two_there, one_there, None]) => one == one_there && two == two_there,
        _ => false,
    }
}

/// Tells whether the Jaro-Winkler similarity is at least 0.93. It is not asked for where the letters in common cannot bring it there.
fn is_alike(a: &str, b: &str) -> bool {
    most_alike(a, b) >= ALIKE && strsim::jaro_winkler(a, b) >= ALIKE
}

const ALIKE: f64 = 0.93;

/// Gives a bound of the Jaro-Winkler similarity, by the letters in common wherever they stand; 1 for letters beyond ASCII.
fn most_alike(a: &str, b: &str) -> f64 {
    if !a.is_ascii() || !b.is_ascii() || a.len() > MOST_LETTERS || b.len() > MOST_LETTERS {
        return 1.0;
    }
    let mut counts = [0_i8; 128];
    for letter in a.bytes() {
        counts[usize::from(letter)] += 1;
    }
    let mut common = 0_u8;
    for letter in b.bytes() {
        let count = &mut counts[usize::from(letter)];
        common += u8::from(*count > 0);
        *count -= 1;
    }
    let share = |text: &str| f64::from(common) / f64::from(u8::try_from(text.len()).unwrap_or(1));
    let jaro = (share(a) + share(b) + 1.0) / 3.0;
    let begin = a.bytes().zip(b.bytes()).take(4);
    let begin = begin.take_while(|(one, other)| one == other).map(|_| 0.1);
    jaro + begin.sum::<f64>() * (1.0 - jaro) + f64::EPSILON * 8.0
}

/// Longer words are compared without a bound.
const MOST_LETTERS: usize = 100;

#[cfg(test)]
mod tests;
