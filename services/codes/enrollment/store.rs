//! Enrollments as they are shown, and the statements that cancel one.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::codes::store::exactly_one;
use crate::db::entities::enrollment::{CancelReason, State};
use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::{ClosedSet, coverage, verification};
use crate::db::{self, Tx, rows};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};
use crate::process::Call;

use super::coverage_store::{self, Key};
use super::state::{Shown, shown};

/// An enrollment as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrollment {
    /// The enrollment.
    pub row: Row,
    /// What was ordered; nothing before it was submitted.
    pub coverages: Vec<coverage::Model>,
}

/// The row of an enrollment, and whether it is verified.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Id.
    pub id: EnrollmentId,
    /// Whose.
    pub individual_id: IndividualId,
    /// Where it stands.
    pub state: State,
    /// Language in which the person is spoken to.
    pub language: String,
    /// Whether the identity process has a good verification of it, where it is started.
    pub is_verified: bool,
    /// Until when the letter proves the address.
    pub proof_expires_at: Option<Timestamp>,
    /// Who began it.
    pub started_by: String,
    /// The other caller that last went on with it.
    pub continued_by: Option<String>,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When the person completed it.
    pub submitted_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// Why it shall be canceled, or was.
    pub cancel_reason: Option<CancelReason>,
    /// Who asked.
    pub canceled_by: Option<String>,
    /// When.
    pub cancel_requested_at: Option<Timestamp>,
    /// What whoever consented is to the person; none where the person consented.
    pub relationship: Option<Relationship>,
    /// What gave them the right to.
    pub authority: Option<Authority>,
}

impl Row {
    /// Tells whether a caller may reach it: a front end what it began, or went on with.
    pub fn is_reached_by(&self, call: &Call) -> bool {
        call.reaches_enrollment(&self.started_by, self.continued_by.as_deref())
    }

    /// Gives the state that is shown.
    pub fn shown(&self) -> Shown {
        shown(self.state, self.is_verified)
    }

    /// Gives the key.
    pub fn key(&self) -> Key {
        Key {
            campaign_id: self.campaign_id,
            id: self.id,
        }
    }
}

/// Writes whether a good verification is there for the enrollment `e`, at the instant `$1`. Looked up for each: for an EXISTS the
/// planner may read the whole table into a hash instead.
fn is_verified() -> String {
    format!(
        "(SELECT 1 FROM verification w WHERE w.campaign_id = e.campaign_id AND w.enrollment_id = e.id \
         AND w.state = '{}' AND w.expires_at > $1 LIMIT 1) IS NOT NULL",
        verification::State::Verified.as_str()
    )
}

fn view(rest: &str) -> String {
    format!(
        "SELECT e.campaign_id, e.id, e.individual_id, e.state, e.language, e.proof_expires_at, e.started_by, e.continued_by, e.started_at, \
         e.submitted_at, e.settled_at, e.cancel_reason, e.canceled_by, e.cancel_requested_at, s.relationship, s.authority, \
         CASE WHEN e.state = '{}' THEN {} ELSE FALSE END AS is_verified FROM enrollment e \
         LEFT JOIN consent s ON s.campaign_id = e.campaign_id AND s.enrollment_id = e.id {rest}",
        State::Started.as_str(),
        is_verified()
    )
}

/// Adds the coverages to enrollments.
async fn with_coverages(
    connection: &impl ConnectionTrait,
    rows: Vec<Row>,
) -> Result<Vec<Enrollment>, db::Error> {
    let submitted = rows.iter().filter(|row| row.submitted_at.is_some());
    let keys: Vec<Key> = submitted.map(Row::key).collect();
    let mut coverages = coverage_store::coverages(connection, &keys).await?;
    let whole = rows.into_iter().map(|row| Enrollment {
        coverages: coverages
            .extract_if(.., |coverage| coverage.enrollment_id == row.id)
            .collect(),
        row,
    });
    Ok(whole.collect())
}

