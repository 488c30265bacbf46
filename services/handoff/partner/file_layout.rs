//! How the files to and from a partner look and when they are written, as an operator describes it in TOML.

mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::db::entities::handoff::Kind;
use crate::kernel::clock::Timestamp;
use crate::kernel::flat_file::{Column, Form};

use super::meaning::{Meaning, class, meaning};
use super::order_fields::ORDER_FIELDS;
use check::{columns, needs, plain_name};

/// The longest time in which an answer can be due.
pub const LONGEST_ANSWER: Duration = Duration::from_hours(24 * 60);
/// The longest layout, in bytes.
pub const LONGEST: usize = 32 * 1_024;

/// What the header of a file of orders can say.
const ORDERS_HEADER: [&str; 4] = ["file", "number", "date", "campaign"];
/// What its trailer can say.
const ORDERS_TRAILER: [&str; 8] = [
    "file", "number", "date", "campaign", "count", "enrolled", "canceled", "sha256",
];
/// What a file that came back can say of itself.
const OF_AN_ANSWER: [&str; 5] = ["file", "number", "date", "campaign", "count"];
/// What a record that comes back can have.
const ANSWERED: [&str; 7] = [
    "handoff_id",
    "status",
    "code",
    "partner_reference",
    "effective_date",
    "attempt",
    "revision",
];

/// The files to and from a partner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// What we write.
    pub orders: Orders,
    /// What comes back, each kind by the name of its files.
    pub answers: Vec<Answer>,
}

/// The files that we write: a header if there is one, the records, a trailer if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// The name, with `{campaign}`, `{number}` and perhaps `{date}` in it.
    pub name: String,
    /// How lines are written.
    #[serde(default)]
    pub form: Form,
    /// When the day's file is written, such as `02:00`.
    #[serde(deserialize_with = "time")]
    pub at: Time,
    /// Where that is the time.
    pub time_zone: String,
    /// At most so many records; what is left goes into the next file.
    #[serde(default = "most")]
    pub most: u32,
    /// What has no answer by then goes into a later file.
    #[serde(deserialize_with = "duration", default = "answer_within")]
    pub answer_within: Duration,
    /// The `age` public key that the files are encrypted to.
    pub encrypt_to: Option<String>,
    /// The files lie there as they are, because their directory is on an encrypted disk that nobody else reads.
    #[serde(default)]
    pub plain: bool,
    /// The line before the records.
    #[serde(default)]
    pub header: Vec<Column>,
    /// A line for each order.
    pub record: Vec<Column>,
    /// The line after the records.
    #[serde(default)]
    pub trailer: Vec<Column>,
}

/// A kind of file that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The name, with `{file}` for the name of the file that it answers, or `*` for anything.
    pub name: String,
    /// How lines are written.
    #[serde(default)]
    pub form: Form,
    /// Whether it names every record of the file that it answers, so that one which is left out has not arrived.
    #[serde(default)]
    pub complete: bool,
    /// The line before the records.
    #[serde(default)]
    pub header: Vec<Column>,
    /// A line for each order.
    pub record: Vec<Column>,
    /// The line after the records.
    #[serde(default)]
    pub trailer: Vec<Column>,
    /// What the partner's words for a status mean.
    pub statuses: BTreeMap<String, String>,
    /// What its codes mean, as outcome classes.
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
}

const fn most() -> u32 {
    200_000
}

const fn answer_within() -> Duration {
    Duration::from_hours(72)
}

fn time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = "must be a time of day, such as 02:00";
    text.parse().map_err(|_| serde::de::Error::custom(wrong))
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    crate::kernel::settings::duration(&text).map_err(serde::de::Error::custom)
}

impl Layout {
    /// Reads a layout and checks it; the error says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err("is longer than 32 KiB".to_owned());
        }
        let layout: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        layout.orders.check()?;
        if layout.answers.is_empty() {
            return Err("has no [[answers]]: nothing would ever be acknowledged".to_owned());
        }
        for answer in &layout.answers {
            let told = answer.check();
            told.map_err(|wrong| format!("answers {:?}: {wrong}", answer.name))?;
        }
        Ok(layout)
    }

    /// Finds the kind of a file that came back, with the name of the file that it answers if its own name tells it.
    pub fn answer(&self, name: &str) -> Option<(&Answer, Option<String>)> {
        self.answers.iter().find_map(|answer| {
            let (before, after, is_file) = pattern(&answer.name);
            let middle = name.strip_prefix(before)?.strip_suffix(after)?;
            (!middle.is_empty()).then(|| (answer, is_file.then(|| middle.to_owned())))
        })
    }
}

/// Splits the pattern of a name at its `{file}` or `*`.
fn pattern(name: &str) -> (&str, &str, bool) {
    if let Some((before, after)) = name.split_once("{file}") {
        return (before, after, true);
    }
    let (before, after) = name.split_once('*').unwrap_or((name, ""));
    (before, after, false)
}

