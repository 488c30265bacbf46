//! A campaign's report as one HTML page: for a browser, a telephone or a printer, without network and without scripts.
//!
//! Every picture stands beside the figures that it shows. Everything that comes from a campaign is escaped, and the page is
//! well-formed XML as well.

mod days;
mod html;
mod law;
mod parts;

use prost_types::Timestamp as WireTime;

use crate::client::convert::{date, outcome_class, population, state, time, with_commas};
use crate::client::report::lines;
use crate::wire::redress::enrollment::v1 as wire;
use html::{Cell, bar, escape, section, share, table};

const STYLE: &str = include_str!("style.css");

/// What is on the page.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The campaign.
    pub campaign: &'a wire::Campaign,
    /// Its report, divided by covered entity.
    pub report: &'a wire::GetCampaignReportResponse,
    /// The same by state and country.
    pub regions: &'a [wire::ReportSlice],
}

/// Writes the page.
pub fn page(content: &Content<'_>) -> String {
    let Content {
        campaign, report, ..
    } = content;
    let title = format!("{}, {}", report.engagement_number, campaign.name);
    let sections = [
        head(campaign, report),
        waiting(report),
        funnel(report),
        days::section(&report.days, &campaign.time_zone),
        parts::section(
            "By covered entity",
            "Covered entity",
            "Whoever is listed by two counts in both, and once in the whole.",
            &report.slices,
            report.funnel.as_ref(),
        ),
        parts::section(
            "By state",
            "State or country",
            "By the address on record.",
            content.regions,
            report.funnel.as_ref(),
        ),
        law::deadlines(report),
        law::monitoring(report),
        pools(report),
        outcomes(report),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}\
         <footer>Counted {}, by the rules of {}. Made by redress {}.</footer>\n</body>\n</html>\n",
        escape(&title),
        sections.concat(),
        escape(&minute(report.count_time.as_ref())),
        escape(&report.law_version),
        env!("CARGO_PKG_VERSION"),
    )
}

/// An instant as people read it: `2026-11-29 01:39 UTC`.
fn minute(instant: Option<&WireTime>) -> String {
    let instant = time(instant).unwrap_or_default();
    let minute = instant.get(..16).unwrap_or_default().replace('T', " ");
    if minute.is_empty() {
        return "never".to_owned();
    }
    format!("{minute} UTC")
}

/// Name, number and dates.
fn head(campaign: &wire::Campaign, report: &wire::GetCampaignReportResponse) -> String {
    let day = |day| date(day).unwrap_or_default();
    let products = campaign.products.iter().map(|it| {
        let population = population(it.population).to_lowercase();
        format!(
            "{} for {population}s, {} months",
            it.product_code, it.term_months
        )
    });
    let rows = [
        ("Engagement number", report.engagement_number.clone()),
        (
            "State",
            state(campaign.state().as_str_name(), "CAMPAIGN_STATE_").to_lowercase(),
        ),
        ("Breach", day(campaign.breach_date.as_ref())),
        ("Discovered", day(campaign.discovery_date.as_ref())),
        ("Last day to enroll", day(campaign.enroll_by_date.as_ref())),
        ("Time zone", campaign.time_zone.clone()),
        (
            "Covered entities",
            with_commas(i64::try_from(campaign.covered_entities.len()).unwrap_or(i64::MAX)),
        ),
        ("Products", products.collect::<Vec<_>>().join("; ")),
        ("Telephone in the letters", campaign.letter_phone.clone()),
        ("Address in the letters", campaign.letter_url.clone()),
    ];
    let rows = rows.map(|(name, value)| {
        format!(
            "<div><dt>{name}</dt><dd>{}</dd></div>\n",
            escape(value.trim())
        )
    });
    format!(
        "<header>\n<h1>{}</h1>\n<dl>\n{}</dl>\n</header>\n",
        escape(&campaign.name),
        rows.concat()
    )
}

