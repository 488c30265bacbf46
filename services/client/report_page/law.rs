//! Deadlines, and how long monitoring is owed.

use std::fmt::Write as _;

use super::html::{Cell, escape, section, table};
use crate::client::convert::{date, with_commas};
use crate::client::report::days_left;
use crate::wire::redress::enrollment::v1 as wire;

/// By when who must be told.
pub(super) fn deadlines(report: &wire::GetCampaignReportResponse) -> String {
    let (due, not_due): (Vec<_>, Vec<_>) = report.deadlines.iter().partition(|it| it.applies);
    let rows: Vec<Vec<Cell>> = due.into_iter().map(deadline).collect();
    let mut text = if rows.is_empty() {
        "<p>These numbers make no notice due.</p>\n".to_owned()
    } else {
        let heads = [
            "Last day",
            "",
            "Whose rule",
            "What",
            "People",
            "Where it stands",
        ];
        format!(
            "<p>What these numbers make due; whether it was done is not known here.</p>\n{}",
            table(&heads, &rows)
        )
    };
    if !not_due.is_empty() {
        let rules = not_due.iter().map(|it| {
            format!(
                "<li>{} {}: {}, and it takes {}</li>\n",
                escape(&it.jurisdiction),
                escape(&it.rule_id),
                with_commas(it.people),
                escape(&it.condition)
            )
        });
        let rules: String = rules.collect();
        _ = writeln!(
            text,
            "<h3>Not due by these numbers</h3>\n<ul>\n{rules}</ul>"
        );
    }
    section("Notices and their last days", &text)
}

fn deadline(it: &wire::Deadline) -> Vec<Cell> {
    let days = days_left(it.days_left);
    let days = if it.days_left < 0 {
        Cell::Picture(format!("<b class=\"past\">{}</b>", escape(&days)))
    } else {
        Cell::Short(days)
    };
    let reached = match it.reached.as_slice() {
        [] | [_] => String::new(),
        many => {
            let many = many
                .iter()
                .map(|it| format!("{} {}", it.key, with_commas(it.people)));
            format!(" ({})", many.collect::<Vec<_>>().join(", "))
        }
    };
    vec![
        Cell::Short(date(it.due_date.as_ref()).unwrap_or_default()),
        days,
        Cell::text(&it.jurisdiction),
        Cell::text(format!("{}{reached}", it.what)),
        Cell::Number(it.people),
        Cell::text(&it.citation),
    ]
}

/// How long monitoring is owed, and the states that nothing is known of.
pub(super) fn monitoring(report: &wire::GetCampaignReportResponse) -> String {
    let rows: Vec<Vec<Cell>> = report.monitoring.iter().map(owed).collect();
    let mut text = if rows.is_empty() {
        "<p>No state with residents here asks for a length.</p>\n".to_owned()
    } else {
        let heads = [
            "State",
            "People",
            "Months",
            "By the shortest product for adults",
            "What",
            "Where it stands",
        ];
        table(&heads, &rows)
    };
    if !report.states_without_rule.is_empty() {
        let states = report
            .states_without_rule
            .iter()
            .map(|it| format!("{} {}", it.jurisdiction, with_commas(it.residents)));
        let states = states.collect::<Vec<_>>().join(", ");
        _ = writeln!(
            text,
            "<p>No rule is known here for the attorneys general of these states; look them up: {}</p>",
            escape(&states)
        );
    }
    section("Monitoring that states ask for", &text)
}

fn owed(it: &wire::MonitoringOwed) -> Vec<Cell> {
    let verdict = match it.short_by {
        0 => Cell::text("long enough"),
        short => Cell::Picture(format!("<b class=\"past\">{short} too few</b>")),
    };
    let otherwise = match it.otherwise.as_str() {
        "" => String::new(),
        otherwise => format!("; {otherwise}"),
    };
    vec![
        Cell::text(&it.jurisdiction),
        Cell::Number(it.residents),
        Cell::Number(it.months_owed.into()),
        verdict,
        Cell::text(format!("{}, {}{otherwise}", it.what, it.condition)),
        Cell::text(&it.citation),
    ]
}
