//! What stands in a table and is no row of it: a second header line, the header again, totals, another table.

use super::columns::{Map, Vocabulary, plain};
use super::header::named;
use super::records::RawRecord;

/// What the second line of a header says of columns.
const KINDS: &str = "text|string|char|varchar|nvarchar|date|datetime|number|numeric|int|integer|bigint|decimal|float|boolean|bool|required|\
    optional|yyyymmdd|mmddyyyy|ddmmyyyy|mandatory|alphanumeric|format|yn|pii";

/// What lines below a table begin with.
const BELOW: &str = "total|grand total|subtotal|count|row count|rows:|rows |records|record count|number of|end of|page |printed|generated|\
    report|run date|confidential|***|===|exported|prepared by|as of";

/// What is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// The header again.
    HeaderAgain,
    /// A second line of the header.
    SecondHeaderLine,
    /// A total or another line below the table.
    Footer,
    /// Another table.
    AnotherTable,
}

impl PassedOver {
    /// Says what it is.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HeaderAgain => "the header again",
            Self::SecondHeaderLine => "a second header line",
            Self::Footer => "a line that is no row, such as a total",
            Self::AnotherTable => "another table",
        }
    }
}

/// Tells rows from what is none.
pub struct Judge {
    /// The header, folded.
    header: Vec<String>,
    /// The fewest cells that a row filled so far.
    least_filled: usize,
    rows: usize,
    after_blank: bool,
    in_another_table: bool,
}

impl Judge {
    /// Begins behind a header.
    pub fn new(header: &[String]) -> Self {
        Self {
            header: header.iter().map(|name| plain(name)).collect(),
            least_filled: usize::MAX,
            rows: 0,
            after_blank: false,
            in_another_table: false,
        }
    }

    /// Takes notice of a line without a value.
    pub fn blank(&mut self) {
        self.after_blank = true;
    }

    /// Tells what a record is, if it is no row.
    pub fn judge(
        &mut self,
        vocabulary: &Vocabulary,
        map: &Map,
        record: &RawRecord,
    ) -> Option<PassedOver> {
        let cells = &record.cells;
        let filled: Vec<&str> = cells
            .iter()
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        let is_first = self.rows == 0;
        if self.is_header(cells) {
            self.in_another_table = false;
            return Some(PassedOver::HeaderAgain);
        }
        if is_first && is_second_header_line(vocabulary, map, cells, &filled) {
            return Some(PassedOver::SecondHeaderLine);
        }
        if is_footer(&filled, self.header.len()) {
            return Some(PassedOver::Footer);
        }
        let is_sparse =
            self.rows > 0 && self.header.len() > 3 && filled.len() * 2 <= self.least_filled;
        if is_sparse && (self.after_blank || self.in_another_table) {
            self.in_another_table = true;
            return Some(PassedOver::AnotherTable);
        }
        self.after_blank = false;
        self.in_another_table = false;
        if record.trouble.is_none() && self.rows < 1_000 {
            self.least_filled = self.least_filled.min(filled.len());
        }
        self.rows += 1;
        None
    }

    fn is_header(&self, cells: &[String]) -> bool {
        let mut pairs = self
            .header
            .iter()
            .zip(cells)
            .filter(|(name, _)| !name.is_empty());
        let same = |(name, cell): (&String, &String)| plain(cell) == *name;
        // Most rows are told apart by their first cell.
        pairs.clone().next().is_some_and(same) && pairs.all(same)
    }
}

fn is_second_header_line(
    vocabulary: &Vocabulary,
    map: &Map,
    cells: &[String],
    filled: &[&str],
) -> bool {
    let is_kind = |cell: &&&str| {
        let folded = plain(cell);
        let word = folded.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let is_rule = folded.is_empty() && cell.contains(['-', '=', '_']);
        is_rule
            || KINDS.split('|').any(|kind| kind == word)
            || KINDS
                .split('|')
                .any(|kind| word.starts_with(kind) && cell.contains('('))
    };
    let kinds = filled.iter().filter(is_kind).count();
    let names = if vocabulary.columns.len() > 1 {
        named(vocabulary, map, cells)
    } else {
        0
    };
    !filled.is_empty() && (kinds * 2 > filled.len() || (names > 2 && names * 3 > filled.len() * 2))
}

fn is_footer(filled: &[&str], width: usize) -> bool {
    let Some(first) = filled.first() else {
        return false;
    };
    if filled.len() > 3.min(width.max(2) - 1) {
        return false;
    }
    let text = first.to_lowercase();
    let text = text.trim_start_matches(['(', '"', '\'']);
    if text.chars().all(|letter| "-=_*# ".contains(letter)) {
        return true;
    }
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ',');
    let counted = digits.len() < text.len()
        && ["row", "record", "line", "result"]
            .iter()
            .any(|word| digits.trim_start().starts_with(word));
    // One word may be a value: a code, a reference.
    let is_text = text.contains([' ', ':']) || filled.len() > 1 || width > 1;
    counted || (is_text && BELOW.split('|').any(|begins| text.starts_with(begins)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::table::columns::Column;

    const PEOPLE: Vocabulary = Vocabulary {
        of: "a list",
        columns: &[
            Column::optional("ref", ""),
            Column::optional("given", ""),
            Column::optional("family", ""),
            Column::optional("city", ""),
            Column::optional("zip", ""),
        ],
    };

    fn judged(lines: &[&str]) -> Vec<Option<PassedOver>> {
        let cells = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
        let mut judge = Judge::new(&cells("Ref,Given,Family,City,ZIP"));
        let lines = lines.iter().filter_map(|line| {
            if line.is_empty() {
                judge.blank();
                return None;
            }
            let record = RawRecord {
                cells: cells(line),
                ..RawRecord::default()
            };
            Some(judge.judge(&PEOPLE, &Map::default(), &record))
        });
        lines.collect()
    }

    #[test]
    fn what_is_no_row_is_told() {
        use PassedOver::{AnotherTable, Footer, HeaderAgain, SecondHeaderLine};
        let lines = [
            "text,varchar(80),varchar(80),text,text",
            "1,Ann,Roe,Gary,46402",
            "ref,given,family,city,zip",
            "2,Count,Total,Gary,46402",
            "",
            "3,Jo,Roe,Gary,46402",
            "Total: 3 rows",
            "3 rows,,,,",
            "Count,3,,,",
            "-----",
            "",
            "Clinic,,,,",
            "north,,,,",
            "4,Al,Poe,Gary,46402",
            "5,,,,",
        ];
        let none = None;
        assert_eq!(
            judged(&lines),
            [
                Some(SecondHeaderLine),
                none,
                Some(HeaderAgain),
                none,
                none,
                Some(Footer),
                Some(Footer),
                Some(Footer),
                Some(Footer),
                Some(AnotherTable),
                Some(AnotherTable),
                none,
                none,
            ]
        );
    }
}
