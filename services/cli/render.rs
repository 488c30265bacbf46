//! Answers as a table, as JSON or as CSV, from one representation.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

pub use crate::client::convert::with_commas;
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
        Format::Table => print(&columns(record)),
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
        Format::Table => print(&rows(records)),
        Format::Json => json(&records),
        Format::Csv => csv(records),
    }
}

/// Prints one record with a list that belongs to it: below it, as an array in the object, or as a line for each item, with the
/// record before it.
pub fn one_with(
    format: Format,
    record: &Record,
    name: &'static str,
    items: &[Record],
    nothing: &str,
) -> Outcome {
    match format {
        Format::Table if items.is_empty() => print(&format!("{}\n\n{nothing}", columns(record))),
        Format::Table => print(&format!(
            "{}\n\n{}\n{}",
            columns(record),
            words(name),
            rows(items)
        )),
        Format::Json => {
            let items =
                serde_json::to_value(items).map_err(|error| Problem::usage(error.to_string()))?;
            json(&record.clone().with(name, items))
        }
        Format::Csv if items.is_empty() => csv(std::slice::from_ref(record)),
        Format::Csv => {
            let lines = items.iter().map(|item| {
                let both = record.0.iter().chain(&item.0);
                Record(both.cloned().collect())
            });
            csv(&lines.collect::<Vec<_>>())
        }
    }
}

fn columns(record: &Record) -> String {
    let mut table = plain_table();
    for (name, value) in &record.0 {
        table.add_row([words(name), cell(value)]);
    }
    text(table)
}

/// A table with a header; of at least one record.
fn rows(records: &[Record]) -> String {
    let mut table = plain_table();
    if let Some(first) = records.first() {
        table.set_header(first.0.iter().map(|(name, _)| words(name)));
    }
    for record in records {
        table.add_row(record.0.iter().map(|(_, value)| cell(value)));
    }
    text(table)
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
}
