//! The figures of a campaign, each by the definition in the contract. The funnel is one statement and so of one instant.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::db::entities::individual::Population;
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::{ClosedSet, activation_code};
use crate::db::{self, Db};
use crate::kernel::ids::{CampaignId, CoveredEntityId, PartnerId};

use super::days::{Quarter, quarters_sql};
use super::funnel::{Funnel, count_if, funnel_sql};
use super::slices::{self, By, Slice};

/// Coverages with one outcome class.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OutcomeCount {
    /// The class.
    pub outcome_class: OutcomeClass,
    /// How many.
    pub coverages: i64,
}

/// People at one kind of address.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Residents {
    /// State or region.
    pub region: String,
    /// Country.
    pub country: String,
    /// How many there are.
    pub people: i64,
    /// How many of them live.
    pub living: i64,
    /// How many of them live and have no usable address.
    pub unreachable: i64,
}

/// People of one covered entity who live and have no usable address.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Unreachable {
    /// The covered entity.
    pub covered_entity_id: CoveredEntityId,
    /// How many.
    pub people: i64,
}

/// The activation codes that one partner issued.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pool {
    /// The partner.
    pub partner_id: PartnerId,
    /// Its name.
    pub partner_name: String,
    /// With fewer codes left it is low.
    pub low_water: i32,
    /// Codes imported.
    pub imported: i64,
    /// Codes that no enrollment has.
    pub available: i64,
}

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The funnel.
    pub funnel: Funnel,
    /// Why coverages are not active.
    pub outcomes: Vec<OutcomeCount>,
    /// Who lives where.
    pub residents: Vec<Residents>,
    /// Whom no letter reaches, by covered entity.
    pub unreachable: Vec<Unreachable>,
    /// Partners' own activation codes.
    pub pools: Vec<Pool>,
    /// Enrollments by time.
    pub quarters: Vec<Quarter>,
    /// The funnel of each part.
    pub slices: Vec<Slice>,
}

/// Whom letters do not reach. Nobody owes substitute notice for the dead (45 CFR 164.404(d)(2)).
fn residents_sql() -> String {
    let lives = format!("population <> '{}'", Population::Deceased.as_str());
    format!(
        "SELECT region, country, COUNT(*) AS people, COUNT(CASE WHEN {lives} THEN 1 END) AS living, \
         COUNT(CASE WHEN NOT mailable AND {lives} THEN 1 END) AS unreachable \
         FROM individual WHERE campaign_id = $1 AND withdrawn_at IS NULL GROUP BY region, country ORDER BY region, country"
    )
}

fn unreachable_sql() -> String {
    format!(
        "SELECT covered_entity_id, COUNT(*) AS people FROM (SELECT DISTINCT e.covered_entity_id, e.individual_id \
         FROM individual i JOIN individual_entity e ON e.campaign_id = i.campaign_id AND e.individual_id = i.id \
         WHERE i.campaign_id = $1 AND NOT i.mailable AND i.withdrawn_at IS NULL AND NOT e.withdrawn AND i.population <> '{}') u \
         GROUP BY covered_entity_id ORDER BY covered_entity_id",
        Population::Deceased.as_str()
    )
}

fn pools_sql() -> String {
    format!(
        "SELECT p.partner_id, n.name AS partner_name, p.low_water, COUNT(c.state) AS imported, {} AS available \
         FROM activation_pool p JOIN partner n ON n.id = p.partner_id \
         LEFT JOIN activation_code c ON c.campaign_id = p.campaign_id AND c.partner_id = p.partner_id \
         WHERE p.campaign_id = $1 GROUP BY p.partner_id, n.name, p.low_water ORDER BY n.name",
        count_if("c.state", activation_code::State::Available)
    )
}

/// Counts a campaign: the funnel, why coverages are not active, who lives where, and if wished the funnel of each part.
///
/// At millions of people counting takes longer than a read may. PostgreSQL allows that to a bulk transaction; on SQLite such
/// a transaction would keep writers out, and reads have no limit.
pub async fn count(db: &Db, campaign: CampaignId, by: Option<By>) -> Result<Counted, db::Error> {
    if db.backend() == DbBackend::Sqlite {
        return all(db.read(), campaign, by).await;
    }
    db.run_bulk("count_campaign", |tx| Box::pin(all(tx, campaign, by)))
        .await
}

async fn all(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    by: Option<By>,
) -> Result<Counted, db::Error> {
    Ok(Counted {
        funnel: funnel(connection, campaign).await?,
        outcomes: outcomes(connection, campaign).await?,
        residents: rows(connection, campaign, &residents_sql()).await?,
        unreachable: rows(connection, campaign, &unreachable_sql()).await?,
        pools: rows(connection, campaign, &pools_sql()).await?,
        quarters: rows(connection, campaign, &quarters_sql()).await?,
        slices: match by {
            Some(by) => slices::count(connection, campaign, by).await?,
            None => Vec::new(),
        },
    })
}

async fn rows<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    sql: &str,
) -> Result<Vec<T>, db::Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [campaign.into()]);
    Ok(T::find_by_statement(statement).all(connection).await?)
}

async fn funnel(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Funnel, db::Error> {
    let funnel: Option<Funnel> = rows(connection, campaign, &funnel_sql()).await?.pop();
    funnel.ok_or_else(|| db::Error::corrupt("a count without a row"))
}

async fn outcomes(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<OutcomeCount>, db::Error> {
    const SQL: &str = "SELECT outcome_class, COUNT(*) AS coverages FROM coverage WHERE campaign_id = $1 \
        AND outcome_class IS NOT NULL GROUP BY outcome_class ORDER BY outcome_class";
    rows(connection, campaign, SQL).await
}
