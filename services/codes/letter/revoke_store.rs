//! Revoking codes, chunk by chunk of the individuals' ids, which an index orders.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::db::entities::ClosedSet;
use crate::db::entities::code::State;
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};

/// Which codes are revoked. Honey codes never are: their use is to be noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of one individual.
    Individual(IndividualId),
    /// Those of some batches.
    Batches(Vec<BatchId>),
}

/// Individuals after one, up to another or to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// After this one.
    pub after: IndividualId,
    /// Up to this one.
    pub to: Option<IndividualId>,
}

/// What was found in a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Codes of the scope.
    pub seen: i64,
    /// Those of them that are revoked by now.
    pub revoked: i64,
}

/// What came of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// What was found in it.
    pub found: Found,
    /// How many codes get no letter any more, by batch.
    pub withheld: BTreeMap<BatchId, i64>,
}

/// Finds where the next chunk of so many codes ends; nothing where fewer are left.
pub async fn end_of_chunk(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: IndividualId,
    codes: u64,
) -> Result<Option<IndividualId>, db::Error> {
    const SQL: &str = "SELECT individual_id FROM code WHERE campaign_id = $1 AND individual_id > $2 \
        ORDER BY individual_id LIMIT 1 OFFSET $3";
    let offset = i64::try_from(codes.saturating_sub(1)).unwrap_or(i64::MAX);
    let values: [Value; 3] = [campaign.into(), after.into(), offset.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    let row = connection.query_one_raw(statement).await?;
    Ok(row
        .map(|row| row.try_get("", "individual_id"))
        .transpose()?)
}

/// Counts the codes of an individual.
pub async fn count(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<i64, db::Error> {
    let mut values: Vec<Value> = vec![campaign.into()];
    let condition = Scope::Individual(individual).condition(&mut values);
    let sql = format!("SELECT count(*) AS seen FROM code WHERE {condition}");
    let row = tx
        .query_one_raw(Statement::from_sql_and_values(tx.backend(), sql, values))
        .await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "seen"))?)
}

/// Revokes the issued codes of a scope in a chunk, and counts what is revoked there by now. Those of batches that are not
/// printed yet get no letter.
pub async fn revoke(
    tx: &Tx<'_>,
    (campaign, scope, chunk): (CampaignId, &Scope, Chunk),
    unprinted: &[BatchId],
    now: Timestamp,
) -> Result<Revoked, db::Error> {
    let (issued, revoked) = (State::Issued.as_str(), State::Revoked.as_str());
    let mut values: Vec<Value> = vec![campaign.into()];
    let mut condition = scope.condition(&mut values);
    if let Scope::Batches(_) = scope {
        condition += &chunk.condition(&mut values);
    }
    let count = format!(
        "SELECT count(*) AS seen, count(CASE WHEN state = '{revoked}' THEN 1 END) AS revoked FROM code WHERE {condition}"
    );
    let counted = values.clone();
    let n = bind(&mut values, now.into());
    let withheld = match unprinted {
        [] => "NULL".to_owned(),
        some => format!(
            "CASE WHEN batch_id IN ({}) THEN TRUE END",
            list(&mut values, some)
        ),
    };
    let update = format!(
        "UPDATE code SET state = '{revoked}', settled_at = ${n}, withheld = {withheld} \
         WHERE {condition} AND state = '{issued}' RETURNING batch_id"
    );
    let mut done = Revoked::default();
    let update = Statement::from_sql_and_values(tx.backend(), update, values);
    for row in tx.query_all_raw(update).await? {
        let batch: BatchId = row.try_get("", "batch_id")?;
        if unprinted.contains(&batch) {
            *done.withheld.entry(batch).or_default() += 1;
        }
    }
    done.found = found(tx, count, counted).await?;
    Ok(done)
}

async fn found(tx: &Tx<'_>, sql: String, values: Vec<Value>) -> Result<Found, db::Error> {
    let row = tx
        .query_one_raw(Statement::from_sql_and_values(tx.backend(), sql, values))
        .await?
        .ok_or_else(|| db::Error::corrupt("a count without a row"))?;
    Ok(Found {
        seen: row.try_get("", "seen")?,
        revoked: row.try_get("", "revoked")?,
    })
}

impl Scope {
    /// Writes the condition over codes, with the campaign as the first value.
    pub fn condition(&self, values: &mut Vec<Value>) -> String {
        let scope = match self {
            Self::Individual(individual) => {
                format!("individual_id = ${}", bind(values, (*individual).into()))
            }
            // A wave without a batch has no codes.
            Self::Batches(batches) if batches.is_empty() => "1 = 0".to_owned(),
            Self::Batches(batches) => {
                format!("batch_id IN ({})", list(values, batches))
            }
        };
        format!("campaign_id = $1 AND generation > 0 AND {scope}")
    }
}

impl Chunk {
    /// Writes the condition over the individuals' ids, beginning with its AND.
    pub fn condition(self, values: &mut Vec<Value>) -> String {
        let after = bind(values, self.after.into());
        match self.to.map(|to| bind(values, to.into())) {
            None => format!(" AND individual_id > ${after}"),
            Some(to) => format!(" AND individual_id > ${after} AND individual_id <= ${to}"),
        }
    }
}

/// Binds some batches and writes their places.
fn list(values: &mut Vec<Value>, batches: &[BatchId]) -> String {
    let places = batches.iter().map(|batch| bind(values, (*batch).into()));
    let places: Vec<String> = places.map(|n| format!("${n}")).collect();
    places.join(", ")
}

fn bind(values: &mut Vec<Value>, value: Value) -> usize {
    values.push(value);
    values.len()
}
