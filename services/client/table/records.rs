//! Records of a text: one line each, or several where a quoted cell has a break in it.
//!
//! A quoted cell spans at most [`LINES`] lines. Where a quote does not close within them, or a line in between is a whole record by
//! itself, it was a stray one: its line is judged alone, and reading goes on with the next line. So one character never costs more
//! than its own row.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::lines::{Line, Lines};
use super::split::{Dialect, Escape, Outcome, inner_quotes, plain, stray_quotes, strict};

/// The most lines of one record.
const LINES: usize = 8;

/// A record as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRecord {
    /// Number of its first line.
    pub line: i64,
    /// How many lines it has.
    pub lines: usize,
    /// Its cells.
    pub cells: Vec<String>,
    /// Why it is no row of this table.
    pub trouble: Option<String>,
    /// What had to be forgiven.
    pub forgiven: Option<&'static str>,
}

/// What a stray quote is told as.
pub const STRAY_QUOTE: &str = "a quote that does not enclose the cell was read as a character";
/// What a line of another encoding is told as.
pub const OTHER_ENCODING: &str =
    "the line is not UTF-8 and was read as Windows-1252; check its accents";

/// Reads records.
pub struct Records<R> {
    lines: Lines<R>,
    /// Lines that were read ahead.
    ahead: VecDeque<Line>,
    /// What stands between cells and around them.
    pub dialect: Dialect,
    /// How many cells a record has; 0 as long as the header is not known.
    pub width: usize,
    cells: Vec<String>,
}

impl<R: BufRead> Records<R> {
    /// Reads on behind lines that were read before.
    pub fn new(lines: Lines<R>, ahead: VecDeque<Line>, dialect: Dialect, width: usize) -> Self {
        Self {
            lines,
            ahead,
            dialect,
            width,
            cells: Vec::new(),
        }
    }

    /// Gives the next record; `None` at the end. A blank line is a record without cells.
    pub fn next(&mut self) -> io::Result<Option<RawRecord>> {
        let Some(first) = self.line(0)?.cloned() else {
            return Ok(None);
        };
        if first.text.trim().is_empty() {
            self.ahead.pop_front();
            return Ok(Some(RawRecord {
                line: first.number,
                lines: 1,
                ..RawRecord::default()
            }));
        }
        let (count, trouble, mut forgiven) = match self.by_the_rules(&first)? {
            Some(count) => {
                let is_odd = self
                    .cells
                    .iter()
                    .any(|cell| begins_unclosed(cell, self.dialect));
                (count, None, is_odd.then_some(STRAY_QUOTE))
            }
            None => self.by_itself(&first),
        };
        let read = self.ahead.drain(..count);
        if read.into_iter().any(|line| line.is_foreign) {
            forgiven = Some(OTHER_ENCODING);
        }
        let mut cells = std::mem::take(&mut self.cells);
        if self.width > 0 && trouble.is_none() {
            cells.truncate(self.width);
        }
        Ok(Some(RawRecord {
            line: first.number,
            lines: count,
            cells,
            trouble,
            forgiven,
        }))
    }

    /// Gives a line that was not taken yet.
    fn line(&mut self, at: usize) -> io::Result<Option<&Line>> {
        while self.ahead.len() <= at {
            let Some(line) = self.lines.next()? else {
                return Ok(None);
            };
            self.ahead.push_back(line);
        }
        Ok(self.ahead.get(at))
    }

    /// Reads the first line, and further ones as long as a quoted cell goes on in them. Gives how many lines the record has, if it
    /// fits.
    fn by_the_rules(&mut self, first: &Line) -> io::Result<Option<usize>> {
        for escape in [Escape::Doubled, Escape::Backslash] {
            let mut text = first.text.clone();
            let mut count = 1;
            loop {
                match strict(&text, self.dialect, escape, &mut self.cells) {
                    Outcome::Closed if fits(&self.cells, self.width) => return Ok(Some(count)),
                    Outcome::Open if count < LINES && self.width != 1 => {}
                    Outcome::Closed | Outcome::Open | Outcome::Broken => break,
                }
                let is_first_cell = count == 1 && self.cells.len() == 1;
                let (dialect, width) = (self.dialect, self.width);
                let Some(more) = self.line(count)?.map(|line| line.text.clone()) else {
                    break;
                };
                // The last line of a cell in the first column is a whole record too, but the first line then is none.
                let is_begun = is_first_cell && !is_whole(&first.text, dialect, width);
                if is_whole(&more, dialect, width) && !is_begun {
                    break;
                }
                text.push('\n');
                text.push_str(&more);
                count += 1;
            }
        }
        Ok(None)
    }

