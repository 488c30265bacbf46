//! The funnel of a campaign, each figure by the definition in the contract.

use std::ops::AddAssign;

use sea_orm::FromQueryResult;

use crate::db::entities::{ClosedSet, enrollment, handoff, mail_event, verification};

/// The funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the contract's Funnel defines each")]
pub struct Funnel {
    pub rows: i64,
    pub rejected: i64,
    pub individuals: i64,
    pub codes_issued: i64,
    pub letters: i64,
    pub begun: i64,
    pub verified: i64,
    pub refused: i64,
    pub referred: i64,
    pub submitted: i64,
    pub handed_off: i64,
    pub acknowledged: i64,
    pub active: i64,
    pub action_required: i64,
    pub enrollment_refused: i64,
    pub dead: i64,
    pub records: i64,
    pub returned: i64,
}

impl AddAssign for Funnel {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.rejected += more.rejected;
        self.individuals += more.individuals;
        self.codes_issued += more.codes_issued;
        self.letters += more.letters;
        self.begun += more.begun;
        self.verified += more.verified;
        self.refused += more.refused;
        self.referred += more.referred;
        self.submitted += more.submitted;
        self.handed_off += more.handed_off;
        self.acknowledged += more.acknowledged;
        self.active += more.active;
        self.action_required += more.action_required;
        self.enrollment_refused += more.enrollment_refused;
        self.dead += more.dead;
        self.records += more.records;
        self.returned += more.returned;
    }
}

/// Each table is read once. The sums are cast because PostgreSQL's are NUMERIC. A code of generation 0 is a honey code, which
/// belongs to nobody; a letter without a code is a letter, and no code.
pub fn funnel_sql() -> String {
    let enroll = handoff::Kind::Enroll.as_str();
    let running = format!(
        "COUNT(CASE WHEN state IN ('{}', '{}') THEN 1 END)",
        enrollment::State::Active.as_str(),
        enrollment::State::PartlyActive.as_str()
    );
    format!(
        "SELECT r.*, i.*, n.*, c.*, v.*, e.*, w.*, h.* FROM \
         (SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows, CAST(COALESCE(SUM(rejected), 0) AS BIGINT) AS rejected \
          FROM roster_import WHERE campaign_id = $1) r, \
         (SELECT COUNT(id) AS individuals FROM individual WHERE campaign_id = $1 AND withdrawn_at IS NULL) i, \
         (SELECT COUNT(*) AS records FROM individual_entity WHERE campaign_id = $1 AND NOT withdrawn) n, \
         (SELECT COUNT(*) AS letters, CAST(COALESCE(SUM(codes), 0) AS BIGINT) AS codes_issued FROM \
          (SELECT COUNT(CASE WHEN without_code IS NULL THEN 1 END) AS codes \
          FROM code WHERE campaign_id = $1 AND generation > 0 GROUP BY individual_id) d) c, \
         (SELECT COUNT(DISTINCT individual_id) AS returned FROM mail_event \
          WHERE campaign_id = $1 AND kind = '{}') v, \
         (SELECT COUNT(*) AS begun, COUNT(submitted_at) AS submitted, {} AS active, {} AS action_required, \
          {} AS enrollment_refused FROM enrollment WHERE campaign_id = $1) e, \
         (SELECT COUNT(DISTINCT CASE WHEN state = '{}' THEN individual_id END) AS verified, {} AS refused, {} AS referred \
          FROM verification WHERE campaign_id = $1) w, \
         (SELECT COUNT(CASE WHEN kind = '{enroll}' AND attempts > 0 THEN 1 END) AS handed_off, \
          COUNT(CASE WHEN kind = '{enroll}' THEN acknowledged_at END) AS acknowledged, \
          {} AS dead FROM handoff WHERE campaign_id = $1) h",
        mail_event::Kind::Returned.as_str(),
        running,
        count_if("state", enrollment::State::ActionRequired),
        count_if("state", enrollment::State::Refused),
        verification::State::Verified.as_str(),
        count_if("state", verification::State::Refused),
        count_if("state", verification::State::Referred),
        count_if("state", handoff::State::Dead),
    )
}

/// Writes how often a column has a value.
pub fn count_if(column: &str, value: impl ClosedSet) -> String {
    format!(
        "COUNT(CASE WHEN {column} = '{}' THEN 1 END)",
        value.as_str()
    )
}
