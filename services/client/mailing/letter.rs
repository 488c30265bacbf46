//! The lines of the print file, and what is counted while they are made.

use std::collections::BTreeMap;

use super::text::{inert, put};
use crate::wire::redress::enrollment::v1::PlainCode;
use crate::wire::redress::identity::v1::MailingAddress;
use crate::wire::redress::r#type::v1::Population;

/// The columns of the print file.
pub const COLUMNS: [&str; 17] = [
    "name",
    "address_line1",
    "address_line2",
    "address_line3",
    "address_line4",
    "engagement_number",
    "code",
    "enroll_by",
    "covered_entities",
    "url",
    "phone",
    "population",
    "locale",
    "sequence",
    "letter",
    "letter_kind",
    "generation",
];

const ADDRESS_LINES: usize = 4;

/// What `letter_kind` says of a letter with a code, and of one without: the mail house takes another template for it.
const KINDS: [&str; 2] = ["code", "notice"];

/// What stands in every letter of a file.
#[derive(Clone, Debug)]
pub struct CampaignFields {
    /// Engagement number.
    pub engagement_number: String,
    /// Last day to enroll.
    pub enroll_by: String,
    /// The one web address.
    pub url: String,
    /// The one telephone number.
    pub phone: String,
    /// Language of letters to people whose language is not known.
    pub locale: String,
    /// Keys and names of covered entities.
    pub entities: BTreeMap<String, String>,
}

/// What a file holds, counted from its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines.
    pub letters: u64,
    /// Lines by locale.
    pub by_locale: BTreeMap<String, u64>,
    /// Lines by population.
    pub by_population: BTreeMap<String, u64>,
    /// Lines by kind of letter; empty for a file from before there were several.
    pub by_kind: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts a line.
    pub fn add(&mut self, locale: &str, population: &str, kind: Option<&str>) {
        self.letters += 1;
        count(&mut self.by_locale, locale);
        count(&mut self.by_population, population);
        if let Some(kind) = kind {
            count(&mut self.by_kind, kind);
        }
    }

    /// Gives the number of letters without a code.
    pub fn without_code(&self) -> u64 {
        self.by_kind.get(KINDS[1]).copied().unwrap_or(0)
    }
}

fn count(counts: &mut BTreeMap<String, u64>, what: &str) {
    match counts.get_mut(what) {
        Some(count) => *count += 1,
        None => drop(counts.insert(what.to_owned(), 1)),
    }
}

/// Makes the lines, without an allocation for each.
pub struct LetterLines {
    fields: CampaignFields,
    /// Lines that were made and not yet written.
    pub made: Vec<u8>,
    /// Counts of all lines.
    pub tally: Tally,
    /// The covered entities of the last letter.
    names: String,
}

impl LetterLines {
    /// Begins with the header.
    pub fn new(fields: CampaignFields) -> Self {
        let inert_map = |(key, name): (String, String)| (key, inert(&name).into_owned());
        Self {
            fields: CampaignFields {
                url: inert(&fields.url).into_owned(),
                phone: inert(&fields.phone).into_owned(),
                entities: fields.entities.into_iter().map(inert_map).collect(),
                ..fields
            },
            made: (COLUMNS.join(",") + "\n").into_bytes(),
            tally: Tally::default(),
            names: String::new(),
        }
    }

    /// Adds the line of one letter.
    pub fn letter(&mut self, code: &PlainCode, address: &MailingAddress) {
        join(&mut self.names, &self.fields, &address.covered_entity_keys);
        self.line(code, address);
    }

    /// Adds the line of a seed. It names the covered entities of the letter before, so that it does not stand out.
    pub fn seed(&mut self, code: &PlainCode, address: &MailingAddress) {
        if self.names.is_empty() {
            join(&mut self.names, &self.fields, &address.covered_entity_keys);
        }
        self.line(code, address);
    }

    fn line(&mut self, code: &PlainCode, address: &MailingAddress) {
        let population = population_word(address.population());
        let locale = match address.language_code.as_str() {
            "" => self.fields.locale.as_str(),
            known => known,
        };
        let kind = KINDS[usize::from(code.without_code)];
        self.tally.add(locale, population, Some(kind));
        let line = &mut self.made;
        let cell = |line: &mut Vec<u8>, text: &str| {
            put(line, text);
            line.push(b',');
        };
        cell(line, &inert(&address.name));
        for column in 0..ADDRESS_LINES {
            block(line, &address.lines, column);
        }
        cell(line, &self.fields.engagement_number);
        cell(line, &code.code);
        cell(line, &self.fields.enroll_by);
        cell(line, &self.names);
        cell(line, &self.fields.url);
        cell(line, &self.fields.phone);
        cell(line, population);
        cell(line, &inert(locale));
        cell(line, &self.tally.letters.to_string());
        cell(line, &code.individual_id);
        cell(line, kind);
        put(line, &code.generation.to_string());
        line.push(b'\n');
    }
}

