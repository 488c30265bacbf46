//! A small roster with one of everything: what the journey, the faults and the canaries walk through.

use super::row::birth;
pub use super::row::{ENTITIES, Row, Sandbox, csv, wire_date};

/// A roster and what must become of it.
pub struct Roster {
    pub rows: Vec<Row>,
    /// Adults with a letter and contacts, each with what the bureau will say.
    pub adults: Vec<(Row, Sandbox)>,
    pub minor: Row,
    pub deceased: Row,
    /// On the roster without phone and e-mail.
    pub no_contact: Row,
    pub rejected: usize,
    /// Rows taken with a warning: the odd ones, and somebody without an address.
    pub warned: usize,
    pub merged: usize,
}

impl Roster {
    /// Everybody of interest and as many plain adults as make about `people`.
    pub fn small(people: usize) -> Self {
        let adults: Vec<(Row, Sandbox)> = (0..people).map(plain_adult).collect();
        let mut rows: Vec<Row> = adults.iter().map(|(row, _)| row.clone()).collect();
        // One person of two covered entities: the SSN says so.
        let twins: Vec<Row> = rows.iter().step_by(10).map(twin).collect();
        let merged = twins.len();
        rows.extend(twins);
        let special = Special::new(people);
        rows.extend(special.all());
        rows.extend(odd(people + 200));
        rows.extend(malformed(people + 100));
        Self {
            rows,
            adults,
            minor: special.minor,
            deceased: special.deceased,
            no_contact: special.no_contact,
            rejected: 6,
            warned: 5,
            merged,
        }
    }

    pub fn csv(&self) -> String {
        csv(&self.rows)
    }

    /// Distinct people on the roster.
    pub fn individuals(&self) -> usize {
        self.rows.len() - self.rejected - self.merged
    }

    /// People who are owed a letter.
    pub fn letters(&self) -> usize {
        self.individuals() - 1
    }

    /// How many codes there are: the one who has died gets a letter without.
    pub fn codes(&self) -> usize {
        self.letters() - 1
    }

    /// The first adults for whom the bureau gives this answer.
    pub fn answered(&self, sandbox: Sandbox) -> impl Iterator<Item = &Row> {
        let adults = self.adults.iter();
        adults.filter_map(move |(row, answer)| (*answer == sandbox).then_some(row))
    }
}

struct Special {
    minor: Row,
    deceased: Row,
    no_contact: Row,
    /// Without an address: nobody owes them a letter.
    no_address: Row,
    abroad: Row,
    no_ssn: Row,
}

impl Special {
    fn new(from: usize) -> Self {
        let mut people = (from..).map(|number| Row::adult(number, Sandbox::Active));
        let mut next = |change: &dyn Fn(&mut Row)| {
            let mut row = people.next().expect("numbers do not end");
            change(&mut row);
            row
        };
        Self {
            minor: next(&|row| {
                row.population = "minor".into();
                row.date_of_birth = birth(2016, 3);
            }),
            deceased: next(&|row| row.population = "deceased".into()),
            no_contact: next(&|row| {
                row.phone.clear();
                row.email.clear();
            }),
            no_address: next(&|row| {
                row.address_line1.clear();
                row.city.clear();
                row.region.clear();
                row.postal_code.clear();
            }),
            abroad: next(&|row| {
                row.address_line1 = "Hauptstraße 5".into();
                row.city = "Köln".into();
                row.region.clear();
                row.postal_code = "50667".into();
                row.country = "DE".into();
            }),
            no_ssn: next(&|row| row.ssn.clear()),
        }
    }

    fn all(&self) -> [Row; 6] {
        [
            self.minor.clone(),
            self.deceased.clone(),
            self.no_contact.clone(),
            self.no_address.clone(),
            self.abroad.clone(),
            self.no_ssn.clone(),
        ]
    }
}

/// Every twentieth adult gets the next of the bureau's other answers.
fn plain_adult(number: usize) -> (Row, Sandbox) {
    let sandbox = match number % 5 {
        4 => Sandbox::ALL[number / 5 % Sandbox::ALL.len()],
        _ => Sandbox::Active,
    };
    (Row::adult(number, sandbox), sandbox)
}

fn twin(row: &Row) -> Row {
    let mut twin = row.also_at("st-brigid");
    twin.given_name = twin.given_name.to_uppercase();
    twin
}

fn malformed(from: usize) -> Vec<Row> {
    changed(
        from,
        &[
            |row| row.external_ref.insert_str(0, &"X".repeat(64)),
            |row| row.covered_entity = "N/A".into(),
            |row| row.covered_entity.clear(),
            |row| row.covered_entity = "nobody-knows".into(),
            |row| {
                row.given_name.clear();
                row.family_name.clear();
            },
            |row| {
                row.given_name = "FNU".into();
                row.family_name = "LNU".into();
            },
        ],
    )
}

/// People whose rows are taken without a cell that nobody can read.
fn odd(from: usize) -> Vec<Row> {
    changed(
        from,
        &[
            |row| row.date_of_birth = "1980-02-31".into(),
            |row| row.date_of_birth = "2199-01-01".into(),
            |row| row.ssn = "12345".into(),
            |row| row.ssn = "900-12-3456".into(),
        ],
    )
}

fn changed(from: usize, changes: &[fn(&mut Row)]) -> Vec<Row> {
    let rows = changes.iter().zip(from..).map(|(change, number)| {
        let mut row = Row::adult(number, Sandbox::Active);
        change(&mut row);
        row
    });
    rows.collect()
}