/// What somebody has to act on, in one list.
fn waiting(report: &wire::GetCampaignReportResponse) -> String {
    let funnel = report.funnel.unwrap_or_default();
    let count = |of: fn(&wire::Deadline) -> bool| {
        let due = report.deadlines.iter().filter(|it| it.applies && of(it));
        i64::try_from(due.count()).unwrap_or(i64::MAX)
    };
    let low = report.pools.iter().filter(|pool| pool.is_low).count();
    let low = i64::try_from(low).unwrap_or(i64::MAX);
    let figures = [
        (
            "Verifications that wait for a person's review",
            funnel.referred,
        ),
        (
            "Enrollments in which somebody must act before monitoring runs",
            funnel.action_required,
        ),
        (
            "Handoffs given up on, for an operator to look at",
            funnel.dead,
        ),
        ("People with a letter that came back", funnel.returned),
        (
            "Notices made due by these numbers whose last day is past; whether they were given is not known here",
            count(|it| it.days_left < 0),
        ),
        (
            "Notices due within two weeks",
            count(|it| (0..=14).contains(&it.days_left)),
        ),
        ("Partners whose activation codes run low", low),
    ];
    let open = figures.iter().filter(|(_, number)| *number > 0);
    let lines: Vec<String> = open
        .map(|(what, number)| format!("<li>{what}: <b>{}</b></li>\n", with_commas(*number)))
        .collect();
    let text = if lines.is_empty() {
        "<p>Nothing.</p>\n".to_owned()
    } else {
        format!("<ul class=\"waiting\">\n{}</ul>\n", lines.concat())
    };
    section("What waits for somebody", &text)
}

/// The stages that follow on one another; each is drawn as a bar. Handoffs are none of them: a person can have several.
const STAGES: [&str; 6] = [
    "individuals",
    "letters",
    "begun",
    "verified",
    "submitted",
    "active",
];

fn funnel(report: &wire::GetCampaignReportResponse) -> String {
    let figures = lines(&report.funnel.unwrap_or_default());
    let stages: Vec<_> = STAGES
        .iter()
        .filter_map(|stage| figures.iter().find(|(name, ..)| name == stage))
        .collect();
    let most = stages.iter().map(|(_, count, _)| *count).max().unwrap_or(0);
    let letters = report.funnel.map_or(0, |funnel| funnel.letters);
    let rows = stages.iter().map(|(name, count, meaning)| {
        vec![
            Cell::text(*meaning),
            Cell::Picture(bar(&[(*count, "begun")], most)),
            Cell::Number(*count),
            // Before there is a letter there is nothing to measure by.
            Cell::Share(match *name {
                "individuals" => String::new(),
                _ => share(*count, letters),
            }),
        ]
    });
    let heads = ["Stage", "", "Figure", "Of the letters"];
    let picture = table(&heads, &rows.collect::<Vec<_>>());
    let all = figures.iter().map(|(name, count, meaning)| {
        vec![
            Cell::text(name.replace('_', " ")),
            Cell::Number(*count),
            Cell::text(*meaning),
        ]
    });
    let all = table(
        &["Name", "Figure", "What it counts"],
        &all.collect::<Vec<_>>(),
    );
    section(
        "From the roster to monitoring",
        &format!("{picture}<h3>All figures</h3>\n{all}"),
    )
}

fn pools(report: &wire::GetCampaignReportResponse) -> String {
    let rows: Vec<Vec<Cell>> = report
        .pools
        .iter()
        .map(|pool| {
            let note = if pool.is_low {
                format!(
                    "fewer than {}: import more",
                    with_commas(pool.low_water.into())
                )
            } else {
                String::new()
            };
            vec![
                Cell::text(&pool.partner_name),
                Cell::Picture(bar(&[(pool.assigned, "submitted")], pool.imported)),
                Cell::Number(pool.imported),
                Cell::Number(pool.assigned),
                Cell::Number(pool.available),
                Cell::text(note),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "<p>No partner issues activation codes of its own for this campaign.</p>\n".to_owned()
    } else {
        table(
            &["Partner", "", "Imported", "Assigned", "Left", "Note"],
            &rows,
        )
    };
    section("Partners' activation codes", &text)
}

fn outcomes(report: &wire::GetCampaignReportResponse) -> String {
    let most = report.outcomes.iter().map(|it| it.coverages).max();
    let rows: Vec<Vec<Cell>> = report
        .outcomes
        .iter()
        .map(|it| {
            let class = outcome_class(it.outcome_class);
            vec![
                Cell::text(class.to_lowercase().replace('_', " ")),
                Cell::Picture(bar(&[(it.coverages, "warning")], most.unwrap_or(0))),
                Cell::Number(it.coverages),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "<p>No partner has reported a reason.</p>\n".to_owned()
    } else {
        table(&["What the partner answered", "", "Coverages"], &rows)
    };
    section("Why coverages are not active", &text)
}

#[cfg(test)]
mod tests;
