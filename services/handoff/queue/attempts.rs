//! The attempts to hand something over.

use sea_orm::ConnectionTrait;
use serde::Serialize;

use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

use super::handoff::Handoff;

/// An attempt that ended.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// Which attempt, counted from one.
    pub attempt: i32,
    /// When it began.
    #[serde(serialize_with = "rows::micros")]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "rows::micros")]
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: AttemptResult,
    /// The state that the handoff moved to, `LEASE_LOST`, or empty.
    pub detail: &'static str,
}

const COLUMNS: [(&str, Is); 7] = [
    ("campaign_id", Is::Uuid),
    ("handoff_id", Is::Uuid),
    ("attempt", Is::Int),
    ("started_at", Is::Big),
    ("ended_at", Is::Big),
    ("result", Is::Text),
    ("detail", Is::Text),
];

impl Attempt {
    /// Makes the current attempt of a leased handoff, which ends now.
    pub fn of(
        leased: &Handoff,
        now: Timestamp,
        result: AttemptResult,
        detail: &'static str,
    ) -> Self {
        Self {
            campaign_id: leased.campaign_id,
            handoff_id: leased.id,
            attempt: leased.attempts,
            started_at: leased.sent_at.unwrap_or(now),
            ended_at: now,
            result,
            detail,
        }
    }
}

/// Adds attempts; one that was written before stays as it is.
pub async fn add(tx: &impl ConnectionTrait, attempts: &[Attempt]) -> Result<(), Error> {
    if attempts.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let columns = COLUMNS.map(|(name, _)| name).join(", ");
    // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
    let sql = format!(
        "WITH {} INSERT INTO handoff_attempt ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, handoff_id, attempt) DO NOTHING",
        rows::table(backend, &COLUMNS)
    );
    tx.execute_raw(rows::bind(backend, sql, attempts)).await?;
    Ok(())
}
