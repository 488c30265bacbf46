//! Answers as a table, as JSON or as CSV, from one representation.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::client::problem::{Outcome, Problem};

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For reading.
    #[default]
    Table,
    /// For programs: one object, or an array of them.
    Json,
    /// For spreadsheets: a header and a line for each record.
    Csv,
}

/// Named values in the order they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record(Vec<(&'static str, Value)>);

impl Record {
    /// Starts an empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Prints one record: as two columns, as an object, or as a header and a line.
pub fn one(format: Format, record: &Record) -> Outcome {
    match format {
        Format::Table => {
            let mut table = plain_table();
            for (name, value) in &record.0 {
                table.add_row([words(name), cell(value)]);
            }
            print(&text(table))
        }
        Format::Json => json(record),
        Format::Csv => csv(std::slice::from_ref(record)),
    }
}

/// Prints one record, or none; `nothing` is what a reader sees then, and null what a program gets.
pub fn one_or_none(format: Format, record: Option<&Record>, nothing: &str) -> Outcome {
    match record {
        Some(record) => one(format, record),
        None if format == Format::Json => json(&Value::Null),
        None => many(format, &[], nothing),
    }
}

/// Prints a list; `nothing` is what a reader sees when it is empty.
pub fn many(format: Format, records: &[Record], nothing: &str) -> Outcome {
    match format {
        Format::Table if records.is_empty() => print(nothing),
        Format::Table => {
            let mut table = plain_table();
            table.set_header(records[0].0.iter().map(|(name, _)| words(name)));
            for record in records {
                table.add_row(record.0.iter().map(|(_, value)| cell(value)));
            }
            print(&text(table))
        }
        Format::Json => json(&records),
        Format::Csv => csv(records),
    }
}

/// Prints any value as JSON.
pub fn json(value: &impl Serialize) -> Outcome {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Problem::usage(error.to_string()))?;
    print(&text)
}

/// Prints a line; a reader that went away early is no failure.
pub fn print(text: &str) -> Outcome {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::usage(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Makes an empty table in the house's style.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Lays a table out: two spaces between columns, none at the edges.
pub fn text(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn csv(records: &[Record]) -> Outcome {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Problem::usage(error.to_string());
    if let Some(first) = records.first() {
        writer
            .write_record(first.0.iter().map(|(name, _)| name))
            .map_err(failed)?;
    }
    for record in records {
        writer
            .write_record(record.0.iter().map(|(_, value)| cell(value)))
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Problem::usage(error.to_string()))?;
    print(String::from_utf8_lossy(&bytes).trim_end())
}

/// Writes a number the way Americans read it.
pub fn with_commas(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_order() {
        let record = Record::new().with("zulu", 1).with("alpha", "two");
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(text, r#"{"zulu":1,"alpha":"two"}"#);
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(with_commas(0), "0");
        assert_eq!(with_commas(3_900_000), "3,900,000");
        assert_eq!(with_commas(-1_234), "-1,234");
    }
}
