//! Compares the entries of a list with our books: a statement for what both have, one for what the list lacks, two for what we lack.
//!
//! Each finding goes into the table of differences, over the one that an earlier list showed about the same enrollment. What a list no
//! longer shows is resolved. Nothing is read into memory.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Iterable, Statement};
use serde::Serialize;

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::reconciliation_difference::{Kind, State};
use crate::db::entities::reconciliation_entry::Progress;
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId, ReconciliationId};

use super::entries::typed;
use super::judge::{Standing, judge};

/// Which list is compared.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The campaign.
    pub campaign: CampaignId,
    /// The list.
    pub id: ReconciliationId,
    /// The partner.
    pub partner: PartnerId,
    /// When the partner's books stood so.
    pub as_of: Timestamp,
}

/// How many differences of a kind stand so after a comparison.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Count {
    /// The kind.
    pub kind: Kind,
    /// Where they stand.
    pub state: State,
    /// How many.
    pub differences: i64,
    /// How many of them are about an entry of the list.
    pub listed: i64,
}

/// A row of the table of what pairs of states mean, for the statement.
#[derive(Serialize)]
struct Rule {
    ours: Standing,
    theirs: &'static str,
    is_correction: bool,
    kind: &'static str,
    action: &'static str,
    is_pending: bool,
}

const RULE: [(&str, Is); 6] = [
    ("ours", Is::Text),
    ("theirs", Is::Text),
    ("is_correction", Is::Bool),
    ("kind", Is::Text),
    ("action", Is::Text),
    ("is_pending", Is::Bool),
];

/// What stands for the state of an order that the list does not have.
const MISSING: &str = "MISSING";

fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for ours in Standing::iter() {
        for theirs in Progress::iter().map(Some).chain([None]) {
            for is_correction in [false, true] {
                if let Some(found) = judge(ours, theirs, is_correction) {
                    rules.push(Rule {
                        ours,
                        theirs: theirs.map_or(MISSING, Progress::as_str),
                        is_correction,
                        kind: found.kind.as_str(),
                        action: found.action.as_str(),
                        is_pending: found.is_pending,
                    });
                }
            }
        }
    }
    rules
}

/// How an order stands on our side, by the names of [`Standing`]: `h` is the order, `c` its cancellation if there is one.
const STANDING: &str = "CASE \
    WHEN h.state NOT IN ('REFUSED', 'ENDED', 'CANCELED') AND c.state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED') THEN 'WITHDRAWING' \
    WHEN h.state NOT IN ('REFUSED', 'ENDED', 'CANCELED') AND c.state = 'DEAD' THEN 'NOT_WITHDRAWN' \
    WHEN h.state = 'QUEUED' AND h.sent_at IS NULL THEN 'NEVER_SENT' \
    WHEN h.state IN ('QUEUED', 'LEASED', 'UNSETTLED') THEN 'UNDER_WAY' \
    ELSE h.state END";

/// Since when our side has stood so.
const SINCE: &str = "COALESCE(h.settled_at, h.acknowledged_at, h.sent_at, h.created_at)";

const CANCELLATION: &str = "LEFT JOIN handoff c ON c.campaign_id = $2 AND c.coverage_id = h.coverage_id AND c.kind = 'CANCEL'";

const GOES_ON: &str = "('ACCEPTED', 'ACTIVE', 'ACTION_REQUIRED', 'SUSPENDED')";

/// Orders that both sides have; a partner may list the restorations beside its enrollments, or not. `$2` campaign, `$3` list, `$4` partner, `$5` as-of time.
fn both() -> String {
    format!(
        "SELECT h.id, h.id AS handoff_id, COALESCE(e.partner_reference, h.partner_reference) AS partner_reference, \
         h.state AS our_state, e.progress AS their_progress, e.outcome_class AS their_class, e.revision AS their_revision, \
         e.effective_at AS their_effective_at, {STANDING} AS ours, e.progress AS theirs, {SINCE} AS since_at, \
         e.revision > h.revision AS is_correction, \
         h.updated_at > $5 OR COALESCE(c.updated_at > $5, 1 = 0) OR (e.revision > 0 AND e.revision < h.revision) AS is_younger, \
         COALESCE(h.partner_reference <> e.partner_reference, 1 = 0) AS is_other_reference \
         FROM reconciliation_entry e \
         JOIN handoff h ON h.campaign_id = $2 AND h.id = e.handoff_id AND h.partner_id = $4 AND h.kind IN ('ENROLL', 'RESTORE') {CANCELLATION} \
         WHERE e.campaign_id = $2 AND e.reconciliation_id = $3"
    )
}

