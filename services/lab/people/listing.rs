//! How a covered entity writes a person down: its own reference, its own spelling, its own mistakes.

use super::dice::Dice;
use super::entities::{self, Entity};
use super::person::Person;
use super::{names, places};
use crate::client::roster::reader::COLUMNS;

/// A row of the roster file, in the order of [`COLUMNS`].
pub type Row = Vec<String>;

const EXTERNAL_REF: usize = 0;
const COVERED_ENTITY: usize = 1;
const GIVEN_NAME: usize = 2;
const MIDDLE_NAME: usize = 3;
const FAMILY_NAME: usize = 4;
/// Where the birth date stands.
pub const DATE_OF_BIRTH: usize = 6;
/// Where the SSN stands.
pub const SSN: usize = 7;
const COUNTRY: usize = 13;
const POPULATION: usize = 16;

/// What the breach exposed of everybody.
const EXPOSED: &str = "NAME;ADDRESS;DATE_OF_BIRTH;SSN;MEDICAL";

/// Writes a person down at one entity.
pub fn row(dice: &mut Dice, entity: &Entity, person: &Person, rank: u64) -> Row {
    let born = person.date_of_birth;
    let date = if entity.us_dates {
        born.strftime("%m/%d/%Y").to_string()
    } else {
        born.to_string()
    };
    let ssn = person.ssn.clone().unwrap_or_default();
    let ssn = if ssn.len() == 9 && dice.chance(500) {
        format!("{}-{}-{}", &ssn[..3], &ssn[3..5], &ssn[5..])
    } else {
        ssn
    };
    let address = person.address.clone();
    vec![
        format!("{}{:07}", entity.prefix, rank + 1),
        entity.key.clone(),
        person.given_name.clone(),
        person.middle_name.clone(),
        person.family_name.clone(),
        person.suffix.to_owned(),
        date,
        ssn,
        address.line1,
        address.line2,
        address.city,
        address.region,
        address.postal_code,
        address.country,
        person.phone.clone(),
        person.email.clone(),
        person.population.to_owned(),
        person.language.to_owned(),
        EXPOSED.to_owned(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

/// Draws the entity that lists a person first.
pub fn first_entity(dice: &mut Dice) -> &'static Entity {
    entities::draw(dice)
}

/// Draws another entity than `first`.
pub fn second_entity(dice: &mut Dice, first: &Entity) -> &'static Entity {
    let drawn = entities::draw(dice);
    if drawn.key != first.key {
        return drawn;
    }
    let at = entities::ENTITIES
        .iter()
        .position(|entity| entity.key == first.key);
    &entities::ENTITIES[(at.unwrap_or(0) + 1) % entities::ENTITIES.len()]
}

/// Writes a person as a second entity might know them: a short name, a slip of the pen, an address from before the move.
pub fn misspell(dice: &mut Dice, row: &mut Row) {
    match dice.below(5) {
        0 => {
            if let Some(short) = names::nickname(&row[GIVEN_NAME]) {
                short.clone_into(&mut row[GIVEN_NAME]);
            }
        }
        1 => row[FAMILY_NAME] = slip(dice, &row[FAMILY_NAME]),
        2 => row[MIDDLE_NAME].clear(),
        3 => {
            row[GIVEN_NAME] = row[GIVEN_NAME].to_uppercase();
            row[FAMILY_NAME] = row[FAMILY_NAME].to_uppercase();
        }
        _ => {
            let (moved, _) = places::domestic(dice);
            let lines = [
                moved.line1,
                moved.line2,
                moved.city,
                moved.region,
                moved.postal_code,
            ];
            row.splice(8..13, lines);
        }
    }
}

/// Swaps two neighbouring letters, or drops one.
pub fn slip(dice: &mut Dice, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 4 {
        return word.to_owned();
    }
    let last = u32::try_from(letters.len() - 2).unwrap_or(1);
    let at = dice.between(1, last) as usize;
    if dice.chance(500) && letters[at] != letters[at + 1] {
        letters.swap(at, at + 1);
    } else {
        letters.remove(at);
    }
    letters.into_iter().collect()
}

/// Damages a row so that it cannot be taken.
pub fn damage(dice: &mut Dice, row: &mut Row) {
    match dice.below(8) {
        0 => "13/45/1980".clone_into(&mut row[DATE_OF_BIRTH]),
        1 => row[SSN] = format!("666{:05}", dice.below(100_000)),
        2 => "66601O12A".clone_into(&mut row[SSN]),
        3 => "no-such-clinic".clone_into(&mut row[COVERED_ENTITY]),
        4 => row[FAMILY_NAME].clear(),
        5 => row[EXTERNAL_REF].clear(),
        6 => "zombie".clone_into(&mut row[POPULATION]),
        _ => {
            row.truncate(COUNTRY - 1);
        }
    }
    debug_assert!(row.len() <= COLUMNS.len());
}
