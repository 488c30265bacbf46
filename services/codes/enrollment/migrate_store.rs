//! What moving a campaign to another partner reads and writes.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Set,
    Statement, Value,
};

use crate::db::entities::coverage::{self, Model as Coverage, State};
use crate::db::entities::product;
use crate::db::{self, Tx, rows};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::coverage_store::{Owned, alive};

/// Gives all products of a campaign, those among them that are retired.
pub async fn products(tx: &Tx<'_>, campaign: CampaignId) -> Result<Vec<product::Model>, db::Error> {
    let query = product::Entity::find().filter(product::Column::CampaignId.eq(campaign));
    Ok(query.all(tx).await?)
}

/// Says that a product is not ordered any more.
pub async fn retire(
    tx: &Tx<'_>,
    product: &product::Model,
    now: Timestamp,
) -> Result<(), db::Error> {
    let mut retired = product::ActiveModel::from(product.clone());
    retired.retired_at = Set(Some(now));
    retired.update(tx).await?;
    Ok(())
}

/// Gives a campaign a product, or takes up one that was retired under the terms that it had.
pub async fn put(tx: &Tx<'_>, product: &product::Model) -> Result<(), db::Error> {
    use product::Column;
    let key = [
        Column::CampaignId,
        Column::Population,
        Column::PartnerId,
        Column::Code,
    ];
    let row = product::ActiveModel::from(product.clone()).reset_all();
    let again = OnConflict::columns(key)
        .update_column(Column::RetiredAt)
        .to_owned();
    product::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Reads coverages that are alive at a partner and were not moved, and locks their enrollments in one order; those of people who withdraw
/// stay where they are.
pub async fn unmoved(
    tx: &Tx<'_>,
    (campaign, from): (CampaignId, PartnerId),
    most: usize,
) -> Result<Vec<Owned>, db::Error> {
    let sql = format!(
        "SELECT {}, e.individual_id FROM coverage c \
         JOIN enrollment e ON e.campaign_id = c.campaign_id AND e.id = c.enrollment_id \
         WHERE c.campaign_id = $1 AND c.partner_id = $2 AND c.state IN ({}) AND e.cancel_reason IS NULL \
         AND NOT EXISTS (SELECT 1 FROM coverage n WHERE n.campaign_id = c.campaign_id AND n.replaces_coverage_id = c.id) \
         ORDER BY e.id, c.id LIMIT $3{}",
        rows::columns::<coverage::Entity>("c"),
        alive(),
        rows::lock(tx.backend(), "e"),
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values: [Value; 3] = [campaign.into(), from.into(), most.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Owned::read(&tx.query_all_raw(statement).await?)
}

/// Adds coverages.
pub async fn insert(
    tx: &Tx<'_>,
    coverages: impl Iterator<Item = Coverage>,
) -> Result<(), db::Error> {
    let coverages = coverages.map(|row| coverage::ActiveModel::from(row).reset_all());
    coverage::Entity::insert_many(coverages)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// How many coverages stand alike: at the partner that is left, and at the one that takes their place.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Count {
    /// Where it stands at the partner that is left.
    pub state: State,
    /// Where it stands at the other one, if it was ordered there.
    pub replaced_by: Option<State>,
    /// How many.
    pub coverages: i64,
}

/// Counts the coverages of a campaign at the partner that is left.
pub async fn count(
    connection: &impl ConnectionTrait,
    (campaign, from): (CampaignId, PartnerId),
) -> Result<Vec<Count>, db::Error> {
    const SQL: &str = "SELECT c.state, n.state AS replaced_by, count(*) AS coverages FROM coverage c \
        JOIN enrollment e ON e.campaign_id = c.campaign_id AND e.id = c.enrollment_id \
        LEFT JOIN coverage n ON n.campaign_id = c.campaign_id AND n.replaces_coverage_id = c.id \
        WHERE c.campaign_id = $1 AND c.partner_id = $2 AND e.cancel_reason IS NULL GROUP BY c.state, n.state";
    let values: [Value; 2] = [campaign.into(), from.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    Ok(Count::find_by_statement(statement).all(connection).await?)
}
