//! The people who have a letter: who they are comes from the roster file, their code from the print file.
//!
//! A person finds their letter the way the post does, by name and address: nothing of the services' own ids is used.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use crate::client::convert::{parse_date, wire_date};
use crate::client::problem::Problem;
use crate::wire::redress::identity::v1::Claims;
use crate::wire::redress::r#type::v1::PersonName;

/// A person as the roster has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub given_name: String,
    /// Middle name.
    pub middle_name: String,
    /// Surname.
    pub family_name: String,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Nine digits, or nothing.
    pub ssn: String,
    /// ZIP or foreign postal code.
    pub postal_code: String,
    /// Telephone number on record.
    pub phone: String,
    /// E-mail address on record.
    pub email: String,
    /// `deceased` or something else.
    pub population: String,
}

/// A person who got a letter.
#[derive(Clone, Debug)]
pub struct LetterHolder {
    /// Who.
    pub person: Person,
    /// The code in the letter; empty in a letter without one.
    pub code: String,
    /// How many letters could be theirs, by name and address; this is the first.
    pub letters: usize,
}

impl Person {
    /// The name as it is on record.
    pub fn name(&self) -> PersonName {
        PersonName {
            given_name: self.given_name.clone(),
            middle_name: self.middle_name.clone(),
            family_name: self.family_name.clone(),
            ..PersonName::default()
        }
    }

    /// What the person says about themself when they remember everything.
    pub fn claims(&self) -> Claims {
        Claims {
            name: Some(self.name()),
            date_of_birth: Some(wire_date(self.date_of_birth)),
            ssn: self.ssn.clone(),
            postal_code: self.postal_code.clone(),
            representative: None,
            representative_verification_id: String::new(),
        }
    }

    /// Tells whether a message to this address or number is a message to this person.
    pub fn is_reached_at(&self, to: &str) -> bool {
        if to.contains('@') {
            return !self.email.is_empty() && to.eq_ignore_ascii_case(&self.email);
        }
        let ours = digits(&self.phone);
        let theirs = digits(to);
        ours.len() >= 10
            && theirs.len() >= 10
            && ours[ours.len() - 10..] == theirs[theirs.len() - 10..]
    }
}

/// Matches letters with people; a letter that could be for several people is left out.
pub fn holders(roster: &Path, mailing: &Path) -> Result<Vec<LetterHolder>, Problem> {
    let people = people(roster)?;
    let failed = |error: csv::Error| Problem::file(mailing, &error);
    let mut letters = csv::Reader::from_path(mailing).map_err(failed)?;
    let mut taken: HashMap<_, LetterHolder> = HashMap::new();
    for letter in letters.deserialize() {
        let letter: HashMap<String, String> = letter.map_err(failed)?;
        if !bears_what_it_should(&letter) {
            return Err(Problem::refused(
                "a letter to a deceased person bears a code, or another one bears none",
            ));
        }
        if let Some(person) = addressee(&people, &letter) {
            let code = letter.get("code").cloned().unwrap_or_default();
            let holder = LetterHolder {
                person: person.clone(),
                code,
                letters: 1,
            };
            taken
                .entry((
                    person.ssn.clone(),
                    key(&person.family_name),
                    person.date_of_birth,
                ))
                .and_modify(|known| known.letters += 1)
                .or_insert(holder);
        }
    }
    let mut holders: Vec<LetterHolder> = taken.into_values().collect();
    holders.sort_by(|a, b| {
        (&a.person.ssn, &a.person.email, &a.code).cmp(&(&b.person.ssn, &b.person.email, &b.code))
    });
    Ok(holders)
}

/// The deceased get a letter without a code; the demonstration has a product for everybody else.
fn bears_what_it_should(letter: &HashMap<String, String>) -> bool {
    let is = |column: &str, text: &str| letter.get(column).is_some_and(|cell| cell == text);
    let is_notice = is("letter_kind", "notice");
    is("population", "deceased") == is_notice && is("code", "") == is_notice
}

type ByName = HashMap<String, Vec<Person>>;

fn people(roster: &Path) -> Result<ByName, Problem> {
    let mut people = ByName::new();
    for (name, person) in rows(roster)?.into_iter().flatten() {
        people.entry(key(&name)).or_default().push(person);
    }
    Ok(people)
}

/// Reads the people of a roster with their names in full, in the order of the rows; nobody where the birth date is none.
pub fn rows(roster: &Path) -> Result<Vec<Option<(String, Person)>>, Problem> {
    let failed = |error: csv::Error| Problem::file(roster, &error);
    let mut rows = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(roster)
        .map_err(failed)?;
    let names: Vec<String> = rows
        .headers()
        .map_err(failed)?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut people = Vec::new();
    for row in rows.records() {
        let row = row.map_err(failed)?;
        let column = |name: &str| {
            let at = names.iter().position(|known| known == name);
            at.and_then(|at| row.get(at)).unwrap_or_default()
        };
        let Ok(date_of_birth) = parse_date(column("date_of_birth")) else {
            people.push(None);
            continue;
        };
        let name = ["given_name", "middle_name", "family_name", "suffix"]
            .map(column)
            .concat();
        let person = Person {
            given_name: column("given_name").to_owned(),
            middle_name: column("middle_name").to_owned(),
            family_name: column("family_name").to_owned(),
            date_of_birth,
            ssn: nine_digits(column("ssn")),
            postal_code: column("postal_code").to_owned(),
            phone: column("phone").to_owned(),
            email: column("email").to_owned(),
            population: column("population").to_owned(),
        };
        people.push(Some((name, person)));
    }
    Ok(people)
}

