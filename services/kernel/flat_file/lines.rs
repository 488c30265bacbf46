//! Reads a text file line by line, however its lines end, with bounded memory.

use std::io::{self, BufRead};

/// The longest line, in bytes.
const LONGEST: u64 = 64 * 1_024;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The disk does not give it.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A line has no end, or the file is none of text.
    #[error("line {0} is longer than 64 KiB")]
    TooLong(u64),
    /// A line is not UTF-8.
    #[error("line {0} is not UTF-8")]
    NotText(u64),
}

/// The lines of a file with their numbers, counted from 1. Empty ones are left out, and so is a byte order mark.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Begins to read.
    pub const fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    fn read(&mut self) -> Result<Option<(u64, String)>, LineError> {
        loop {
            let mut bytes = Vec::new();
            let mut part = io::Read::take(&mut self.reader, LONGEST);
            if part.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if bytes.len() as u64 == LONGEST {
                return Err(LineError::TooLong(self.number));
            }
            let line = String::from_utf8(bytes).map_err(|_| LineError::NotText(self.number))?;
            let line = line.trim_end_matches(['\r', '\n']);
            let line = line.strip_prefix('\u{feff}').unwrap_or(line);
            if !line.trim().is_empty() {
                return Ok(Some((self.number, line.to_owned())));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<(u64, String), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        Lines::new(bytes).map(Result::unwrap).collect()
    }

    #[test]
    fn marks_line_ends_and_empty_lines_are_no_data() {
        let read = lines(b"\xef\xbb\xbfa,b\r\n\r\n1,2\n  \n3,4");
        let expected = [(1, "a,b"), (3, "1,2"), (5, "3,4")];
        assert_eq!(read, expected.map(|(at, line)| (at, line.to_owned())));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let mut bad = Lines::new(&b"a\n\xff\xfe\n"[..]);
        assert_eq!(bad.next().unwrap().unwrap(), (1, "a".to_owned()));
        assert!(matches!(bad.next(), Some(Err(LineError::NotText(2)))));
        let endless = vec![b'x'; 70_000];
        let first = Lines::new(&endless[..]).next();
        assert!(matches!(first, Some(Err(LineError::TooLong(1)))));
    }
}