/// Orders that the partner has by our books, and that the list lacks. The same values.
fn missing() -> String {
    format!(
        "SELECT h.id, h.id AS handoff_id, h.partner_reference, h.state AS our_state, CAST(NULL AS TEXT) AS their_progress, \
         CAST(NULL AS TEXT) AS their_class, CAST(0 AS BIGINT) AS their_revision, CAST(NULL AS BIGINT) AS their_effective_at, \
         {STANDING} AS ours, '{MISSING}' AS theirs, {SINCE} AS since_at, 1 = 0 AS is_correction, \
         h.updated_at > $5 OR COALESCE(c.updated_at > $5, 1 = 0) AS is_younger, 1 = 0 AS is_other_reference \
         FROM handoff h {CANCELLATION} \
         WHERE h.campaign_id = $2 AND h.partner_id = $4 AND h.kind = 'ENROLL' AND h.state IN {GOES_ON} \
         AND NOT EXISTS (SELECT 1 FROM reconciliation_entry e WHERE e.campaign_id = $2 AND e.reconciliation_id = $3 \
         AND e.handoff_id = h.id)"
    )
}

/// Entries whose reference no order of ours at this partner bears, and that go on there. What is over there concerns nobody. `$1`
/// campaign, `$2` list, `$3` partner, `$4` as-of time, `$5` now.
fn unknown(which: &str) -> String {
    format!(
        "SELECT e.campaign_id, e.id, CAST($3 AS {{uuid}}), e.handoff_id, e.partner_reference, 'UNKNOWN_HERE', 'OPEN', \
         CASE WHEN e.handoff_id IS NULL THEN 'ASK_PARTNER' ELSE 'CANCEL_THERE' END, NULL, e.progress, e.outcome_class, e.revision, \
         e.effective_at, CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), e.reconciliation_id \
         FROM reconciliation_entry e \
         WHERE e.campaign_id = $1 AND e.reconciliation_id = $2 AND e.progress IN {GOES_ON} AND {which}"
    )
}

const COLUMNS: &str = "campaign_id, id, partner_id, handoff_id, partner_reference, kind, state, action, our_state, their_progress, \
    their_class, their_revision, their_effective_at, as_of_at, since_at, found_at, reconciliation_id";

/// What a finding does to the difference that an earlier list showed about the same enrollment. Closed stays closed where the fact is
/// the same.
fn over_earlier(key: &str) -> String {
    const D: &str = "reconciliation_difference";
    let is_same = format!(
        "{D}.kind = excluded.kind AND {D}.our_state IS NOT DISTINCT FROM excluded.our_state \
         AND {D}.their_progress IS NOT DISTINCT FROM excluded.their_progress"
    );
    let stays = format!("{D}.state = 'CLOSED' AND {is_same}");
    let kept = |column: &str| format!("{column} = CASE WHEN {stays} THEN {D}.{column} END");
    let kept: Vec<String> = ["closed_at", "closed_by", "close_reason", "close_note"]
        .map(kept)
        .into();
    let taken = [
        "partner_reference",
        "kind",
        "action",
        "our_state",
        "their_progress",
        "their_class",
        "their_revision",
        "their_effective_at",
        "as_of_at",
        "reconciliation_id",
    ];
    let taken = taken.map(|column| format!("{column} = excluded.{column}"));
    format!(
        "ON CONFLICT {key} DO UPDATE SET {}, {}, \
         state = CASE WHEN {stays} THEN 'CLOSED' ELSE excluded.state END, \
         since_at = CASE WHEN excluded.kind = 'UNKNOWN_HERE' AND {D}.state <> 'RESOLVED' AND {is_same} \
         THEN {D}.since_at ELSE excluded.since_at END, \
         found_at = CASE WHEN {D}.state = 'RESOLVED' THEN excluded.found_at ELSE {D}.found_at END, \
         repaired_at = CASE WHEN {D}.state = 'RESOLVED' THEN NULL ELSE {D}.repaired_at END",
        taken.join(", "),
        kept.join(", "),
    )
}

const BY_HANDOFF: &str = "(campaign_id, partner_id, handoff_id)";
const BY_REFERENCE: &str = "(campaign_id, partner_id, partner_reference) WHERE handoff_id IS NULL";

