//! The way back from the process `bureau-handoff`: it inserts outcomes, codes takes them away as it applies them.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    Statement, Value,
};
use serde::Serialize;

use crate::codes::store::exactly;
use crate::db::entities::enrollment::{CancelReason, State};
use crate::db::entities::outcome::Model as Outcome;
use crate::db::entities::{ClosedSet, handoff, outcome};
use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, IndividualId, OutcomeId};

use super::coverage_store::{KEY, Key};

/// Names an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OutcomeKey {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The outcome.
    pub id: OutcomeId,
}

/// Which outcomes are taken.
#[derive(Clone, Copy, Debug)]
pub enum Take {
    /// So many of those that came first.
    Oldest(u64),
    /// This one, if it is still there.
    This(OutcomeKey),
}

/// Names those that came first, in their order.
pub async fn waiting(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<OutcomeKey>, db::Error> {
    const SQL: &str = "SELECT campaign_id, id FROM outcome WHERE set_aside_at IS NULL ORDER BY created_at, id LIMIT $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, [limit.into()]);
    Ok(OutcomeKey::find_by_statement(statement)
        .all(connection)
        .await?)
}

/// Tells whether anything waits; asked first, because it takes no write transaction.
pub async fn any(connection: &impl ConnectionTrait) -> Result<bool, db::Error> {
    const SQL: &str = "SELECT 1 AS one FROM outcome WHERE set_aside_at IS NULL LIMIT 1";
    let statement = Statement::from_string(connection.get_database_backend(), SQL);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Takes outcomes away and gives them in the order in which they came.
///
/// Deleting first makes several instances take turns: the second one finds the rows gone.
pub async fn take(tx: &Tx<'_>, which: Take) -> Result<Vec<Outcome>, db::Error> {
    let (condition, values): (_, Vec<Value>) = match which {
        Take::Oldest(limit) => (
            "(campaign_id, id) IN (SELECT campaign_id, id FROM outcome WHERE set_aside_at IS NULL \
             ORDER BY created_at, id LIMIT $1)",
            vec![i64::try_from(limit).unwrap_or(i64::MAX).into()],
        ),
        Take::This(key) => (
            "campaign_id = $1 AND id = $2 AND set_aside_at IS NULL",
            vec![key.campaign_id.into(), key.id.into()],
        ),
    };
    let columns = outcome::Model::columns();
    let sql = format!("DELETE FROM outcome WHERE {condition} RETURNING {columns}");
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    let mut taken = Outcome::find_by_statement(statement).all(tx).await?;
    taken.sort_by_key(|outcome| (outcome.created_at, outcome.id));
    Ok(taken)
}

/// Gives the terms, in months, of those of these handoffs that are extensions.
pub async fn extensions(
    tx: &Tx<'_>,
    handoffs: &[(CampaignId, HandoffId)],
) -> Result<HashMap<HandoffId, i32>, db::Error> {
    let mut found = HashMap::new();
    for (campaign, id) in handoffs {
        let query = handoff::Entity::find_by_id((*campaign, *id))
            .select_only()
            .column(handoff::Column::TermMonths)
            .filter(handoff::Column::Kind.eq(handoff::Kind::Extend));
        let months: Option<i32> = query.into_tuple().one(tx).await?;
        found.extend(months.map(|months| (*id, months)));
    }
    Ok(found)
}

/// An enrollment that outcomes meet.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Standing {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub id: EnrollmentId,
    /// Whose.
    pub individual_id: IndividualId,
    /// Where it stands.
    pub state: State,
    /// Whether the person has another enrollment that is alive.
    pub is_replaced: bool,
    /// Whether somebody wanted it canceled, whatever became of each coverage.
    pub is_withdrawn: bool,
}

/// Reads and locks the enrollments of outcomes, in one order.
pub async fn standings(tx: &Tx<'_>, keys: &[Key]) -> Result<Vec<Standing>, db::Error> {
    let sql = format!(
        "WITH {} SELECT e.campaign_id, e.id, e.individual_id, e.state, (SELECT 1 FROM enrollment o WHERE o.campaign_id = e.campaign_id \
         AND o.individual_id = e.individual_id AND o.id <> e.id AND o.{} LIMIT 1) IS NOT NULL AS is_replaced, \
         e.cancel_reason IS NOT NULL AS is_withdrawn FROM v \
         JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.id ORDER BY e.campaign_id, e.id{}",
        rows::table(tx.backend(), &KEY),
        State::IS_LIVE,
        rows::lock(tx.backend(), "e"),
    );
    let statement = rows::bind(tx.backend(), sql, keys);
    Ok(Standing::find_by_statement(statement).all(tx).await?)
}

/// A new state for an enrollment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub id: EnrollmentId,
    /// The state it must come from.
    pub from_state: State,
    /// The state it gets.
    pub to_state: State,
    /// When it came to its end.
    #[serde(serialize_with = "rows::micros")]
    pub settled_at: Option<Timestamp>,
    /// Now.
    #[serde(serialize_with = "rows::micros")]
    pub at: Timestamp,
}

const CHANGE: [(&str, Is); 6] = [
    ("campaign_id", Is::Uuid),
    ("id", Is::Uuid),
    ("from_state", Is::Text),
    ("to_state", Is::Text),
    ("settled_at", Is::Big),
    ("at", Is::Big),
];

/// Changes enrollments that are locked. One that ends because its partners canceled it says so.
pub async fn change(tx: &Tx<'_>, changes: &[Change]) -> Result<(), db::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let by_partner = |column: &str, value: &str| {
        format!(
            "{column} = CASE WHEN v.to_state = '{}' AND cancel_reason IS NULL THEN {value} ELSE {column} END",
            State::Canceled.as_str()
        )
    };
    let sql = format!(
        "WITH {} UPDATE enrollment SET state = v.to_state, settled_at = v.settled_at, {}, {}, {} FROM v \
         WHERE enrollment.campaign_id = v.campaign_id AND enrollment.id = v.id AND enrollment.state = v.from_state",
        rows::table(tx.backend(), &CHANGE),
        by_partner(
            "cancel_reason",
            &format!("'{}'", CancelReason::Partner.as_str())
        ),
        by_partner("canceled_by", "'service/bureau-handoff'"),
        by_partner("cancel_requested_at", "v.at"),
    );
    let statement = rows::bind(tx.backend(), sql, changes);
    exactly(
        changes.len(),
        tx.execute_raw(statement).await?.rows_affected(),
    )?;
    note_ended(tx, changes).await
}

/// Notes who is to be told that their term is over, each of them once.
async fn note_ended(tx: &Tx<'_>, changes: &[Change]) -> Result<(), db::Error> {
    let ended = changes.iter().filter(|it| it.to_state == State::Ended);
    let ended: Vec<&Change> = ended.collect();
    if ended.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} INSERT INTO term_notice (campaign_id, enrollment_id, individual_id, created_at) \
         SELECT e.campaign_id, e.id, e.individual_id, v.at FROM v JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.id \
         WHERE 1 = 1 ON CONFLICT (campaign_id, enrollment_id) DO NOTHING",
        rows::table(tx.backend(), &CHANGE),
    );
    tx.execute_raw(rows::bind(tx.backend(), sql, &ended))
        .await?;
    Ok(())
}