fn addressee<'a>(people: &'a ByName, letter: &HashMap<String, String>) -> Option<&'a Person> {
    let name = letter
        .get("name")
        .map(|name| key(&without_salutation(name)))?;
    let lines = (1..=4).filter_map(|line| letter.get(&format!("address_line{line}")));
    let address = lines.map(|line| key(line)).collect::<Vec<_>>().concat();
    // Whoever has no postal code on record got no letter.
    let lives_there = |person: &&Person| {
        let code = key(&person.postal_code);
        !code.is_empty() && address.contains(&code)
    };
    let mut found = people.get(&name)?.iter().filter(lives_there);
    let first = found.next()?;
    let same =
        |other: &Person| other.ssn == first.ssn && other.date_of_birth == first.date_of_birth;
    found.all(same).then_some(first)
}

/// Letters of minors and of estates are addressed to somebody else.
fn without_salutation(name: &str) -> String {
    let lower = name.to_lowercase();
    let spanish = ["a los padres o tutores de ", "a los herederos de "];
    let named = spanish
        .into_iter()
        .find_map(|salutation| lower.strip_prefix(salutation))
        .or_else(|| Some(lower.rsplit_once(" of ")?.1));
    named.unwrap_or(&lower).to_owned()
}

fn key(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Reads an SSN, with the zeros that a spreadsheet has taken from its beginning. Nobody gives on the telephone what their list
/// misspells.
fn nine_digits(text: &str) -> String {
    let digits = digits(text);
    let is_whole = digits.len() == text.len() || digits.len() == 9;
    match digits.len() {
        9 => digits,
        7 | 8 if is_whole => format!("{digits:0>9}"),
        _ => String::new(),
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_finds_its_person_by_name_and_address() {
        let dir = tempfile::tempdir().unwrap();
        let roster = dir.path().join("roster.csv");
        let mailing = dir.path().join("letters.csv");
        std::fs::write(&roster, "given_name,middle_name,family_name,suffix,date_of_birth,ssn,postal_code,phone,email,population\nAnn,B,Roe,,1970-01-02,666-01-0001,46802,(260) 555-1234,,adult\nAnn,B,Roe,,1980-01-02,666010002,46803,,,adult\nAnn,B,Roe,,1990-01-02,666010003,,,,adult\n").unwrap();
        std::fs::write(&mailing, "name,address_line1,address_line2,address_line3,address_line4,population,code,letter_kind\nTo the parent or guardian of Ann B Roe,1 Main St,\"Fort Wayne, IN 46803\",,,minor,CODE,code\n").unwrap();
        let holders = holders(&roster, &mailing).unwrap();
        assert_eq!(holders.len(), 1);
        assert_eq!(holders[0].person.ssn, "666010002");
        assert_eq!(nine_digits("66601O00A"), "");
        assert_eq!(nine_digits("66601O012A"), "");
        assert_eq!(nine_digits("66612345"), "066612345");
        assert_eq!(nine_digits("666-01-2345"), "666012345");
    }

    #[test]
    fn only_a_deceased_persons_letter_bears_no_code() {
        let bears = |population: &str, code: &str, kind: &str| {
            let cells = [
                ("population", population),
                ("code", code),
                ("letter_kind", kind),
            ];
            let cells = cells.map(|(name, cell)| (name.to_owned(), cell.to_owned()));
            bears_what_it_should(&HashMap::from(cells))
        };
        assert!(bears("adult", "CODE", "code") && bears("deceased", "", "notice"));
        assert!(!bears("deceased", "CODE", "code") && !bears("deceased", "CODE", "notice"));
        assert!(!bears("minor", "", "notice") && !bears("adult", "", "code"));
    }

    #[test]
    fn a_letter_to_somebody_else_is_of_whom_it_names() {
        for (line, name) in [
            ("Luz de la Garza", "luz de la garza"),
            ("Parent or Guardian of Luz de la Garza", "luz de la garza"),
            ("Estate of Luz de la Garza", "luz de la garza"),
            (
                "A los padres o tutores de Luz de la Garza",
                "luz de la garza",
            ),
            ("A los herederos de Luz de la Garza", "luz de la garza"),
        ] {
            assert_eq!(without_salutation(line), name);
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let person = Person {
            given_name: String::new(),
            middle_name: String::new(),
            family_name: String::new(),
            date_of_birth: jiff::civil::date(1970, 1, 2),
            ssn: String::new(),
            postal_code: String::new(),
            phone: "(260) 555-1234".into(),
            email: String::new(),
            population: String::new(),
        };
        assert!(person.is_reached_at("+12605551234"));
        assert!(!person.is_reached_at("+12605551235"));
        assert!(!person.is_reached_at("@"));
    }
}