impl Orders {
    fn check(&self) -> Result<(), String> {
        let rest = self
            .name
            .replace("{campaign}", "x")
            .replace("{number}", "x");
        let is_one = |part: &str| self.name.matches(part).count() == 1;
        if !is_one("{campaign}") || !is_one("{number}") {
            return Err(
                "orders.name must have {campaign} and {number} in it, once each".to_owned(),
            );
        }
        plain_name(&rest.replace("{date}", "x"), "orders.name")?;
        if TimeZone::get(&self.time_zone).is_err() {
            return Err("orders.time_zone is no time zone, such as America/New_York".to_owned());
        }
        if !(1..=1_000_000).contains(&self.most) {
            return Err("orders.most must be 1 to 1000000".to_owned());
        }
        let days = Duration::from_hours(1)..=LONGEST_ANSWER;
        if !days.contains(&self.answer_within) {
            return Err("orders.answer_within must be 1h to 1440h".to_owned());
        }
        match (&self.encrypt_to, self.plain) {
            (None, true) => {}
            (Some(key), false) if key.parse::<age::x25519::Recipient>().is_ok() => {}
            (Some(_), false) => return Err("orders.encrypt_to is no public key of age".to_owned()),
            _ => {
                return Err("orders needs either encrypt_to = 'age1...' or plain = true: the file has names and numbers of people".to_owned());
            }
        }
        columns("orders.header", self.form, &self.header, &ORDERS_HEADER)?;
        columns("orders.record", self.form, &self.record, &ORDER_FIELDS)?;
        columns("orders.trailer", self.form, &self.trailer, &ORDERS_TRAILER)?;
        needs("orders.record", &self.record, &["handoff_id", "kind"])
    }

    /// Tells whether the records can tell an order of this kind. Whoever cannot see which order an update of a person is about might enroll
    /// that person again.
    pub fn tells(&self, kind: Kind) -> bool {
        let names = |field: &str| {
            let mut columns = self.record.iter();
            columns.any(|column| column.field.as_deref() == Some(field))
        };
        kind != Kind::UpdatePerson || names("updates_handoff_id")
    }

    /// Gives the name of a file.
    pub fn file_name(&self, campaign: &str, number: i32, day: jiff::civil::Date) -> String {
        let name = self.name.replace("{campaign}", campaign);
        let name = name.replace("{number}", &format!("{number:05}"));
        name.replace("{date}", &day.strftime("%Y%m%d").to_string())
    }

    /// Gives when a file was to be written last.
    pub fn last_due(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let today = now.date_in(&zone).ok()?;
        let days = [Some(today), today.yesterday().ok()];
        let due = days.into_iter().flatten().filter_map(|day| {
            let at = zone.to_timestamp(day.to_datetime(self.at)).ok()?;
            Some(Timestamp::from_jiff(at))
        });
        due.into_iter().find(|due| *due <= now)
    }

    /// Gives the day of an instant where the files are written.
    pub fn day(&self, at: Timestamp) -> Option<jiff::civil::Date> {
        at.date_in(&TimeZone::get(&self.time_zone).ok()?).ok()
    }
}

impl Answer {
    fn check(&self) -> Result<(), String> {
        let wildcards = self.name.matches("{file}").count() + self.name.matches('*').count();
        if wildcards != 1 {
            return Err("the name must have {file} or * in it, once".to_owned());
        }
        plain_name(
            &self.name.replace("{file}", "x").replace('*', "x"),
            "the name",
        )?;
        let names_file = self.name.contains("{file}")
            || self
                .header
                .iter()
                .any(|it| it.field.as_deref() == Some("file"));
        if self.complete && !names_file {
            return Err(
                "complete = true needs {file} in the name, or a column 'file' in the header"
                    .to_owned(),
            );
        }
        columns("header", self.form, &self.header, &OF_AN_ANSWER)?;
        columns("record", self.form, &self.record, &ANSWERED)?;
        columns("trailer", self.form, &self.trailer, &OF_AN_ANSWER)?;
        needs("record", &self.record, &["handoff_id", "status"])?;
        if self.statuses.is_empty() {
            return Err("statuses must say what the partner's words mean".to_owned());
        }
        for (word, means) in &self.statuses {
            if meaning(means, None).is_none() {
                return Err(format!(
                    "statuses: {word:?} must mean ACCEPTED, ACTIVE, SUSPENDED, ENDED, CANCELED, SEND_AGAIN, ACTION_REQUIRED or REFUSED, the last two perhaps with an outcome class"
                ));
            }
        }
        match self.codes.iter().find(|(_, means)| class(means).is_none()) {
            Some((code, _)) => Err(format!("codes: {code:?} must mean an outcome class")),
            None => Ok(()),
        }
    }

    /// Gives what a status and a code mean; nothing where the status is none that the layout has.
    pub fn meaning(&self, status: &str, code: &str) -> Option<Meaning> {
        let of_code = self.codes.get(code).and_then(|means| class(means));
        meaning(self.statuses.get(status)?, of_code)
    }
}

#[cfg(test)]
mod tests;
