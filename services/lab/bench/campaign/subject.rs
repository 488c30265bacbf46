//! The people of the campaign whose records are as they are, with the codes of their letters.
//!
//! Only adults count who are listed once and without a slip: then what a claim says otherwise than the record is the slip that was made
//! on purpose, and the answer that it should have is known.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::civil::Date;

use crate::client::problem::Problem;
use crate::lab::callers::letters::{self, LetterHolder, Person};
use crate::lab::people::labelled::label::Label;
use crate::lab::people::labelled::slip::Slip;

/// Whoever was born in a later year may be a minor.
const YOUNGEST: i16 = 2006;

/// Somebody with a letter.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What is on record.
    pub person: Person,
    /// The truth about the row.
    pub label: Label,
    /// The code in the letter.
    pub code: String,
}

/// Somebody whose record is as they are.
#[derive(Clone, Debug)]
pub struct Known {
    /// What is on record.
    pub person: Person,
    /// The truth about the row.
    pub label: Label,
}

/// Gives the people who are listed once and without a slip, in the order of the roster.
pub fn known(roster: &Path, labels: Vec<Label>) -> Result<Vec<Known>, Problem> {
    let people = letters::rows(roster)?;
    let mut listings: HashMap<u64, usize> = HashMap::new();
    for label in &labels {
        *listings.entry(label.person).or_default() += 1;
    }
    let rows = people.into_iter().zip(labels);
    let rows = rows.filter(|(_, label)| is_right(label) && listings[&label.person] == 1);
    let known = rows.filter_map(|(person, label)| {
        let (_, person) = person?;
        Some(Known { person, label })
    });
    Ok(known.collect())
}

/// Whoever has no number is on record without one, and a suffix is never claimed.
fn is_right(label: &Label) -> bool {
    let is_harmless = |slip: &Slip| matches!(slip, Slip::HasNoNumber | Slip::SuffixLeftOut);
    label.slips.iter().all(is_harmless)
}

/// Finds so many adults whose letter stands in the print file; a letter that could be for several people is nobody's, and of two letters
/// that could be for somebody who is listed once, one is another one's.
pub fn subjects(
    roster: &Path,
    mailing: &Path,
    known: &[Known],
    wanted: usize,
) -> Result<Vec<Subject>, Problem> {
    let holders = letters::holders(roster, mailing)?;
    let is_theirs = |one: &LetterHolder| !one.code.is_empty() && one.letters == 1;
    let holders = holders.into_iter().filter(is_theirs);
    let mut codes: HashMap<Key, String> = holders
        .map(|holder| (key(&holder.person), holder.code))
        .collect();
    let adults = known.iter().filter(|one| is_adult(&one.person));
    let found = adults.filter_map(|one| {
        Some(Subject {
            person: one.person.clone(),
            label: one.label.clone(),
            code: codes.remove(&key(&one.person))?,
        })
    });
    let found: Vec<Subject> = found.take(wanted).collect();
    if found.len() < wanted {
        let few = format!(
            "{} people have a letter, and {wanted} are needed",
            found.len()
        );
        return Err(Problem::refused(few));
    }
    Ok(found)
}

/// What tells two people of a roster apart.
type Key = ([String; 5], Date);

fn key(person: &Person) -> Key {
    let Person {
        given_name,
        middle_name,
        family_name,
        ssn,
        postal_code,
        ..
    } = person;
    let texts = [given_name, middle_name, family_name, ssn, postal_code];
    (texts.map(String::clone), person.date_of_birth)
}

fn is_adult(person: &Person) -> bool {
    matches!(person.population.as_str(), "adult" | "") && person.date_of_birth.year() <= YOUNGEST
}

/// The people by household.
pub fn households(known: &[Known]) -> BTreeMap<u64, Vec<&Known>> {
    let mut households: BTreeMap<u64, Vec<&Known>> = BTreeMap::new();
    for one in known {
        let household = households.entry(one.label.household);
        household.or_default().push(one);
    }
    households
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::progress::hidden;
    use crate::lab::people::labelled::{Order, write_file};

    #[test]
    fn two_people_in_five_are_adults_who_are_listed_once_and_right() {
        let dir = tempfile::tempdir().unwrap();
        let roster = dir.path().join("roster.csv");
        let order = Order::of_people(2_000, 3);
        let labels = write_file(&order, &roster, hidden).unwrap();
        let known = known(&roster, labels).unwrap();
        let adults = known.iter().filter(|one| is_adult(&one.person)).count();
        assert!((700..=1_100).contains(&adults), "{adults}");
        assert!(known.iter().all(|one| is_right(&one.label)));
        let together = households(&known);
        assert!(together.values().any(|household| household.len() > 1));
    }
}
