//! Campaigns, whom they cover, what they offer, and their keys.

use crate::db::migrations::blueprint::{
    Blueprint, boolean, bytes, instant, int, maybe, text, uuid,
};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![campaign(), covered_entity(), product(), campaign_key()]
}

fn campaign() -> Blueprint {
    Blueprint::table(
        "campaign",
        &["id"],
        [
            uuid("id"),
            text("engagement_number"),
            text("name"),
            text("state"),
            text("breach_on"),
            text("discovered_on"),
            text("enroll_by"),
            text("zone"),
            instant("enroll_by_at"),
            int("term_months"),
            text("letter_url"),
            text("letter_phone"),
            text("consent_version"),
            text("consent_text"),
            text("policy"),
            int("code_key_version"),
            instant("created_at"),
            maybe(instant("closed_at")),
            int("grace_days"),
            boolean("two_operators"),
            text("locale"),
        ],
    )
    .unique(&["engagement_number"])
    .one_of("state", &["OPEN", "CLOSED"])
    .check("closed", "(state = 'CLOSED') = (closed_at IS NOT NULL)")
    .check("term", "term_months > 0")
}

fn covered_entity() -> Blueprint {
    Blueprint::table(
        "covered_entity",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            text("entity_key"),
            text("name"),
            text("kind"),
        ],
    )
    .unique(&["campaign_id", "entity_key"])
    .references(&["campaign_id"], "campaign", &["id"])
}

fn product() -> Blueprint {
    Blueprint::table(
        "product",
        &["campaign_id", "population"],
        [
            uuid("campaign_id"),
            text("population"),
            text("code"),
            uuid("partner_id"),
        ],
    )
    .one_of("population", &["ADULT", "MINOR"])
    .references(&["campaign_id"], "campaign", &["id"])
}

/// Destroying the key erases every person of the campaign.
pub fn campaign_key() -> Blueprint {
    Blueprint::table(
        "campaign_key",
        &["campaign_id"],
        [
            uuid("campaign_id"),
            int("key_version"),
            maybe(bytes("wrapped")),
            instant("created_at"),
            maybe(instant("destroyed_at")),
        ],
    )
    .check(
        "destroyed",
        "(wrapped IS NULL) = (destroyed_at IS NOT NULL)",
    )
    .references(&["campaign_id"], "campaign", &["id"])
}
