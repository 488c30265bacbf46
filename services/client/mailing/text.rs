//! Text from rosters and campaigns on its way into a cell: one line, no formula, quoted where it must be.
//!
//! A spreadsheet takes a cell for a formula that begins with `=`, `+`, `-` or `@`, and a cell may also begin where another
//! program sees a delimiter or a quote (CWE-1236). An apostrophe in front of such a symbol makes it text.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Makes text inert: formulas lose their effect, and whatever would end a line becomes a space.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len() + 2);
    let mut begins = true;
    for symbol in text.chars() {
        if begins && is_operator(symbol) {
            made.push('\'');
        }
        begins = starts_a_cell(symbol) || (begins && is_blank(symbol));
        made.push(if ends_a_line(symbol) { ' ' } else { symbol });
    }
    Cow::Owned(made)
}

/// Adds a cell to a line, in quotes where it holds a delimiter, a quote or a line end.
pub fn put(line: &mut Vec<u8>, text: &str) {
    let is_special = |byte| matches!(byte, b',' | b';' | b'"' | b'\r' | b'\n');
    if !text.bytes().any(is_special) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

fn is_harmless(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'=' | b'+' | b'-' | b'@')
}

/// Full-width, small and raised forms count as their plain symbol.
fn is_operator(symbol: char) -> bool {
    let plain = if symbol.is_ascii() {
        Some(symbol)
    } else {
        std::iter::once(symbol).nfkc().next()
    };
    matches!(plain, Some('=' | '+' | '-' | '@'))
}

fn starts_a_cell(symbol: char) -> bool {
    matches!(symbol, ',' | ';' | '|' | '"' | '\'') || ends_a_line(symbol)
}

fn ends_a_line(symbol: char) -> bool {
    symbol.is_control() || matches!(symbol, '\u{2028}' | '\u{2029}')
}

/// Invisible symbols, which a spreadsheet skips before the first symbol of a cell.
fn is_blank(symbol: char) -> bool {
    symbol.is_whitespace()
        || matches!(symbol, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_made_inert_wherever_a_cell_could_begin() {
        for (text, inert_text) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("-Smith", "'-Smith"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", " '=1"),
            ("\r+1", " '+1"),
            ("  =1", "  '=1"),
            ("\u{feff}=1", "\u{feff}'=1"),
            ("＝cmd", "'＝cmd"),
            ("﹢1", "'﹢1"),
            ("Roe;=1+1", "Roe;'=1+1"),
            ("Roe,@x", "Roe,'@x"),
            ("Roe\"=1", "Roe\"'=1"),
            ("Roe\n=1", "Roe '=1"),
            ("Roe\u{2028}-1", "Roe '-1"),
        ] {
            assert_eq!(inert(text), inert_text, "{text:?}");
        }
    }

    #[test]
    fn names_and_addresses_stay_as_they_are() {
        for text in [
            "O'Brien",
            "Smith-Jones",
            "José Ñuñez",
            "Fort Wayne, IN 46802-1234",
            "c/o A & B",
        ] {
            assert_eq!(inert(text), text);
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        let cell = |text: &str| {
            let mut line = Vec::new();
            put(&mut line, text);
            String::from_utf8(line).unwrap()
        };
        assert_eq!(cell("Ann Roe"), "Ann Roe");
        assert_eq!(cell("Fort Wayne, IN"), "\"Fort Wayne, IN\"");
        assert_eq!(cell("Ann \"Annie\" Roe"), "\"Ann \"\"Annie\"\" Roe\"");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_one_cell_of_one_line(text in "\\PC*|[=+@\t\r\n\",;' -]{0,12}") {
            let text = inert(&text);
            let mut line = b"before,".to_vec();
            put(&mut line, &text);
            line.extend_from_slice(b",after\n");
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), ["before", &*text, "after"]);
            let first = text.trim_start().chars().next();
            prop_assert!(!first.is_some_and(is_operator));
        }
    }
}
