//! Seeds: letters to people of the house, by which it sees what the mail house does with the file.
//!
//! Each takes the place of a code that belongs to nobody, and whoever uses such a code raises an alarm. In the file a seed
//! looks like every other line, so what was planted is remembered beside the unfinished file and nowhere else.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::partial::Plan;
use crate::cli::problem::Problem;
use crate::wire::redress::enrollment::v1::PlainCode;
use crate::wire::redress::identity::v1::{MailingAddress, Population};

/// A name and an address of the house's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Name line.
    name: String,
    address_line1: String,
    #[serde(default)]
    address_line2: String,
    #[serde(default)]
    address_line3: String,
    #[serde(default)]
    address_line4: String,
}

impl Seed {
    /// Reads a file of seeds.
    pub fn read(path: &Path) -> Result<Vec<Self>, Problem> {
        let failed = |error: csv::Error| Problem::file(path, &error);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(failed)?;
        let seeds: Vec<Self> = reader
            .deserialize()
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let is_whole = |seed: &Self| !seed.name.is_empty() && !seed.address_line1.is_empty();
        if let Some(at) = seeds.iter().position(|seed| !is_whole(seed)) {
            let line = at + 2;
            return Err(Problem::usage(format!(
                "{}: line {line} needs a name and an address_line1",
                path.display()
            )));
        }
        Ok(seeds)
    }

    fn address(&self, individual_id: &str, entity: Option<&String>) -> MailingAddress {
        let lines = [
            &self.address_line1,
            &self.address_line2,
            &self.address_line3,
            &self.address_line4,
        ];
        MailingAddress {
            individual_id: individual_id.to_owned(),
            name: self.name.clone(),
            lines: lines
                .into_iter()
                .filter(|line| !line.is_empty())
                .cloned()
                .collect(),
            covered_entities: entity.cloned().into_iter().collect(),
            population: Population::Adult.into(),
            // As the campaign writes.
            locale: String::new(),
        }
    }
}

/// The seeds that have got a code.
pub struct Planted {
    seeds: Vec<Seed>,
    /// Keys of covered entities, for a seed whose letter is the first in the file.
    entities: Vec<String>,
    plan: Plan,
    kept_in: Option<PathBuf>,
    batch: String,
}

impl Planted {
    /// Goes on from a plan, which is kept in a file while there is one to go on with.
    pub fn new(
        seeds: Vec<Seed>,
        entities: Vec<String>,
        plan: Plan,
        kept_in: Option<PathBuf>,
    ) -> Self {
        Self {
            seeds,
            entities,
            plan,
            kept_in,
            batch: String::new(),
        }
    }

    /// Turns to a batch. Of an unfinished one, what lies behind the last individual in the file counts as not planted.
    pub fn turn_to(&mut self, batch_id: &str, last: Option<&str>) {
        batch_id.clone_into(&mut self.batch);
        let planted = self.plan.seeds.entry(self.batch.clone()).or_default();
        planted.retain(|id| last.is_some_and(|last| id.as_str() <= last));
    }

    /// Gives the address that a code of nobody's goes to, while there is one left for this batch.
    pub fn plant(&mut self, code: &PlainCode) -> Result<Option<MailingAddress>, Problem> {
        let planted = self.plan.seeds.entry(self.batch.clone()).or_default();
        let Some(seed) = self.seeds.get(planted.len()) else {
            return Ok(None);
        };
        planted.push(code.individual_id.clone());
        if let Some(path) = &self.kept_in {
            self.plan.save(path)?;
        }
        let entity = entity_of(&code.individual_id, &self.entities);
        Ok(Some(seed.address(&code.individual_id, entity)))
    }

    /// Gives how many seeds are in the file.
    pub fn count(&self) -> u64 {
        self.plan.seeds.values().map(|ids| ids.len() as u64).sum()
    }
}

/// Chooses by the id, so that it is the same when the file is made again.
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
            address_line1: "1 Main St".into(),
            address_line2: String::new(),
            address_line3: String::new(),
            address_line4: "Fort Wayne, IN 46802".into(),
        }
    }

    #[test]
    fn each_seed_gets_one_code_of_each_batch() {
        let entities = vec!["clinic".to_owned()];
        let seeds = vec![seed("Ann"), seed("Bob")];
        let mut planted = Planted::new(seeds, entities, Plan::default(), None);
        for batch in ["one", "two"] {
            planted.turn_to(batch, None);
            let mut names = Vec::new();
            for id in ["a", "b", "c"] {
                let address = planted.plant(&code(id)).unwrap();
                names.extend(address.map(|address| (address.name, address.lines.len())));
            }
            assert_eq!(names, [("Ann".to_owned(), 2), ("Bob".to_owned(), 2)]);
        }
        assert_eq!(planted.count(), 4);
    }

    #[test]
    fn a_seed_that_did_not_reach_the_file_is_planted_again() {
        let mut planted = Planted::new(
            vec![seed("Ann"), seed("Bob")],
            vec![],
            Plan::default(),
            None,
        );
        planted.turn_to("one", None);
        planted.plant(&code("b")).unwrap();
        planted.plant(&code("d")).unwrap();
        let mut again = Planted::new(planted.seeds, vec![], planted.plan, None);
        again.turn_to("one", Some("c"));
        assert_eq!(again.count(), 1);
        assert_eq!(again.plant(&code("d")).unwrap().unwrap().name, "Bob");
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
