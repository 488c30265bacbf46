//! Enrollments that are begun and not completed, when what their letters give changes.
//!
//! They are found by their state, which an index gives, and their codes and batches by primary key, enrollment by
//! enrollment: a join would let the planner read all codes of the campaign.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, WaveId};

/// The wave whose letter an enrollment was begun with.
const WAVE: &str = "(SELECT b.wave_id FROM code c JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
    WHERE c.campaign_id = enrollment.campaign_id AND c.mac = enrollment.code_mac)";

/// A day, in the unit of an instant.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Lets enrollments be completed until `until`, unless they can be for longer already: those of one wave's letters and of the letters
/// that replace them, or all of a campaign. Gives their number.
pub async fn extend(
    tx: &Tx<'_>,
    campaign: CampaignId,
    wave: Option<WaveId>,
    until: Timestamp,
) -> Result<u64, db::Error> {
    let mut values: Vec<Value> = vec![campaign.into(), until.into()];
    let of_wave = wave.map_or(String::new(), |wave| {
        values.push(wave.into());
        format!(
            " AND {WAVE} IN (SELECT w.id FROM wave w WHERE w.campaign_id = $1 AND (w.id = $3 OR w.reissue_of = $3))"
        )
    });
    let started = State::Started.as_str();
    let sql = format!(
        "UPDATE enrollment SET complete_by_at = $2 WHERE campaign_id = $1 AND state = '{started}' \
         AND complete_by_at < $2{of_wave}"
    );
    execute(tx, sql, values).await
}

/// Counts the proof of address of one wave's letters from another instant. Gives the number of enrollments.
pub async fn prove_from(
    tx: &Tx<'_>,
    campaign: CampaignId,
    wave: WaveId,
    mailed_at: Timestamp,
) -> Result<u64, db::Error> {
    let started = State::Started.as_str();
    let sql = format!(
        "UPDATE enrollment SET proof_expires_at = $2 + {DAY} * (SELECT d.proof_days FROM code d \
         WHERE d.campaign_id = enrollment.campaign_id AND d.mac = enrollment.code_mac) \
         WHERE campaign_id = $1 AND state = '{started}' AND {WAVE} = $3"
    );
    let values = vec![campaign.into(), mailed_at.into(), wave.into()];
    execute(tx, sql, values).await
}

async fn execute(tx: &Tx<'_>, sql: String, values: Vec<Value>) -> Result<u64, db::Error> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
