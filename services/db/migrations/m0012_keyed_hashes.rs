//! Keys without what their keyed hashes have in them: the campaign is in each blind key, the covered entity in the hash of its
//! reference. A load changes entries all over such an index, and on SQLite four fifths of an entry told nothing: the campaign,
//! and the person's id, which a clustered table's index has in it. So these tables are clustered no more, and the index by
//! person has what is read by it: the covered entity.

use super::blueprint::{Blueprint, Change, bigint, maybe, uuid};

const PERSON: &[&str] = &["campaign_id", "individual_id"];

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Rebuild(individual_index, PERSON),
        Change::Rebuild(individual_entity, PERSON),
    ]
}

fn individual_index() -> Blueprint {
    Blueprint::table(
        "individual_index",
        PERSON,
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
