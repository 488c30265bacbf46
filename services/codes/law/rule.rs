//! The rules.

use std::ops::RangeInclusive;

use jiff::civil::Date;

use super::place::Place;

/// The rules, of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Law {
    /// Year and month in which they were last changed, such as `2026-11`.
    pub version: String,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is called here, such as `ct-monitoring`.
    pub id: String,
    /// Whose rule it is; none means the United States'.
    pub place: Option<Place>,
    /// What is owed, and how much of it.
    pub duty: Duty,
    /// The same in plain words.
    pub what: String,
    /// When it holds, in plain words.
    pub condition: String,
    /// Whether the condition is taken to hold while a campaign cannot say.
    pub presumed: bool,
    /// Where it stands.
    pub citation: String,
    /// When that was last looked up.
    pub checked_on: Date,
    /// Where the source is stricter, laxer or less definite.
    pub note: Option<String>,
}

impl Rule {
    /// Gives the letters of whose rule it is: a state's two, or `US`.
    pub fn jurisdiction(&self) -> &'static str {
        self.place.map_or("US", Place::code)
    }
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// To notify somebody by a day.
    Notice(Notice),
    /// Monitoring of so many calendar months.
    Monitoring {
        /// At least so many.
        months: i32,
    },
}

/// To tell somebody by a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whom.
    pub to: Notified,
    /// Calendar days.
    pub days: i32,
    /// The day after which they are counted.
    pub from: CountedFrom,
    /// How many people make it due.
    pub people: RangeInclusive<i64>,
}

/// Who is notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notified {
    /// Every affected person; all are counted.
    Individuals,
    /// Those without a usable address, in another way; they are counted.
    Unreachable,
    /// The Secretary of Health and Human Services; all are counted.
    Secretary,
    /// The media of a state; each state's residents are counted.
    Media,
    /// A state's attorney general; its residents are counted.
    AttorneyGeneral,
}

/// The day after which days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedFrom {
    /// The day of discovery.
    Discovery,
    /// 31 December of the year of discovery.
    EndOfYear,
}
