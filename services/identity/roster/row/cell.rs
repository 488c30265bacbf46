//! A cell before its meaning: what spreadsheet programs put around a value, and the words and fillers that stand where there is none.

use zeroize::Zeroizing;

use crate::identity::roster::reject::Column;
use crate::identity::roster::warning::Mend;

/// The text of a cell. It is wiped when dropped.
pub type Cell = Zeroizing<String>;

/// Words for "no value", in small letters, with strokes between.
const NOTHING: &str = "n/a|n.a.|n.a|na|n\\a|#n/a|null|(null)|<null>|[null]|\\n|nil|nan|none|(none)|no value|unknown|unk|unkn|not available|\
    not applicable|not provided|not given|not on file|not known|not specified|unspecified|no data|missing|blank|(blank)|\
    empty|(empty)|tbd|undefined|#ref!|#value!|#name?|#div/0!|#num!|#null!|declined|refused|patient declined|decline|\
    declined to answer|does not have|no|none given|none provided|<na>|x";

/// Of these words some are names of people, so only the others mean nothing in a name.
const NO_NAME: &str = "n/a|n.a.|n.a|#n/a|(null)|<null>|[null]|\\n|(none)|no value|unknown|not available|not applicable|not provided|not given|\
    not on file|not known|not specified|unspecified|(blank)|(empty)|undefined|#ref!|#value!|#name?|<na>|#null!";

/// What stands for a part of a name that somebody does not have: first, last and middle name unknown or none.
const NO_PART: &str = "fnu|lnu|nmn|nfn|nln|nmi|mnu|no middle name|no last name";

fn is_among(words: &str, word: &str) -> bool {
    words.split('|').any(|known| known == word)
}

/// Takes off what a spreadsheet program or an export put around a value. Says what was taken off, if that was more than space.
pub fn clean(column: Column, raw: &str) -> (Cell, Option<Mend>) {
    let mut text = spaces(raw);
    let mut mend = None;
    // Control characters tell nothing; a break within a cell is a space.
    if text.contains(char::is_control) {
        text.retain(|letter| !letter.is_control());
        mend = Some(Mend::ControlCharacters);
    }
    let formula = text
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = formula {
        text = Zeroizing::new(inner.replace("\"\"", "\"").trim().to_owned());
        mend = Some(Mend::Formula);
    }
    if has_apostrophe(column, &text) {
        text = Zeroizing::new(text[1..].trim().to_owned());
        mend = Some(Mend::Apostrophe);
    }
    let quotes = text.matches('"').count();
    let (opens, closes) = (text.starts_with('"'), text.ends_with('"'));
    let is_stray = text.starts_with("\"\"")
        || (quotes == 1 && (opens || closes))
        || (quotes == 2 && opens && closes);
    if is_stray {
        text = Zeroizing::new(text.trim_matches('"').trim().to_owned());
        mend = Some(Mend::StrayQuote);
    }
    (text, mend)
}

/// Trims, and makes every kind of space one space. Marks without width go.
fn spaces(raw: &str) -> Cell {
    let is_plain = raw.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    if is_plain {
        return Zeroizing::new(raw.trim().to_owned());
    }
    let mut text = Zeroizing::new(String::with_capacity(raw.len()));
    for letter in raw.chars() {
        match letter {
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{2060}' => {}
            _ if letter.is_whitespace() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            _ => text.push(letter),
        }
    }
    Zeroizing::new(text.trim().to_owned())
}

/// Tells whether the apostrophe at the beginning is the one with which spreadsheet programs mark a text. `'t Hooft` and `'s-Gravenhage` begin
/// with one of their own.
fn has_apostrophe(column: Column, text: &str) -> bool {
    let Some(rest) = text.strip_prefix('\'').filter(|rest| !rest.is_empty()) else {
        return false;
    };
    let has_own = matches!(
        column,
        Column::GivenName
            | Column::MiddleName
            | Column::FamilyName
            | Column::City
            | Column::AddressLine1
            | Column::AddressLine2
    );
    let mut letters = rest.chars();
    let is_article = letters
        .next()
        .is_some_and(|letter| "tsndkmrl".contains(letter))
        && letters
            .next()
            .is_some_and(|letter| letter == ' ' || letter == '-' || letter.is_uppercase());
    !(has_own && is_article)
}

