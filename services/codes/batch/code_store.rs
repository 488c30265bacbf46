//! Codes, known by their MACs, and the individuals who are owed one.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, StreamTrait, Value};
use uuid::Uuid;

use crate::codes::campaign::term;
use crate::codes::wave::store::Selection;
use crate::db::entities::ClosedSet;
use crate::db::entities::code::State;
use crate::db::entities::individual::Population;
use crate::db::{self, Bulk, Cell, Db, Tx};
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};

/// Somebody who is owed a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Who.
    pub individual: IndividualId,
    /// The population, which decides whether the letter bears a code.
    pub population: Population,
    /// For how many days after its mailing the letter proves the address.
    pub proof_days: i32,
}

/// A code as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The key.
    pub mac: Uuid,
    /// Whose.
    pub owed: Owed,
    /// Whether its letter bears no code.
    pub without_code: bool,
}

/// What the codes of one load have in common.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The campaign.
    pub campaign: CampaignId,
    /// The batch.
    pub batch: BatchId,
    /// The generation.
    pub generation: i32,
}

/// The generation of honey codes, which belong to nobody.
pub const HONEY: i32 = 0;

/// Counts the individuals whom a wave selects, who are owed a letter and have no code. Like the report it takes longer than a
/// read may.
pub async fn count_owed(
    db: &Db,
    campaign: CampaignId,
    selection: &Selection,
) -> Result<i64, db::Error> {
    if db.backend() == DbBackend::Sqlite {
        return count(db.read(), campaign, selection).await;
    }
    db.run_bulk("count_owed", |tx| Box::pin(count(tx, campaign, selection)))
        .await
}

async fn count(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    selection: &Selection,
) -> Result<i64, db::Error> {
    let backend = connection.get_database_backend();
    let mut values = vec![campaign.into()];
    let condition = selection.condition(backend, &mut values);
    let sql = format!(
        "SELECT count(*) AS n FROM individual i WHERE i.campaign_id = $1 AND i.mailable \
         AND NOT EXISTS (SELECT 1 FROM code c WHERE c.campaign_id = i.campaign_id AND c.individual_id = i.id \
         AND c.{}){condition}",
        selection.kept_by()
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
        .map_err(db::Error::from)
}

/// Reads the next individuals whom a wave selects and who are owed a letter, whether they have a code or not, in the order of
/// their ids.
///
/// The codes are not joined: the planner, which has no statistics of tables just loaded, would read them all for every page.
pub async fn owed(
    connection: &DatabaseConnection,
    campaign: CampaignId,
    selection: &Selection,
    after: IndividualId,
    limit: u64,
) -> Result<Vec<Owed>, db::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values = vec![campaign.into(), after.into(), limit.into()];
    let backend = ConnectionTrait::get_database_backend(connection);
    let condition = selection.condition(backend, &mut values);
    let sql = format!(
        "SELECT i.id, i.population, i.region, i.country FROM individual i WHERE i.campaign_id = $1 AND i.mailable AND i.id > $2{condition} \
         ORDER BY i.id LIMIT $3"
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut owed = Vec::new();
    let mut rows = std::pin::pin!(connection.stream_raw(statement).await?);
    while let Some(row) = rows.try_next().await? {
        let region: String = row.try_get("", "region")?;
        let country: String = row.try_get("", "country")?;
        owed.push(Owed {
            individual: row.try_get("", "id")?,
            population: row.try_get("", "population")?,
            proof_days: term::proof_days(&region, &country),
        });
    }
    Ok(owed)
}

/// Gives the individuals of a range who have a code already and get no other by this selection. Only the answer under the
/// campaign's lock is final.
pub async fn holders(
    connection: &impl ConnectionTrait,
    (campaign, first, last): (CampaignId, IndividualId, IndividualId),
    selection: &Selection,
) -> Result<BTreeSet<IndividualId>, db::Error> {
    let values: [Value; 3] = [campaign.into(), first.into(), last.into()];
    let sql = format!(
        "SELECT individual_id FROM code WHERE campaign_id = $1 AND individual_id >= $2 \
         AND individual_id <= $3 AND {}",
        selection.kept_by()
    );
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get("", "individual_id"));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Loads codes, sorted by their MACs.
pub async fn load(tx: &Tx<'_>, load: Load, codes: &[Issued]) -> Result<u64, db::Error> {
    let bulk = Bulk {
        table: "code",
        same: &[
            ("campaign_id", load.campaign.into()),
            ("batch_id", load.batch.into()),
            ("generation", load.generation.into()),
            ("state", State::Issued.as_str().into()),
        ],
        columns: ["mac", "individual_id", "proof_days", "without_code"],
    };
    tx.copy_in(bulk, Rows(codes.iter())).await
}

/// Codes as rows. A type of its own because the compiler cannot prove a closure's iterator to be Send for every lifetime.
struct Rows<'a>(std::slice::Iter<'a, Issued>);

