//! Handoffs that were tried in vain are looked up by themselves at every lease: without an index of their own, over the whole queue.

use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Run(
        "CREATE INDEX handoff_tried_idx ON handoff (campaign_id, partner_id, not_before, id) WHERE state = 'QUEUED' AND tries > 0",
    )]
}
