//! Which front ends serve a campaign, and referrals that two people approve.
//!
//! A program that does not know ENDORSED runs on, but for the referrals in that state, which it cannot read.

use super::blueprint::{Blueprint, instant, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Add("campaign", vec![otherwise(text("front_ends"), "[]")]),
        Change::Remake(vec![Remade {
            table: referral(),
            values: &[
                ("endorsed_by", "NULL"),
                ("endorsed_at", "NULL"),
                ("endorsement_reason", "NULL"),
                ("network_mac", "NULL"),
            ],
        }]),
    ]
}

/// As before, with who approved first, and with a keyed hash of the network from which somebody claimed on a page.
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
            maybe(text("decision_reason")),
            otherwise(text("evidence"), "[]"),
            maybe(text("endorsed_by")),
            maybe(instant("endorsed_at")),
            maybe(text("endorsement_reason")),
            maybe(uuid("network_mac")),
        ],
    )
    .unique(&["campaign_id", "verification_id"])
    .one_of("state", &["OPEN", "ENDORSED", "APPROVED", "DENIED"])
    .one_of(
        "decision_reason",
        &[
            "DOCUMENTS_SEEN",
            "RECORD_CORRECTED",
            "NOT_THE_PERSON",
            "NOT_ENOUGH_EVIDENCE",
            "OTHER",
        ],
    )
    .one_of(
        "endorsement_reason",
        &["DOCUMENTS_SEEN", "RECORD_CORRECTED", "OTHER"],
    )
    .check(
        "decided",
        "(state IN ('APPROVED', 'DENIED')) = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (decided_by IS NULL) \
         AND (decided_at IS NULL) = (decision_reason IS NULL)",
    )
    .check(
        "endorsed",
        "(endorsed_by IS NULL) = (endorsed_at IS NULL) AND (endorsed_by IS NULL) = (endorsement_reason IS NULL) \
         AND (state <> 'OPEN' OR endorsed_by IS NULL) AND (state <> 'ENDORSED' OR endorsed_by IS NOT NULL)",
    )
    .check(
        "two_people",
        "state <> 'APPROVED' OR endorsed_by IS NULL OR endorsed_by <> decided_by",
    )
    .references(
        &["campaign_id", "verification_id"],
        "verification",
        &["campaign_id", "id"],
    )
}
