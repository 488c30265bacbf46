//! What queues of handoffs need: an index that begins with the campaign, how often the newest order was tried, and since when what a partner
//! reported holds.

use super::blueprint::{instant, int, maybe, otherwise};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Add(
            "handoff",
            vec![
                otherwise(int("tries"), 0_i32),
                otherwise(int("failures"), 0_i32),
                maybe(instant("reported_at")),
            ],
        ),
        Change::Add("partner", vec![maybe(instant("heard_at"))]),
        Change::Run(
            "CREATE INDEX handoff_queue_idx ON handoff (campaign_id, partner_id, state, not_before, id)",
        ),
    ]
}
