//! Pools of activation codes: adding to them, giving a code to a handoff, counting.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::activation_code::Entity as Codes;
use crate::db::entities::activation_pool::Entity as Pools;
use crate::db::entities::{activation_code as code, activation_pool as pool};
use crate::handoff::error::Error;
use crate::handoff::store::{pieces, value_rows};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};

/// A pool's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner.
    pub partner: PartnerId,
}

impl Key {
    fn values(self) -> [Value; 2] {
        [self.campaign.into(), self.partner.into()]
    }
}

/// A code that was given to a handoff.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// Its keyed hash.
    pub mac: Uuid,
    /// The code, sealed.
    pub sealed: Vec<u8>,
}

/// What is in a pool.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the contract's ActivationPool defines each")]
pub struct Counted {
    pub campaign_id: CampaignId,
    pub partner_id: PartnerId,
    pub partner_name: String,
    pub engagement_number: String,
    pub imported: i64,
    pub available: i64,
    pub low_water: i32,
    pub empty_since: Option<Timestamp>,
}

impl Counted {
    /// Tells whether fewer codes are left than the mark.
    pub fn is_low(&self) -> bool {
        self.available < i64::from(self.low_water)
    }
}

/// Gets a pool.
pub async fn get(db: &impl ConnectionTrait, key: Key) -> Result<Option<pool::Model>, Error> {
    Ok(Pools::find_by_id((key.campaign, key.partner))
        .one(db)
        .await?)
}

/// Makes a pool unless it is there.
pub async fn found(tx: &Tx<'_>, key: Key, low_water: i32, now: Timestamp) -> Result<(), Error> {
    let row = pool::ActiveModel {
        campaign_id: Set(key.campaign),
        partner_id: Set(key.partner),
        low_water: Set(low_water),
        low_since: Set(None),
        empty_since: Set(None),
        created_at: Set(now),
    };
    let same = OnConflict::columns([pool::Column::CampaignId, pool::Column::PartnerId])
        .do_nothing()
        .to_owned();
    Pools::insert(row)
        .on_conflict(same)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

fn only(key: Key) -> sea_orm::UpdateMany<Pools> {
    Pools::update_many()
        .filter(pool::Column::CampaignId.eq(key.campaign))
        .filter(pool::Column::PartnerId.eq(key.partner))
}

/// Sets a pool's low-water mark; tells whether that changed anything.
pub async fn set_low_water(tx: &Tx<'_>, key: Key, low_water: i32) -> Result<bool, Error> {
    let changed = only(key)
        .col_expr(pool::Column::LowWater, Expr::value(low_water))
        .filter(pool::Column::LowWater.ne(low_water))
        .exec(tx)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// What the operator is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Few codes are left.
    Low,
    /// None is left, and an enrollment waits.
    Empty,
}

impl Mark {
    const fn column(self) -> pool::Column {
        match self {
            Self::Low => pool::Column::LowSince,
            Self::Empty => pool::Column::EmptySince,
        }
    }
}

/// Sets a mark; tells whether it was not set before.
pub async fn mark(tx: &Tx<'_>, key: Key, mark: Mark, now: Timestamp) -> Result<bool, Error> {
    let set = only(key)
        .col_expr(mark.column(), Expr::value(now))
        .filter(mark.column().is_null())
        .exec(tx)
        .await?;
    Ok(set.rows_affected == 1)
}

/// Takes a mark away.
pub async fn unmark(tx: &Tx<'_>, key: Key, mark: Mark) -> Result<(), Error> {
    let none = Expr::value(Option::<Timestamp>::None);
    only(key)
        .col_expr(mark.column(), none)
        .filter(mark.column().is_not_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Adds codes in the order of their hashes, so that two importers cannot wait for each other; gives the hashes of those that
/// were not there.
pub async fn add(
    tx: &Tx<'_>,
    key: Key,
    codes: &[(Uuid, Vec<u8>)],
    now: Timestamp,
) -> Result<Vec<Uuid>, Error> {
    let mut added = Vec::new();
    for piece in pieces(codes) {
        let sql = format!(
            "INSERT INTO activation_code (campaign_id, partner_id, mac, sealed, state, imported_at) VALUES {} \
             ON CONFLICT (campaign_id, partner_id, mac) DO NOTHING RETURNING mac",
            value_rows(piece.len(), 6)
        );
        let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 6);
        for (mac, sealed) in piece {
            values.extend(key.values());
            values.extend([
                (*mac).into(),
                sealed.clone().into(),
                "AVAILABLE".into(),
                now.into(),
            ]);
        }
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        for row in tx.query_all_raw(statement).await? {
            added.push(row.try_get("", "mac")?);
        }
    }
    Ok(added)
}

/// Tells which of these campaigns have a pool of the partner.
pub async fn of_campaigns(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    campaigns: &[CampaignId],
) -> Result<Vec<pool::Model>, Error> {
    let mut found = Vec::new();
    for piece in pieces(campaigns) {
        let rows = Pools::find()
            .filter(pool::Column::CampaignId.is_in(piece.iter().copied()))
            .filter(pool::Column::PartnerId.eq(partner))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Gives the codes that handoffs have.
pub async fn assigned(
    db: &impl ConnectionTrait,
    key: Key,
    handoffs: &[HandoffId],
) -> Result<HashMap<HandoffId, Assigned>, Error> {
    let mut found = HashMap::with_capacity(handoffs.len());
    for piece in pieces(handoffs) {
        let rows = Codes::find()
            .filter(code::Column::CampaignId.eq(key.campaign))
            .filter(code::Column::HandoffId.is_in(piece.iter().copied()))
            .filter(code::Column::PartnerId.eq(key.partner))
            .all(db)
            .await?;
        found.extend(rows.into_iter().filter_map(|row| {
            let (mac, sealed) = (row.mac, row.sealed);
            Some((row.handoff_id?, Assigned { mac, sealed }))
        }));
    }
    Ok(found)
}

/// Gives each handoff, which must be locked and have none, a code of its own as far as there are any; gives the number.
///
/// On PostgreSQL codes that another worker is giving away are passed over.
pub async fn assign(
    tx: &Tx<'_>,
    key: Key,
    handoffs: &[HandoffId],
    now: Timestamp,
) -> Result<usize, Error> {
    let free = take(tx, key, handoffs.len()).await?;
    let pairs: Vec<(Uuid, HandoffId)> = free.into_iter().zip(handoffs.iter().copied()).collect();
    for piece in pieces(&pairs) {
        let binds = piece.len() * 2;
        let sql = format!(
            "WITH new(mac, handoff_id) AS (VALUES {}) \
             UPDATE activation_code SET state = 'ASSIGNED', handoff_id = new.handoff_id, assigned_at = ${} \
             FROM new WHERE activation_code.campaign_id = ${} AND activation_code.partner_id = ${} \
             AND activation_code.mac = new.mac AND activation_code.state = 'AVAILABLE'",
            value_rows(piece.len(), 2),
            binds + 1,
            binds + 2,
            binds + 3,
        );
        let mut values: Vec<Value> = Vec::with_capacity(binds + 3);
        for (mac, handoff) in piece {
            values.extend([(*mac).into(), (*handoff).into()]);
        }
        values.push(now.into());
        values.extend(key.values());
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let changed = tx.execute_raw(statement).await?.rows_affected();
        crate::handoff::queue::store::expect_rows(changed, piece.len())?;
    }
    Ok(pairs.len())
}

/// Finds free codes and locks them.
async fn take(tx: &Tx<'_>, key: Key, most: usize) -> Result<Vec<Uuid>, Error> {
    let lock = match tx.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "SELECT mac FROM activation_code WHERE campaign_id = $1 AND partner_id = $2 AND state = 'AVAILABLE' \
         ORDER BY mac LIMIT $3 {lock}"
    );
    let [campaign, partner] = key.values();
    let most = i64::try_from(most).unwrap_or(i64::MAX).into();
    let values = [campaign, partner, most];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "mac")?)).collect()
}

