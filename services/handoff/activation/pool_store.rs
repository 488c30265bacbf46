//! Pools of activation codes: the codes of one partner for one campaign.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, UpdateMany,
    Value,
};

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::activation_code::State;
use crate::db::entities::activation_pool::{ActiveModel, Column, Entity, Model};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// The key of a pool: the codes of a queue.
pub use crate::handoff::queue::due::QueueKey as PoolKey;

impl From<&Model> for PoolKey {
    fn from(pool: &Model) -> Self {
        Self {
            campaign: pool.campaign_id,
            partner: pool.partner_id,
        }
    }
}

/// What is in a pool.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the contract's ActivationPool defines each")]
pub struct PoolCount {
    pub campaign_id: CampaignId,
    pub partner_id: PartnerId,
    pub partner_name: String,
    pub engagement_number: String,
    pub imported: i64,
    pub available: i64,
    pub low_water: i32,
    pub empty_since: Option<Timestamp>,
}

impl PoolCount {
    /// Tells whether fewer codes are left than the low-water mark.
    pub fn is_low(&self) -> bool {
        self.available < i64::from(self.low_water)
    }
}

/// Gets a pool.
pub async fn get(db: &impl ConnectionTrait, key: PoolKey) -> Result<Option<Model>, Error> {
    let pool = Entity::find_by_id((key.campaign, key.partner));
    Ok(pool.one(db).await?)
}

/// Gives the pools that a partner has for these campaigns.
pub async fn of_campaigns(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    campaigns: Vec<CampaignId>,
) -> Result<Vec<Model>, Error> {
    if campaigns.is_empty() {
        return Ok(Vec::new());
    }
    let pools = Entity::find()
        .filter(Column::CampaignId.is_in(campaigns))
        .filter(Column::PartnerId.eq(partner));
    Ok(pools.all(db).await?)
}

/// Creates a pool unless it exists.
pub async fn create(
    tx: &Tx<'_>,
    key: PoolKey,
    low_water: i32,
    now: Timestamp,
) -> Result<(), Error> {
    let row = ActiveModel {
        campaign_id: Set(key.campaign),
        partner_id: Set(key.partner),
        low_water: Set(low_water),
        low_since: Set(None),
        empty_since: Set(None),
        created_at: Set(now),
    };
    let same = OnConflict::columns([Column::CampaignId, Column::PartnerId])
        .do_nothing()
        .to_owned();
    Entity::insert(row)
        .on_conflict(same)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

fn update(key: PoolKey) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::CampaignId.eq(key.campaign))
        .filter(Column::PartnerId.eq(key.partner))
}

/// Sets a pool's low-water mark; tells whether that changed anything.
pub async fn set_low_water(tx: &Tx<'_>, key: PoolKey, low_water: i32) -> Result<bool, Error> {
    let changed = update(key)
        .col_expr(Column::LowWater, Expr::value(low_water))
        .filter(Column::LowWater.ne(low_water))
        .exec(tx)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// What the operator is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// Few codes are left.
    Low,
    /// None is left, and an enrollment waits.
    Empty,
}

impl Alert {
    const fn column(self) -> Column {
        match self {
            Self::Low => Column::LowSince,
            Self::Empty => Column::EmptySince,
        }
    }
}

/// Raises an alert; tells whether it was not raised before.
pub async fn raise(tx: &Tx<'_>, key: PoolKey, alert: Alert, now: Timestamp) -> Result<bool, Error> {
    let raised = update(key)
        .col_expr(alert.column(), Expr::value(now))
        .filter(alert.column().is_null())
        .exec(tx)
        .await?;
    Ok(raised.rows_affected == 1)
}

/// Clears an alert.
pub async fn clear(tx: &Tx<'_>, key: PoolKey, alert: Alert) -> Result<(), Error> {
    let none = Expr::value(Option::<Timestamp>::None);
    update(key)
        .col_expr(alert.column(), none)
        .filter(alert.column().is_not_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Counts pools: those of a campaign by partner id, or all.
pub async fn count(
    db: &impl ConnectionTrait,
    campaign: Option<CampaignId>,
    after: Option<PartnerId>,
    limit: u64,
) -> Result<Vec<PoolCount>, Error> {
    let mut values: Vec<Value> = vec![
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
        State::Available.as_str().into(),
    ];
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
         AND c.partner_id = p.partner_id AND c.state = $2) AS available \
         FROM activation_pool p JOIN partner n ON n.id = p.partner_id JOIN campaign g ON g.id = p.campaign_id \
         WHERE {rules} ORDER BY p.campaign_id, p.partner_id LIMIT $1"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(PoolCount::find_by_statement(statement).all(db).await?)
}
