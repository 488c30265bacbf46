//! The funnel: how many people came how far.

use comfy_table::CellAlignment;

use crate::cli::render::{self, with_commas};
use crate::client::report::lines;
use crate::wire::redress::enrollment::v1 as wire;

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