/// Tells whether at least so many codes are free, without counting further.
pub async fn has(tx: &Tx<'_>, key: Key, wanted: i32) -> Result<bool, Error> {
    let Some(last) = u64::try_from(wanted).unwrap_or(0).checked_sub(1) else {
        return Ok(true);
    };
    let free: Option<Uuid> = Codes::find()
        .select_only()
        .column(code::Column::Mac)
        .filter(code::Column::CampaignId.eq(key.campaign))
        .filter(code::Column::PartnerId.eq(key.partner))
        .filter(code::Column::State.eq("AVAILABLE"))
        .order_by_asc(code::Column::Mac)
        .offset(last)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(free.is_some())
}

/// Counts pools: those of a campaign by partner id, or all.
pub async fn count(
    db: &impl ConnectionTrait,
    campaign: Option<CampaignId>,
    after: Option<PartnerId>,
    limit: u64,
) -> Result<Vec<Counted>, Error> {
    let mut values: Vec<Value> = vec![i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let mut rules = vec!["1 = 1".to_owned()];
    if let Some(campaign) = campaign {
        values.push(campaign.into());
        rules.push(format!("p.campaign_id = ${}", values.len()));
    }
    if let Some(after) = after {
        values.push(after.into());
        rules.push(format!("p.partner_id > ${}", values.len()));
    }
    let rules = rules.join(" AND ");
    let sql = format!(
        "SELECT p.campaign_id, p.partner_id, n.name AS partner_name, g.engagement_number, p.low_water, p.empty_since, \
         (SELECT COUNT(*) FROM activation_code c WHERE c.campaign_id = p.campaign_id AND c.partner_id = p.partner_id) \
         AS imported, (SELECT COUNT(*) FROM activation_code c WHERE c.campaign_id = p.campaign_id \
         AND c.partner_id = p.partner_id AND c.state = 'AVAILABLE') AS available \
         FROM activation_pool p JOIN partner n ON n.id = p.partner_id JOIN campaign g ON g.id = p.campaign_id \
         WHERE {rules} ORDER BY p.campaign_id, p.partner_id LIMIT $1"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Counted::find_by_statement(statement).all(db).await?)
}
