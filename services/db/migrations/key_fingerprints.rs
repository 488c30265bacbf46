//! By which processes tell whether they hold the same keys.

use super::blueprint::{Blueprint, instant, int, text};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Make(key_fingerprint())]
}

/// The fingerprint of each key that a process of this database started with.
fn key_fingerprint() -> Blueprint {
    Blueprint::table(
        "key_fingerprint",
        &["purpose", "version"],
        [
            text("purpose"),
            int("version"),
            text("fingerprint"),
            text("noted_by"),
            instant("noted_at"),
        ],
    )
}
