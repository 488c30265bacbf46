//! The roster: who is affected. Loaded in bulk, so it has few keys and no foreign ones.

use crate::db::migrations::blueprint::{
    Blueprint, bigint, boolean, bytes, instant, int, maybe, otherwise, text, uuid,
};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![
        roster_import(),
        individual(),
        individual_entity(),
        individual_index(),
    ]
}

pub fn roster_import() -> Blueprint {
    Blueprint::table(
        "roster_import",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            text("file_sha256"),
            bigint("rows"),
            bigint("accepted"),
            bigint("merged"),
            bigint("unchanged"),
            bigint("rejected"),
            text("state"),
            instant("started_at"),
            maybe(instant("finished_at")),
        ],
    )
    .unique(&["campaign_id", "file_sha256"])
    .one_of("state", &["RUNNING", "DONE"])
    .check("finished", "(state = 'DONE') = (finished_at IS NOT NULL)")
    .references(&["campaign_id"], "campaign", &["id"])
}

/// A person: one sealed blob, and what may be known in the clear. Without the salt nobody can decrypt the blob. `returned`: the last
/// letter came back and no better address is known since.
fn individual() -> Blueprint {
    Blueprint::table(
        "individual",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            maybe(bytes("salt")),
            maybe(bytes("sealed")),
            int("key_version"),
            text("population"),
            text("region"),
            text("country"),
            boolean("mailable"),
            boolean("has_contact"),
            instant("created_at"),
            maybe(instant("erased_at")),
            otherwise(text("locale"), ""),
            otherwise(boolean("returned"), false),
        ],
    )
    .one_of("population", &["ADULT", "MINOR", "DECEASED"])
    .check(
        "erased",
        "(erased_at IS NULL) = (salt IS NOT NULL) AND (salt IS NULL) = (sealed IS NULL)",
    )
    // Undeliverable people are counted often, and few rows fit.
    .index_where(&["campaign_id", "id"], "NOT mailable")
}

/// Which covered entities know a person, and by which reference. The entity is in the keyed hash of its reference, so it is not in
/// the key: a load changes entries all over such an index, and the entity would fill most of each entry.
fn individual_entity() -> Blueprint {
    Blueprint::table(
        "individual_entity",
        &["campaign_id", "ref_mac"],
        [
            uuid("campaign_id"),
            uuid("covered_entity_id"),
            uuid("ref_mac"),
            uuid("individual_id"),
            uuid("row_mac"),
            uuid("import_id"),
        ],
    )
    .index(&["campaign_id", "individual_id", "covered_entity_id"])
}

/// The blind indexes: one wide row a person, an 8-byte keyed hash and an index for each way to look. The campaign is in each keyed
/// hash, so it is in none of these indexes.
fn individual_index() -> Blueprint {
    Blueprint::table(
        "individual_index",
        &["campaign_id", "individual_id"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            maybe(bigint("ssn")),
            maybe(bigint("name_dob")),
            maybe(bigint("name_postal")),
            maybe(bigint("dob_postal")),
            maybe(bigint("last4_dob")),
        ],
    )
    .index(&["ssn"])
    .index(&["name_dob"])
    .index(&["name_postal"])
    .index(&["dob_postal"])
    .index(&["last4_dob"])
}