/// Finds an enrollment.
pub async fn get(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: EnrollmentId,
    now: Timestamp,
) -> Result<Option<Enrollment>, db::Error> {
    let sql = view("WHERE e.campaign_id = $2 AND e.id = $3");
    let values: [Value; 3] = [now.into(), campaign.into(), id.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = Row::find_by_statement(statement).one(connection).await?;
    let rows = row.into_iter().collect();
    Ok(with_coverages(connection, rows).await?.pop())
}

/// Lists a campaign's enrollments in one state or in all, oldest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    state: Option<Shown>,
    after: EnrollmentId,
    limit: u64,
    now: Timestamp,
) -> Result<Vec<Enrollment>, db::Error> {
    let started = State::Started.as_str();
    let filter = match state {
        None => String::new(),
        Some(Shown::Stored(State::Started)) => {
            format!(" AND e.state = '{started}' AND NOT {}", is_verified())
        }
        Some(Shown::Verified) => format!(" AND e.state = '{started}' AND {}", is_verified()),
        Some(Shown::Stored(other)) => format!(" AND e.state = '{}'", other.as_str()),
    };
    let sql = view(&format!(
        "WHERE e.campaign_id = $2 AND e.id > $3{filter} ORDER BY e.id LIMIT $4"
    ));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 4] = [now.into(), campaign.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(connection).await?;
    with_coverages(connection, rows).await
}

/// Finds an enrollment and locks it until the transaction ends.
pub async fn lock(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: EnrollmentId,
    now: Timestamp,
) -> Result<Option<Enrollment>, db::Error> {
    let sql = view("WHERE e.campaign_id = $2 AND e.id = $3") + &rows::lock(tx.backend(), "e");
    let values: [Value; 3] = [now.into(), campaign.into(), id.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    let row = Row::find_by_statement(statement).one(tx).await?;
    let rows = row.into_iter().collect();
    Ok(with_coverages(tx, rows).await?.pop())
}

/// Why an enrollment is canceled, who asked, and what it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Canceling<'a> {
    /// Why.
    pub reason: CancelReason,
    /// Who asked.
    pub actor: &'a str,
    /// The state it gets.
    pub to: State,
    /// When.
    pub at: Timestamp,
}

/// Cancels a live enrollment, or records that it shall be.
pub async fn cancel(tx: &Tx<'_>, key: Key, canceling: Canceling<'_>) -> Result<(), db::Error> {
    let sql = format!(
        "UPDATE enrollment SET state = $3, cancel_reason = $4, canceled_by = $5, cancel_requested_at = $6, settled_at = $7 \
         WHERE campaign_id = $1 AND id = $2 AND {}",
        State::IS_LIVE
    );
    let Canceling {
        reason,
        actor,
        to,
        at,
    } = canceling;
    let values: [Value; 7] = [
        key.campaign_id.into(),
        key.id.into(),
        to.as_str().into(),
        reason.as_str().into(),
        actor.into(),
        at.into(),
        (to == State::Canceled).then_some(at).into(),
    ];
    let result = tx
        .execute_raw(Statement::from_sql_and_values(tx.backend(), sql, values))
        .await?;
    exactly_one(
        result.rows_affected(),
        "an enrollment that is not live was canceled; lock and ask its state first",
    )
}

/// Queues handoffs of one kind; what a partner was asked for already it is not asked for again.
pub async fn queue(tx: &Tx<'_>, kind: Kind, queued: &[Queued]) -> Result<(), db::Error> {
    if queued.is_empty() {
        return Ok(());
    }
    // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
    let sql = format!(
        "WITH {} {} WHERE 1 = 1 ON CONFLICT (campaign_id, coverage_id, kind, extends_to_months) DO NOTHING",
        rows::table(tx.backend(), &Queued::COLUMNS),
        Queued::insert(kind, "v"),
    );
    tx.execute_raw(rows::bind(tx.backend(), sql, queued))
        .await?;
    Ok(())
}
