//! Planted values and everything they could look like where they must not stand.

use data_encoding::{BASE64, HEXLOWER};

/// A planted value with the name under which a find is reported; the value itself is not printed.
pub struct Canary {
    pub name: String,
    needles: Vec<Vec<u8>>,
}

impl Canary {
    /// Plants a value in the forms in which it could leak: as it is, in other case, in hexadecimal and in base64.
    pub fn new(name: &str, value: &str) -> Self {
        assert!(value.len() >= 6, "{name} would be found by chance");
        let mut texts = vec![value.to_owned(), value.to_lowercase(), value.to_uppercase()];
        // Eight bare digits of a date would be found by chance among microseconds.
        let bare: String = value
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect();
        if bare.len() > 8 {
            texts.push(bare.to_lowercase());
            texts.push(bare.to_uppercase());
        }
        texts.sort();
        texts.dedup();
        let mut needles = Vec::new();
        for text in texts.iter().filter(|text| text.len() >= 6) {
            let hex = HEXLOWER.encode(text.as_bytes());
            needles.push(hex.to_uppercase().into_bytes());
            needles.push(hex.into_bytes());
            needles.extend(base64_cores(text.as_bytes()));
            needles.push(text.clone().into_bytes());
        }
        Self {
            name: name.to_owned(),
            needles,
        }
    }

    /// A birth date in the forms of our files, of databases and of people.
    pub fn dates(name: &str, date: jiff::civil::Date) -> Vec<Self> {
        let (year, month, day) = (date.year(), date.month(), date.day());
        [
            format!("{year:04}-{month:02}-{day:02}"),
            format!("{month:02}/{day:02}/{year:04}"),
        ]
        .iter()
        .map(|text| Self::new(name, text))
        .collect()
    }

    /// Tells whether any form stands in these bytes.
    pub fn is_in(&self, hay: &[u8]) -> bool {
        self.needles.iter().any(|needle| contains(hay, needle))
    }
}

/// Base64 of a text inside of longer data starts at one of three places in a group; what depends on neighbours is cut.
fn base64_cores(text: &[u8]) -> Vec<Vec<u8>> {
    (0..3)
        .map(|shift| {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(text);
            let whole = BASE64.encode(&padded).into_bytes();
            let start = (shift * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            whole[start..end].to_vec()
        })
        .collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut at = 0;
    while let Some(next) = hay[at..].iter().position(|byte| byte == first) {
        let start = at + next;
        if hay[start..].starts_with(needle) {
            return true;
        }
        at = start + 1;
    }
    false
}

/// Names of the canaries that stand in these bytes.
pub fn found(canaries: &[Canary], hay: &[u8]) -> Vec<String> {
    let found = canaries.iter().filter(|canary| canary.is_in(hay));
    found.map(|canary| canary.name.clone()).collect()
}

#[test]
fn a_canary_is_found_in_every_form_and_not_in_their_absence() {
    let canary = Canary::new("name", "Quornbury");
    for hay in [
        "xxQuornburyxx".to_owned(),
        "QUORNBURY".to_owned(),
        HEXLOWER.encode(b"..Quornbury.."),
        BASE64.encode(b"Quornbury"),
        BASE64.encode(b"xQuornbury and more"),
        BASE64.encode(b"xyquornbury"),
    ] {
        assert!(canary.is_in(hay.as_bytes()), "{hay}");
    }
    assert!(!canary.is_in(b"Quornbur"));
    assert!(Canary::new("ssn", "666-01-7391").is_in(b"=666017391="));
}
