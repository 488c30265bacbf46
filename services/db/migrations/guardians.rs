//! Parents and guardians who were verified themselves, notices of proofing that a carrier does not take, the language in which somebody
//! asks, orders of letters that a limit declined, and the index over those who are not described by their names of before and their further contacts.
//!
//! A program that does not know it would complete an enrollment with a guardian's verification that is void, so none runs on.

use super::blueprint::{instant, int, maybe, otherwise, text, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    let verification = vec![
        maybe(uuid("guardian_verification_id")),
        otherwise(int("notice_attempts"), 0_i32),
        maybe(instant("notice_retry_at")),
        maybe(instant("notice_refused_at")),
        maybe(text("language")),
    ];
    let mut changes = vec![
        Change::Add("verification", verification),
        Change::Add("letter_order", vec![maybe(instant("possible_at"))]),
    ];
    changes.extend(RULES.iter().copied().map(Change::Run));
    changes
}

/// The column that has a rule, and the indexes: over the few that somebody's own verification guards, and over what is written anew.
const RULES: &[&str] = &[
    "ALTER TABLE verification ADD COLUMN lapsed_at BIGINT CONSTRAINT verification_lapsed_check \
         CHECK (lapsed_at IS NULL OR state = 'REFUSED')",
    "CREATE INDEX verification_guardian_verification_id_idx ON verification (campaign_id, guardian_verification_id) \
         WHERE guardian_verification_id IS NOT NULL",
    "DROP INDEX individual_index_individual_id_idx",
    "CREATE INDEX individual_index_individual_id_idx ON individual_index (campaign_id, individual_id) WHERE made_by < 2",
];