/// Writes the statement that judges pairs of states and keeps what differs. `$1` are the rules, `$6` is now.
fn judged(backend: DbBackend, pairs: &str) -> String {
    let rules = rows::table_as(backend, ("rule", 1), &RULE);
    // Two references are a matter of their own, unless the states tell of something that weighs more.
    let other = format!(
        "p.is_other_reference AND (r.action = 'CORRECT_HERE' OR (r.kind IS NULL AND p.theirs IN {GOES_ON}))"
    );
    format!(
        "WITH {rules}, pair AS ({pairs}), judged AS (SELECT p.*, p.is_younger OR COALESCE(r.is_pending, 1 = 0) AS is_pending, \
         CASE WHEN {other} THEN 'REFERENCES_DIFFER' ELSE r.kind END AS kind, \
         CASE WHEN {other} THEN 'ASK_PARTNER' ELSE r.action END AS action \
         FROM pair p LEFT JOIN rule r ON r.ours = p.ours AND r.theirs = p.theirs AND r.is_correction = p.is_correction) \
         INSERT INTO reconciliation_difference ({COLUMNS}) \
         SELECT CAST($2 AS {{uuid}}), id, CAST($4 AS {{uuid}}), handoff_id, partner_reference, kind, \
         CASE WHEN is_pending THEN 'PENDING' ELSE 'OPEN' END, CASE WHEN is_pending THEN 'WAIT' ELSE action END, our_state, \
         their_progress, their_class, their_revision, their_effective_at, CAST($5 AS BIGINT), since_at, CAST($6 AS BIGINT), \
         CAST($3 AS {{uuid}}) FROM judged WHERE kind IS NOT NULL {}",
        over_earlier(BY_HANDOFF)
    )
}

/// Two entries about one enrollment: their places.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Duplicate {
    /// The later one.
    pub position: i64,
    /// The first one.
    pub first: i64,
}

/// Finds entries that an earlier one names too, the first few in their order.
pub async fn duplicates(tx: &Tx<'_>, list: List) -> Result<Vec<Duplicate>, Error> {
    const SELECT: &str = "SELECT position, first FROM (\
        SELECT position, min(position) OVER (PARTITION BY handoff_id) AS first FROM reconciliation_entry \
        WHERE campaign_id = $1 AND reconciliation_id = $2 AND handoff_id IS NOT NULL \
        UNION ALL \
        SELECT position, min(position) OVER (PARTITION BY partner_reference) AS first FROM reconciliation_entry \
        WHERE campaign_id = $1 AND reconciliation_id = $2 AND handoff_id IS NULL) AS places \
        WHERE position > first ORDER BY position LIMIT 20";
    let values = [list.campaign.into(), list.id.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), SELECT, values);
    Ok(Duplicate::find_by_statement(statement).all(tx).await?)
}

/// Compares, and counts what the list shows.
pub async fn compare(tx: &Tx<'_>, list: List, now: Timestamp) -> Result<Vec<Count>, Error> {
    let backend = tx.backend();
    for pairs in [both(), missing()] {
        let sql = typed(backend, &judged(backend, &pairs));
        let rest = [
            list.campaign.into(),
            list.id.into(),
            list.partner.into(),
            list.as_of.into(),
            now.into(),
        ];
        tx.execute_raw(rows::bind_with(backend, sql, &rules(), rest))
            .await?;
    }
    let ours = "EXISTS (SELECT 1 FROM handoff h WHERE h.campaign_id = $1 AND h.id = e.handoff_id AND h.partner_id = $3)";
    for (which, key) in [
        (
            format!("e.handoff_id IS NOT NULL AND NOT {ours}"),
            BY_HANDOFF,
        ),
        ("e.handoff_id IS NULL".to_owned(), BY_REFERENCE),
    ] {
        let sql = format!(
            "INSERT INTO reconciliation_difference ({COLUMNS}) {} {}",
            unknown(&which),
            over_earlier(key)
        );
        let values = [
            list.campaign.into(),
            list.id.into(),
            list.partner.into(),
            list.as_of.into(),
            now.into(),
        ];
        let statement = Statement::from_sql_and_values(backend, typed(backend, &sql), values);
        tx.execute_raw(statement).await?;
    }
    resolve_others(tx, list).await?;
    counts(tx, list).await
}

/// What the list no longer shows is over.
async fn resolve_others(tx: &Tx<'_>, list: List) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE reconciliation_difference SET state = 'RESOLVED' \
        WHERE campaign_id = $1 AND partner_id = $3 AND reconciliation_id <> $2 AND state <> 'RESOLVED'";
    let values = [list.campaign.into(), list.id.into(), list.partner.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), UPDATE, values);
    tx.execute_raw(statement).await?;
    Ok(())
}

async fn counts(tx: &Tx<'_>, list: List) -> Result<Vec<Count>, Error> {
    const SELECT: &str = "SELECT kind, state, count(*) AS differences, count(their_progress) AS listed \
        FROM reconciliation_difference WHERE campaign_id = $1 AND partner_id = $3 AND reconciliation_id = $2 \
        GROUP BY kind, state ORDER BY kind, state";
    let values = [list.campaign.into(), list.id.into(), list.partner.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), SELECT, values);
    Ok(Count::find_by_statement(statement).all(tx).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statement and the machine call the standings by the same names.
    #[test]
    fn every_standing_is_named_in_the_statement_or_is_a_state() {
        use crate::db::entities::handoff;
        for standing in Standing::iter() {
            let name: &str = standing.into();
            let is_state = handoff::State::iter().any(|state| state.as_str() == name);
            assert!(
                is_state || STANDING.contains(&format!("'{name}'")),
                "{name}"
            );
        }
    }
}
