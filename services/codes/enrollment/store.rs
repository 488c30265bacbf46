//! Enrollments as they are shown, and the look-ups that begin and cancel one.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::codes::batch::code_store::HONEY;
use crate::codes::store::exactly_one;
use crate::db::entities::enrollment::{CancelReason, State};
use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::individual::Population;
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::{ClosedSet, code, coverage, verification};
use crate::db::{self, Tx, rows};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, EnrollmentId, IndividualId, VerificationId};

use crate::kernel::language::Language;

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
        "SELECT e.campaign_id, e.id, e.individual_id, e.state, e.language, e.proof_expires_at, e.started_at, e.submitted_at, \
         e.settled_at, e.cancel_reason, e.canceled_by, e.cancel_requested_at, s.relationship, s.authority, \
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

/// What entitles somebody to begin, and what is known about them.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Candidate {
    /// Who.
    pub individual_id: IndividualId,
    /// The batch of a honey code, which belongs to nobody: all else here then means nothing.
    pub honey_of: Option<BatchId>,
    /// The population; none for nobody.
    pub population: Option<Population>,
    /// The state of the code.
    pub code_state: Option<code::State>,
    /// Whether the code's letter bears none, so that nobody was given it.
    pub without_code: Option<bool>,
    /// The state of the verification.
    pub verification_state: Option<verification::State>,
    /// When the code or the verification stops being good.
    pub expires_at: Timestamp,
    /// Until when the letter proves the address; none without a letter.
    pub proof_expires_at: Option<Timestamp>,
    /// The enrollment that a verification was made for.
    pub verified_for: Option<EnrollmentId>,
    /// Whether the campaign has a product for the population.
    pub has_product: bool,
    /// The individual's live enrollment.
    pub live_id: Option<EnrollmentId>,
    /// Where that stands.
    pub live_state: Option<State>,
    /// The code that it was begun with.
    pub live_code_mac: Option<Uuid>,
    /// The first instant at which it can no longer be completed.
    pub live_complete_by_at: Option<Timestamp>,
}

/// What is read of the individual, the products and the live enrollment that go with `x`.
const COLUMNS: &str = "i.population, x.individual_id, (SELECT 1 FROM product p WHERE p.campaign_id = i.campaign_id \
    AND p.population = i.population LIMIT 1) IS NOT NULL AS has_product, e.id AS live_id, e.state AS live_state, e.code_mac AS live_code_mac, e.complete_by_at AS live_complete_by_at";

/// Joins them. A code may be nobody's: it joins them loosely.
fn rest() -> String {
    format!(
        "individual i ON i.campaign_id = x.campaign_id AND i.id = x.individual_id \
         LEFT JOIN enrollment e ON e.campaign_id = i.campaign_id AND e.individual_id = i.id AND e.{}",
        State::IS_LIVE
    )
}

/// A day, in the unit of an instant.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Looks up what a code stands for. It holds as long as its wave does, and proves the address from the day on which the wave
/// was mailed; until that is recorded, from the batch's creation, which is earlier.
pub async fn by_code(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    mac: Uuid,
) -> Result<Option<Candidate>, db::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, x.state AS code_state, x.without_code, NULL AS verification_state, w.enroll_by_at AS expires_at, \
         COALESCE(w.mailed_at, b.created_at) + x.proof_days * {DAY} AS proof_expires_at, NULL AS verified_for, \
         CASE WHEN x.generation = {HONEY} THEN x.batch_id END AS honey_of \
         FROM code x JOIN code_batch b ON b.campaign_id = x.campaign_id AND b.id = x.batch_id \
         JOIN wave w ON w.campaign_id = b.campaign_id AND w.id = b.wave_id LEFT JOIN {} \
         WHERE x.campaign_id = $1 AND x.mac = $2",
        rest()
    );
    candidate(connection, sql, campaign, mac).await
}

/// Looks up what a verification stands for.
pub async fn by_verification(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<Option<Candidate>, db::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, NULL AS code_state, NULL AS without_code, x.state AS verification_state, x.expires_at, NULL AS proof_expires_at, x.enrollment_id AS verified_for, NULL AS honey_of \
         FROM verification x JOIN {} \
         WHERE x.campaign_id = $1 AND x.id = $2",
        rest()
    );
    candidate(connection, sql, campaign, id.as_uuid()).await
}

async fn candidate(
    connection: &impl ConnectionTrait,
    sql: String,
    campaign: CampaignId,
    key: Uuid,
) -> Result<Option<Candidate>, db::Error> {
    let backend = connection.get_database_backend();
    // PostgreSQL gives a bare NULL the type text; the columns are a number and a UUID.
    let sql = if backend == sea_orm::DbBackend::Postgres {
        sql.replace("NULL AS verified_for", "NULL::uuid AS verified_for")
            .replace("NULL AS honey_of", "NULL::uuid AS honey_of")
            .replace(
                "NULL AS proof_expires_at",
                "NULL::bigint AS proof_expires_at",
            )
    } else {
        sql
    };
    let statement = Statement::from_sql_and_values(backend, sql, [campaign.into(), key.into()]);
    Ok(Candidate::find_by_statement(statement)
        .one(connection)
        .await?)
}

/// The constraint that gives an individual at most one live enrollment.
pub const ONE_LIVE: &str = "enrollment_individual_id_key";

/// What a letter gives an enrollment.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    /// The code's key.
    pub mac: Uuid,
    /// Until when it proves the address.
    pub proof_expires_at: Option<Timestamp>,
    /// The first instant at which the enrollment can no longer be completed, unless it could be for longer already.
    pub complete_by: Timestamp,
}

/// Gives an open enrollment the code and the proof of a letter.
pub async fn attach_code(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: EnrollmentId,
    letter: Letter,
) -> Result<(), db::Error> {
    let sql = format!(
        "UPDATE enrollment SET code_mac = $3, proof_expires_at = $4, \
         complete_by_at = CASE WHEN complete_by_at < $5 THEN $5 ELSE complete_by_at END \
         WHERE campaign_id = $1 AND id = $2 AND state = '{}'",
        State::Started.as_str()
    );
    let values: [Value; 5] = [
        campaign.into(),
        id.into(),
        letter.mac.into(),
        letter.proof_expires_at.into(),
        letter.complete_by.into(),
    ];
    // No row: it was completed or canceled in the meantime; completing it says so.
    tx.execute_raw(Statement::from_sql_and_values(tx.backend(), sql, values))
        .await?;
    Ok(())
}

/// Gives an open enrollment the language in which the person wants to be spoken to.
pub async fn speak(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: EnrollmentId,
    language: &Language,
) -> Result<(), db::Error> {
    let sql = format!(
        "UPDATE enrollment SET language = $3 WHERE campaign_id = $1 AND id = $2 AND state = '{}'",
        State::Started.as_str()
    );
    let values: [Value; 3] = [campaign.into(), id.into(), language.as_str().into()];
    // No row: it was completed or canceled in the meantime; completing it says so.
    tx.execute_raw(Statement::from_sql_and_values(tx.backend(), sql, values))
        .await?;
    Ok(())
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

/// Queues the cancellation of coverages at their partners.
pub async fn queue_cancellations(tx: &Tx<'_>, queued: &[Queued]) -> Result<(), db::Error> {
    let statement = Queued::statement(tx.backend(), Kind::Cancel, queued);
    tx.execute_raw(statement).await?;
    Ok(())
}