fn population_word(population: Population) -> &'static str {
    match population {
        Population::Adult => "adult",
        Population::Minor => "minor",
        Population::Deceased => "deceased",
        Population::Unspecified => "unspecified",
    }
}

/// Puts an address line into its column; the last column takes all that are left.
fn block(line: &mut Vec<u8>, lines: &[String], column: usize) {
    let rest = lines.get(column..).unwrap_or_default();
    if column + 1 == ADDRESS_LINES && rest.len() > 1 {
        put(line, &inert(&rest.join(", ")));
    } else if let Some(text) = rest.first() {
        put(line, &inert(text));
    }
    line.push(b',');
}

fn join(names: &mut String, fields: &CampaignFields, keys: &[String]) {
    names.clear();
    for key in keys {
        if !names.is_empty() {
            names.push_str("; ");
        }
        names.push_str(fields.entities.get(key).unwrap_or(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> CampaignFields {
        CampaignFields {
            engagement_number: "B123456".into(),
            enroll_by: "2027-12-31".into(),
            url: "https://enroll.example.org".into(),
            phone: "1-800-555-0100".into(),
            locale: "en".into(),
            entities: BTreeMap::from([
                ("clinic".into(), "Summit City Clinic".into()),
                ("evil".into(), "=1+1".into()),
            ]),
        }
    }

    fn line(address: &MailingAddress) -> csv::StringRecord {
        let code = PlainCode {
            individual_id: "018f0000-0000-7000-8000-000000000001".into(),
            code: "0000-0000-0000-0000".into(),
            generation: 1,
            ..PlainCode::default()
        };
        line_of(&code, address)
    }

    fn line_of(code: &PlainCode, address: &MailingAddress) -> csv::StringRecord {
        let mut lines = LetterLines::new(fields());
        lines.letter(code, address);
        let mut reader = csv::Reader::from_reader(lines.made.as_slice());
        let line = reader.records().next().unwrap().unwrap();
        assert_eq!(line.len(), COLUMNS.len());
        line
    }

    #[test]
    fn a_long_address_keeps_all_its_lines() {
        let lines: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
        let line = line(&MailingAddress {
            lines,
            ..MailingAddress::default()
        });
        assert_eq!(
            line.iter().skip(1).take(4).collect::<Vec<_>>(),
            ["a", "b", "c", "d, e"]
        );
    }

    #[test]
    fn a_letter_names_the_entities_as_people_know_them() {
        let line = line(&MailingAddress {
            name: "Ann Roe".into(),
            covered_entity_keys: vec!["clinic".into(), "other".into(), "evil".into()],
            population: Population::Minor.into(),
            ..MailingAddress::default()
        });
        assert_eq!(&line[8], "Summit City Clinic; other; '=1+1");
        assert_eq!((&line[11], &line[12], &line[13]), ("minor", "en", "1"));
        assert_eq!(&line[14], "018f0000-0000-7000-8000-000000000001");
        assert_eq!((&line[15], &line[16]), ("code", "1"));
    }

    #[test]
    fn a_letter_without_a_code_says_so_and_its_cell_is_empty() {
        let code = PlainCode {
            without_code: true,
            generation: 2,
            ..PlainCode::default()
        };
        let line = line_of(&code, &MailingAddress::default());
        assert_eq!((&line[6], &line[15], &line[16]), ("", "notice", "2"));
    }

    #[test]
    fn a_letter_is_in_the_language_of_whoever_reads_it() {
        let in_locale = |locale: &str| {
            let line = line(&MailingAddress {
                language_code: locale.into(),
                ..MailingAddress::default()
            });
            line[12].to_owned()
        };
        assert_eq!(
            (in_locale("es"), in_locale("")),
            ("es".to_owned(), "en".to_owned())
        );
    }

    #[test]
    fn lines_are_counted_by_locale_population_and_kind() {
        let mut tally = Tally::default();
        tally.add("en", "adult", Some("code"));
        tally.add("es", "adult", Some("notice"));
        tally.add("es", "adult", None);
        assert_eq!((tally.letters, tally.without_code()), (3, 1));
        assert_eq!(
            (tally.by_locale["es"], tally.by_population["adult"]),
            (2, 3)
        );
    }
}
