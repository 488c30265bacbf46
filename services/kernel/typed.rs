//! Text that a person typed or copied: what a program put in or around it is taken away.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Gives a typed code or number in Unicode's form NFKC, so that wide digits and letters are the plain ones, without invisible
/// characters, and without what a sentence puts around it: whatever is no letter or digit at either end.
pub fn fold(text: &str) -> Zeroizing<String> {
    let visible = text.nfkc().filter(|letter| !is_invisible(*letter));
    let folded = Zeroizing::new(visible.collect::<String>());
    Zeroizing::new(
        folded
            .trim_matches(|letter: char| !letter.is_alphanumeric())
            .to_owned(),
    )
}

/// Tells whether a character is one of Unicode's Default_Ignorable_Code_Point that programs put into text: soft hyphen, joiners, marks
/// of direction, variation selectors, byte order mark.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_or_a_sentence_adds_is_taken_away() {
        for text in [
            "B123456",
            " B123456\n",
            "\u{feff}B123\u{200b}456",
            "“B123456”.",
            "(#B123456)",
            "Ｂ１２３４５６",
        ] {
            assert_eq!(fold(text).as_str(), "B123456", "{text:?}");
        }
        assert_eq!(fold("**").as_str(), "");
        assert_eq!(fold("B12*3456").as_str(), "B12*3456", "not in between");
    }
}
