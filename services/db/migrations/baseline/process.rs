//! What every process keeps for itself: its audit trail, its throttles, its answers to repeated requests.

use crate::db::migrations::blueprint::{Blueprint, instant, maybe, text, uuid};

const PROCESSES: [&str; 3] = ["identity", "codes", "handoff"];

pub(super) fn tables() -> Vec<Blueprint> {
    vec![audit_event(), throttle(), idempotency()]
}

fn audit_event() -> Blueprint {
    Blueprint::table(
        "audit_event",
        &["id"],
        [
            uuid("id"),
            text("process"),
            maybe(uuid("campaign_id")),
            instant("at"),
            text("actor"),
            text("action"),
            text("subject_kind"),
            maybe(uuid("subject_id")),
            text("detail"),
        ],
    )
    .one_of("process", &PROCESSES)
}

/// One row a throttled thing: the theoretical arrival time of the generic cell rate algorithm.
fn throttle() -> Blueprint {
    Blueprint::table(
        "throttle",
        &["key", "process"],
        [uuid("key"), text("process"), instant("tat")],
    )
    .index(&["process", "tat"])
    .one_of("process", &PROCESSES)
    .clustered()
}

fn idempotency() -> Blueprint {
    Blueprint::table(
        "idempotency",
        &["request_id", "process", "caller", "method"],
        [
            uuid("request_id"),
            text("process"),
            text("caller"),
            text("method"),
            uuid("fingerprint"),
            text("result"),
            instant("created_at"),
        ],
    )
    .index(&["process", "created_at"])
    .one_of("process", &PROCESSES)
    .clustered()
}
