//! The activation codes of a pool: adding them, and giving one to a handoff.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use serde::Serialize;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::activation_code::{Column, Entity, Model, State};
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::handoff::queue::store::expect_rows;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::HandoffId;

use super::pool_store::PoolKey;

/// Adds codes in the order of their hashes, so that two importers cannot wait for each other; gives the hashes of those that
/// were not there.
pub async fn add(
    tx: &Tx<'_>,
    key: PoolKey,
    codes: &[(Uuid, Vec<u8>)],
    now: Timestamp,
) -> Result<Vec<Uuid>, Error> {
    #[derive(Serialize)]
    struct Row {
        mac: Uuid,
        sealed: String,
    }
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let sql = format!(
        "WITH {} INSERT INTO activation_code (campaign_id, partner_id, mac, sealed, state, imported_at) \
         SELECT $2, $3, mac, sealed, '{}', $4 FROM v ORDER BY mac \
         ON CONFLICT (campaign_id, partner_id, mac) DO NOTHING RETURNING mac",
        rows::table(backend, &[("mac", Is::Uuid), ("sealed", Is::Bytes)]),
        State::Available.as_str(),
    );
    let codes = codes.iter().map(|(mac, sealed)| Row {
        mac: *mac,
        sealed: rows::hex(sealed),
    });
    let codes: Vec<Row> = codes.collect();
    let rest = key.values().into_iter().chain([now.into()]);
    let statement = rows::bind_with(backend, sql, &codes, rest);
    let added = tx.query_all_raw(statement).await?;
    added
        .iter()
        .map(|row| Ok(row.try_get("", "mac")?))
        .collect()
}

/// Gives the codes that handoffs have.
pub async fn assigned(
    db: &impl ConnectionTrait,
    key: PoolKey,
    handoffs: &[HandoffId],
) -> Result<HashMap<HandoffId, Model>, Error> {
    if handoffs.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let query = format!(
        "SELECT {} FROM v JOIN activation_code c ON c.campaign_id = $2 AND c.handoff_id = v.id AND c.partner_id = $3",
        rows::columns::<Entity>("c"),
    );
    let statement = rows::bind_ids(backend, &query, handoffs, key.values());
    let found = Entity::find().from_raw_sql(statement).all(db).await?;
    let codes = found.into_iter();
    Ok(codes
        .filter_map(|code| Some((code.handoff_id?, code)))
        .collect())
}

/// Gives each handoff, which must be locked and have none, a code of its own as far as there are any; gives the number.
///
/// On PostgreSQL codes that another worker is assigning are skipped.
pub async fn assign(
    tx: &Tx<'_>,
    key: PoolKey,
    handoffs: &[HandoffId],
    now: Timestamp,
) -> Result<usize, Error> {
    #[derive(Serialize)]
    struct Row {
        mac: Uuid,
        handoff_id: HandoffId,
    }
    let free = take(tx, key, handoffs.len()).await?;
    let pairs = free.into_iter().zip(handoffs);
    let pairs: Vec<Row> = pairs
        .map(|(mac, handoff)| Row {
            mac,
            handoff_id: *handoff,
        })
        .collect();
    if pairs.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    let sql = format!(
        "WITH {} UPDATE activation_code SET state = '{}', handoff_id = v.handoff_id, assigned_at = $4 \
         FROM v WHERE activation_code.campaign_id = $2 AND activation_code.partner_id = $3 \
         AND activation_code.mac = v.mac AND activation_code.state = '{}'",
        rows::table(backend, &[("mac", Is::Uuid), ("handoff_id", Is::Uuid)]),
        State::Assigned.as_str(),
        State::Available.as_str(),
    );
    let rest = key.values().into_iter().chain([now.into()]);
    let statement = rows::bind_with(backend, sql, &pairs, rest);
    let changed = tx.execute_raw(statement).await?.rows_affected();
    expect_rows(changed, pairs.len())?;
    Ok(pairs.len())
}

/// Finds free codes and locks them.
async fn take(tx: &Tx<'_>, key: PoolKey, most: usize) -> Result<Vec<Uuid>, Error> {
    let lock = match tx.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "SELECT mac FROM activation_code WHERE campaign_id = $1 AND partner_id = $2 AND state = '{}' \
         ORDER BY mac LIMIT $3 {lock}",
        State::Available.as_str()
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values = key.values().into_iter().chain([most.into()]);
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "mac")?)).collect()
}

/// Tells whether at least so many codes are free, without counting further.
pub async fn has(tx: &Tx<'_>, key: PoolKey, wanted: i32) -> Result<bool, Error> {
    let Some(last) = u64::try_from(wanted).unwrap_or(0).checked_sub(1) else {
        return Ok(true);
    };
    let free: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Mac)
        .filter(Column::CampaignId.eq(key.campaign))
        .filter(Column::PartnerId.eq(key.partner))
        .filter(Column::State.eq(State::Available))
        .order_by_asc(Column::Mac)
        .offset(last)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(free.is_some())
}
