//! Verifying people: attempts, confirmation codes and cases that a person reviews.

use crate::db::migrations::blueprint::{Blueprint, instant, int, maybe, text, uuid};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![verification(), confirmation_code(), referral()]
}

fn verification() -> Blueprint {
    Blueprint::table(
        "verification",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            maybe(uuid("individual_id")),
            maybe(uuid("enrollment_id")),
            text("path"),
            text("state"),
            int("score_centibits"),
            text("waterfall"),
            text("requested_by"),
            instant("created_at"),
            maybe(instant("decided_at")),
            instant("expires_at"),
        ],
    )
    .one_of("path", &["LETTER", "LOOKUP"])
    .one_of(
        "state",
        &["CONFIRMATION_REQUIRED", "VERIFIED", "REFERRED", "REFUSED"],
    )
    .check(
        "decided",
        "state NOT IN ('VERIFIED', 'REFUSED') OR decided_at IS NOT NULL",
    )
    .check(
        "person",
        "state NOT IN ('VERIFIED', 'CONFIRMATION_REQUIRED') OR individual_id IS NOT NULL",
    )
    .check("letter", "path <> 'LETTER' OR enrollment_id IS NOT NULL")
    .index(&["campaign_id", "enrollment_id"])
    .index(&["campaign_id", "individual_id"])
}

pub fn confirmation_code() -> Blueprint {
    Blueprint::table(
        "confirmation_code",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("verification_id"),
            text("channel"),
            uuid("mac"),
            int("attempts"),
            text("state"),
            instant("sent_at"),
            instant("expires_at"),
        ],
    )
    .one_of("channel", &["EMAIL", "SMS", "VOICE"])
    .one_of("state", &["SENT", "CONFIRMED", "SPENT"])
    .check("attempts", "attempts >= 0")
    .references(
        &["campaign_id", "verification_id"],
        "verification",
        &["campaign_id", "id"],
    )
    .index(&["campaign_id", "verification_id"])
}

fn referral() -> Blueprint {
    Blueprint::table(
        "referral",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("verification_id"),
            text("state"),
            instant("opened_at"),
            instant("due_at"),
            text("opened_by"),
            maybe(text("decided_by")),
            maybe(instant("decided_at")),
            text("reason"),
        ],
    )
    .unique(&["campaign_id", "verification_id"])
    .one_of("state", &["OPEN", "APPROVED", "DENIED"])
    .check(
        "decided",
        "(state = 'OPEN') = (decided_at IS NULL) AND (state = 'OPEN') = (decided_by IS NULL)",
    )
    .references(
        &["campaign_id", "verification_id"],
        "verification",
        &["campaign_id", "id"],
    )
}