impl Iterator for Rows<'_> {
    type Item = [Cell<'static>; 4];

    fn next(&mut self) -> Option<Self::Item> {
        let code = self.0.next()?;
        Some([
            code.mac.into(),
            code.owed.individual.into(),
            code.owed.proof_days.into(),
            code.without_code.then_some(true).into(),
        ])
    }
}

/// Whose letter of which generation is in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub individual: IndividualId,
    /// Which.
    pub generation: i32,
    /// Whether it bears no code.
    pub without_code: bool,
}

/// Lists who has a code of a batch that gets a letter, whatever became of it since, in the order of the individuals' ids: those
/// among the next `limit` individuals of the campaign who have one, or among the ones after them, until somebody does. Nobody is
/// left when nobody is listed.
pub async fn held(
    connection: &DatabaseConnection,
    campaign: CampaignId,
    batch: BatchId,
    after: IndividualId,
    limit: u64,
) -> Result<Vec<Held>, db::Error> {
    let mut after = after;
    loop {
        let until = nth_after(connection, campaign, after, limit).await?;
        let last = until.unwrap_or(IndividualId::from_uuid(Uuid::max()));
        let held = held_between(connection, campaign, batch, (after, last)).await?;
        if !held.is_empty() || until.is_none() {
            return Ok(held);
        }
        after = last;
    }
}

/// Gives the individual `limit` places after another; none where fewer are left.
async fn nth_after(
    connection: &DatabaseConnection,
    campaign: CampaignId,
    after: IndividualId,
    limit: u64,
) -> Result<Option<IndividualId>, db::Error> {
    const SQL: &str = "SELECT id FROM individual WHERE campaign_id = $1 AND id > $2 ORDER BY id LIMIT 1 OFFSET $3";
    let offset = i64::try_from(limit.saturating_sub(1)).unwrap_or(i64::MAX);
    let values = [campaign.into(), after.into(), offset.into()];
    let backend = ConnectionTrait::get_database_backend(connection);
    let statement = Statement::from_sql_and_values(backend, SQL, values);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?)
}

/// Both ends are given: with one alone the planner, which has no statistics of a table just loaded, sorts all of it for every
/// page.
async fn held_between(
    connection: &DatabaseConnection,
    campaign: CampaignId,
    batch: BatchId,
    (after, last): (IndividualId, IndividualId),
) -> Result<Vec<Held>, db::Error> {
    const SQL: &str = "SELECT individual_id, generation, without_code FROM code WHERE campaign_id = $1 AND individual_id > $2 \
        AND individual_id <= $3 AND batch_id = $4 AND withheld IS NULL ORDER BY individual_id";
    let values = [campaign.into(), after.into(), last.into(), batch.into()];
    let backend = ConnectionTrait::get_database_backend(connection);
    let statement = Statement::from_sql_and_values(backend, SQL, values);
    let mut held = Vec::new();
    let mut rows = std::pin::pin!(connection.stream_raw(statement).await?);
    while let Some(row) = rows.try_next().await? {
        held.push(Held {
            individual: row.try_get("", "individual_id")?,
            generation: row.try_get("", "generation")?,
            without_code: row.try_get::<Option<bool>>("", "without_code")?.is_some(),
        });
    }
    Ok(held)
}

/// Gives the first and the last individual of a campaign, for honey codes that hide among them.
pub async fn ends(
    tx: &Tx<'_>,
    campaign: CampaignId,
) -> Result<Option<(IndividualId, IndividualId)>, db::Error> {
    let mut ends = Vec::with_capacity(2);
    for order in ["ASC", "DESC"] {
        let sql =
            format!("SELECT id FROM individual WHERE campaign_id = $1 ORDER BY id {order} LIMIT 1");
        let statement = Statement::from_sql_and_values(tx.backend(), sql, [campaign.into()]);
        if let Some(row) = tx.query_one_raw(statement).await? {
            ends.push(row.try_get("", "id")?);
        }
    }
    Ok(ends.first().copied().zip(ends.get(1).copied()))
}
