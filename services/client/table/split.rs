//! Takes a line apart into cells, in the ways in which programs quote them.
//!
//! The `csv` crate reads one dialect and takes a stray quote for the beginning of a cell that may span the rest of the file. Here each
//! way of reading either fits a line or says that it does not, and [`super::records`] takes the first that fits.

/// What stands between cells and around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between cells; ASCII.
    pub delimiter: u8,
    /// Around a cell with a delimiter in it; ASCII.
    pub quote: u8,
}

impl Dialect {
    /// Comma and double quotes.
    #[cfg(test)]
    pub const CSV: Self = Self {
        delimiter: b',',
        quote: b'"',
    };

    /// Names the delimiter.
    pub fn delimiter_name(self) -> String {
        match self.delimiter {
            b',' => "comma".to_owned(),
            b'\t' => "tab".to_owned(),
            b';' => "semicolon".to_owned(),
            b'|' => "pipe".to_owned(),
            other => format!("`{}`", char::from(other)),
        }
    }
}

/// How a quote within quotes is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Twice: RFC 4180.
    Doubled,
    /// With a backslash before it: MySQL, PostgreSQL's old form, many scripts.
    Backslash,
}

/// What came of reading a text by the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All cells are closed.
    Closed,
    /// The last cell is quoted and not closed: it may go on in the next line.
    Open,
    /// A closing quote is followed by something else than a delimiter.
    Broken,
}

/// Reads by the rules. A cell that does not begin with a quote is taken as it is.
pub fn strict(text: &str, dialect: Dialect, escape: Escape, cells: &mut Vec<String>) -> Outcome {
    cells.clear();
    let mut rest = text;
    loop {
        let quoted = quoted_start(rest, dialect);
        let Some(start) = quoted else {
            let (cell, more) = plain_cell(rest, dialect);
            cells.push(unescaped(cell, dialect, escape));
            match more {
                Some(more) => rest = more,
                None => return Outcome::Closed,
            }
            continue;
        };
        let (cell, end) = quoted_cell(&rest[start..], dialect, escape);
        cells.push(cell);
        let Some(end) = end else {
            return Outcome::Open;
        };
        match after(&rest[start + end..], dialect) {
            After::Delimiter(more) => rest = more,
            After::End => return Outcome::Closed,
            After::Other => return Outcome::Broken,
        }
    }
}

/// Reads quotes within a quoted cell as characters: only one before a delimiter or the end of the line closes it.
pub fn inner_quotes(text: &str, dialect: Dialect, cells: &mut Vec<String>) -> Outcome {
    cells.clear();
    let mut rest = text;
    loop {
        let Some(start) = quoted_start(rest, dialect) else {
            let (cell, more) = plain_cell(rest, dialect);
            cells.push(cell.to_owned());
            match more {
                Some(more) => rest = more,
                None => return Outcome::Closed,
            }
            continue;
        };
        let body = &rest[start..];
        let quotes = body.bytes().enumerate();
        let closing = quotes.filter(|(_, byte)| *byte == dialect.quote);
        let mut closing = closing.filter_map(|(at, _)| match after(&body[at + 1..], dialect) {
            After::Other => None,
            After::End => Some((at, None)),
            After::Delimiter(more) => Some((at, Some(more))),
        });
        let Some((at, more)) = closing.next() else {
            return Outcome::Open;
        };
        let twice = char::from(dialect.quote).to_string().repeat(2);
        cells.push(body[..at].replace(&twice, &twice[..1]));
        match more {
            Some(more) => rest = more,
            None => return Outcome::Closed,
        }
    }
}

/// Reads a cell as quoted where it can be, and its quote as a character where it cannot.
pub fn stray_quotes(text: &str, dialect: Dialect, cells: &mut Vec<String>) {
    cells.clear();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let quoted = quoted_start(text, dialect).and_then(|start| {
            let (cell, end) = quoted_cell(&text[start..], dialect, Escape::Doubled);
            match after(&text[start + end?..], dialect) {
                After::Delimiter(more) => Some((cell, Some(more))),
                After::End => Some((cell, None)),
                After::Other => None,
            }
        });
        let (cell, more) = quoted.unwrap_or_else(|| {
            let (cell, more) = plain_cell(text, dialect);
            (cell.to_owned(), more)
        });
        cells.push(cell);
        rest = more;
    }
}

/// Reads every quote as a character.
pub fn plain(text: &str, dialect: Dialect, cells: &mut Vec<String>) {
    cells.clear();
    let parts = text.split(char::from(dialect.delimiter));
    cells.extend(parts.map(str::to_owned));
}

/// Gives where the text of a quoted cell begins; spaces before the quote are forgiven.
fn quoted_start(text: &str, dialect: Dialect) -> Option<usize> {
    let at = text.bytes().position(|byte| byte != b' ')?;
    (text.as_bytes()[at] == dialect.quote).then_some(at + 1)
}

