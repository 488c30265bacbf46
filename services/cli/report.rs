//! `redress report`: the funnel of a campaign, from rows to active monitoring, and the days left to the statutory dates.

mod law;
mod pools;
mod slices;

use clap::Args;

use super::Session;
use super::campaign::CampaignArg;
use super::connect::{As, Channels};
use super::problem::{OrSay, Outcome, Problem};
use super::render::{self, Format, Record};
use super::wire_words::time;
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

/// Flags of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Count the parts of the campaign too. Whoever is listed by two entities counts in both, and once in the whole.
    #[arg(long, value_enum, value_name = "PART")]
    by: Option<slices::By>,
}

/// Prints the report.
pub async fn run(session: &Session, args: ReportArgs) -> Outcome {
    let channels = session.connect(As::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let by = args.by.map_or(wire::GroupBy::Unspecified, Into::into);
    let report = fetch(&channels, &campaign.campaign_id, by).await?;
    match session.format {
        Format::Table => render::print(&in_words(&campaign, &report)),
        Format::Csv if args.by.is_some() => slices::csv(&report),
        other => render::one(other, &record(&report)),
    }
}

/// Fetches a campaign's report.
pub async fn fetch(
    channels: &Channels,
    campaign_id: &str,
    by: wire::GroupBy,
) -> Result<wire::GetCampaignReportResponse, Problem> {
    let request = wire::GetCampaignReportRequest {
        campaign_id: campaign_id.to_owned(),
        group_by: by.into(),
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .get_campaign_report(request)
        .await;
    response.or_say("count the campaign")
}

/// The funnel, each figure with what it counts.
pub fn lines(funnel: &wire::Funnel) -> [(&'static str, i64, &'static str); 18] {
    [
        ("rows", funnel.rows, "rows of all roster files"),
        ("rejected", funnel.rejected, "rows that were not taken"),
        (
            "records",
            funnel.records,
            "references of covered entities to these people",
        ),
        ("individuals", funnel.individuals, "people on the roster"),
        (
            "codes_issued",
            funnel.codes_issued,
            "codes, of every generation",
        ),
        (
            "letters",
            funnel.letters,
            "people for whom a code was issued",
        ),
        (
            "returned",
            funnel.returned,
            "people with a letter that came back",
        ),
        ("begun", funnel.begun, "enrollments begun"),
        ("verified", funnel.verified, "people verified"),
        ("refused", funnel.refused, "verifications refused"),
        (
            "referred",
            funnel.referred,
            "verifications that wait for a person",
        ),
        (
            "submitted",
            funnel.submitted,
            "enrollments completed by the person",
        ),
        ("handed_off", funnel.handed_off, "offered to a partner"),
        ("acknowledged", funnel.acknowledged, "taken by the partner"),
        ("active", funnel.active, "monitoring runs"),
        (
            "action_required",
            funnel.action_required,
            "somebody must act first",
        ),
        (
            "enrollment_refused",
            funnel.enrollment_refused,
            "refused by the partner",
        ),
        ("dead", funnel.dead, "given up on; an operator must look"),
    ]
}

/// The funnel as aligned lines.
pub fn funnel_text(funnel: &wire::Funnel) -> String {
    let mut table = render::plain_table();
    for (name, count, meaning) in lines(funnel) {
        table.add_row([
            name.replace('_', " "),
            with_commas(count),
            meaning.to_owned(),
        ]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    render::text(table)
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
        let class = outcome.outcome_class.to_lowercase().replace('_', " ");
        text = format!("{text}\n  {:>7}  {class}", with_commas(outcome.enrollments));
    }
    for section in slices::section(report)
        .into_iter()
        .chain(pools::section(report))
        .chain(law::sections(campaign.term_months, report))
    {
        text = format!("{text}\n\n{section}");
    }
    if let Some(counted) = time(report.count_time.as_ref()).as_str() {
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
        .map(|it| (it.outcome_class.clone(), it.enrollments.into()));
    let outcomes: serde_json::Map<String, serde_json::Value> = outcomes.collect();
    record = record.with("outcomes", outcomes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(with_commas(0), "0");
        assert_eq!(with_commas(3_900_000), "3,900,000");
        assert_eq!(with_commas(-1_234), "-1,234");
    }
}
