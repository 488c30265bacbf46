//! What the sandbox does on demand, beside its groups of SSNs: a file in TOML, such as `deploy/sandbox-script.toml`.
//!
//! The first rule that fits an order holds for it, and before its group. An order that is given again, with a higher attempt, ends ACTIVE for
//! everybody, as by group.

use std::fs;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use uuid::Uuid;

use crate::wire::redress::bureau::v1::{EnrollmentOrder, EnrollmentProgress, HandoffKind};
use crate::wire::redress::r#type::v1::OutcomeClass;

use super::rules::{Habit, REFUSED_TRIES, Rule};

/// Why a script cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no script.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A rule cannot be.
    #[error("rule {0}: {1}")]
    Rule(usize, &'static str),
}

/// What the sandbox does on demand.
#[derive(Clone, Debug, Default)]
pub struct Script {
    rules: Vec<(When, Rule)>,
    /// Enrollments that stand in a new book from the start, and that nobody sent.
    pub strangers: u32,
    /// So many of the first files that come back miscount their records.
    pub miscounts: u32,
}

/// Which orders a rule is for: those for which all holds that it says.
#[derive(Clone, Debug, Default)]
struct When {
    kind: Option<HandoffKind>,
    product: Option<String>,
    ssn_ends_with: Option<String>,
    percent: Option<u8>,
}

