//! Compares what a person says with what the roster says, field by field (Fellegi and Sunter, "A Theory for Record
//! Linkage", JASA 1969).
//!
//! Each field reaches a level, each level has a weight: `log2(m / u)`, the chance of that level for one and the same person
//! against the chance for a stranger. The sum measures how well the *claim* is covered; a field that one side lacks weighs
//! nothing, so a poor record does not count against a person and a rich one does not count for a stranger.
//!
//! The weights are not the textbook ones. Family and given names and the postal code are printed on the letter, and birth
//! dates and SSNs leaked with the rest: whoever attacks has some of them. So agreement is capped well below its statistical
//! weight and disagreement is not, and four rules hold for every combination (each is a test):
//!
//! - **What a letter's envelope shows is not enough.** Names and postal code together stay under the default threshold of
//!   15 bits; some fact that is not printed must agree too.
//! - **Nor does it bring the case before a person.** Who knows no more than the envelope is refused, and hears the same for a
//!   birth date that is one digit off as for one that is all wrong: otherwise the answer would lead to the right one.
//! - **A wrong birth date is never made good**, whatever else agrees: at best a person looks at it.
//! - **Names and the birth date are enough** with a fresh letter, through a nickname or a swapped day and month too.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

use super::fold::{self, Folded};
use super::{date, nickname, ssn};

/// How much two values agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// The same after folding.
    Exact,
    /// A typing error apart.
    Close,
    /// A known short form of the same name.
    Nickname,
    /// Parts are swapped.
    Transposed,
    /// One side has no value.
    Missing,
    /// Different.
    Different,
}

/// A field that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The family name.
    FamilyName,
    /// The given name.
    GivenName,
    /// Middle names or initials.
    MiddleName,
    /// The birth date.
    DateOfBirth,
    /// All nine digits of the SSN.
    Ssn,
    /// The last four digits of the SSN.
    SsnLastFour,
    /// The postal code.
    PostalCode,
}

impl Field {
    /// Gives the name in waterfalls.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::MiddleName => "middle_name",
            Self::DateOfBirth => "date_of_birth",
            Self::Ssn => "ssn",
            Self::SsnLastFour => "ssn_last_four",
            Self::PostalCode => "postal_code",
        }
    }

    /// Tells whether agreement proves more than having held the letter's envelope.
    const fn is_off_the_envelope(self) -> bool {
        matches!(self, Self::DateOfBirth | Self::Ssn | Self::SsnLastFour)
    }
}

/// Gives the weight of a level in hundredths of a bit.
///
/// In brackets what the frequencies of U.S. names and dates would give: family 10, given 8, birth date 14.8, SSN 29.9, last
/// four 13.3, ZIP 12 bits.
#[expect(
    clippy::match_same_arms,
    reason = "a table by field; equal numbers are a coincidence"
)]
pub const fn weight(field: Field, level: Level) -> i32 {
    use Level::{Close, Different, Exact, Missing, Nickname, Transposed};
    match (field, level) {
        (_, Missing) => 0,
        (Field::FamilyName, Exact) => 600,
        (Field::FamilyName, Close | Nickname | Transposed) => 400,
        (Field::FamilyName, Different) => -500,
        (Field::GivenName, Exact) => 450,
        (Field::GivenName, Nickname) => 350,
        (Field::GivenName, Close | Transposed) => 300,
        (Field::GivenName, Different) => -400,
        (Field::MiddleName, Exact) => 100,
        (Field::MiddleName, Close | Nickname | Transposed) => 50,
        (Field::MiddleName, Different) => -100,
        (Field::DateOfBirth, Exact) => 900,
        (Field::DateOfBirth, Transposed) => 600,
        // As likely a guess as a slip.
        (Field::DateOfBirth, Close | Nickname) => 50,
        (Field::DateOfBirth, Different) => -1_200,
        (Field::Ssn, Exact) => 1_200,
        (Field::Ssn, Close | Nickname | Transposed) => 300,
        (Field::Ssn, Different) => -800,
        (Field::SsnLastFour, Exact) => 550,
        (Field::SsnLastFour, Close | Nickname | Transposed | Different) => -600,
        (Field::PostalCode, Exact) => 250,
        (Field::PostalCode, Close | Nickname | Transposed) => 100,
        // People move; the roster does not know.
        (Field::PostalCode, Different) => -150,
    }
}

/// How one field agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The field.
    pub field: Field,
    /// The level it reached.
    pub level: Level,
    /// What that weighs, in hundredths of a bit.
    pub weight: i32,
}

/// A comparison field by field: levels and weights, never values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waterfall(pub Vec<Agreement>);

impl Waterfall {
    /// Sums the weights, in hundredths of a bit.
    pub fn score(&self) -> i32 {
        self.0.iter().map(|agreement| agreement.weight).sum()
    }

    /// Tells whether something agreed that the letter's envelope does not show. A near miss is a guess and proves nothing.
    pub fn proves_knowledge(&self) -> bool {
        self.0.iter().any(|one| {
            one.field.is_off_the_envelope() && matches!(one.level, Level::Exact | Level::Transposed)
        })
    }

    /// Tells whether the birth date disagreed.
    pub fn contradicts(&self) -> bool {
        self.0
            .iter()
            .any(|one| one.field == Field::DateOfBirth && one.level == Level::Different)
    }

    fn add(&mut self, field: Field, level: Level) {
        self.0.push(Agreement {
            field,
            level,
            weight: weight(field, level),
        });
    }
}

/// What a person says about themself, folded once. Its `Debug` tells nothing.
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
    let (family_level, given_level) = names(claims, &family, &given);
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

fn names(claims: &Claims, family: &Folded, given: &Folded) -> (Level, Level) {
    let levels = (
        family_name(&claims.family, family),
        given_name(&claims.given, given),
    );
    let swapped = !family.is_empty()
        && claims.family.joined() == given.joined()
        && claims.given.joined() == family.joined();
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

/// Compares folded given names; an initial or the first of two names is CLOSE.
pub fn given_name(a: &Folded, b: &Folded) -> Level {
    if a.is_empty() || b.is_empty() {
        Level::Missing
    } else if a.joined() == b.joined() {
        Level::Exact
    } else if nickname::related(a.first(), b.first()) || nickname::related(a.joined(), b.joined()) {
        Level::Nickname
    } else if a.first() == b.first()
        || is_initial(a, b)
        || is_initial(b, a)
        || near(a.joined(), b.joined())
    {
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

fn is_initial(initial: &Folded, name: &Folded) -> bool {
    initial.joined().chars().count() == 1 && name.joined().starts_with(initial.joined())
}

/// Tells whether two words are a typing error apart. Short words have too many true neighbours.
fn near(a: &str, b: &str) -> bool {
    let shorter = a.chars().count().min(b.chars().count());
    shorter >= 4 && (strsim::jaro_winkler(a, b) >= 0.93 || strsim::osa_distance(a, b) <= 1)
}

#[cfg(test)]
mod tests;
