//! The coverages of enrollments. Whoever changes one holds the lock of its enrollment.

use std::collections::BTreeSet;

use jiff::civil::Date;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};
use serde::Serialize;

use crate::codes::store::exactly;
use crate::db::entities;
use crate::db::entities::ClosedSet;
use crate::db::entities::coverage::{Model as Coverage, State};
use crate::db::entities::outcome::OutcomeClass;
use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoverageId, EnrollmentId, IndividualId};

/// The key of an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub id: EnrollmentId,
}

/// The columns of [`Key`].
pub const KEY: [(&str, Is); 2] = [("campaign_id", Is::Uuid), ("id", Is::Uuid)];

/// Reads the coverages of enrollments, in the order in which they were ordered.
pub async fn coverages(
    connection: &impl ConnectionTrait,
    keys: &[Key],
) -> Result<Vec<Coverage>, db::Error> {
    // Each enrollment once, or its coverages would come several times.
    let keys: Vec<Key> = keys
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let sql = format!(
        "WITH {} SELECT {} FROM v JOIN coverage c ON c.campaign_id = v.campaign_id AND c.enrollment_id = v.id \
         ORDER BY c.campaign_id, c.enrollment_id, c.id",
        rows::table(backend, &KEY),
        rows::columns::<entities::coverage::Entity>("c"),
    );
    let statement = rows::bind(backend, sql, &keys);
    Ok(Coverage::find_by_statement(statement)
        .all(connection)
        .await?)
}

/// A coverage as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageChange {
    campaign_id: CampaignId,
    id: CoverageId,
    state: State,
    outcome_class: Option<OutcomeClass>,
    native_code: Option<String>,
    revision: i64,
    order_attempt: i32,
    #[serde(serialize_with = "rows::micros")]
    activated_at: Option<Timestamp>,
    term_ends_on: Option<String>,
    #[serde(serialize_with = "rows::micros")]
    suspended_at: Option<Timestamp>,
    #[serde(serialize_with = "rows::micros")]
    settled_at: Option<Timestamp>,
    term_months: i32,
    asked_term_months: Option<i32>,
}

impl From<Coverage> for CoverageChange {
    fn from(coverage: Coverage) -> Self {
        Self {
            campaign_id: coverage.campaign_id,
            id: coverage.id,
            state: coverage.state,
            outcome_class: coverage.outcome_class,
            native_code: coverage.native_code,
            revision: coverage.revision,
            order_attempt: coverage.order_attempt,
            activated_at: coverage.activated_at,
            term_ends_on: coverage.term_ends_on,
            suspended_at: coverage.suspended_at,
            settled_at: coverage.settled_at,
            term_months: coverage.term_months,
            asked_term_months: coverage.asked_term_months,
        }
    }
}

const COVERAGE: [(&str, Is); 13] = [
    ("campaign_id", Is::Uuid),
    ("id", Is::Uuid),
    ("state", Is::Text),
    ("outcome_class", Is::Text),
    ("native_code", Is::Text),
    ("revision", Is::Big),
    ("order_attempt", Is::Int),
    ("activated_at", Is::Big),
    ("term_ends_on", Is::Text),
    ("suspended_at", Is::Big),
    ("settled_at", Is::Big),
    ("term_months", Is::Int),
    ("asked_term_months", Is::Int),
];

/// Changes coverages whose enrollments are locked.
pub async fn change(tx: &Tx<'_>, changes: &[CoverageChange]) -> Result<(), db::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} UPDATE coverage SET state = v.state, outcome_class = v.outcome_class, native_code = v.native_code, \
         revision = v.revision, order_attempt = v.order_attempt, activated_at = v.activated_at, \
         term_ends_on = v.term_ends_on, suspended_at = v.suspended_at, settled_at = v.settled_at, \
         term_months = v.term_months, asked_term_months = v.asked_term_months \
         FROM v WHERE coverage.campaign_id = v.campaign_id AND coverage.id = v.id",
        rows::table(tx.backend(), &COVERAGE)
    );
    let statement = rows::bind(tx.backend(), sql, changes);
    exactly(
        changes.len(),
        tx.execute_raw(statement).await?.rows_affected(),
    )
}

/// A coverage and whose it is.
#[derive(Clone, Debug)]
pub struct Owned {
    /// The coverage.
    pub coverage: Coverage,
    /// Whose it is.
    pub individual_id: IndividualId,
}

#[derive(FromQueryResult)]
struct Whose {
    individual_id: IndividualId,
}

impl Owned {
    /// Reads rows that have the columns of a coverage, and `individual_id`.
    pub fn read(rows: &[QueryResult]) -> Result<Vec<Self>, db::Error> {
        let read = rows.iter().map(|row| {
            Ok(Self {
                coverage: Coverage::from_query_result(row, "")?,
                individual_id: Whose::from_query_result(row, "")?.individual_id,
            })
        });
        read.collect()
    }
}

/// The states in which a coverage is alive and nobody withdraws from it, for SQL.
pub fn alive() -> String {
    let alive = [
        State::Submitted,
        State::Active,
        State::ActionRequired,
        State::Suspended,
    ];
    alive
        .map(|state| format!("'{}'", state.as_str()))
        .join(", ")
}

/// Gives the enrollments of a campaign that have a coverage that runs and whose last day lies before `today`: at most so many.
pub async fn with_ended_terms(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    today: Date,
    most: i64,
) -> Result<Vec<EnrollmentId>, db::Error> {
    let sql = format!(
        "SELECT DISTINCT enrollment_id FROM coverage WHERE campaign_id = $1 AND state = '{}' AND term_ends_on < $2 LIMIT $3",
        State::Active.as_str(),
    );
    let values: [Value; 3] = [campaign.into(), today.to_string().into(), most.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get("", "enrollment_id"));
    Ok(ids.collect::<Result<_, _>>()?)
}
