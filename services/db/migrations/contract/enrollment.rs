//! Campaigns with several products and consent texts, and enrollments with a coverage for each product.

use crate::db::migrations::baseline;
use crate::db::migrations::blueprint::{
    Blueprint, bigint, boolean, instant, int, maybe, text, uuid,
};
use crate::db::migrations::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Make(consent_text()),
        Change::Run(
            "INSERT INTO consent_text (campaign_id, language, version, text) \
             SELECT id, locale, consent_version, consent_text FROM campaign",
        ),
        Change::Remake(campaigns()),
        Change::Make(coverage()),
        Change::Run(
            "INSERT INTO coverage (campaign_id, id, enrollment_id, partner_id, product_code, term_months, handoff_id, state, \
             outcome_class, activated_at, term_ends_on, settled_at, revision) \
             SELECT e.campaign_id, e.handoff_id, e.id, e.partner_id, e.product_code, h.term_months, e.handoff_id, e.state, \
             e.outcome_class, e.activated_at, e.term_ends_on, e.settled_at, 0 \
             FROM enrollment e JOIN handoff h ON h.campaign_id = e.campaign_id AND h.id = e.handoff_id",
        ),
        Change::Remake(enrollments()),
    ]
}

/// The texts that people consent to.
fn consent_text() -> Blueprint {
    Blueprint::table(
        "consent_text",
        &["campaign_id", "language"],
        [
            uuid("campaign_id"),
            text("language"),
            text("version"),
            text("text"),
        ],
    )
}

fn campaigns() -> Vec<Remade> {
    let same = |table| Remade { table, values: &[] };
    vec![
        Remade {
            table: campaign(),
            values: &[("language", "locale"), ("raise_term_by_law", "FALSE")],
        },
        same(covered_entity()),
        Remade {
            table: product(),
            values: &[
                (
                    "term_months",
                    "(SELECT g.term_months FROM campaign_before g WHERE g.id = campaign_id)",
                ),
                ("contract_code", "NULL"),
            ],
        },
        same(baseline::campaign::campaign_key()),
        same(baseline::roster::roster_import()),
        same(baseline::wave::wave()),
        same(baseline::wave::wave_member()),
        same(baseline::wave::code_batch()),
        same(baseline::wave::export_approval()),
    ]
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
            boolean("raise_term_by_law"),
            text("letter_url"),
            text("letter_phone"),
            text("language"),
            text("policy"),
            int("code_key_version"),
            instant("created_at"),
            maybe(instant("closed_at")),
            int("grace_days"),
            boolean("two_operators"),
        ],
    )
    .unique(&["engagement_number"])
    .one_of("state", &["OPEN", "CLOSED"])
    .check("closed", "(state = 'CLOSED') = (closed_at IS NOT NULL)")
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
        ],
    )
    .unique(&["campaign_id", "entity_key"])
    .references(&["campaign_id"], "campaign", &["id"])
}

fn product() -> Blueprint {
    Blueprint::table(
        "product",
        &["campaign_id", "population", "partner_id", "code"],
        [
            uuid("campaign_id"),
            text("population"),
            uuid("partner_id"),
            text("code"),
            int("term_months"),
            maybe(text("contract_code")),
        ],
    )
    .one_of("population", &["ADULT", "MINOR"])
    .check("term", "term_months > 0")
    .references(&["campaign_id"], "campaign", &["id"])
}

/// One product of one partner for one person: made when the enrollment is submitted.
fn coverage() -> Blueprint {
    Blueprint::table(
        "coverage",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("enrollment_id"),
            uuid("partner_id"),
            text("product_code"),
            int("term_months"),
            uuid("handoff_id"),
            text("state"),
            maybe(text("outcome_class")),
            maybe(text("native_code")),
            bigint("revision"),
            maybe(instant("activated_at")),
            maybe(text("term_ends_on")),
            maybe(instant("settled_at")),
        ],
    )
    .one_of(
        "state",
        &["SUBMITTED", "ACTIVE", "ACTION_REQUIRED", "REFUSED", "SUSPENDED", "ENDED", "CANCEL_PENDING", "CANCELED"],
    )
    .check("term", "term_months > 0")
    .check(
        "active",
        "state NOT IN ('ACTIVE', 'ENDED') OR (activated_at IS NOT NULL AND term_ends_on IS NOT NULL)",
    )
    .check("settled", "(state IN ('REFUSED', 'ENDED', 'CANCELED')) = (settled_at IS NOT NULL)")
    .check("class", "state NOT IN ('ACTION_REQUIRED', 'REFUSED') OR outcome_class IS NOT NULL")
    .index(&["campaign_id", "enrollment_id"])
    .index(&["campaign_id", "state", "term_ends_on"])
}

