//! GetRosterStatistics: the counts of a campaign's roster.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryResult,
    QuerySelect, Statement,
};
use strum::IntoEnumIterator;

use crate::db::Db;
use crate::db::entities::individual::{self, Population};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId};

use super::store;
use super::substitute_notice::Undeliverable;

/// Counts of a campaign's roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Rows of all distinct files.
    pub rows: i64,
    /// Rows not taken.
    pub rejected: i64,
    /// Rows merged.
    pub merged: i64,
    /// Individuals.
    pub individuals: i64,
    /// Individuals who can be sent a letter.
    pub mailable: i64,
    /// Individuals by population, in the order of [`Population`], without empty ones.
    pub populations: Vec<(Population, i64)>,
    /// When the newest import ended.
    pub last_import_at: Option<Timestamp>,
    /// Individuals who were taken off the list; they are in none of the counts of individuals.
    pub withdrawn: i64,
    /// Individuals who cannot be sent a letter.
    pub undeliverable: Undeliverable,
    /// The same by the key of the covered entity, in the order of keys, without empty ones.
    pub undeliverable_by_entity: Vec<(String, Undeliverable)>,
}

/// Counts a campaign's roster.
pub async fn get_roster_statistics(
    context: &Context,
    campaign: CampaignId,
) -> Result<Statistics, Error> {
    store::campaign(context.db.read(), campaign).await?;
    let imports = store::imports(context.db.read(), campaign).await?;
    let entities = store::entities(context.db.read(), campaign).await?;
    let Counted {
        counts,
        by_entity,
        withdrawn,
    } = count(&context.db, campaign).await?;
    let sum = |wanted: &dyn Fn(Population, bool) -> bool| -> i64 {
        counts
            .iter()
            .filter(|(population, mailable, _)| wanted(*population, *mailable))
            .map(|(_, _, count)| count)
            .sum()
    };
    Ok(Statistics {
        rows: imports.iter().map(|import| import.rows).sum(),
        rejected: imports.iter().map(|import| import.rejected).sum(),
        merged: imports.iter().map(|import| import.merged).sum(),
        individuals: sum(&|_, _| true),
        mailable: sum(&|_, mailable| mailable),
        populations: Population::iter()
            .map(|one| (one, sum(&|population, _| population == one)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        withdrawn,
        last_import_at: imports.iter().filter_map(|import| import.finished_at).max(),
        undeliverable: Undeliverable {
            individuals: sum(&|_, mailable| !mailable),
            deceased: sum(&|population, mailable| !mailable && population == Population::Deceased),
        },
        undeliverable_by_entity: undeliverable_by_entity(&by_entity, &entities),
    })
}

fn undeliverable_by_entity(
    counts: &[(CoveredEntityId, Population, i64)],
    entities: &HashMap<String, CoveredEntityId>,
) -> Vec<(String, Undeliverable)> {
    let keys: HashMap<CoveredEntityId, &String> =
        entities.iter().map(|(key, id)| (*id, key)).collect();
    let mut by_key: BTreeMap<String, Undeliverable> = BTreeMap::new();
    for (entity, population, individuals) in counts {
        let Some(key) = keys.get(entity) else {
            continue;
        };
        let count = by_key.entry((*key).clone()).or_default();
        count.individuals += individuals;
        if *population == Population::Deceased {
            count.deceased += individuals;
        }
    }
    by_key.into_iter().collect()
}

/// Individuals by population and by whether a letter can be sent.
type Counts = Vec<(Population, bool, i64)>;

/// Individuals who cannot be sent a letter by covered entity and population; one of two entities counts at both.
type CountsByEntity = Vec<(CoveredEntityId, Population, i64)>;

/// Counts the roster of a campaign.
///
/// At millions of people counting takes longer than a read may. PostgreSQL allows that to a bulk transaction; on SQLite such
/// a transaction would keep writers out, and reads have no limit.
async fn count(db: &Db, campaign: CampaignId) -> Result<Counted, Error> {
    if db.backend() == DbBackend::Sqlite {
        return all_counts(db.read(), campaign).await;
    }
    db.run_bulk("count_roster", |tx| Box::pin(all_counts(tx, campaign)))
        .await
}

async fn all_counts(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Counted, Error> {
    Ok(Counted {
        counts: counts(connection, campaign).await?,
        by_entity: undeliverable(connection, campaign).await?,
        withdrawn: withdrawn(connection, campaign).await?,
    })
}

/// What was counted.
struct Counted {
    counts: Counts,
    by_entity: CountsByEntity,
    withdrawn: i64,
}

/// Counts those who were taken off the list. They get no letter, and of those there is an index.
async fn withdrawn(connection: &impl ConnectionTrait, campaign: CampaignId) -> Result<i64, Error> {
    const SQL: &str = "SELECT COUNT(*) AS n FROM individual WHERE campaign_id = $1 AND NOT mailable AND withdrawn_at IS NOT NULL";
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, [campaign.into()]);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "n"))?)
}

/// It repeats the condition of the partial index over undeliverable individuals, so that the planner uses it.
const UNDELIVERABLE: &str = "SELECT e.covered_entity_id AS entity, i.population AS population, \
    COUNT(DISTINCT i.id) AS individuals FROM individual i \
    JOIN individual_entity e ON e.campaign_id = i.campaign_id AND e.individual_id = i.id \
    WHERE i.campaign_id = $1 AND NOT i.mailable AND i.withdrawn_at IS NULL AND NOT e.withdrawn GROUP BY e.covered_entity_id, i.population";

async fn undeliverable(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<CountsByEntity, Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, UNDELIVERABLE, [campaign.into()]);
    let rows = connection.query_all_raw(statement).await?;
    let count = |row: &QueryResult| -> Result<(CoveredEntityId, Population, i64), DbErr> {
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
        .filter(Column::WithdrawnAt.is_null())
        .group_by(Column::Population)
        .group_by(Column::Mailable);
    Ok(query.into_tuple().all(connection).await?)
}
