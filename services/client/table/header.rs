//! Finding the header of a table, and with it the delimiter and the quotes: the way of reading by which most columns are recognised.

use std::collections::VecDeque;

use super::columns::{Map, Meaning, Vocabulary, meaning};
use super::lines::{Line, Lines};
use super::records::Records;
use super::split::Dialect;

/// Lines among which the header is looked for.
pub const HEAD: usize = 60;

/// The delimiters that are tried, in this order.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// A header that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its line.
    pub line: i64,
    /// The line after its last one.
    pub next_line: i64,
    /// Its cells.
    pub cells: Vec<String>,
}

impl Header {
    /// Takes a record of so many lines for the header. Nothing is expected under names that are empty at its end.
    pub fn new(line: i64, lines: usize, cells: &[String]) -> Self {
        let last = cells.iter().rposition(|cell| !cell.trim().is_empty());
        Self {
            line,
            next_line: line + i64::try_from(lines).unwrap_or(1),
            cells: cells[..last.map_or(0, |last| last + 1)].to_vec(),
        }
    }
}

/// Counts the different columns that a record names.
pub fn named(vocabulary: &Vocabulary, map: &Map, cells: &[String]) -> usize {
    let mut seen = vec![false; vocabulary.columns.len()];
    let mut left_out = 0;
    for cell in cells {
        match meaning(vocabulary, map, cell.trim()) {
            Meaning::Ours(ours) => seen[ours] = true,
            Meaning::LeftOut => left_out += 1,
            Meaning::Nameless | Meaning::Unknown => {}
        }
    }
    seen.into_iter().filter(|seen| *seen).count() + left_out
}

/// Chooses the record that names most columns; the first of those.
pub fn best<'r>(
    vocabulary: &Vocabulary,
    map: &Map,
    records: impl Iterator<Item = (usize, &'r [String])>,
) -> Option<(usize, usize)> {
    // A title such as "List of members" may hold one name by chance; a table of one column has no more.
    let least = vocabulary.columns.len().min(2);
    let mut best: Option<(usize, usize)> = None;
    for (at, cells) in records {
        let score = named(vocabulary, map, cells);
        if score >= least && best.is_none_or(|(_, most)| score > most) {
            best = Some((at, score));
        }
    }
    best
}

/// Finds dialect and header in the first lines of a text.
pub fn find(vocabulary: &Vocabulary, map: &Map, lines: &[Line]) -> Option<(Dialect, Header)> {
    let (told, lines) = match lines.first().and_then(|line| told_delimiter(&line.text)) {
        Some(told) => (Some(told), &lines[1..]),
        None => (None, lines),
    };
    let delimiters = told.map_or_else(|| DELIMITERS.to_vec(), |told| vec![told]);
    let mut found: Option<((usize, usize), Dialect, Header)> = None;
    for delimiter in delimiters {
        let quote = quote_of(delimiter, lines);
        let dialect = Dialect { delimiter, quote };
        let ahead: VecDeque<Line> = lines.iter().cloned().collect();
        let mut reader = Records::new(Lines::new(&b""[..]), ahead, dialect, 0);
        let mut records = Vec::new();
        while let Ok(Some(record)) = reader.next() {
            records.push(record);
        }
        let cells = records.iter().map(|record| record.cells.as_slice());
        let Some((at, score)) = best(vocabulary, map, cells.enumerate()) else {
            continue;
        };
        let header = &records[at];
        let alike = records[at + 1..].iter();
        let alike = alike
            .filter(|record| record.cells.len() == header.cells.len())
            .count();
        if found
            .as_ref()
            .is_none_or(|(most, ..)| (score, alike) > *most)
        {
            let header = Header::new(header.line, header.lines, &header.cells);
            found = Some(((score, alike), dialect, header));
        }
    }
    found.map(|(_, dialect, header)| (dialect, header))
}

/// Reads Excel's `sep=;`.
fn told_delimiter(line: &str) -> Option<u8> {
    let line = line.trim_matches(['"', ' ']);
    let rest = line
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="));
    let mut letters = line.strip_prefix(rest?)?.chars();
    let delimiter = letters.next().and_then(|letter| u8::try_from(letter).ok());
    delimiter.filter(|byte| byte.is_ascii() && letters.next().is_none())
}

/// Tells the quote: single ones where many cells stand in them and hardly any in double ones.
fn quote_of(delimiter: u8, lines: &[Line]) -> u8 {
    let (mut single, mut double) = (0_usize, 0_usize);
    let cells = lines
        .iter()
        .flat_map(|line| line.text.split(char::from(delimiter)));
    for cell in cells.map(str::trim) {
        let within = |quote| cell.len() >= 2 && cell.starts_with(quote) && cell.ends_with(quote);
        single += usize::from(within('\''));
        double += usize::from(within('"'));
    }
    if single >= 3 && single > 4 * double {
        b'\''
    } else {
        b'"'
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::table::columns::Column;

    const PEOPLE: Vocabulary = Vocabulary {
        of: "a list of people",
        columns: &[
            Column::required("name", ""),
            Column::optional("city", "town"),
        ],
    };

    fn found(text: &str) -> Option<(u8, u8, i64)> {
        let texts = (1..).zip(text.lines());
        let lines: Vec<Line> = texts
            .map(|(number, text)| Line {
                number,
                text: text.to_owned(),
                is_foreign: false,
            })
            .collect();
        let (dialect, header) = find(&PEOPLE, &Map::default(), &lines)?;
        Some((dialect.delimiter, dialect.quote, header.line))
    }

    #[test]
    fn delimiter_quotes_and_header_are_found_together() {
        assert_eq!(found("name,city\nAnn,Gary\n"), Some((b',', b'"', 1)));
        assert_eq!(
            found("Our people, 2015\n\nName;Town\nAnn;Gary, IN\n"),
            Some((b';', b'"', 3))
        );
        assert_eq!(found("name\tcity\nAnn\tGary, IN\n"), Some((b'\t', b'"', 1)));
        assert_eq!(found("sep=|\nname|city\n"), Some((b'|', b'"', 2)));
        assert_eq!(
            found("'name','city'\n'Ann','Gary, IN'\n"),
            Some((b',', b'\'', 1))
        );
        assert_eq!(found("Ann,Gary\nBob,Gary\n"), None);
    }
}
