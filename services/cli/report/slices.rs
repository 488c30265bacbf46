//! The funnel of each part of a campaign: a table of the figures that are looked at most, all of them for programs.

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::cli::render::{self, Format, Record, with_commas};
use crate::client::problem::Outcome;
use crate::client::report::lines;
use crate::wire::redress::enrollment::v1 as wire;
use wire::GroupBy;

/// Into which parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Covered entities.
    Entity,
    /// States, and countries abroad.
    Region,
    /// Waves of the mailing.
    Wave,
    /// Adults, minors, the deceased.
    Population,
}

impl From<By> for GroupBy {
    fn from(by: By) -> Self {
        match by {
            By::Entity => Self::CoveredEntity,
            By::Region => Self::Region,
            By::Wave => Self::Wave,
            By::Population => Self::Population,
        }
    }
}

/// What the columns of the table count, and their heads.
const COLUMNS: [(&str, &str); 11] = [
    ("individuals", "people"),
    ("codes_issued", "codes"),
    ("letters", "letters"),
    ("returned", "returned"),
    ("begun", "begun"),
    ("verified", "verified"),
    ("refused", "refused"),
    ("submitted", "submitted"),
    ("active", "active"),
    ("action_required", "must act"),
    ("enrollment_refused", "turned down"),
];

/// The slices as a table with the whole below.
pub fn section(report: &wire::GetCampaignReportResponse) -> Option<String> {
    if report.slices.is_empty() {
        return None;
    }
    let mut table = render::plain_table();
    let heads = COLUMNS.iter().map(|(_, head)| (*head).to_owned());
    table.set_header([String::new()].into_iter().chain(heads));
    for slice in &report.slices {
        let funnel = slice.funnel.unwrap_or_default();
        table.add_row(cells(&slice.display_name, &funnel));
    }
    table.add_row(cells("all", &report.funnel.unwrap_or_default()));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    Some(render::text(table))
}

fn cells(name: &str, funnel: &wire::Funnel) -> Vec<String> {
    let figures = lines(funnel);
    let count = |wanted: &str| {
        let line = figures.iter().find(|(name, _, _)| *name == wanted);
        with_commas(line.map_or(0, |(_, count, _)| *count))
    };
    let counts = COLUMNS.iter().map(|(name, _)| count(name));
    [name.to_owned()].into_iter().chain(counts).collect()
}

/// Prints a line for each slice and one for the whole, with every figure.
pub fn csv(report: &wire::GetCampaignReportResponse) -> Outcome {
    let whole = wire::ReportSlice {
        key: "all".to_owned(),
        display_name: "all".to_owned(),
        funnel: report.funnel,
    };
    let records = report.slices.iter().chain([&whole]).map(|slice| {
        let mut record = Record::new()
            .with("key", slice.key.as_str())
            .with("name", slice.display_name.as_str());
        for (name, count, _) in lines(&slice.funnel.unwrap_or_default()) {
            record = record.with(name, count);
        }
        record
    });
    render::many(Format::Csv, &records.collect::<Vec<_>>(), "")
}

/// The slices as objects.
pub fn values(report: &wire::GetCampaignReportResponse) -> Vec<Value> {
    let slices = report.slices.iter().map(|slice| {
        let mut object = Map::new();
        object.insert("key".to_owned(), slice.key.clone().into());
        object.insert("name".to_owned(), slice.display_name.clone().into());
        // These two are of the whole alone.
        let of_people = lines(&slice.funnel.unwrap_or_default())
            .into_iter()
            .filter(|(name, _, _)| !matches!(*name, "rows" | "rejected"));
        object.extend(of_people.map(|(name, count, _)| (name.to_owned(), count.into())));
        Value::Object(object)
    });
    slices.collect()
}
