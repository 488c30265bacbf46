//! The funnel: how many people came how far.

use comfy_table::CellAlignment;

use crate::cli::render::{self, with_commas};
use crate::wire::redress::enrollment::v1 as wire;

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
        column.set_cell_alignment(CellAlignment::Right);
    }
    render::text(table)
}
