//! What of a person fits into a partner's fields.
//!
//! Bureaus take 20 or 32 characters of a name, some only ASCII letters. What is changed for them is reported, field by
//! field and without its content, in the audit log before it is sent: a bureau that then finds nobody was perhaps given
//! half a name.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

/// The limits of a partner's fields, in characters; zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Projection {
    /// Longest given name.
    pub given_name_max: u16,
    /// Longest family name.
    pub family_name_max: u16,
    /// Longest city.
    pub city_max: u16,
    /// Names are folded to `A-Z a-z - '` and spaces.
    pub ascii_names: bool,
}

/// The fields that a projection can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The given name.
    GivenName,
    /// The middle name.
    MiddleName,
    /// The family name.
    FamilyName,
    /// The city.
    City,
}

/// What was done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Letters were replaced by plain ones, or left out where there is none.
    Folded(Field),
    /// Its end was cut off.
    Cut(Field),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, done) = match self {
            Self::Folded(field) => (field, "FOLDED"),
            Self::Cut(field) => (field, "CUT"),
        };
        let field = match field {
            Field::GivenName => "GIVEN_NAME",
            Field::MiddleName => "MIDDLE_NAME",
            Field::FamilyName => "FAMILY_NAME",
            Field::City => "CITY",
        };
        write!(f, "{field}_{done}")
    }
}

impl Projection {
    /// Fits a person into the partner's fields and tells what was changed.
    pub fn apply(self, person: &mut Person) -> Vec<Change> {
        let mut changes = Vec::new();
        self.name(
            &mut person.given_name,
            Field::GivenName,
            self.given_name_max,
            &mut changes,
        );
        if let Some(middle) = &mut person.middle_name {
            self.name(middle, Field::MiddleName, 0, &mut changes);
        }
        self.name(
            &mut person.family_name,
            Field::FamilyName,
            self.family_name_max,
            &mut changes,
        );
        if let Some(city) = &mut person.city {
            cut(city, Field::City, self.city_max, &mut changes);
        }
        changes
    }

    fn name(self, name: &mut Text, field: Field, max: u16, changes: &mut Vec<Change>) {
        if self.ascii_names && !name.expose().chars().all(is_plain) {
            *name = Secret::new(fold(name.expose()));
            changes.push(Change::Folded(field));
        }
        cut(name, field, max, changes);
    }
}

fn cut(text: &mut Text, field: Field, max: u16, changes: &mut Vec<Change>) {
    let max = usize::from(max);
    if max == 0 || text.expose().chars().count() <= max {
        return;
    }
    let kept: String = text.expose().chars().take(max).collect();
    *text = Secret::new(kept.trim_end().to_owned());
    changes.push(Change::Cut(field));
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphabetic() || matches!(letter, ' ' | '-' | '\'')
}

/// Folds a name to `A-Z a-z - '` and spaces: marks go, ligatures open, what has no plain letter is left out.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for letter in name.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            plain if is_plain(plain) => folded.push(plain),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' | '\u{b4}' => folded.push('\''),
            '\u{2010}'..='\u{2015}' => folded.push('-'),
            other if other.is_whitespace() => folded.push(' '),
            other => folded.push_str(opened(other)),
        }
    }
    folded.trim().to_owned()
}

/// Letters that no decomposition opens.
fn opened(letter: char) -> &'static str {
    match letter {
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ı' => "i",
        'ħ' => "h",
        'Ħ' => "H",
        'ŋ' => "ng",
        'Ŋ' => "Ng",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(given: &str, family: &str, city: &str) -> Person {
        Person {
            given_name: given.into(),
            family_name: family.into(),
            city: Some(city.into()),
            ..Person::default()
        }
    }

    #[test]
    fn without_limits_nothing_changes() {
        let mut zoe = person("Zoë", "O’Brien-Łukasz", "Coeur d'Alene");
        assert!(Projection::default().apply(&mut zoe).is_empty());
        assert_eq!(zoe.given_name.expose(), "Zoë");
    }

    #[test]
    fn every_change_is_told() {
        let rules = Projection {
            given_name_max: 20,
            family_name_max: 10,
            city_max: 5,
            ascii_names: true,
        };
        let mut zoe = person("Zoë", "O’Brien-Łukasz", "Fort Wayne");
        let changes = rules.apply(&mut zoe);
        assert_eq!(zoe.given_name.expose(), "Zoe");
        assert_eq!(zoe.family_name.expose(), "O'Brien-Lu");
        assert_eq!(zoe.city.as_ref().unwrap().expose(), "Fort");
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "GIVEN_NAME_FOLDED",
                "FAMILY_NAME_FOLDED",
                "FAMILY_NAME_CUT",
                "CITY_CUT"
            ]
        );
    }

    #[test]
    fn folding_keeps_only_plain_letters() {
        assert_eq!(fold("Großmann"), "Grossmann");
        assert_eq!(fold("Ñíguez de la Cruz 3"), "Niguez de la Cruz");
        assert_eq!(fold("Þórr"), "Thorr");
    }
}
