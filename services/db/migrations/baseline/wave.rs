//! Waves and batches: parts of a mailing, the codes issued for them, and a second operator's consent to their export.

use crate::db::migrations::blueprint::{
    Blueprint, bigint, bytes, instant, int, maybe, otherwise, text, uuid,
};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![wave(), wave_member(), code_batch(), export_approval()]
}

/// Who is selected: lists in JSON, an empty one selects everybody. `mailed_at` is the instant at which the day of mailing ends.
pub fn wave() -> Blueprint {
    Blueprint::table(
        "wave",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            text("name"),
            text("kind"),
            text("entities"),
            text("regions"),
            text("populations"),
            bigint("members"),
            text("enroll_by"),
            instant("enroll_by_at"),
            maybe(text("mailed_on")),
            maybe(instant("mailed_at")),
            instant("created_at"),
        ],
    )
    .unique(&["campaign_id", "name"])
    .one_of("kind", &["PLANNED", "AUTOMATIC", "REISSUE"])
    .check("mailed", "(mailed_on IS NULL) = (mailed_at IS NULL)")
    .check("members", "members >= 0")
    .references(&["campaign_id"], "campaign", &["id"])
}

/// Who is on a wave's list, when it has one.
pub fn wave_member() -> Blueprint {
    Blueprint::table(
        "wave_member",
        &["campaign_id", "wave_id", "individual_id"],
        [uuid("campaign_id"), uuid("wave_id"), uuid("individual_id")],
    )
    .references(&["campaign_id", "wave_id"], "wave", &["campaign_id", "id"])
    .clustered()
}

/// While it is open a batch can print its codes again; sealing it destroys the secret they derive from.
pub fn code_batch() -> Blueprint {
    Blueprint::table(
        "code_batch",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            text("state"),
            maybe(bytes("wrapped_secret")),
            int("key_version"),
            bigint("codes"),
            instant("created_at"),
            maybe(instant("sealed_at")),
            uuid("wave_id"),
            maybe(instant("completed_at")),
            maybe(instant("first_exported_at")),
            otherwise(bigint("withheld"), 0_i64),
        ],
    )
    .one_of("state", &["OPEN", "SEALED"])
    .check("secret", "(state = 'OPEN') = (wrapped_secret IS NOT NULL)")
    .check("sealed", "(state = 'SEALED') = (sealed_at IS NOT NULL)")
    .references(&["campaign_id"], "campaign", &["id"])
}

/// Whether it is live follows from its instants; nothing has to be written when one passes.
pub fn export_approval() -> Blueprint {
    Blueprint::table(
        "export_approval",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("batch_id"),
            text("requested_by"),
            instant("requested_at"),
            maybe(text("approved_by")),
            maybe(instant("approved_at")),
            instant("expires_at"),
        ],
    )
    .check("approved", "(approved_by IS NULL) = (approved_at IS NULL)")
    .check("second_person", "approved_by <> requested_by")
    .index(&["campaign_id", "batch_id"])
    .references(
        &["campaign_id", "batch_id"],
        "code_batch",
        &["campaign_id", "id"],
    )
}
