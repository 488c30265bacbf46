//! The figures of covered entities and of states.

use super::html::{self, Cell, bar, escape, share, table};
use crate::wire::redress::enrollment::v1 as wire;

const HEADS: [&str; 9] = [
    "",
    "People",
    "Letters",
    "Returned",
    "Begun",
    "Submitted",
    "Active",
    "Must act",
    "Enrolled",
];

/// A table of parts, the largest first, with the whole below.
pub(super) fn section(
    title: &str,
    what: &str,
    note: &str,
    slices: &[wire::ReportSlice],
    whole: Option<&wire::Funnel>,
) -> String {
    if slices.is_empty() {
        return html::section(title, "<p>Nobody is on the roster yet.</p>\n");
    }
    let mut parts: Vec<&wire::ReportSlice> = slices.iter().collect();
    parts.sort_by_key(|slice| std::cmp::Reverse(slice.funnel.map_or(0, |it| it.individuals)));
    let mut rows: Vec<Vec<Cell>> = parts
        .iter()
        .map(|slice| row(&slice.display_name, &slice.funnel.unwrap_or_default()))
        .collect();
    rows.push(row("All", &whole.copied().unwrap_or_default()));
    let mut heads = vec![what];
    heads.extend(HEADS);
    let text = format!(
        "<p>{} The bar shows how many of those with a letter have enrolled.</p>\n{}",
        escape(note),
        table(&heads, &rows)
    );
    html::section(title, &text)
}

fn row(name: &str, funnel: &wire::Funnel) -> Vec<Cell> {
    vec![
        Cell::text(name),
        Cell::Picture(bar(&[(funnel.submitted, "submitted")], funnel.letters)),
        Cell::Number(funnel.individuals),
        Cell::Number(funnel.letters),
        Cell::Number(funnel.returned),
        Cell::Number(funnel.begun),
        Cell::Number(funnel.submitted),
        Cell::Number(funnel.active),
        Cell::Number(funnel.action_required),
        Cell::Share(share(funnel.submitted, funnel.letters)),
    ]
}
