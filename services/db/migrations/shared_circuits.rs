//! Circuits that are open, for all instances that call a partner. And one index less to write with every change of a handoff: what a partner
//! has in one state is looked up campaign by campaign, by the index over its queues.

use super::blueprint::{Blueprint, instant, int, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Make(open_circuit()),
        Change::Run("DROP INDEX handoff_partner_id_state_not_before_id_idx"),
    ]
}

/// A queue to which nothing is sent, because the calls fail. A closed circuit has no row.
fn open_circuit() -> Blueprint {
    Blueprint::table(
        "open_circuit",
        &["campaign_id", "partner_id"],
        [
            uuid("campaign_id"),
            uuid("partner_id"),
            instant("open_until"),
            int("times"),
        ],
    )
    .check("times", "times > 0")
}
