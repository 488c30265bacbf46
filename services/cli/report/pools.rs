//! Partners' own activation codes, where they issue them.

use serde_json::{Value, json};

use crate::cli::render::{self, with_commas};
use crate::wire::redress::enrollment::v1 as wire;

/// The pools as lines, each with what is left.
pub fn section(report: &wire::GetCampaignReportResponse) -> Option<String> {
    if report.pools.is_empty() {
        return None;
    }
    let mut table = render::plain_table();
    table.set_header(["activation codes", "imported", "assigned", "left", ""]);
    for pool in &report.pools {
        let mark = with_commas(pool.low_water.into());
        let note = if pool.is_low {
            format!("fewer than {mark}: import more")
        } else {
            String::new()
        };
        table.add_row([
            pool.partner_name.clone(),
            with_commas(pool.imported),
            with_commas(pool.assigned),
            with_commas(pool.available),
            note,
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    Some(render::text(table))
}

/// The pools for programs.
pub fn values(report: &wire::GetCampaignReportResponse) -> Vec<Value> {
    let pools = report.pools.iter().map(|pool| {
        json!({
            "partner": pool.partner_name,
            "imported": pool.imported,
            "available": pool.available,
            "assigned": pool.assigned,
            "low_water": pool.low_water,
            "is_low": pool.is_low,
        })
    });
    pools.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_pool_says_what_to_do_and_no_pool_says_nothing() {
        let mut report = wire::GetCampaignReportResponse::default();
        assert_eq!(section(&report), None);
        report.pools.push(wire::ActivationPoolCount {
            partner_name: "bureau-one".to_owned(),
            imported: 1_200,
            available: 80,
            assigned: 1_120,
            low_water: 100,
            is_low: true,
            ..wire::ActivationPoolCount::default()
        });
        let text = section(&report).unwrap();
        for word in ["bureau-one", "1,200", "1,120", "80", "fewer than 100"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
