//! Street lines as one key, so that writing habits do not tell addresses apart.
//!
//! `street_words.csv` has a line for each word that is abbreviated: the word and its forms, folded. They are those of USPS
//! Publication 28, appendices B (directionals) and C (street suffixes, secondary units), and ordinals up to ten.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::kernel::person::Text;
use crate::kernel::secrets::Secret;

use super::fold;

static WORDS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("street_words.csv").lines();
    let forms = lines.flat_map(|line| {
        let word = line.split(',').next().unwrap_or_default();
        line.split(',').map(move |form| (form, word))
    });
    forms.collect()
});

/// A key is at most so many times as long as its lines, in bytes: what a folded text may grow, and `s` that becomes `south`.
pub const MOST_GROWTH: usize = 5 * fold::MOST_GROWTH;

/// Words that say only that a unit follows: `Apt 3`, `Unit 3` and `# 3` are one door.
const UNITS: [&str; 3] = ["apartment", "unit", "suite"];

/// Gives one key for all ways to write a street line: words spelled out, without their spaces. Empty where there is no address.
pub fn key(lines: &[Text]) -> Secret<String> {
    let mut key = String::new();
    for line in lines {
        for word in fold::words(&line.expose().replace('#', " unit ")) {
            let word = WORDS.get(word.as_str()).copied().unwrap_or(&word);
            if !UNITS.contains(&word) {
                key.push_str(word);
            }
        }
    }
    // "P.O. Box 12", "Post Office Box 12" and "POB 12".
    for long in ["postofficebox", "pob"] {
        if let Some(number) = key
            .strip_prefix(long)
            .filter(|rest| !rest.starts_with("ox"))
        {
            key = format!("pobox{number}");
        }
    }
    Secret::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> String {
        let lines: Vec<Text> = lines.iter().map(|line| (*line).into()).collect();
        key(&lines).expose().clone()
    }

    #[test]
    fn one_address_has_one_key_however_it_is_written() {
        for (a, b) in [
            (&["12 Main St"][..], &["12 MAIN STREET"][..]),
            (&["12 N. Main St."], &["12 North Main Str"]),
            (&["12 Main St", "Apt 3B"], &["12 Main St # 3-B"]),
            (&["12 Main St Unit 3b"], &["12 Main Street", "apt. 3B"]),
            (&["P.O. Box 12"], &["PO BOX 12"]),
            (&["Post Office Box 12"], &["POB 12"]),
            (&["500 Fifth Ave"], &["500 5th Avenue"]),
            (&["7 Saint Joe Ctr"], &["7 Saint Joe Center"]),
        ] {
            assert_eq!(of(a), of(b));
        }
    }

    #[test]
    fn other_doors_have_other_keys() {
        for (a, b) in [
            (&["12 Main St"][..], &["21 Main St"][..]),
            (&["12 Main St", "Apt 3"], &["12 Main St", "Apt 4"]),
            (&["12 Main St"], &["12 Main Ave"]),
            (&["12 N Main St"], &["12 S Main St"]),
        ] {
            assert_ne!(of(a), of(b));
        }
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn every_form_stands_once() {
        let all = include_str!("street_words.csv").replace('\n', ",");
        let all: Vec<&str> = all.split(',').filter(|word| !word.is_empty()).collect();
        assert_eq!(WORDS.len(), all.len());
    }
}
