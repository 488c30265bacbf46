//! To whom a letter is addressed.
//!
//! A minor's letter goes to the parent or guardian, who acts for them (45 CFR 164.404(d)(1)). A deceased person's letter goes
//! to the estate: the rule demands the next of kin or the personal representative (45 CFR 164.404(d)(1)(ii)), the roster does
//! not name them, and "Estate of" reaches both. In Spanish it is addressed to the heirs, the usual term.

use crate::db::entities::individual::Population;
use crate::identity::matching::address;
use crate::kernel::person::Person;

use super::letter_language::LetterLanguage;

/// Gives the name line of a letter. It is never cut: the mail house breaks a name that is longer than the window.
pub fn name_line(person: &Person, population: Population, language: LetterLanguage) -> String {
    let mut line = address::full_name(person);
    line.insert_str(0, before(population, language));
    line
}

const fn before(population: Population, language: LetterLanguage) -> &'static str {
    match (population, language) {
        (Population::Adult, LetterLanguage::En | LetterLanguage::Es) => "",
        (Population::Minor, LetterLanguage::En) => "Parent or Guardian of ",
        (Population::Minor, LetterLanguage::Es) => "A los padres o tutores de ",
        (Population::Deceased, LetterLanguage::En) => "Estate of ",
        (Population::Deceased, LetterLanguage::Es) => "A los herederos de ",
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    fn luz() -> Person {
        Person {
            given_name: "Luz".into(),
            middle_name: Some("M".into()),
            family_name: "de la Garza".into(),
            suffix: Some("II".into()),
            ..Person::default()
        }
    }

    #[test]
    fn each_letter_is_addressed_in_its_language() {
        let lines = |population| {
            LetterLanguage::ALL.map(|language| name_line(&luz(), population, language))
        };
        assert_eq!(lines(Population::Adult), ["Luz M de la Garza II"; 2]);
        assert_eq!(
            lines(Population::Minor),
            [
                "Parent or Guardian of Luz M de la Garza II",
                "A los padres o tutores de Luz M de la Garza II"
            ]
        );
        assert_eq!(
            lines(Population::Deceased),
            [
                "Estate of Luz M de la Garza II",
                "A los herederos de Luz M de la Garza II"
            ]
        );
    }

    #[test]
    fn the_longest_name_is_printed_whole() {
        let long = |letter: &str| letter.repeat(80);
        let person = Person {
            given_name: long("Ñ").into(),
            middle_name: Some(long("m").into()),
            family_name: long("f").into(),
            suffix: Some("s".repeat(16).into()),
            ..Person::default()
        };
        for population in Population::iter() {
            for language in LetterLanguage::ALL {
                let line = name_line(&person, population, language);
                let name = address::full_name(&person);
                assert!(line.ends_with(&name) && !line.contains("  "));
                assert_eq!(name.chars().count(), 3 * 80 + 16 + 3);
                assert!(!line.starts_with(' '));
            }
        }
    }
}
