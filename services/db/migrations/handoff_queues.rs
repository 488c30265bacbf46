//! What queues of handoffs need: an index that begins with the campaign, how often the newest order was tried, when a partner
//! reported something last, and which campaigns wait at a partner.

use super::blueprint::{instant, int, maybe, otherwise, text};
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
        Change::Add(
            "partner",
            vec![
                maybe(instant("heard_at")),
                maybe(instant("throttled_until")),
                otherwise(text("paused_campaigns"), "[]"),
            ],
        ),
        // The name by the rule belongs to the index over a partner's handoffs of all campaigns.
        Change::Run(
            "CREATE INDEX handoff_queue_idx ON handoff (campaign_id, partner_id, state, not_before, id)",
        ),
    ]
}