    /// Reads the first line alone, quotes forgiven. Gives how many lines the record has, why it does not fit, and what was forgiven.
    fn by_itself(&mut self, first: &Line) -> (usize, Option<String>, Option<&'static str>) {
        let (text, dialect, width) = (first.text.as_str(), self.dialect, self.width);
        let cells = &mut self.cells;
        if inner_quotes(text, dialect, cells) == Outcome::Closed && fits(cells, width) {
            return (1, None, Some(STRAY_QUOTE));
        }
        stray_quotes(text, dialect, cells);
        if fits(cells, width) {
            return (1, None, Some(STRAY_QUOTE));
        }
        plain(text, dialect, cells);
        if fits(cells, width) {
            return (1, None, Some(STRAY_QUOTE));
        }
        let (lines, outcome) = self.extent(first);
        let found = self.cells.len();
        let wrong = if outcome == Outcome::Closed {
            format!("the row has {found} columns and the header {width}")
        } else {
            stray_quotes(text, dialect, &mut self.cells);
            let found = self.cells.len();
            format!(
                "a quote is not closed as it should be, and without it the row has {found} columns and the header {width}"
            )
        };
        (lines, Some(wrong), None)
    }

    /// Tells over how many lines a record of another width reaches.
    fn extent(&mut self, first: &Line) -> (usize, Outcome) {
        let mut text = first.text.clone();
        for count in 1..=LINES {
            match strict(&text, self.dialect, Escape::Doubled, &mut self.cells) {
                Outcome::Closed => return (count, Outcome::Closed),
                Outcome::Broken => break,
                Outcome::Open => {}
            }
            let (dialect, width) = (self.dialect, self.width);
            let Some(more) = self.ahead.get(count) else {
                break;
            };
            if is_whole(&more.text, dialect, width) {
                break;
            }
            text.push('\n');
            text.push_str(&more.text);
        }
        (1, Outcome::Open)
    }
}

/// Tells whether a record has the width of the table; empty cells may stand behind it.
fn fits(cells: &[String], width: usize) -> bool {
    width == 0 || (cells.len() >= width && cells[width..].iter().all(|cell| cell.trim().is_empty()))
}

/// Tells whether a cell begins with a quote that nothing closes: by the rules it is a character, and it was hardly meant as one.
fn begins_unclosed(cell: &str, dialect: Dialect) -> bool {
    let quotes = cell.bytes().filter(|byte| *byte == dialect.quote).count();
    cell.as_bytes().first() == Some(&dialect.quote) && quotes % 2 == 1
}

/// Tells whether a line is a whole record by itself.
fn is_whole(text: &str, dialect: Dialect, width: usize) -> bool {
    if width < 2 {
        return false;
    }
    let mut cells = Vec::new();
    stray_quotes(text, dialect, &mut cells);
    fits(&cells, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, width: usize) -> Vec<RawRecord> {
        let lines = Lines::new(text.as_bytes());
        let mut records = Records::new(lines, VecDeque::new(), Dialect::CSV, width);
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            all.push(record);
        }
        all
    }

    fn shape(record: &RawRecord) -> (i64, usize, bool, bool) {
        let RawRecord {
            line,
            cells,
            trouble,
            forgiven,
            ..
        } = record;
        (*line, cells.len(), trouble.is_some(), forgiven.is_some())
    }

    #[test]
    fn a_quoted_cell_may_have_a_few_breaks_in_it() {
        let records = read("a,\"b\nc\n\nd\",e\r\nf,g,h\n", 3);
        assert_eq!(records[0].cells, ["a", "b\nc\n\nd", "e"]);
        assert_eq!(shape(&records[1]), (5, 3, false, false));
        let last = read("a,b,\"c\nd\"\ne,f,g\n", 3);
        assert_eq!(last[0].cells[2], "c\nd");
        assert_eq!(shape(&last[1]), (3, 3, false, false));
    }

    #[test]
    fn a_stray_quote_costs_nobody_a_row() {
        for between in [0, 1, 3, 20] {
            let rows = "x,y,z\n".repeat(between);
            let text = format!("a,\"b,c\n{rows}d,\"e,f\ng,h,i\n");
            let records = read(&text, 3);
            assert_eq!(records.len(), between + 3, "{between}");
            assert!(records.iter().all(|record| record.trouble.is_none()));
            assert_eq!(records[0].cells[1], "\"b");
            let text = format!("a,\"b,c\n{rows}d,e\",f\ng,h,i\n");
            assert_eq!(read(&text, 3).len(), between + 3, "{between}");
        }
        let end = read("a,b,c\nd,e,\"f\n", 3);
        assert_eq!(shape(&end[1]), (2, 3, false, true));
    }

    #[test]
    fn a_quote_that_was_opened_twice_is_told() {
        let records = read(
            "a,\"\"\"12 \"\"Old\"\" Rd\",c\nd,\"12 \"\"Old\"\" Rd\",f\ng,\"\"\"All\"\"\",i\n",
            3,
        );
        let told = records.iter().map(|record| record.forgiven.is_some());
        assert_eq!(told.collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(records[0].cells[1], "\"12 \"Old\" Rd");
    }

    #[test]
    fn a_row_of_another_width_is_one_trouble() {
        let records = read("a,b\nc,d,e,f\ng,h,i,,\n\"j\nk\",l\nm,\"n,o,p\nq,r,s\n", 3);
        let shapes: Vec<_> = records.iter().map(shape).collect();
        assert_eq!(
            shapes,
            [
                (1, 2, true, false),
                (2, 4, true, false),
                (3, 3, false, false),
                (4, 2, true, false),
                (6, 4, true, false),
                (7, 3, false, false),
            ]
        );
    }
}