fn enrollments() -> Vec<Remade> {
    vec![
        Remade {
            table: enrollment(),
            values: &[
                (
                    "language",
                    "(SELECT g.language FROM campaign g WHERE g.id = campaign_id)",
                ),
                (
                    "cancel_reason",
                    "CASE WHEN state = 'CANCELED' THEN 'OTHER' END",
                ),
                (
                    "canceled_by",
                    "CASE WHEN state = 'CANCELED' THEN started_by END",
                ),
                (
                    "cancel_requested_at",
                    "CASE WHEN state = 'CANCELED' THEN settled_at END",
                ),
            ],
        },
        Remade {
            table: consent(),
            values: &[
                ("language", "locale"),
                ("relationship", "NULL"),
                ("authority", "NULL"),
            ],
        },
    ]
}

/// One person's way to the bureaus. At most one is alive for a person. Once it is submitted its state follows from its coverages.
fn enrollment() -> Blueprint {
    Blueprint::table(
        "enrollment",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("individual_id"),
            text("state"),
            text("language"),
            maybe(uuid("code_mac")),
            maybe(uuid("verification_id")),
            maybe(instant("proof_expires_at")),
            text("started_by"),
            text("channel"),
            instant("started_at"),
            maybe(instant("submitted_at")),
            maybe(instant("settled_at")),
            instant("complete_by_at"),
            maybe(text("cancel_reason")),
            maybe(text("canceled_by")),
            maybe(instant("cancel_requested_at")),
        ],
    )
    .one_of(
        "state",
        &[
            "STARTED",
            "SUBMITTED",
            "ACTIVE",
            "PARTLY_ACTIVE",
            "ACTION_REQUIRED",
            "REFUSED",
            "SUSPENDED",
            "ENDED",
            "CANCEL_PENDING",
            "CANCELED",
        ],
    )
    .one_of(
        "cancel_reason",
        &["PERSON_ASKED", "WRONG_PERSON", "FRAUD", "DUPLICATE", "PARTNER", "OTHER"],
    )
    .check("verified", "state IN ('STARTED', 'CANCELED') OR verification_id IS NOT NULL")
    .check("submitted", "state IN ('STARTED', 'CANCELED') OR submitted_at IS NOT NULL")
    .check("settled", "(state IN ('REFUSED', 'ENDED', 'CANCELED')) = (settled_at IS NOT NULL)")
    .check(
        "canceled",
        "(cancel_reason IS NULL) = (cancel_requested_at IS NULL) AND (cancel_reason IS NULL) = (canceled_by IS NULL) \
         AND (state NOT IN ('CANCEL_PENDING', 'CANCELED') OR cancel_reason IS NOT NULL)",
    )
    .unique_where(
        &["campaign_id", "individual_id"],
        "state IN ('STARTED', 'SUBMITTED', 'ACTIVE', 'PARTLY_ACTIVE', 'ACTION_REQUIRED', 'SUSPENDED', 'CANCEL_PENDING')",
    )
    .index(&["campaign_id", "state", "id"])
    // A caller who comes back is found by the person.
    .index(&["campaign_id", "individual_id"])
}

fn consent() -> Blueprint {
    Blueprint::table(
        "consent",
        &["campaign_id", "enrollment_id"],
        [
            uuid("campaign_id"),
            uuid("enrollment_id"),
            text("language"),
            text("version"),
            text("text_sha256"),
            maybe(text("relationship")),
            maybe(text("authority")),
            text("channel"),
            text("given_by"),
            instant("given_at"),
        ],
    )
    .check(
        "representative",
        "(relationship IS NULL) = (authority IS NULL)",
    )
    .references(
        &["campaign_id", "enrollment_id"],
        "enrollment",
        &["campaign_id", "id"],
    )
}
