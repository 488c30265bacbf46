//! `redress report`: the funnel of a campaign, from rows to active monitoring, and the days left to the statutory dates.

pub mod funnel;
mod law;
mod page;
mod pools;
mod slices;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Format, Record, with_commas};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::{date, outcome_class, time};
use crate::client::problem::Outcome;
use crate::client::report::{fetch, lines};
use crate::wire::redress::enrollment::v1 as wire;
use funnel::funnel_text;

/// Flags of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Count the parts of the campaign too. Whoever is listed by two entities counts in both, and once in the whole.
    #[arg(long, value_enum, value_name = "PART")]
    by: Option<slices::By>,
    /// Write the report as one page for a browser, with pictures, by covered entity and by state. It needs no network.
    #[arg(long, value_name = "FILE", conflicts_with = "by")]
    html: Option<PathBuf>,
}

/// Prints the report.
pub async fn run(session: &Session, args: ReportArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    if let Some(path) = &args.html {
        return page::write(session, &channels, &campaign, path).await;
    }
    let by = args.by.map_or(wire::GroupBy::Unspecified, Into::into);
    let report = fetch(&channels, &campaign.campaign_id, by).await?;
    match session.format {
        Format::Table => render::print(&in_words(&campaign, &report)),
        Format::Csv if args.by.is_some() => slices::csv(&report),
        other => render::one(other, &record(&report)),
    }
}

fn in_words(campaign: &wire::Campaign, report: &wire::GetCampaignReportResponse) -> String {
    let funnel = report.funnel.unwrap_or_default();
    let mut text = format!(
        "{}, {}\n\n{}",
        report.engagement_number,
        campaign.name,
        funnel_text(&funnel)
    );
    if !report.outcomes.is_empty() {
        text.push_str("\n\nwhy enrollments are not active");
    }
    for outcome in &report.outcomes {
        let class = outcome_class(outcome.outcome_class)
            .to_lowercase()
            .replace('_', " ");
        text = format!("{text}\n  {:>7}  {class}", with_commas(outcome.coverages));
    }
    for section in slices::section(report)
        .into_iter()
        .chain(pools::section(report))
        .chain(law::sections(report))
    {
        text = format!("{text}\n\n{section}");
    }
    if let Some(counted) = time(report.count_time.as_ref()) {
        text = format!(
            "{text}\n\ncounted {counted}, by the rules of {}",
            report.law_version
        );
    }
    text
}

fn record(report: &wire::GetCampaignReportResponse) -> Record {
    let mut record = Record::new().with("engagement_number", report.engagement_number.as_str());
    for (name, count, _) in lines(&report.funnel.unwrap_or_default()) {
        record = record.with(name, count);
    }
    let outcomes = report
        .outcomes
        .iter()
        .map(|it| (outcome_class(it.outcome_class), it.coverages.into()));
    let outcomes: serde_json::Map<String, serde_json::Value> = outcomes.collect();
    let days = report.days.iter().map(|day| {
        json!({
            "date": date(day.date.as_ref()),
            "begun": day.begun,
            "submitted": day.submitted,
        })
    });
    record = record
        .with("outcomes", outcomes)
        .with("days", days.collect::<Vec<_>>());
    if !report.slices.is_empty() {
        record = record.with("slices", slices::values(report));
    }
    if !report.pools.is_empty() {
        record = record.with("activation_codes", pools::values(report));
    }
    record
        .with("deadlines", law::deadlines(report))
        .with("monitoring", law::monitoring(report))
        .with("states_without_rule", law::without_rule(report))
        .with("law_version", report.law_version.as_str())
        .with("counted", time(report.count_time.as_ref()))
}
