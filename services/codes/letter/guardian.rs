//! Verifications that rest on another one: a parent's or guardian's own.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::db;
use crate::db::entities::ClosedSet;
use crate::db::entities::individual::Population;
use crate::db::entities::{code, enrollment, verification};

/// Writes whether the verification `w` rests on a guardian's own that is void, or is of an individual `i` who is a child no more. A
/// verification is void when it was repudiated, and with the enrollment or the letter that it was made for.
pub fn is_void_sql() -> String {
    format!(
        "CASE WHEN w.guardian_verification_id IS NULL THEN FALSE WHEN i.population <> '{}' THEN TRUE ELSE NOT EXISTS (\
         SELECT 1 FROM verification g LEFT JOIN enrollment h ON h.campaign_id = g.campaign_id AND h.id = g.enrollment_id \
         LEFT JOIN code k ON k.campaign_id = h.campaign_id AND k.mac = h.code_mac \
         WHERE g.campaign_id = w.campaign_id AND g.id = w.guardian_verification_id AND g.state = '{}' \
         AND COALESCE(h.state, '') <> '{}' AND COALESCE(k.state, '') NOT IN ('{}', '{}')) END",
        Population::Minor.as_str(),
        verification::State::Verified.as_str(),
        enrollment::State::Canceled.as_str(),
        code::State::Superseded.as_str(),
        code::State::Revoked.as_str(),
    )
}

/// Tells whether a verification rests on a guardian's own that is void.
pub async fn is_void(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
) -> Result<bool, db::Error> {
    if row.guardian_verification_id.is_none() {
        return Ok(false);
    }
    let sql = format!(
        "SELECT {} AS is_void FROM verification w JOIN individual i ON i.campaign_id = w.campaign_id AND i.id = w.individual_id \
         WHERE w.campaign_id = $1 AND w.id = $2",
        is_void_sql()
    );
    let values: [Value; 2] = [row.campaign_id.into(), row.id.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let found = connection.query_one_raw(statement).await?;
    Ok(match found {
        Some(found) => found.try_get("", "is_void")?,
        None => true,
    })
}
