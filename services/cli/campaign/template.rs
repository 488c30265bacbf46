//! The campaign file to fill in, with the covered entities of a roster where there is one already.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::client::campaign::file::TEMPLATE;
use crate::client::problem::Problem;
use crate::client::roster::reader::RosterReader;
use crate::client::table::Options;

/// Where the example's covered entity begins and ends in the template.
const ENTITY: &str = "[[covered_entity]]";
const AFTER_ENTITIES: &str = "\n# Who gets what";

/// Flags of `campaign template`.
#[derive(Args, Debug)]
pub struct TemplateArgs {
    /// Take the covered entities from this roster file: one for each key in it, to be given its name in letters
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

impl TemplateArgs {
    /// Gives the campaign file to fill in.
    pub fn text(&self) -> Result<String, Problem> {
        match &self.roster {
            None => Ok(TEMPLATE.to_owned()),
            Some(path) => Ok(with_entities(&entities(path)?)),
        }
    }
}

/// Counts the rows of each covered entity; what no campaign could take as a key is left to the import's rejects.
fn entities(roster: &Path) -> Result<BTreeMap<String, u64>, Problem> {
    let mut rows = BTreeMap::new();
    let mut reader = RosterReader::open(roster, &Options::default())?;
    while let Some(chunk) = reader.next_chunk()? {
        for row in chunk.rows {
            if is_key(&row.covered_entity_key) {
                *rows.entry(row.covered_entity_key).or_default() += 1;
            }
        }
    }
    Ok(rows)
}

fn is_key(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

fn with_entities(entities: &BTreeMap<String, u64>) -> String {
    let (head, rest) = TEMPLATE.split_once(ENTITY).unwrap_or((TEMPLATE, ""));
    let tail = rest.find(AFTER_ENTITIES).map_or("", |at| &rest[at..]);
    let mut text = head.to_owned();
    for (key, rows) in entities {
        let name = name_of(key);
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{ENTITY}\nkey = \"{key}\"\nname = \"{name}\"   # {rows} rows\n"
        );
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text + tail
}

/// Makes a name to begin with: `lima-open-mri` becomes `Lima Open Mri`.
fn name_of(key: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let words: Vec<String> = key
        .split('-')
        .filter(|word| !word.is_empty())
        .map(capital)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::campaign::file::CampaignFile;

    #[test]
    fn a_roster_gives_its_entities_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        let roster = folder.path().join("roster.csv");
        let row = |entity: &str| format!("1,{entity},A,,B,,,,,,,,,,,,\n");
        let header = "external_ref,covered_entity,given_name,middle_name,family_name,suffix,date_of_birth,ssn,\
            address_line1,address_line2,city,region,postal_code,country,phone,email,population\n";
        let rows = ["lima-open-mri", "Not A Key", "celina", "lima-open-mri"].map(row);
        std::fs::write(&roster, header.to_owned() + &rows.concat()).unwrap();

        let args = TemplateArgs {
            roster: Some(roster),
        };
        let text = args.text().unwrap();
        let file: CampaignFile = toml::from_str(&text).unwrap();
        let entities: Vec<(&str, &str)> = file
            .covered_entities
            .iter()
            .map(|entity| (entity.key.as_str(), entity.name.as_str()))
            .collect();
        assert_eq!(
            entities,
            [("celina", "Celina"), ("lima-open-mri", "Lima Open Mri")]
        );
        assert!(text.contains("# 2 rows"));
        assert!(text.contains("MINOR1"));
        assert!(text.contains("[[consent]]"));
    }
}