impl When {
    fn fits(&self, id: Uuid, order: &EnrollmentOrder) -> bool {
        let ssn = order.subject.as_ref().map_or("", |subject| &subject.ssn);
        let product = order.coverage.as_ref().map_or("", |it| &it.product_code);
        // The last digits of a reference are random, and the same however often it is sent.
        let share = id.as_u128() % 100;
        self.kind.is_none_or(|kind| order.kind() == kind)
            && self.product.as_ref().is_none_or(|wanted| wanted == product)
            && (self.ssn_ends_with.as_ref()).is_none_or(|digits| ssn.ends_with(digits.as_str()))
            && self.percent.is_none_or(|most| share < most.into())
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`], with the number of the rule, counted from 1.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        Self::parse(&fs::read_to_string(path)?)
    }

    /// Reads the text of a script.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let file: ScriptFile = toml::from_str(text)?;
        let rules = (1..).zip(&file.rules);
        let rules = rules.map(|(at, rule)| rule.read().map_err(|why| ScriptError::Rule(at, why)));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            strangers: file.strangers,
            miscounts: file.miscounts,
        })
    }

    /// Gives the rule for an order, if one fits.
    pub fn rule_for(&self, id: Uuid, order: &EnrollmentOrder) -> Option<Rule> {
        let mut rules = self.rules.iter();
        let (_, rule) = rules.find(|(when, _)| order.attempt <= 1 && when.fits(id, order))?;
        Some(*rule)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(rename = "rule", default)]
    rules: Vec<RuleEntry>,
    #[serde(default)]
    strangers: u32,
    #[serde(default)]
    miscounts: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    kind: Option<String>,
    product: Option<String>,
    ssn_ends_with: Option<String>,
    percent: Option<u8>,
    outcome: Option<String>,
    after: Option<String>,
    habit: Option<String>,
    tries: Option<u32>,
}

impl RuleEntry {
    fn read(&self) -> Result<(When, Rule), &'static str> {
        let (progress, class) = match &self.outcome {
            None => (EnrollmentProgress::Active, OutcomeClass::Unspecified),
            Some(text) => outcome(text)?,
        };
        let habit = match &self.habit {
            None => Habit::None,
            Some(word) => Habit::from_str(word)
                .map_err(|_| "habit must be a word of the table in services/bureau/rules.rs")?,
        };
        let after = match &self.after {
            None => Duration::ZERO,
            Some(text) => wait(text)?,
        };
        if self.percent.is_some_and(|percent| percent > 100) {
            return Err("percent must be 0 to 100");
        }
        let when = When {
            kind: self.kind.as_deref().map(kind).transpose()?,
            product: self.product.clone(),
            ssn_ends_with: self.ssn_ends_with.clone(),
            percent: self.percent,
        };
        let mut rule = Rule::of(progress, class, habit);
        rule.after = after;
        rule.tries = self.tries.unwrap_or(REFUSED_TRIES);
        Ok((when, rule))
    }
}

fn kind(word: &str) -> Result<HandoffKind, &'static str> {
    match word {
        "ENROLL" => Ok(HandoffKind::Enroll),
        "RESTORE" => Ok(HandoffKind::Restore),
        _ => Err("kind must be ENROLL or RESTORE"),
    }
}

fn wait(text: &str) -> Result<Duration, &'static str> {
    let span: SignedDuration = text
        .parse()
        .map_err(|_| "after must be a time such as 3s")?;
    Duration::try_from(span).map_err(|_| "after must not lie in the past")
}

/// Reads `ACTIVE`, or `REFUSED THIN_FILE`.
fn outcome(text: &str) -> Result<(EnrollmentProgress, OutcomeClass), &'static str> {
    const WRONG: &str = "outcome must be ACTIVE, SUSPENDED or ENDED, or ACTION_REQUIRED or REFUSED with an outcome class";
    let (progress, class) = text.split_once(' ').unwrap_or((text, ""));
    let name = format!("ENROLLMENT_PROGRESS_{progress}");
    let progress = EnrollmentProgress::from_str_name(&name).ok_or(WRONG)?;
    let name = format!("OUTCOME_CLASS_{class}");
    let class = OutcomeClass::from_str_name(&name);
    let class = class.filter(|class| *class != OutcomeClass::Unspecified);
    match (progress, class) {
        (
            EnrollmentProgress::Active | EnrollmentProgress::Suspended | EnrollmentProgress::Ended,
            None,
        ) if !text.contains(' ') => Ok((progress, OutcomeClass::Unspecified)),
        (EnrollmentProgress::ActionRequired | EnrollmentProgress::Refused, Some(class)) => {
            Ok((progress, class))
        }
        _ => Err(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::redress::bureau::v1::{OrderedCoverage, Subject};

    const EXAMPLE: &str = include_str!("../../deploy/sandbox-script.toml");

    fn order(product: &str, ssn: &str) -> EnrollmentOrder {
        EnrollmentOrder {
            kind: HandoffKind::Enroll.into(),
            attempt: 1,
            coverage: Some(OrderedCoverage {
                product_code: product.to_owned(),
                ..OrderedCoverage::default()
            }),
            subject: Some(Subject {
                ssn: ssn.to_owned(),
                ..Subject::default()
            }),
            ..EnrollmentOrder::default()
        }
    }

    #[test]
    fn the_first_rule_that_fits_holds() {
        let script = Script::parse(
            "[[rule]]\nssn_ends_with = \"0007\"\noutcome = \"REFUSED THIN_FILE\"\nafter = \"3s\"\n\
             [[rule]]\nproduct = \"GOLD\"\nhabit = \"LOSES_ANSWER\"\ntries = 5\n\
             [[rule]]\npercent = 50\nkind = \"RESTORE\"\noutcome = \"ENDED\"\n",
        )
        .unwrap();
        let rule = |order| script.rule_for(Uuid::from_u128(49), &order);
        let thin = rule(order("GOLD", "666010007")).unwrap();
        assert_eq!(thin.class, OutcomeClass::ThinFile);
        assert_eq!(thin.after, Duration::from_secs(3));
        let lost = rule(order("GOLD", "666010008")).unwrap();
        assert_eq!((lost.habit, lost.tries), (Habit::LosesAnswer, 5));
        assert_eq!(rule(order("SILVER", "666010008")), None);
        let again = EnrollmentOrder {
            attempt: 2,
            ..order("GOLD", "")
        };
        assert_eq!(rule(again), None);
        let restore = EnrollmentOrder {
            kind: HandoffKind::Restore.into(),
            ..order("SILVER", "")
        };
        let of = |id| script.rule_for(Uuid::from_u128(id), &restore);
        assert!(of(149).is_some() && of(150).is_none());
    }

    #[test]
    fn the_example_is_a_script_and_what_cannot_be_is_named_with_its_rule() {
        let example = Script::parse(EXAMPLE).unwrap();
        assert!(!example.rules.is_empty());
        for (wrong, said) in [
            ("[[rule]]\noutcome = \"REFUSED\"", "rule 1: outcome must be"),
            (
                "[[rule]]\noutcome = \"ACTIVE NO_HIT\"",
                "rule 1: outcome must be",
            ),
            (
                "[[rule]]\n[[rule]]\nafter = \"soon\"",
                "rule 2: after must be",
            ),
            ("[[rule]]\nafter = \"-3s\"", "rule 1: after must not"),
            ("[[rule]]\nhabit = \"SULKS\"", "rule 1: habit must be"),
            ("[[rule]]\nkind = \"CANCEL\"", "rule 1: kind must be"),
            ("[[rule]]\npercent = 101", "rule 1: percent must be"),
            ("[[rule]]\nproducts = \"GOLD\"", "unknown field"),
        ] {
            let error = Script::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }
}
