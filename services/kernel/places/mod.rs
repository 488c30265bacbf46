//! States, territories and countries, by their letters and by the names that people write.
//!
//! `regions.txt` has the two letters of the U.S. Postal Service (Publication 28, appendix B), the name, and older abbreviations. `zips.txt`
//! has the ranges of the first three digits of ZIP codes by state (USPS Domestic Mail Manual, labeling list L002). `countries.txt` has
//! ISO 3166-1: both codes, the English name that a letter carries, other names in use.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// What stands for a country that nobody knows: a code that ISO 3166 leaves to its users.
pub const NOWHERE: &str = "ZZ";

/// Territories and associated states: the U.S. Postal Service delivers there as at home, and ISO lists them as countries.
const DOMESTIC: [&str; 8] = ["AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"];

static REGIONS: LazyLock<HashMap<String, &'static str>> =
    LazyLock::new(|| names(include_str!("regions.txt")));
static COUNTRIES: LazyLock<HashMap<String, &'static str>> =
    LazyLock::new(|| names(include_str!("countries.txt")));
static ZIPS: LazyLock<Vec<(u16, u16, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("zips.txt").lines();
    let range = |line: &'static str| {
        let (range, region) = line.split_once(' ')?;
        let (first, last) = range.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?, region))
    };
    lines.filter_map(range).collect()
});

/// The provinces and territories of Canada.
const PROVINCES: [(&str, &str); 13] = [
    ("AB", "alberta"),
    ("BC", "britishcolumbia"),
    ("MB", "manitoba"),
    ("NB", "newbrunswick"),
    ("NL", "newfoundlandandlabrador"),
    ("NS", "novascotia"),
    ("NT", "northwestterritories"),
    ("NU", "nunavut"),
    ("ON", "ontario"),
    ("PE", "princeedwardisland"),
    ("QC", "quebec"),
    ("SK", "saskatchewan"),
    ("YT", "yukon"),
];

/// Reads lines of a code and its names.
fn names(lines: &'static str) -> HashMap<String, &'static str> {
    let lines = lines.lines().filter_map(|line| line.split_once('|'));
    let pairs = lines.flat_map(|(code, names)| {
        let names = names.split('|').chain([code]);
        names.map(move |name| (plain(name), code))
    });
    pairs.collect()
}

/// Folds a name: small letters and digits, without marks.
fn plain(name: &str) -> String {
    let letters = name.nfkd().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Gives the two letters of a U.S. state, territory or military region, however it is written.
pub fn region(text: &str) -> Option<&'static str> {
    REGIONS.get(&plain(text)).copied()
}

/// Gives the two letters of a country, however it is written.
pub fn country(text: &str) -> Option<&'static str> {
    COUNTRIES.get(&plain(text)).copied()
}

/// Gives the English name of a country by its two letters, in capitals: the last line of a letter abroad (USPS Publication 28, section
/// 2-11; International Mail Manual 122).
pub fn country_line(code: &str) -> Option<String> {
    let mut lines = include_str!("countries.txt").lines();
    let line = lines.find(|line| line.split('|').next() == Some(code))?;
    line.split('|').nth(2).map(str::to_uppercase)
}

/// Tells whether letters go to a country as they do at home.
pub fn is_domestic(country: &str) -> bool {
    country == "US" || DOMESTIC.contains(&country)
}

/// Tells whether a text is a province of Canada.
pub fn is_province(text: &str) -> bool {
    let text = plain(text);
    PROVINCES
        .iter()
        .any(|(code, name)| code.eq_ignore_ascii_case(&text) || *name == text)
}

/// Gives the region of a ZIP; none where its first three digits are not in use or are shared by several.
pub fn region_of_zip(zip: &str) -> Option<&'static str> {
    let prefix: u16 = zip.get(..3)?.parse().ok()?;
    // American Samoa has one code among those of Hawaii.
    if zip.starts_with("96799") {
        return Some("AS");
    }
    let range = ZIPS
        .iter()
        .find(|(first, last, _)| (*first..=*last).contains(&prefix));
    range.map(|(_, _, region)| *region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_however_they_are_written() {
        for (text, code) in [
            ("Indiana", "IN"),
            ("Ind.", "IN"),
            ("in", "IN"),
            ("Calif.", "CA"),
            ("Puerto Rico", "PR"),
            ("N. Mex.", "NM"),
            ("W.Va.", "WV"),
            ("N.Y.", "NY"),
            ("NEW  YORK", "NY"),
            ("Penna", "PA"),
            ("D.C.", "DC"),
            ("Virgin Islands", "VI"),
        ] {
            assert_eq!(region(text), Some(code), "{text}");
        }
        assert_eq!(
            (region("Ontario"), region(""), region("XX")),
            (None, None, None)
        );
    }

    #[test]
    fn countries_are_known_however_they_are_written() {
        for (text, code) in [
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("United States", "US"),
            ("united states of america", "US"),
            ("DEU", "DE"),
            ("Germany", "DE"),
            ("UK", "GB"),
            ("England", "GB"),
            ("México", "MX"),
            ("Mexico", "MX"),
            ("Korea, Republic of", "KR"),
            ("Côte d'Ivoire", "CI"),
            ("in", "IN"),
        ] {
            assert_eq!(country(text), Some(code), "{text}");
        }
        assert_eq!(
            (country("Atlantis"), country("XX"), country("")),
            (None, None, None)
        );
        assert!(is_domestic("PR") && is_domestic("US") && !is_domestic("CA"));
        for (code, line) in [
            ("DE", "GERMANY"),
            ("CI", "CÔTE D'IVOIRE"),
            ("CD", "DEMOCRATIC REPUBLIC OF THE CONGO"),
        ] {
            assert_eq!(country_line(code).as_deref(), Some(line));
        }
        assert_eq!((country_line("ZZ"), country_line("DEU")), (None, None));
        for code in COUNTRIES.values() {
            let line = country_line(code).unwrap();
            assert!(
                line.len() > 3 && !line.ends_with(" OF") && !line.ends_with(" THE"),
                "{code}: {line}"
            );
        }
        assert!(COUNTRIES.len() > 700 && REGIONS.len() > 120);
    }

    #[test]
    fn a_zip_has_a_region() {
        for (zip, code) in [
            ("00501", "NY"),
            ("02134", "MA"),
            ("46802", "IN"),
            ("00901", "PR"),
            ("09012", "AE"),
            ("99501", "AK"),
            ("05501", "MA"),
        ] {
            assert_eq!(region_of_zip(zip), Some(code), "{zip}");
        }
        assert_eq!(
            (
                region_of_zip("00000"),
                region_of_zip("96910"),
                region_of_zip("x")
            ),
            (None, None, None)
        );
        assert!(ZIPS.is_sorted() && ZIPS.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(ZIPS.iter().all(|(_, _, code)| region(code) == Some(code)));
    }
}
