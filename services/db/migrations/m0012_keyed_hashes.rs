//! Keys without what their keyed hashes have in them: the campaign is in each blind key, the covered entity in the hash of its
//! reference. What else stood before them made up four fifths of every entry of an index, and a load changes entries all over it.
//!
//! On SQLite every entry of a clustered table's index has the whole primary key in it too, so these tables are clustered no more; and a
//! person's covered entities are read from the index alone, as they were from the one that had them by being clustered.

use super::blueprint::{Blueprint, Change, LateIndex, bigint, maybe, uuid};

const BLIND_KEYS: [&[&str]; 5] = [
    &["ssn"],
    &["name_dob"],
    &["name_postal"],
    &["dob_postal"],
    &["last4_dob"],
];
const PERSON: &[&str] = &["campaign_id", "individual_id"];
const ENTITIES: &[&str] = &["campaign_id", "individual_id", "covered_entity_id"];
const REFERENCE: &[&str] = &["campaign_id", "ref_mac"];

pub(super) fn changes() -> Vec<Change> {
    let blind = BLIND_KEYS.map(|columns| Change::Unindex("individual_index", columns));
    let mut changes = Vec::from(blind);
    changes.push(Change::Unindex("individual_entity", PERSON));
    changes.push(Change::Rebuild(individual_index, PERSON));
    changes.push(Change::Rebuild(individual_entity, PERSON));
    changes.push(Change::Rekey("individual_entity", REFERENCE));
    changes
}

pub(super) fn indexes() -> Vec<LateIndex> {
    let index = |table, columns| LateIndex {
        table,
        columns,
        rule: None,
    };
    let blind = BLIND_KEYS.map(|columns| index("individual_index", columns));
    let mut indexes = Vec::from(blind);
    indexes.push(index("individual_entity", ENTITIES));
    indexes
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
}

fn individual_entity() -> Blueprint {
    Blueprint::table(
        "individual_entity",
        REFERENCE,
        [
            uuid("campaign_id"),
            uuid("covered_entity_id"),
            uuid("ref_mac"),
            uuid("individual_id"),
            uuid("row_mac"),
            uuid("import_id"),
        ],
    )
}
