//! More blind keys of a person, and several descriptions of one: whoever was merged, married or moved is found as they were before, too.

use super::blueprint::{Blueprint, bigint, int, maybe, otherwise, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Remake(vec![Remade {
        table: individual_index(),
        values: &[
            ("description", "0"),
            ("made_by", "0"),
            ("given_dob", "NULL"),
            ("last4_family", "NULL"),
            ("last4_given", "NULL"),
            ("last4_postal", "NULL"),
            ("phone", "NULL"),
            ("email", "NULL"),
        ],
    }])]
}

/// A wide row a description, an 8-byte keyed hash and an index for each way to look. The campaign is in each keyed hash, so it is in none of
/// these indexes. Rows of a program that does not know all keys have `made_by = 0`, and are written anew.
fn individual_index() -> Blueprint {
    Blueprint::table(
        "individual_index",
        &["campaign_id", "individual_id", "description"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            otherwise(bigint("description"), 0_i64),
            otherwise(int("made_by"), 0_i32),
            maybe(bigint("ssn")),
            maybe(bigint("name_dob")),
            maybe(bigint("name_postal")),
            maybe(bigint("dob_postal")),
            maybe(bigint("last4_dob")),
            maybe(bigint("given_dob")),
            maybe(bigint("last4_family")),
            maybe(bigint("last4_given")),
            maybe(bigint("last4_postal")),
            maybe(bigint("phone")),
            maybe(bigint("email")),
        ],
    )
    .index(&["ssn"])
    .index(&["name_dob"])
    .index(&["name_postal"])
    .index(&["dob_postal"])
    .index(&["last4_dob"])
    .index(&["given_dob"])
    .index(&["last4_family"])
    .index(&["last4_given"])
    .index(&["last4_postal"])
    .index(&["phone"])
    .index(&["email"])
    .index_where(&["campaign_id", "individual_id"], "made_by = 0")
}
