//! What a campaign needs while it runs: orders that are given again, revocations that can be looked up, consent texts that are replaced, and
//! what covered entities owe by themselves.

use super::blueprint::{Blueprint, bigint, bytes, instant, int, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    let order_attempt = || otherwise(int("order_attempt"), 1);
    vec![
        Change::Make(resubmission()),
        Change::Add("coverage", vec![order_attempt()]),
        Change::Add("outcome", vec![order_attempt()]),
        Change::Add(
            "handoff",
            vec![
                otherwise(instant("updated_at"), 0_i64),
                otherwise(instant("ordered_at"), 0_i64),
            ],
        ),
        Change::Run(
            "UPDATE handoff SET updated_at = COALESCE(settled_at, acknowledged_at, created_at), ordered_at = created_at",
        ),
        Change::Add(
            "roster_import",
            ["corrected", "warned", "unmailable"]
                .map(|name| otherwise(bigint(name), 0_i64))
                .into(),
        ),
        Change::Make(individual_history()),
        Change::Make(revocation()),
        Change::Remake(vec![Remade {
            table: consent_text(),
            values: &[("replaced_at", "NULL")],
        }]),
        Change::Add(
            "covered_entity",
            vec![maybe(text("discovered_on")), otherwise(text("contact"), "")],
        ),
        Change::Run(
            "ALTER TABLE covered_entity ADD COLUMN notifier text NOT NULL DEFAULT 'COVERED_ENTITY' \
             CONSTRAINT covered_entity_notifier_check CHECK (notifier IN ('COVERED_ENTITY', 'BUSINESS_ASSOCIATE'))",
        ),
    ]
}

/// An order to be given again: written with the coverage's change, taken away with the handoff's.
fn resubmission() -> Blueprint {
    Blueprint::table(
        "resubmission",
        &["campaign_id", "handoff_id"],
        [
            uuid("campaign_id"),
            uuid("handoff_id"),
            int("order_attempt"),
            maybe(text("trace_context")),
            instant("created_at"),
        ],
    )
    .check("attempt", "order_attempt > 1")
    .references(
        &["campaign_id", "handoff_id"],
        "handoff",
        &["campaign_id", "id"],
    )
}

/// One call that takes codes back.
fn revocation() -> Blueprint {
    Blueprint::table(
        "revocation",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            text("target"),
            uuid("target_id"),
            text("reason"),
            text("actor"),
            bigint("codes"),
            bigint("revoked"),
            instant("started_at"),
            maybe(instant("finished_at")),
        ],
    )
    .one_of("target", &["INDIVIDUAL", "WAVE", "BATCH"])
    .references(&["campaign_id"], "campaign", &["id"])
}

/// What the record of an individual was before a file corrected it: sealed under the individual's key, and so erased with it.
fn individual_history() -> Blueprint {
    Blueprint::table(
        "individual_history",
        &["campaign_id", "individual_id", "changed_at"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            instant("changed_at"),
            text("changed_by"),
            uuid("import_id"),
            text("fields"),
            maybe(bytes("sealed")),
        ],
    )
}

/// The texts that people consent to. One that another has replaced is kept: who consented to it did so to these words.
fn consent_text() -> Blueprint {
    Blueprint::table(
        "consent_text",
        &["campaign_id", "language", "version"],
        [
            uuid("campaign_id"),
            text("language"),
            text("version"),
            text("text"),
            maybe(instant("replaced_at")),
        ],
    )
    .unique_where(&["campaign_id", "language"], "replaced_at IS NULL")
}
