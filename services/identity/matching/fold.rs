//! Folds names and postal codes, so that writing habits do not tell people apart.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

/// Generational suffixes that stand at the end of a family name in many rosters.
const SUFFIXES: [&str; 10] = [
    "jr", "sr", "junior", "senior", "ii", "iii", "iv", "v", "2nd", "3rd",
];

/// A folded name is at most so many times as long as its text, in bytes: U+FDFA, the longest decomposition of Unicode, is eighteen letters.
pub const MOST_GROWTH: usize = 11;

/// A name in folded form: lower case, no marks, no punctuation. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct Folded {
    joined: Secret<String>,
    tokens: Vec<Secret<String>>,
}

impl Folded {
    /// Gives the whole name without spaces.
    pub fn joined(&self) -> &str {
        self.joined.expose()
    }

    /// Gives the words of the name.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(|token| token.expose().as_str())
    }

    /// Gives the first word, or nothing for an empty name.
    pub fn first(&self) -> &str {
        self.tokens.first().map_or("", |token| token.expose())
    }

    /// Tells whether nothing is left after folding.
    pub fn is_empty(&self) -> bool {
        self.joined().is_empty()
    }

    fn from_words(words: Vec<String>) -> Self {
        let joined = Secret::new(words.concat());
        Self {
            joined,
            tokens: words.into_iter().map(Secret::new).collect(),
        }
    }
}

impl std::fmt::Debug for Folded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Folded([redacted])")
    }
}

/// Folds a given or middle name.
pub fn name(text: &str) -> Folded {
    Folded::from_words(words(text))
}

/// Folds a family name; a generational suffix at its end is cut off.
pub fn family(text: &str) -> Folded {
    let mut words = words(text);
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| SUFFIXES.contains(&word.as_str()))
    {
        words.pop();
    }
    Folded::from_words(words)
}

/// Gives the family names that a person had before, folded: of each whole name the last word, but for a generational suffix.
pub fn former_families(person: &Person) -> impl Iterator<Item = Folded> {
    person.prior_names.iter().map(|whole| {
        let last = family(whole.expose()).tokens.pop();
        Folded::from_words(last.map(|word| word.expose().clone()).into_iter().collect())
    })
}

/// Gives the generation that a suffix names: 1 for the elder, 2 for the younger, then as they are counted. It stands in a column of its
/// own or at the end of the family name.
pub fn generation(suffix: Option<&str>, family: &str) -> Option<u8> {
    let of = |text: &str| {
        let words = words(text);
        Some(match words.last()?.as_str() {
            "sr" | "senior" | "1st" => 1,
            "jr" | "junior" | "ii" | "2nd" => 2,
            "iii" | "3rd" => 3,
            "iv" | "4th" => 4,
            "v" | "5th" => 5,
            _ => return None,
        })
    };
    let has_more = |family: &&str| words(family).len() > 1;
    suffix
        .and_then(of)
        .or_else(|| Some(family).filter(has_more).and_then(of))
}

/// Tells whether a name has neither letter nor digit, so that folding leaves nothing.
pub fn is_blank(text: &str) -> bool {
    if text.is_ascii() {
        !text.bytes().any(|byte| byte.is_ascii_alphanumeric())
    } else {
        name(text).is_empty()
    }
}

/// Splits at spaces and hyphens and folds every word; apostrophes and periods vanish (`O'Brien` is `obrien`).
pub(super) fn words(text: &str) -> Vec<String> {
    // Most names are ASCII: there is nothing to decompose and no mark to remove.
    if text.is_ascii() {
        words_of(text.chars())
    } else {
        words_of(text.nfkd().filter(|letter| !is_combining_mark(*letter)))
    }
}

fn words_of(letters: impl Iterator<Item = char>) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in letters {
        match letter {
            _ if letter.is_alphanumeric() => {
                for lower in letter.to_lowercase() {
                    push_plain(
                        words.last_mut().expect("there is always a last word"),
                        lower,
                    );
                }
            }
            _ if letter.is_whitespace() || is_separator(letter) => words.push(String::new()),
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | ',' | '/' | '_')
}

/// Spells letters that have no decomposition the way registries do.
fn push_plain(word: &mut String, lower: char) {
    match lower {
        'ß' => word.push_str("ss"),
        'æ' => word.push_str("ae"),
        'œ' => word.push_str("oe"),
        'þ' => word.push_str("th"),
        'ø' => word.push('o'),
        'ł' => word.push('l'),
        'đ' | 'ð' => word.push('d'),
        'ħ' => word.push('h'),
        'ı' => word.push('i'),
        _ if lower.is_ascii() || !is_combining_mark(lower) => word.push(lower),
        _ => {}
    }
}

/// Folds a postal code: a ZIP+4 becomes its ZIP, anything else upper-case letters and digits.
pub fn postal(text: &str) -> Secret<String> {
    let plain: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_zip4 = plain.len() == 9 && plain.bytes().all(|byte| byte.is_ascii_digit());
    Secret::new(if is_zip4 {
        plain[..5].to_owned()
    } else {
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writing_habits_fold_away() {
        for (a, b) in [
            ("JOSÉ", "Jose"),
            ("O'Brien", "OBRIEN"),
            ("O\u{2019}Brien", "obrien"),
            ("  Anna  ", "anna"),
            ("Strauß", "STRAUSS"),
            ("Åse", "ase"),
            ("Łukasz", "lukasz"),
            ("ＡＮＮ", "ann"),
        ] {
            assert_eq!(name(a).joined(), name(b).joined(), "{a} {b}");
        }
        assert_eq!(
            name("Anne-Marie").tokens().collect::<Vec<_>>(),
            ["anne", "marie"]
        );
        assert_eq!(name("李").joined(), "李");
        assert!(name(" .'- ").is_empty());
    }

    #[test]
    fn a_suffix_is_cut_from_a_family_name_but_never_the_name_itself() {
        assert_eq!(family("Smith Jr.").joined(), "smith");
        assert_eq!(family("Smith, III").joined(), "smith");
        assert_eq!(family("Junior").joined(), "junior");
        assert_eq!(family("Li V").joined(), "li");
    }

    #[test]
    fn postal_codes_fold() {
        assert_eq!(postal("46802-1234").expose(), "46802");
        assert_eq!(postal("468021234").expose(), "46802");
        assert_eq!(postal("sw1a 1aa").expose(), "SW1A1AA");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = name(&text);
            let twice = name(once.joined());
            prop_assert_eq!(twice.joined(), once.joined());
            let words = name(&once.tokens().collect::<Vec<_>>().join(" "));
            prop_assert_eq!(words.joined(), once.joined());
        }

        #[test]
        fn a_blank_name_is_one_of_which_nothing_is_left(text in "[\\PC]{0,3}|[ -~]{0,5}") {
            prop_assert_eq!(is_blank(&text), name(&text).is_empty());
        }

        #[test]
        fn plain_letters_fold_as_all_others_do(text in "[ -~\t\u{b}]{0,40}") {
            prop_assert_eq!(words(&text), words_of(text.nfkd()));
        }

        #[test]
        fn case_does_not_matter(text in "[a-zA-Z' -]{0,30}") {
            let (upper, lower) = (name(&text.to_uppercase()), name(&text.to_lowercase()));
            prop_assert_eq!(upper.joined(), lower.joined());
        }
    }
}
