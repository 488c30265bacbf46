//! Waves: parts of a mailing, each with its own last day to enroll and its own day of mailing.
//!
//! How long a code holds and proves an address moves from each code to its wave, where it can be extended in one row. A
//! batch that is there becomes a wave of its own.

use super::blueprint::{
    Blueprint, Change, bigint, boolean, instant, int, maybe, otherwise, text, uuid,
};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![wave(), wave_member()]
}

/// Who is selected: lists in JSON, an empty one selects everybody. `mailed_at` is the instant at which the day of mailing ends.
fn wave() -> Blueprint {
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
fn wave_member() -> Blueprint {
    Blueprint::table(
        "wave_member",
        &["campaign_id", "wave_id", "individual_id"],
        [uuid("campaign_id"), uuid("wave_id"), uuid("individual_id")],
    )
    .references(&["campaign_id", "wave_id"], "wave", &["campaign_id", "id"])
    .clustered()
}

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::add("campaign", otherwise(int("grace_days"), 0)),
        Change::add("campaign", otherwise(boolean("two_operators"), false)),
        Change::add("campaign", otherwise(text("locale"), "en")),
        Change::add("code_batch", maybe(uuid("wave_id"))),
        Change::add("code_batch", maybe(instant("completed_at"))),
        Change::add("code_batch", maybe(text("uniformity"))),
        Change::Fill(
            "INSERT INTO wave (campaign_id, id, name, kind, entities, regions, populations, members, enroll_by, \
             enroll_by_at, created_at) SELECT b.campaign_id, b.id, 'batch ' || CAST(b.created_at AS TEXT), 'AUTOMATIC', \
             '[]', '[]', '[]', 0, c.enroll_by, c.enroll_by_at, b.created_at FROM code_batch b \
             JOIN campaign c ON c.id = b.campaign_id",
        ),
        Change::Fill("UPDATE code_batch SET wave_id = id, completed_at = created_at"),
        Change::add("code", otherwise(int("proof_days"), 21)),
        Change::add("code", maybe(uuid("supersedes"))),
        Change::Drop("code", "issued_at"),
        Change::Drop("code", "expires_at"),
        Change::Drop("code", "proof_expires_at"),
        Change::add("enrollment", maybe(instant("complete_by_at"))),
        Change::Fill(
            "UPDATE enrollment SET complete_by_at = (SELECT c.enroll_by_at FROM campaign c \
             WHERE c.id = enrollment.campaign_id)",
        ),
    ]
}
