//! Reading the rules. A file with one wrong rule is no file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::place::Place;
use super::rule::{CountedFrom, Duty, Law, Notice, Notified, Rule};

/// The rules of this program.
static LAW: LazyLock<Law> = LazyLock::new(|| {
    Law::parse(include_str!("rules.toml"))
        .expect("the rules that a test has read are those of the program")
});

/// Why a file of rules is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is no TOML, or has a field that is not known, or lacks one.
    #[error("{0}")]
    Form(String),
    /// A rule says what cannot be.
    #[error("rule {id}: {what}")]
    Rule {
        /// Which.
        id: String,
        /// What.
        what: &'static str,
    },
    /// The version is no year and month.
    #[error("the version must be a year and a month, such as 2026-11")]
    Version,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    jurisdiction: String,
    duty: Named,
    what: String,
    figure: i32,
    unit: Unit,
    counted_from: Option<From>,
    at_least: Option<i64>,
    at_most: Option<i64>,
    condition: String,
    presumed: Option<bool>,
    citation: String,
    checked_on: String,
    note: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    IndividualNotice,
    SubstituteNotice,
    Secretary,
    Media,
    AttorneyGeneral,
    Monitoring,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    Days,
    Months,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum From {
    Discovery,
    EndOfYear,
}

impl Law {
    /// Gives the rules of this program.
    pub fn current() -> &'static Self {
        &LAW
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let file: File = toml::from_str(text).map_err(|error| Wrong::Form(error.to_string()))?;
        let first_day: Result<Date, _> = format!("{}-01", file.version).parse();
        if file.version.len() != 7 || first_day.is_err() {
            return Err(Wrong::Version);
        }
        let rules: Vec<Rule> = file
            .rule
            .into_iter()
            .map(Entry::rule)
            .collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        let mut monitored = BTreeSet::new();
        for rule in &rules {
            rule.demand(seen.insert(&rule.id), "its id is another's")?;
            if rule.presumed && matches!(rule.duty, Duty::Monitoring { .. }) {
                let only = monitored.insert(rule.place);
                rule.demand(only, "its state has another presumed rule for monitoring")?;
            }
        }
        Ok(Self {
            version: file.version,
            rules,
        })
    }
}

impl Rule {
    fn demand(&self, holds: bool, what: &'static str) -> Result<(), Wrong> {
        demand(holds, &self.id, what)
    }
}

impl Entry {
    fn rule(self) -> Result<Rule, Wrong> {
        let words = [&self.id, &self.what, &self.condition, &self.citation];
        let said = words.iter().all(|text| !text.trim().is_empty());
        demand(said, &self.id, "a text is empty")?;
        let place = Place::parse(&self.jurisdiction);
        let known = place.is_some() || self.jurisdiction == "US";
        demand(known, &self.id, "its jurisdiction is not known")?;
        let of_state = matches!(self.duty, Named::AttorneyGeneral | Named::Monitoring);
        demand(
            of_state == place.is_some(),
            &self.id,
            "its duty and its jurisdiction do not go together",
        )?;
        let checked_on = self.checked_on.parse().map_err(|_| Wrong::Rule {
            id: self.id.clone(),
            what: "checked_on must be a date",
        })?;
        Ok(Rule {
            duty: self.duty()?,
            id: self.id,
            place,
            what: self.what,
            condition: self.condition,
            presumed: self.presumed.unwrap_or(true),
            citation: self.citation,
            checked_on,
            note: self.note,
        })
    }

    fn duty(&self) -> Result<Duty, Wrong> {
        let to = match self.duty {
            Named::Monitoring => return self.monitoring(),
            Named::IndividualNotice => Notified::Individuals,
            Named::SubstituteNotice => Notified::Unreachable,
            Named::Secretary => Notified::Secretary,
            Named::Media => Notified::Media,
            Named::AttorneyGeneral => Notified::AttorneyGeneral,
        };
        let days = self.unit == Unit::Days && (1..=366).contains(&self.figure);
        demand(days, &self.id, "a notice has 1 to 366 days")?;
        let (Some(from), Some(least)) = (self.counted_from, self.at_least) else {
            return Err(Wrong::Rule {
                id: self.id.clone(),
                what: "a notice has counted_from and at_least",
            });
        };
        let most = self.at_most.unwrap_or(i64::MAX);
        demand(1 <= least && least <= most, &self.id, "it fits nobody")?;
        Ok(Duty::Notice(Notice {
            to,
            days: self.figure,
            from: match from {
                From::Discovery => CountedFrom::Discovery,
                From::EndOfYear => CountedFrom::EndOfYear,
            },
            people: least..=most,
        }))
    }

    fn monitoring(&self) -> Result<Duty, Wrong> {
        let months = self.unit == Unit::Months && (1..=120).contains(&self.figure);
        demand(months, &self.id, "monitoring has 1 to 120 months")?;
        let bare = self.counted_from.is_none() && self.at_least.is_none() && self.at_most.is_none();
        demand(bare, &self.id, "monitoring has no day and no range")?;
        Ok(Duty::Monitoring {
            months: self.figure,
        })
    }
}

fn demand(holds: bool, id: &str, what: &'static str) -> Result<(), Wrong> {
    if holds {
        return Ok(());
    }
    Err(Wrong::Rule {
        id: id.to_owned(),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = include_str!("rules.toml");

    fn wrong(from: &str, to: &str) -> String {
        assert!(OWN.contains(from), "{from}");
        Law::parse(&OWN.replacen(from, to, 1))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_rules_of_the_program_hold_and_each_has_a_citation() {
        let law = Law::parse(OWN).unwrap();
        assert_eq!(law.version, "2026-11");
        assert!(law.rules.iter().all(|rule| rule.citation.len() > 8));
        let first_day: Date = "2026-11-01".parse().unwrap();
        assert!(law.rules.iter().all(|rule| rule.checked_on >= first_day));
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused_by_its_name() {
        for (from, to, told) in [
            ("figure = 60", "figure = 0", "1 to 366 days"),
            ("figure = 24", "figure = 121", "1 to 120 months"),
            ("unit = \"days\"", "unit = \"months\"", "1 to 366 days"),
            ("at_most = 9", "at_most = 0", "fits nobody"),
            (
                "at_least = 501",
                "at_most = 501",
                "counted_from and at_least",
            ),
            ("\"CT\"", "\"XX\"", "jurisdiction is not known"),
            ("\"CT\"", "\"US\"", "do not go together"),
            ("\"ma-monitoring-bureau\"", "\"ma-monitoring\"", "another's"),
            (
                "presumed = false",
                "presumed = true",
                "another presumed rule",
            ),
            ("\"2026-11-23\"", "\"soon\"", "must be a date"),
            ("what = \"written notice", "waht = \"written notice", "waht"),
            ("\"45 CFR 164.404(b)\"", "\" \"", "a text is empty"),
            (
                "version = \"2026-11\"",
                "version = \"2026\"",
                "year and a month",
            ),
        ] {
            let said = wrong(from, to);
            assert!(said.contains(told), "{from} -> {to}: {said}");
        }
    }
}
