//! The look-ups that begin an enrollment, and what a letter changes in one that is open.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::codes::batch::code_store::HONEY;
use crate::db::entities::enrollment::State;
use crate::db::entities::individual::Population;
use crate::db::entities::{ClosedSet, code, verification};
use crate::db::{self, Tx};
use crate::kernel::caller::Caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::kernel::language::Language;

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
    /// Who asked for the verification.
    pub verified_by: Option<String>,
    /// Whether the campaign has a product for the population.
    pub has_product: bool,
    /// The individual's live enrollment.
    pub live_id: Option<EnrollmentId>,
    /// Where that stands.
    pub live_state: Option<State>,
    /// The code that it was begun with.
    pub live_code_mac: Option<Uuid>,
    /// Where that code stands.
    pub live_code_state: Option<code::State>,
    /// The first instant at which it can no longer be completed.
    pub live_complete_by_at: Option<Timestamp>,
}

/// What is read of the individual, the products and the live enrollment that go with `x`.
const COLUMNS: &str = "i.population, x.individual_id, (SELECT 1 FROM product p WHERE p.campaign_id = i.campaign_id \
    AND p.population = i.population LIMIT 1) IS NOT NULL AS has_product, e.id AS live_id, e.state AS live_state, e.code_mac AS live_code_mac, l.state AS live_code_state, e.complete_by_at AS live_complete_by_at";

/// Joins them. A code may be nobody's: it joins them loosely.
fn rest() -> String {
    format!(
        "individual i ON i.campaign_id = x.campaign_id AND i.id = x.individual_id \
         LEFT JOIN enrollment e ON e.campaign_id = i.campaign_id AND e.individual_id = i.id AND e.{} \
         LEFT JOIN code l ON l.campaign_id = e.campaign_id AND l.mac = e.code_mac",
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
         COALESCE(w.mailed_at, b.created_at) + x.proof_days * {DAY} AS proof_expires_at, NULL AS verified_for, NULL AS verified_by, \
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
        "SELECT {COLUMNS}, NULL AS code_state, NULL AS without_code, x.state AS verification_state, x.expires_at, NULL AS proof_expires_at, x.enrollment_id AS verified_for, x.requested_by AS verified_by, NULL AS honey_of \
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

/// Remembers a caller that goes on with an open enrollment which another one began.
pub async fn continue_by(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: EnrollmentId,
    caller: &Caller,
) -> Result<(), db::Error> {
    let sql = format!(
        "UPDATE enrollment SET continued_by = $3 WHERE campaign_id = $1 AND id = $2 AND state = '{}' \
         AND started_by <> $3 AND started_by NOT LIKE $3 || '/%' AND COALESCE(continued_by, '') <> $3",
        State::Started.as_str()
    );
    let values: [Value; 3] = [campaign.into(), id.into(), caller.to_string().into()];
    // No row: it is this caller's already, or was completed or canceled in the meantime.
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
