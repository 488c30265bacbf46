//! Codes that were revoked before their batch was first exported: they get no letter.
//!
//! Nobody knows whether older complete batches were printed; they count as printed, so that their files stay the same.

use super::blueprint::{Change, bigint, boolean, instant, maybe, otherwise};

const RULE: &str = "withheld IS NULL OR (withheld AND state = 'REVOKED')";

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::add("code_batch", maybe(instant("first_exported_at"))),
        Change::add("code_batch", otherwise(bigint("withheld"), 0_i64)),
        Change::Fill("UPDATE code_batch SET first_exported_at = completed_at"),
        Change::add_with_rule("code", maybe(boolean("withheld")), RULE),
        Change::Fill(
            "UPDATE code SET withheld = TRUE WHERE state = 'REVOKED' AND generation > 0 AND EXISTS (SELECT 1 FROM code_batch b \
             WHERE b.campaign_id = code.campaign_id AND b.id = code.batch_id AND b.first_exported_at IS NULL)",
        ),
        Change::Fill(
            "UPDATE code_batch SET withheld = (SELECT COUNT(*) FROM code c WHERE c.campaign_id = code_batch.campaign_id \
             AND c.batch_id = code_batch.id AND c.withheld) WHERE first_exported_at IS NULL",
        ),
    ]
}
