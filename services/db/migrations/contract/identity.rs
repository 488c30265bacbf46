//! The identity side.

use crate::db::migrations::baseline;
use crate::db::migrations::blueprint::{
    Blueprint, bigint, boolean, bytes, instant, int, maybe, otherwise, text, uuid,
};
use crate::db::migrations::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Add(
            "roster_import",
            vec![otherwise(bigint("durable_line"), 1_i64)],
        ),
        Change::Remake(vec![
            Remade {
                table: individual(),
                values: &[
                    ("language", "locale"),
                    ("confidential", "FALSE"),
                    ("data_elements", "'[]'"),
                ],
            },
            Remade {
                table: baseline::mail::mail_event(),
                values: &[],
            },
        ]),
        Change::Remake(vec![
            Remade {
                table: verification(),
                values: &[
                    ("evidence", "'[]'"),
                    ("representative_relationship", "NULL"),
                    ("representative_authority", "NULL"),
                    ("representative_evidence", "'[]'"),
                    ("representative_name", "NULL"),
                ],
            },
            Remade {
                table: baseline::verification::confirmation_code(),
                values: &[],
            },
            Remade {
                table: referral(),
                values: &[
                    (
                        "decision_reason",
                        "CASE WHEN state <> 'OPEN' THEN 'OTHER' END",
                    ),
                    ("evidence", "'[]'"),
                ],
            },
        ]),
        Change::Make(supplement()),
    ]
}

/// As in the baseline, with the person's language by its name, and with what was exposed.
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
            otherwise(text("language"), ""),
            otherwise(boolean("returned"), false),
            otherwise(boolean("confidential"), false),
            otherwise(text("data_elements"), "[]"),
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

/// As in the baseline, with what it rests on and who acts for the person.
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
            otherwise(text("evidence"), "[]"),
            maybe(text("representative_relationship")),
            maybe(text("representative_authority")),
            otherwise(text("representative_evidence"), "[]"),
            maybe(bytes("representative_name")),
        ],
    )
    .one_of(
        "representative_relationship",
        &[
            "PARENT",
            "GUARDIAN",
            "CONSERVATOR",
            "ATTORNEY_IN_FACT",
            "PERSONAL_REPRESENTATIVE",
            "NEXT_OF_KIN",
            "OTHER",
        ],
    )
    .one_of(
        "representative_authority",
        &[
            "BY_LAW",
            "COURT_ORDER",
            "POWER_OF_ATTORNEY",
            "ESTATE_LETTERS",
        ],
    )
    .check(
        "representative",
        "(representative_relationship IS NULL) = (representative_authority IS NULL) \
         AND (representative_name IS NULL OR representative_relationship IS NOT NULL)",
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

/// As in the baseline, with why it was decided so and what was seen.
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
        ],
    )
    .unique(&["campaign_id", "verification_id"])
    .one_of("state", &["OPEN", "APPROVED", "DENIED"])
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
    .check(
        "decided",
        "(state = 'OPEN') = (decided_at IS NULL) AND (state = 'OPEN') = (decided_by IS NULL) \
         AND (state = 'OPEN') = (decision_reason IS NULL)",
    )
    .references(
        &["campaign_id", "verification_id"],
        "verification",
        &["campaign_id", "id"],
    )
}

/// What an individual mended or chose: sealed under the individual's key, and so erased with the individual.
fn supplement() -> Blueprint {
    Blueprint::table(
        "supplement",
        &["campaign_id", "individual_id"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            bytes("sealed"),
            instant("updated_at"),
            text("updated_by"),
        ],
    )
    .references(
        &["campaign_id", "individual_id"],
        "individual",
        &["campaign_id", "id"],
    )
}
