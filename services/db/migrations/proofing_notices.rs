//! Notices of proofing, and their repudiation (NIST SP 800-63A-4). Few rows are in the indexes: those whose notice is due, those whose
//! token still counts, and those that were repudiated.

use super::blueprint::{instant, maybe, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    let mut changes = vec![Change::Add(
        "verification",
        vec![maybe(uuid("notice_mac")), maybe(instant("noticed_at"))],
    )];
    changes.extend(RULES.iter().copied().map(Change::Run));
    changes
}

/// The columns that have a rule, and the indexes.
const RULES: &[&str] = &[
    "ALTER TABLE verification ADD COLUMN notice TEXT CONSTRAINT verification_notice_check \
         CHECK (notice IN ('DUE', 'SENT', 'NOWHERE'))",
    "ALTER TABLE verification ADD COLUMN repudiated_at BIGINT CONSTRAINT verification_repudiated_check \
         CHECK (repudiated_at IS NULL OR state = 'REFUSED')",
    "ALTER TABLE verification ADD COLUMN repudiated_by TEXT CONSTRAINT verification_repudiator_check \
         CHECK ((repudiated_at IS NULL) = (repudiated_by IS NULL))",
    "CREATE INDEX verification_notice_idx ON verification (campaign_id, id) WHERE notice = 'DUE'",
    "CREATE UNIQUE INDEX verification_notice_mac_key ON verification (campaign_id, notice_mac) WHERE notice_mac IS NOT NULL",
    "CREATE INDEX verification_repudiated_at_idx ON verification (campaign_id, id) WHERE repudiated_at IS NOT NULL",
];
