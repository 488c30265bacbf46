//! The rows between enrollments and handoffs that were set aside: outcomes on their way back, and orders that are given again.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId};

use super::outcome_store::OutcomeKey;

/// A row that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct SetAside {
    /// The outcome's id, or the handoff's where an order was to be given again.
    pub id: Uuid,
    /// Whether it is an outcome, and not an order.
    pub is_outcome: bool,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was set aside.
    pub set_aside_at: Timestamp,
    /// Why, without anything personal.
    pub set_aside_reason: String,
}

/// Marks an outcome and gives its enrollment; none if another instance was faster.
pub async fn mark(
    tx: &Tx<'_>,
    key: OutcomeKey,
    (why, now): (&str, Timestamp),
) -> Result<Option<EnrollmentId>, db::Error> {
    const SQL: &str = "UPDATE outcome SET set_aside_at = $3, set_aside_reason = $4 \
         WHERE campaign_id = $1 AND id = $2 AND set_aside_at IS NULL RETURNING enrollment_id";
    let values = [
        key.campaign_id.into(),
        key.id.into(),
        now.into(),
        why.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
    let marked = tx.query_one_raw(statement).await?;
    Ok(marked
        .map(|row| row.try_get("", "enrollment_id"))
        .transpose()?)
}

/// Lists what of a campaign was set aside, by id.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: Uuid,
    limit: u64,
) -> Result<Vec<SetAside>, db::Error> {
    const SQL: &str = "SELECT o.id, 1 = 1 AS is_outcome, o.enrollment_id, o.handoff_id, o.created_at, o.set_aside_at, o.set_aside_reason \
         FROM outcome o WHERE o.campaign_id = $1 AND o.id > $2 AND o.set_aside_at IS NOT NULL \
         UNION ALL SELECT r.handoff_id, 1 = 0, h.enrollment_id, r.handoff_id, r.created_at, r.set_aside_at, r.set_aside_reason \
         FROM resubmission r JOIN handoff h ON h.campaign_id = r.campaign_id AND h.id = r.handoff_id \
         WHERE r.campaign_id = $1 AND r.handoff_id > $2 AND r.set_aside_at IS NOT NULL ORDER BY 1 LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [campaign.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    Ok(SetAside::find_by_statement(statement)
        .all(connection)
        .await?)
}

/// Takes the marks of a campaign's rows away, or of those with these ids, and gives their number.
pub async fn unmark(tx: &Tx<'_>, campaign: CampaignId, ids: &[Uuid]) -> Result<u64, db::Error> {
    let mut changed = 0;
    for (table, id) in [("outcome", "id"), ("resubmission", "handoff_id")] {
        let sql = format!(
            "UPDATE {table} SET set_aside_at = NULL, set_aside_reason = NULL \
             WHERE campaign_id = $2 AND set_aside_at IS NOT NULL AND ($3 OR {id} {})",
            rows::among(tx.backend(), Is::Uuid)
        );
        let all: Value = ids.is_empty().into();
        let statement = rows::bind_with(tx.backend(), sql, ids, [campaign.into(), all]);
        changed += tx.execute_raw(statement).await?.rows_affected();
    }
    Ok(changed)
}
