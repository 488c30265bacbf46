//! The lines of a text, as an editor counts them: LF, CRLF and CR end one, also where a file mixes them.

use std::io::{self, BufRead};

use super::encoding;

/// A line that is longer is none of a table.
const LONGEST: usize = 1 << 20;

/// One line without its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number; the first is 1.
    pub number: i64,
    /// Its text.
    pub text: String,
    /// Whether its bytes were not UTF-8 and were read as Windows-1252.
    pub is_foreign: bool,
}

/// How many lines end how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    lf: u64,
    crlf: u64,
    cr: u64,
}

impl Ends {
    /// Names the line ends.
    pub const fn as_str(self) -> &'static str {
        match (self.lf > 0, self.crlf > 0, self.cr > 0) {
            (_, false, false) => "Unix line ends",
            (false, true, false) => "Windows line ends",
            (false, false, true) => "old Mac line ends",
            _ => "mixed line ends",
        }
    }
}

/// Reads lines.
pub struct Lines<R> {
    reader: R,
    number: i64,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The ends of the lines read so far.
    pub ends: Ends,
}

impl<R: BufRead> Lines<R> {
    /// Begins at line 1.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            number: 0,
            after_cr: false,
            ends: Ends::default(),
        }
    }

    /// Gives the next line; `None` at the end of the text.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                self.settle(false);
                if bytes.is_empty() {
                    return Ok(None);
                }
                break;
            }
            if self.after_cr {
                let is_lf = buffer[0] == b'\n';
                self.settle(is_lf);
                if is_lf {
                    self.reader.consume(1);
                    continue;
                }
            }
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(buffer.len());
            bytes.extend_from_slice(&buffer[..taken]);
            if bytes.len() > LONGEST {
                return Err(io::Error::other(format!(
                    "line {} is longer than a mebibyte: this is no table",
                    self.number + 1
                )));
            }
            let Some(end) = end else {
                self.reader.consume(taken);
                continue;
            };
            if buffer[end] == b'\n' {
                self.ends.lf += 1;
            } else {
                self.after_cr = true;
            }
            self.reader.consume(end + 1);
            break;
        }
        self.number += 1;
        Ok(Some(line(self.number, bytes)))
    }

    fn settle(&mut self, is_lf: bool) {
        if self.after_cr {
            self.after_cr = false;
            if is_lf {
                self.ends.crlf += 1;
            } else {
                self.ends.cr += 1;
            }
        }
    }
}

fn line(number: i64, bytes: Vec<u8>) -> Line {
    let (mut text, is_foreign) = match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => (encoding::windows_1252(error.as_bytes()), true),
    };
    // NUL, and the mark with which DOS ended a file.
    if text.contains(['\0', '\u{1a}']) {
        text.retain(|letter| !matches!(letter, '\0' | '\u{1a}'));
    }
    Line {
        number,
        text,
        is_foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], buffer: usize) -> (Vec<(i64, String)>, Ends) {
        let mut lines = Lines::new(io::BufReader::with_capacity(buffer, bytes));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, line.text));
        }
        (all, lines.ends)
    }

    #[test]
    fn every_end_counts_once_wherever_the_buffer_ends() {
        let expected: Vec<(i64, String)> = (1..)
            .zip(["a", "", "b", "c", "d"])
            .map(|(number, text)| (number, text.to_owned()))
            .collect();
        for buffer in 1..9 {
            let (lines, ends) = read(b"a\r\n\nb\rc\r\nd", buffer);
            assert_eq!(lines, expected, "{buffer}");
            assert_eq!(ends.as_str(), "mixed line ends");
        }
        assert_eq!(read(b"a\rb\r", 64).1.as_str(), "old Mac line ends");
        assert_eq!(read(b"a\r\nb\r\n", 64).1.as_str(), "Windows line ends");
        assert_eq!(read(b"a\nb", 64).1.as_str(), "Unix line ends");
        assert_eq!(read(b"", 64).0, []);
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_read_by_itself() {
        let mut lines = Lines::new("José\n".as_bytes().chain_of(b"Jos\xe9\n\x1a"));
        let first = lines.next().unwrap().unwrap();
        assert!(!first.is_foreign && first.text == "José");
        let second = lines.next().unwrap().unwrap();
        assert!(second.is_foreign && second.text == "José");
        assert_eq!(lines.next().unwrap().unwrap().text, "");
    }

    trait ChainOf {
        fn chain_of(self, more: &[u8]) -> io::Cursor<Vec<u8>>;
    }

    impl ChainOf for &[u8] {
        fn chain_of(self, more: &[u8]) -> io::Cursor<Vec<u8>> {
            io::Cursor::new([self, more].concat())
        }
    }

    proptest! {
        #[test]
        fn lines_joined_are_the_text(parts in prop::collection::vec("[a-z]{0,5}", 1..9), ends in prop::collection::vec(0..3usize, 9)) {
            let ends: Vec<&str> = ends.iter().map(|end| ["\n", "\r\n", "\r"][*end]).collect();
            let mut text = String::new();
            for (part, end) in parts.iter().zip(&ends) {
                // A CR before an empty line that an LF ends would be one CRLF.
                text.push_str(part);
                text.push('x');
                text.push_str(end);
            }
            let (lines, _) = read(text.as_bytes(), 7);
            let expected: Vec<String> = parts.iter().map(|part| format!("{part}x")).collect();
            prop_assert_eq!(lines.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), expected);
        }
    }
}
