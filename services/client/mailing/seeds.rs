//! Seeds: letters to staff, by which the operator sees what the mail house does with the file.
//!
//! Each takes a code that belongs to nobody, and using such a code raises an alarm. In the file a seed
//! looks like every other line. The service marks the codes that belong to nobody, the same ones in each export.

use std::path::Path;

use uuid::Uuid;

use crate::client::problem::Problem;
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Table};
use crate::wire::redress::enrollment::v1::PlainCode;
use crate::wire::redress::identity::v1::MailingAddress;
use crate::wire::redress::r#type::v1::Population;

/// The name and address of a staff member.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Name line.
    name: String,
    lines: [String; 4],
}

static SEEDS: Vocabulary = Vocabulary {
    of: "seeds",
    columns: &[
        Column::required("name", "fullname nameline"),
        Column::required("address_line1", "address address1 street"),
        Column::optional("address_line2", "address2"),
        Column::optional("address_line3", "address3"),
        Column::optional("address_line4", "address4"),
    ],
};

impl Seed {
    /// Reads a file of seeds.
    pub fn read(path: &Path) -> Result<Vec<Self>, Problem> {
        let mut table = Table::open(path, &SEEDS, &Options::default())?;
        let mut seeds = Vec::new();
        while let Some(row) = table.next_row()? {
            let line = row.line;
            let wrong =
                |wrong: &str| Problem::usage(format!("{}: line {line} {wrong}", path.display()));
            if let Some(trouble) = &row.trouble {
                return Err(wrong(&format!("cannot be read: {trouble}")));
            }
            let mut cells = row.cells.iter().map(|cell| cell.trim().to_owned());
            let seed = Self {
                name: cells.next().unwrap_or_default(),
                lines: std::array::from_fn(|_| cells.next().unwrap_or_default()),
            };
            if seed.name.is_empty() || seed.lines[0].is_empty() {
                return Err(wrong("needs a name and an address_line1"));
            }
            seeds.push(seed);
        }
        Ok(seeds)
    }

    fn address(&self, individual_id: &str, entity: Option<&String>) -> MailingAddress {
        let lines = self.lines.iter();
        MailingAddress {
            individual_id: individual_id.to_owned(),
            name: self.name.clone(),
            lines: lines.filter(|line| !line.is_empty()).cloned().collect(),
            covered_entity_keys: entity.cloned().into_iter().collect(),
            population: Population::Adult.into(),
            // The campaign's own.
            language_code: String::new(),
        }
    }
}

/// The seeds, of which each gets one code of each batch.
pub struct SeedLetters {
    seeds: Vec<Seed>,
    /// Keys of covered entities, for a seed whose letter is the first in the file.
    entities: Vec<String>,
    in_batch: usize,
    /// How many are in the file.
    pub count: u64,
}

impl SeedLetters {
    /// Begins a file.
    pub fn new(seeds: Vec<Seed>, entities: Vec<String>) -> Self {
        Self {
            seeds,
            entities,
            in_batch: 0,
            count: 0,
        }
    }

    /// Begins a batch.
    pub fn next_batch(&mut self) {
        self.in_batch = 0;
    }

    /// Gives the address for a code that belongs to nobody; `None` when every seed has a code of this batch.
    pub fn plant(&mut self, code: &PlainCode) -> Option<MailingAddress> {
        let seed = self.seeds.get(self.in_batch)?;
        self.in_batch += 1;
        self.count += 1;
        let entity = entity_of(&code.individual_id, &self.entities);
        Some(seed.address(&code.individual_id, entity))
    }
}

/// Chooses by the id, so that every export chooses the same.
fn entity_of<'a>(individual_id: &str, entities: &'a [String]) -> Option<&'a String> {
    let id = Uuid::try_parse(individual_id).unwrap_or_default().as_u128();
    let at = usize::try_from(id % (entities.len().max(1) as u128)).unwrap_or(0);
    entities.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(id: &str) -> PlainCode {
        PlainCode {
            individual_id: id.into(),
            seed: true,
            ..PlainCode::default()
        }
    }

    fn seed(name: &str) -> Seed {
        Seed {
            name: name.into(),
            lines: ["1 Main St", "", "", "Fort Wayne, IN 46802"].map(String::from),
        }
    }

    #[test]
    fn each_seed_gets_one_code_of_each_batch() {
        let entities = vec!["clinic".to_owned()];
        let seeds = vec![seed("Ann"), seed("Bob")];
        let mut planted = SeedLetters::new(seeds, entities);
        for _batch in 0..2 {
            planted.next_batch();
            let mut names = Vec::new();
            for id in ["a", "b", "c"] {
                let address = planted.plant(&code(id));
                names.extend(address.map(|address| (address.name, address.lines.len())));
            }
            assert_eq!(names, [("Ann".to_owned(), 2), ("Bob".to_owned(), 2)]);
        }
        assert_eq!(planted.count, 4);
    }

    #[test]
    fn a_seed_without_an_address_is_refused_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seeds.csv");
        std::fs::write(&path, "name,address_line1\nAnn,1 Main St\nBob,\n").unwrap();
        let problem = Seed::read(&path).unwrap_err().to_string();
        assert!(problem.contains("line 3"), "{problem}");
        std::fs::write(&path, "name,address_line1\nAnn,1 Main St\n").unwrap();
        assert_eq!(Seed::read(&path).unwrap().len(), 1);
    }
}