/// Tells whether a text stands where there is no value.
pub fn is_nothing(column: Column, text: &str) -> bool {
    if !text.contains(|letter: char| letter.is_alphanumeric())
        && text.chars().all(|letter| "-_.?*/\\ #".contains(letter))
    {
        return true;
    }
    if text.len() > 20 {
        return false;
    }
    let lower = text.to_lowercase();
    match column {
        Column::GivenName | Column::MiddleName | Column::FamilyName => is_no_name(text, &lower),
        Column::Suffix => is_among(NOTHING, &lower) || is_among(NO_PART, &lower),
        // There these words are values.
        Column::ConfidentialCommunication
        | Column::Population
        | Column::AddressLine1
        | Column::AddressLine2
        | Column::City
        | Column::ExternalRef
        | Column::CoveredEntity
            if lower == "no" || lower == "x" =>
        {
            false
        }
        _ => is_among(NOTHING, &lower),
    }
}

/// Null and Na are names when they are written as names.
fn is_no_name(text: &str, lower: &str) -> bool {
    let as_a_name = text.chars().next().is_some_and(char::is_uppercase)
        && text.chars().skip(1).all(char::is_lowercase);
    let is_word = ["null", "nan", "na", "nil"].contains(&lower);
    (is_word && !as_a_name)
        || lower == "none"
        || is_among(NO_NAME, lower)
        || is_among(NO_PART, lower)
}

/// Tells whether a text stands for a part of a name that somebody does not have, which is no fault of the list.
pub fn is_no_part(text: &str) -> bool {
    is_among(NO_PART, &text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_value_is_taken_off() {
        let cleaned = |column, raw: &str| {
            let (text, mend) = clean(column, raw);
            (text.to_string(), mend)
        };
        let plain = |text: &str| (text.to_owned(), None);
        assert_eq!(
            cleaned(Column::City, "  Fort\u{a0}Wayne \u{200b}"),
            plain("Fort Wayne")
        );
        assert_eq!(
            cleaned(Column::AddressLine1, "12 Main St\r\nApt 4"),
            plain("12 Main St Apt 4")
        );
        assert_eq!(
            cleaned(Column::Ssn, "=\"012345678\""),
            ("012345678".to_owned(), Some(Mend::Formula))
        );
        assert_eq!(
            cleaned(Column::PostalCode, "'00501"),
            ("00501".to_owned(), Some(Mend::Apostrophe))
        );
        assert_eq!(cleaned(Column::FamilyName, "'t Hooft"), plain("'t Hooft"));
        assert_eq!(
            cleaned(Column::FamilyName, "'Smith"),
            ("Smith".to_owned(), Some(Mend::Apostrophe))
        );
        assert_eq!(
            cleaned(Column::AddressLine1, "\"10 Elm St"),
            ("10 Elm St".to_owned(), Some(Mend::StrayQuote))
        );
        assert_eq!(
            cleaned(Column::GivenName, "Robert \"Bob\""),
            plain("Robert \"Bob\"")
        );
        assert_eq!(
            cleaned(Column::GivenName, "A\u{7}da"),
            ("Ada".to_owned(), Some(Mend::ControlCharacters))
        );
    }

    #[test]
    fn words_for_nothing_are_none_and_names_are_names() {
        for word in [
            "NULL", "N/A", "none", "-", "--", "unknown", "#N/A", "?", "NaN",
        ] {
            assert!(is_nothing(Column::Ssn, word), "{word}");
            assert!(is_nothing(Column::City, word), "{word}");
        }
        for word in [
            "NULL", "null", "N/A", "none", "-", "UNKNOWN", "FNU", "Lnu", "NMN", "NA",
        ] {
            assert!(is_nothing(Column::FamilyName, word), "{word}");
        }
        for name in ["Null", "Na", "Nil", "Nan", "No", "X", "Blank", "Declined"] {
            assert!(!is_nothing(Column::FamilyName, name), "{name}");
        }
        assert!(!is_nothing(Column::ConfidentialCommunication, "no"));
        assert!(!is_nothing(Column::ExternalRef, "0"));
    }
}
