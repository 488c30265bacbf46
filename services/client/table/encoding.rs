//! How a text file is encoded: told from its beginning, and decoded to UTF-8 as it is read.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The encodings that lists come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or plain ASCII.
    Utf8,
    /// UTF-8 behind a byte-order mark.
    Utf8WithMark,
    /// UTF-16, low byte first: what Excel calls Unicode text.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, of which ISO 8859-1 is a part.
    Windows1252,
}

impl Encoding {
    /// Tells the encoding from the beginning of a file, and how many bytes its mark takes.
    ///
    /// A file in which multi-byte UTF-8 stands at least as often as bytes that are none is UTF-8 with a few broken lines; [`super::lines`]
    /// reads those by themselves.
    pub fn detect(head: &[u8]) -> (Self, usize) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => return (Self::Utf8WithMark, 3),
            [0xff, 0xfe, ..] => return (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => return (Self::Utf16Be, 2),
            _ => {}
        }
        // Text of western languages has a NUL in half of the bytes of UTF-16.
        let pairs = head.len().min(4_096) / 2;
        let nuls = |from: usize| {
            let bytes = head.iter().take(2 * pairs).skip(from).step_by(2);
            bytes.filter(|byte| **byte == 0).count()
        };
        if pairs > 0 && nuls(1) * 10 > pairs * 4 && nuls(0) * 10 < pairs {
            return (Self::Utf16Le, 0);
        }
        if pairs > 0 && nuls(0) * 10 > pairs * 4 && nuls(1) * 10 < pairs {
            return (Self::Utf16Be, 0);
        }
        let (good, bad) = sequences(head);
        if bad > good {
            (Self::Windows1252, 0)
        } else {
            (Self::Utf8, 0)
        }
    }

    /// Gives the name in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8WithMark => "UTF-8 with BOM",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// Decodes what a reader gives, its mark already taken off. UTF-8 passes as it is.
    pub fn decode(self, reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let encoding = match self {
            Self::Utf8 | Self::Utf8WithMark => return reader,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1252 => WINDOWS_1252,
        };
        Box::new(Decoded {
            reader,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; 1 << 16],
            filled: 0,
            taken: 0,
            ended: false,
            done: false,
        })
    }
}

/// Reads a line that is not UTF-8 as Windows-1252.
pub fn windows_1252(bytes: &[u8]) -> String {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    text.into_owned()
}

/// Counts multi-byte sequences of UTF-8, and bytes that belong to none.
fn sequences(mut bytes: &[u8]) -> (usize, usize) {
    let lead = |text: &[u8]| text.iter().filter(|byte| **byte >= 0xc0).count();
    let (mut good, mut bad) = (0, 0);
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => return (good + lead(text.as_bytes()), bad),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                good += lead(valid);
                // The beginning of a file may end within a letter.
                let Some(length) = error.error_len() else {
                    return (good, bad);
                };
                bad += 1;
                bytes = &rest[length..];
            }
        }
    }
}

struct Decoded {
    reader: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    filled: usize,
    taken: usize,
    ended: bool,
    done: bool,
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() < 4 {
            return Err(io::Error::other("a decoder needs room for a letter"));
        }
        while !self.done {
            if self.taken == self.filled && !self.ended {
                self.filled = self.reader.read(&mut self.raw)?;
                self.taken = 0;
                self.ended = self.filled == 0;
            }
            let source = &self.raw[self.taken..self.filled];
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, out, self.ended);
            self.taken += read;
            self.done = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (Encoding, String) {
        let (encoding, mark) = Encoding::detect(bytes);
        let mut text = Vec::new();
        encoding
            .decode(Box::new(io::Cursor::new(bytes[mark..].to_vec())))
            .read_to_end(&mut text)
            .unwrap();
        (encoding, String::from_utf8_lossy(&text).into_owned())
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn each_encoding_is_told_and_read() {
        let text = "name,city\nJosé,Köln\n";
        assert_eq!(decoded(text.as_bytes()), (Encoding::Utf8, text.to_owned()));
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(decoded(&marked), (Encoding::Utf8WithMark, text.to_owned()));
        for marked in ["\u{feff}", ""] {
            let whole = format!("{marked}{text}");
            let little = utf16(&whole, u16::to_le_bytes);
            assert_eq!(decoded(&little), (Encoding::Utf16Le, text.to_owned()));
            let big = utf16(&whole, u16::to_be_bytes);
            assert_eq!(decoded(&big), (Encoding::Utf16Be, text.to_owned()));
        }
        let western = b"name,city\nJos\xe9,K\xf6ln\n\x93quoted\x94\n";
        let read = "name,city\nJosé,Köln\n“quoted”\n".to_owned();
        assert_eq!(decoded(western), (Encoding::Windows1252, read));
    }

    #[test]
    fn one_broken_byte_does_not_spoil_a_file_of_utf_8() {
        let text = "José,Köln\nZoë,Łódź\nJos\u{0}".as_bytes();
        let spoiled = [text, b"\xe9\n"].concat();
        assert_eq!(Encoding::detect(&spoiled).0, Encoding::Utf8);
        let cut = &"aé".as_bytes()[..2];
        assert_eq!(Encoding::detect(cut).0, Encoding::Utf8);
    }
}
