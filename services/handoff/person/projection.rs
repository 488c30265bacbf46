//! Fits a person into a partner's fields.
//!
//! Bureaus take 20 or 32 characters of a name, some only ASCII letters. Each change is in the audit log before the person
//! is sent, by field and without its content: a bureau that then finds nobody was perhaps given half a name.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::db::entities::handoff_projection::{Action, Changed};
use crate::handoff::partner::model::Projection;
use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

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
    /// A name from before.
    PriorNames,
}

/// What was done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Letters were replaced by plain ones, or left out where there is none.
    Folded(Field),
    /// Its end was cut off.
    Cut(Field),
}

impl Field {
    /// Gives the field's path in the contract's subject.
    pub const fn path(self) -> &'static str {
        match self {
            Self::GivenName => "name.given_name",
            Self::MiddleName => "name.middle_name",
            Self::FamilyName => "name.family_name",
            Self::City => "address.city",
            Self::PriorNames => "prior_names",
        }
    }
}

impl Change {
    /// Gives it as it is kept beside the handoff.
    pub fn kept(self) -> Changed {
        let (field, action) = match self {
            Self::Folded(field) => (field, Action::Folded),
            Self::Cut(field) => (field, Action::Cut),
        };
        Changed {
            field: field.path().to_owned(),
            action,
        }
    }
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
            Field::PriorNames => "PRIOR_NAMES",
        };
        write!(f, "{field}_{done}")
    }
}

/// Fits a person into the partner's fields and gives what was changed, or the field that cannot be fitted: a name with letters that have no
/// plain ones. Half a name would be somebody else's. A middle name or a name from before that cannot be fitted is left out.
pub fn apply(limits: Projection, person: &mut Person) -> Result<Vec<Change>, Field> {
    let mut changes = Vec::new();
    let names = [
        (
            &mut person.given_name,
            Field::GivenName,
            limits.given_name_max,
        ),
        (
            &mut person.family_name,
            Field::FamilyName,
            limits.family_name_max,
        ),
    ];
    for (name, field, max) in names {
        if limits.ascii_names && !is_plain_name(name) {
            *name = fold(name).ok_or(field)?;
            changes.push(Change::Folded(field));
        }
        cut(name, field, max, &mut changes);
    }
    if limits.ascii_names {
        fold_the_rest(person, &mut changes);
    }
    if let Some(city) = &mut person.city {
        cut(city, Field::City, limits.city_max, &mut changes);
    }
    Ok(changes)
}

/// Folds the names without which a person can be found, too.
fn fold_the_rest(person: &mut Person, changes: &mut Vec<Change>) {
    if let Some(name) = person.middle_name.take_if(|name| !is_plain_name(name)) {
        person.middle_name = fold(&name);
        changes.push(Change::Folded(Field::MiddleName));
    }
    if person.prior_names.iter().all(is_plain_name) {
        return;
    }
    let names = std::mem::take(&mut person.prior_names).into_iter();
    let folded = names.filter_map(|name| {
        if is_plain_name(&name) {
            Some(name)
        } else {
            fold(&name)
        }
    });
    person.prior_names = folded.collect();
    changes.push(Change::Folded(Field::PriorNames));
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

fn is_plain_name(name: &Text) -> bool {
    name.expose().chars().all(is_plain)
}

/// Folds a name to `A-Z a-z - '` and spaces: accents go, ligatures are spelled out, digits and signs are left out. A name that has a letter
/// without a plain one cannot be folded, nor can one of which no letter is left.
fn fold(name: &Text) -> Option<Text> {
    let name = name.expose();
    let mut folded = String::with_capacity(name.len());
    for letter in name.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            plain if is_plain(plain) => folded.push(plain),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' | '\u{b4}' => folded.push('\''),
            '\u{2010}'..='\u{2015}' => folded.push('-'),
            other if other.is_whitespace() => folded.push(' '),
            other => match spelled_out(other) {
                "" if other.is_alphabetic() => return None,
                spelled => folded.push_str(spelled),
            },
        }
    }
    let has_letter = folded.chars().any(|letter| letter.is_ascii_alphabetic());
    has_letter.then(|| Secret::new(folded.trim().to_owned()))
}

/// Spells out the letters that no decomposition takes apart.
fn spelled_out(letter: char) -> &'static str {
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
        assert_eq!(apply(Projection::default(), &mut zoe), Ok(Vec::new()));
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
        let changes = apply(rules, &mut zoe).unwrap();
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
        let folded = |name: &str| fold(&name.into()).map(|name| name.expose().clone());
        assert_eq!(folded("Großmann").as_deref(), Some("Grossmann"));
        let digit = folded("Ñíguez de la Cruz 3");
        assert_eq!(digit.as_deref(), Some("Niguez de la Cruz"));
        assert_eq!(folded("Þórr").as_deref(), Some("Thorr"));
        for name in ["Петров", "小明", "Ivan Ж", "3", "-"] {
            assert_eq!(folded(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_that_must_be_there_stops_and_another_is_left_out() {
        let rules = Projection {
            ascii_names: true,
            ..Projection::default()
        };
        let mut unknown = person("Ivan", "Петров", "Gary");
        assert_eq!(apply(rules, &mut unknown), Err(Field::FamilyName));
        let mut middle = Person {
            middle_name: Some("Ильич".into()),
            prior_names: vec!["Ivan Петров".into(), "Zoë Orr".into()],
            ..person("Ivan", "Petrov", "Gary")
        };
        let told = [Field::MiddleName, Field::PriorNames].map(Change::Folded);
        assert_eq!(apply(rules, &mut middle), Ok(told.into()));
        assert!(middle.middle_name.is_none());
        let names: Vec<_> = middle.prior_names.iter().map(Secret::expose).collect();
        assert_eq!(names, ["Zoe Orr"]);
    }
}