fn plain_cell(text: &str, dialect: Dialect) -> (&str, Option<&str>) {
    match text.split_once(char::from(dialect.delimiter)) {
        Some((cell, more)) => (cell, Some(more)),
        None => (text, None),
    }
}

fn unescaped(cell: &str, dialect: Dialect, escape: Escape) -> String {
    match escape {
        Escape::Doubled => cell.to_owned(),
        Escape::Backslash => cell.replace(&format!("\\{}", char::from(dialect.quote)), "\""),
    }
}

/// Reads the text of a quoted cell; gives where its closing quote ends, if it has one.
fn quoted_cell(text: &str, dialect: Dialect, escape: Escape) -> (String, Option<usize>) {
    let bytes = text.as_bytes();
    let (mut cell, mut at, mut from) = (String::new(), 0, 0);
    while at < bytes.len() {
        let next = bytes.get(at + 1);
        match bytes[at] {
            b'\\'
                if escape == Escape::Backslash
                    && next.is_some_and(|next| *next == dialect.quote || *next == b'\\') =>
            {
                cell.push_str(&text[from..at]);
                from = at + 1;
                at += 2;
            }
            quote if quote == dialect.quote => {
                cell.push_str(&text[from..at]);
                if next != Some(&dialect.quote) {
                    return (cell, Some(at + 1));
                }
                from = at + 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    cell.push_str(&text[from..]);
    (cell, None)
}

enum After<'t> {
    Delimiter(&'t str),
    End,
    Other,
}

/// Looks at what follows a closing quote; spaces are forgiven.
fn after(text: &str, dialect: Dialect) -> After<'_> {
    let rest = text.trim_start_matches(' ');
    match rest.as_bytes().first() {
        None => After::End,
        Some(byte) if *byte == dialect.delimiter => After::Delimiter(&rest[1..]),
        Some(_) => After::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, escape: Escape) -> (Outcome, Vec<String>) {
        let mut cells = Vec::new();
        let outcome = strict(text, Dialect::CSV, escape, &mut cells);
        (outcome, cells)
    }

    #[test]
    fn quotes_are_read_by_the_rules() {
        let (outcome, cells) = read(r#"a,"b, c","d ""e""", "f" ,"#, Escape::Doubled);
        assert_eq!(outcome, Outcome::Closed);
        assert_eq!(cells, ["a", "b, c", "d \"e\"", "f", ""]);
        assert_eq!(read("a,\"b", Escape::Doubled).0, Outcome::Open);
        assert_eq!(read("a,\"b\" c", Escape::Doubled).0, Outcome::Broken);
        let (outcome, cells) = read(r#""a \"b\"",c\"d,"e\\""#, Escape::Backslash);
        assert_eq!(outcome, Outcome::Closed);
        assert_eq!(cells, ["a \"b\"", "c\"d", "e\\"]);
    }

    #[test]
    fn a_quote_that_is_no_quote_stays_a_character() {
        let mut cells = Vec::new();
        stray_quotes(r#"a,"10 Elm St,"Smith, Jr",IN"#, Dialect::CSV, &mut cells);
        assert_eq!(cells, ["a", "\"10 Elm St", "Smith, Jr", "IN"]);
        let outcome = inner_quotes(r#""12 "rear" St",b"#, Dialect::CSV, &mut cells);
        assert_eq!((outcome, cells.len()), (Outcome::Closed, 2));
        assert_eq!(cells[0], "12 \"rear\" St");
        assert_eq!(
            inner_quotes("\"a,b", Dialect::CSV, &mut cells),
            Outcome::Open
        );
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(cells in prop::collection::vec("[ab\",;\\\\ 'é]{0,6}", 2..6), tab in any::<bool>()) {
            let dialect = Dialect { delimiter: if tab { b'\t' } else { b',' }, quote: b'"' };
            let mut writer = csv::WriterBuilder::new().delimiter(dialect.delimiter).from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let mut read = Vec::new();
            let outcome = strict(text.trim_end_matches('\n'), dialect, Escape::Doubled, &mut read);
            // Spaces before a quote are forgiven, so a cell of a space and a quote is written quoted and read the same.
            prop_assert_eq!((outcome, read), (Outcome::Closed, cells));
        }

        #[test]
        fn no_text_breaks_a_reading(text in "[a\",\\\\ é]{0,20}") {
            let mut cells = Vec::new();
            let _ = strict(&text, Dialect::CSV, Escape::Backslash, &mut cells);
            let _ = inner_quotes(&text, Dialect::CSV, &mut cells);
            stray_quotes(&text, Dialect::CSV, &mut cells);
            prop_assert!(!cells.is_empty());
        }
    }
}
