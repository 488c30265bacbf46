//! What the law makes of the figures: who must be told by when, and how long monitoring is owed.

use comfy_table::CellAlignment;
use serde_json::{Value, json};

use crate::cli::render::{self, with_commas};
use crate::client::convert::date;
use crate::client::report::days_left;
use crate::wire::redress::enrollment::v1 as wire;

/// The sections below the funnel, those first that somebody must act on.
pub fn sections(report: &wire::GetCampaignReportResponse) -> Vec<String> {
    let (due, not_due): (Vec<_>, Vec<_>) = report.deadlines.iter().partition(|it| it.applies);
    let mut sections = Vec::new();
    if !due.is_empty() {
        let table = notices(&due);
        sections.push(format!(
            "notices that these numbers make due; whether they were given is not known here\n{table}"
        ));
    }
    if !not_due.is_empty() {
        let rules = not_due.iter().map(|it| {
            let people = with_commas(it.people);
            format!(
                "  {} {}: {people}, and it takes {}",
                it.jurisdiction, it.rule_id, it.condition
            )
        });
        let rules: Vec<String> = rules.collect();
        sections.push(format!("not due by these numbers\n{}", rules.join("\n")));
    }
    if !report.monitoring.is_empty() {
        let table = owed(report);
        sections.push(format!(
            "monitoring that states ask for, beside the shortest product for adults\n{table}"
        ));
    }
    if !report.states_without_rule.is_empty() {
        let states = report
            .states_without_rule
            .iter()
            .map(|it| format!("{} {}", it.jurisdiction, with_commas(it.residents)));
        let states: Vec<String> = states.collect();
        sections.push(format!(
            "no rule known here for the attorneys general of these states; look them up: {}",
            states.join(", ")
        ));
    }
    sections
}

fn notices(due: &[&wire::Deadline]) -> String {
    let mut table = render::plain_table();
    for it in due {
        let reached: Vec<String> = it.reached.iter().map(reach).collect();
        let people = match reached.as_slice() {
            [] | [_] => with_commas(it.people),
            many => format!("{} ({})", with_commas(it.people), many.join(", ")),
        };
        table.add_row([
            format!("  {}", date(it.due_date.as_ref()).unwrap_or_default()),
            days_left(it.days_left),
            it.jurisdiction.clone(),
            format!("{}: {people} people [{}]", it.what, it.citation),
        ]);
    }
    render::text(table)
}

fn reach(reach: &wire::Reach) -> String {
    format!("{} {}", reach.key, with_commas(reach.people))
}

fn owed(report: &wire::GetCampaignReportResponse) -> String {
    let mut table = render::plain_table();
    for it in &report.monitoring {
        let verdict = match it.short_by {
            0 => "long enough".to_owned(),
            short => format!("{short} TOO FEW"),
        };
        let otherwise = match it.otherwise.as_str() {
            "" => String::new(),
            otherwise => format!("; {otherwise}"),
        };
        table.add_row([
            format!("  {}", it.jurisdiction),
            with_commas(it.residents),
            "people".to_owned(),
            format!("{} months", it.months_owed),
            verdict,
            format!("{}, {}{otherwise} [{}]", it.what, it.condition, it.citation),
        ]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    render::text(table)
}

/// The deadlines as objects.
pub fn deadlines(report: &wire::GetCampaignReportResponse) -> Vec<Value> {
    let deadlines = report.deadlines.iter().map(|it| {
        let reached = it.reached.iter();
        let reached = reached.map(|it| json!({ "key": it.key, "people": it.people }));
        json!({
            "rule_id": it.rule_id,
            "jurisdiction": it.jurisdiction,
            "what": it.what,
            "condition": it.condition,
            "citation": it.citation,
            "due": date(it.due_date.as_ref()),
            "days_left": it.days_left,
            "applies": it.applies,
            "people": it.people,
            "reached": reached.collect::<Vec<_>>(),
        })
    });
    deadlines.collect()
}

/// What states ask for, as objects.
pub fn monitoring(report: &wire::GetCampaignReportResponse) -> Vec<Value> {
    let monitoring = report.monitoring.iter().map(|it| {
        json!({
            "rule_id": it.rule_id,
            "jurisdiction": it.jurisdiction,
            "residents": it.residents,
            "months_owed": it.months_owed,
            "short_by": it.short_by,
            "what": it.what,
            "condition": it.condition,
            "citation": it.citation,
            "otherwise": it.otherwise,
        })
    });
    monitoring.collect()
}

/// The states for whose attorney general no rule is known, as objects.
pub fn without_rule(report: &wire::GetCampaignReportResponse) -> Vec<Value> {
    let states = report.states_without_rule.iter();
    let states =
        states.map(|it| json!({ "jurisdiction": it.jurisdiction, "residents": it.residents }));
    states.collect()
}
