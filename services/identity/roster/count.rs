//! Counting a roster.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryResult,
    QuerySelect, Statement,
};

use crate::db::Db;
use crate::db::entities::individual;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, CoveredEntityId};

/// Individuals by population and by whether a letter can be sent.
pub type Counts = Vec<(String, bool, i64)>;

/// Individuals who cannot be sent a letter by covered entity and population; one of two entities counts at both.
pub type CountsByEntity = Vec<(CoveredEntityId, String, i64)>;

/// Counts the roster of a campaign.
///
/// At millions of people counting takes longer than a read may. PostgreSQL allows that to a bulk transaction; on SQLite such
/// a transaction would keep writers out, and reads have no limit.
pub async fn count(db: &Db, campaign: CampaignId) -> Result<(Counts, CountsByEntity), Error> {
    if db.backend() == DbBackend::Sqlite {
        return both_counts(db.read(), campaign).await;
    }
    db.run_bulk("count_roster", |tx| Box::pin(both_counts(tx, campaign)))
        .await
}

async fn both_counts(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<(Counts, CountsByEntity), Error> {
    Ok((
        counts(connection, campaign).await?,
        undeliverable(connection, campaign).await?,
    ))
}

/// The rule of the index over those who cannot be written to stands in it as it is.
const UNDELIVERABLE: &str = "SELECT e.covered_entity_id AS entity, i.population AS population, \
    COUNT(DISTINCT i.id) AS individuals FROM individual i \
    JOIN individual_entity e ON e.campaign_id = i.campaign_id AND e.individual_id = i.id \
    WHERE i.campaign_id = $1 AND NOT i.mailable GROUP BY e.covered_entity_id, i.population";

async fn undeliverable(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<CountsByEntity, Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, UNDELIVERABLE, [campaign.into()]);
    let rows = connection.query_all_raw(statement).await?;
    let count = |row: &QueryResult| -> Result<(CoveredEntityId, String, i64), DbErr> {
        Ok((
            row.try_get("", "entity")?,
            row.try_get("", "population")?,
            row.try_get("", "individuals")?,
        ))
    };
    Ok(rows.iter().map(count).collect::<Result<_, _>>()?)
}

async fn counts(connection: &impl ConnectionTrait, campaign: CampaignId) -> Result<Counts, Error> {
    use individual::Column;
    let query = individual::Entity::find()
        .select_only()
        .columns([Column::Population, Column::Mailable])
        .column_as(Column::Id.count(), "individuals")
        .filter(Column::CampaignId.eq(campaign))
        .group_by(Column::Population)
        .group_by(Column::Mailable);
    Ok(query.into_tuple().all(connection).await?)
}
