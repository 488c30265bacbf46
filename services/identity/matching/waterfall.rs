//! The levels that fields reach, what each level weighs, and the sum (Fellegi and Sunter, "A Theory for Record Linkage", JASA
//! 1969).
//!
//! Each field reaches a level, each level has a weight: `log2(m / u)`, the chance of that level for one and the same person
//! against the chance for a stranger. The sum measures how well the *claim* is covered; a field that one side lacks weighs
//! nothing, so a poor record does not count against a person and a rich one does not count for a stranger.
//!
//! The weights for deciding who somebody is are not the textbook ones ([`super::weights`]). Family and given names and the postal code are printed on the letter, and birth
//! dates and SSNs leaked with the rest: an attacker has some of them. So agreement is capped well below its statistical
//! weight and disagreement is not, and these rules hold for every combination and every threshold (each is a test):
//!
//! - **What a letter's envelope shows is not enough.** Names and postal code together stay under the default threshold of
//!   15 bits, and the birth date or all nine digits of the number must agree exactly.
//! - **Nothing is accepted over a contradiction**: a birth date that is not exactly the one on record, a given name that may be
//!   somebody else's (a spouse's, a twin's), another number. At best a person reviews it.
//! - **With a letter, what no stranger has is looked at**: an exact birth date or number, a single slip in one of them beside
//!   the right names, and a record that holds neither are referred. The rest is refused.
//! - **Without one, claims that hold no more than the envelope are refused**, a birth date with one wrong digit like one that is
//!   all wrong: otherwise the answers would lead to the right one.
//! - **Names and the birth date are enough** with a fresh letter, through a nickname too.

use serde::{Deserialize, Serialize};

use super::weights::Weights;

pub use super::level::{Field, Level};

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

    /// Tells whether the sum may be accepted: the birth date or all nine digits agree exactly, and nothing contradicts.
    ///
    /// A given name that is a typing error apart may be that of a twin. One slip in nine digits is a slip beside the right birth
    /// date, in four digits it is another number.
    pub fn may_be_accepted(&self) -> bool {
        use Level::{Close, Exact, Missing, Nickname, Transposed};
        let (born, number) = (self.level(Field::DateOfBirth), self.level(Field::Ssn));
        matches!(born, Exact | Missing)
            && matches!(number, Exact | Close | Missing)
            && (born == Exact || number == Exact)
            && matches!(self.level(Field::SsnLastFour), Exact | Missing)
            && matches!(
                self.level(Field::GivenName),
                Exact | Nickname | Transposed | Missing
            )
    }

    /// Tells whether a person must look at what the holder of a letter claims, whatever the sum is: the birth date or the number
    /// is right, or a single slip away beside the right names, or nothing could be compared that the envelope does not show.
    pub fn needs_a_look(&self) -> bool {
        let facts = self.0.iter().filter(|one| one.field.is_off_the_envelope());
        let facts: Vec<Level> = facts
            .map(|one| one.level)
            .filter(|level| *level != Level::Missing)
            .collect();
        let names = [Field::FamilyName, Field::GivenName].map(|field| self.level(field));
        match facts[..] {
            [] => true,
            [Level::Close | Level::Transposed] => !names.contains(&Level::Different),
            _ => facts.contains(&Level::Exact),
        }
    }

    /// Tells whether the family name is another one, and the number is not the person's own.
    pub fn names_somebody_else(&self) -> bool {
        self.level(Field::FamilyName) == Level::Different && self.level(Field::Ssn) != Level::Exact
    }

    /// Gives the level of a field; one that was not compared is missing.
    pub fn level(&self, field: Field) -> Level {
        let found = self.0.iter().find(|one| one.field == field);
        found.map_or(Level::Missing, |one| one.level)
    }

    /// Adds a field with the level it reached, weighed for deciding who somebody is.
    pub fn add(&mut self, field: Field, level: Level) {
        self.0.push(Agreement {
            field,
            level,
            weight: Weights::built_in().deciding.of(field, level),
        });
    }
}
