//! The way back from the process `bureau-handoff`: it inserts outcomes, codes takes them away as it applies them.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde::Serialize;

use crate::db::entities::enrollment::State;
use crate::db::entities::outcome::{Model as Outcome, OutcomeClass};
use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};

/// Tells whether anything waits; asked first, because it takes no write transaction.
pub async fn any(connection: &impl ConnectionTrait) -> Result<bool, db::Error> {
    const SQL: &str = "SELECT 1 AS one FROM outcome LIMIT 1";
    let statement = Statement::from_string(connection.get_database_backend(), SQL);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Takes the oldest outcomes away and gives them in the order in which they came.
///
/// Deleting first makes several instances take turns: the second one finds the rows gone.
pub async fn take(tx: &Tx<'_>, limit: u64) -> Result<Vec<Outcome>, db::Error> {
    const SQL: &str = "DELETE FROM outcome WHERE (campaign_id, id) IN \
        (SELECT campaign_id, id FROM outcome ORDER BY created_at, id LIMIT $1) \
        RETURNING campaign_id, id, enrollment_id, handoff_id, result, outcome_class, effective_at, created_at";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = Statement::from_sql_and_values(tx.backend(), SQL, [limit.into()]);
    let mut taken = Outcome::find_by_statement(statement).all(tx).await?;
    taken.sort_by_key(|outcome| (outcome.created_at, outcome.id));
    Ok(taken)
}

/// What an outcome meets, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Standing {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub id: EnrollmentId,
    /// Where it stands.
    pub state: State,
    /// When monitoring began.
    pub activated_at: Option<Timestamp>,
    /// Last day of the term.
    pub term_ends_on: Option<String>,
    /// Why it is not active.
    pub outcome_class: Option<OutcomeClass>,
}

#[derive(Serialize)]
struct Key {
    campaign_id: CampaignId,
    id: EnrollmentId,
}

/// Reads and locks the enrollments of outcomes, in one order.
pub async fn standings(tx: &Tx<'_>, outcomes: &[Outcome]) -> Result<Vec<Standing>, db::Error> {
    let mut keys: Vec<Key> = outcomes
        .iter()
        .map(|outcome| Key {
            campaign_id: outcome.campaign_id,
            id: outcome.enrollment_id,
        })
        .collect();
    keys.sort_by_key(|key| (key.campaign_id, key.id));
    keys.dedup_by_key(|key| (key.campaign_id, key.id));
    let sql = format!(
        "WITH {} SELECT e.campaign_id, e.id, e.state, e.activated_at, e.term_ends_on, e.outcome_class FROM v \
         JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.id ORDER BY e.campaign_id, e.id{}",
        rows::table(tx.backend(), &[("campaign_id", Is::Uuid), ("id", Is::Uuid)]),
        rows::lock(tx.backend(), "e"),
    );
    Ok(
        Standing::find_by_statement(rows::bind(tx.backend(), sql, &keys))
            .all(tx)
            .await?,
    )
}

/// A change of one enrollment.
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
    /// When monitoring began.
    #[serde(serialize_with = "rows::micros")]
    pub activated_at: Option<Timestamp>,
    /// Last day of the term.
    pub term_ends_on: Option<String>,
    /// Why it is not active.
    pub outcome_class: Option<OutcomeClass>,
    /// When it came to its end.
    #[serde(serialize_with = "rows::micros")]
    pub settled_at: Option<Timestamp>,
}

const CHANGE: [(&str, Is); 8] = [
    ("campaign_id", Is::Uuid),
    ("id", Is::Uuid),
    ("from_state", Is::Text),
    ("to_state", Is::Text),
    ("activated_at", Is::Big),
    ("term_ends_on", Is::Text),
    ("outcome_class", Is::Text),
    ("settled_at", Is::Big),
];

/// Changes the enrollments that were locked.
pub async fn apply(tx: &Tx<'_>, changes: &[Change]) -> Result<(), db::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} UPDATE enrollment SET state = v.to_state, activated_at = v.activated_at, term_ends_on = v.term_ends_on, \
         outcome_class = v.outcome_class, settled_at = v.settled_at FROM v WHERE enrollment.campaign_id = v.campaign_id \
         AND enrollment.id = v.id AND enrollment.state = v.from_state",
        rows::table(tx.backend(), &CHANGE)
    );
    let written = tx
        .execute_raw(rows::bind(tx.backend(), sql, changes))
        .await?
        .rows_affected();
    if written == changes.len() as u64 {
        Ok(())
    } else {
        Err(db::Error::corrupt(
            "an enrollment was changed without its lock",
        ))
    }
}
