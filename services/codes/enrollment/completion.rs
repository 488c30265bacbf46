//! The statements that complete many enrollments at once.
//!
//! One statement reads and locks, one writes: on PostgreSQL the writes are one chain of data-modifying CTEs, on SQLite, where
//! a statement costs no round trip, they follow each other.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use serde::Serialize;
use uuid::Uuid;

use crate::codes::letter::guardian;
use crate::db::entities::enrollment::{CancelReason, Channel, State};
use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::individual::Population;
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::{ClosedSet, code, coverage, verification};
use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AuditId, CampaignId, EnrollmentId, IndividualId, VerificationId};

use super::store::Row;

/// What is asked for: which enrollment, by which verification.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Wanted {
    /// The place in the batch.
    pub n: i64,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The verification.
    pub verification_id: VerificationId,
}

const WANTED: [(&str, Is); 4] = [
    ("n", Is::Big),
    ("campaign_id", Is::Uuid),
    ("enrollment_id", Is::Uuid),
    ("verification_id", Is::Uuid),
];

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Found {
    /// The place in the batch.
    pub n: i64,
    /// Whose enrollment.
    pub individual_id: IndividualId,
    /// Where it stands.
    pub state: State,
    /// By which channel it was begun.
    pub channel: Channel,
    /// Language in which the person is spoken to.
    pub language: String,
    /// The person's population.
    pub population: Population,
    /// State or region of the person's address.
    pub region: String,
    /// Its country.
    pub country: String,
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
    /// What whoever consented is to the person.
    pub relationship: Option<Relationship>,
    /// What gave them the right to.
    pub authority: Option<Authority>,
    /// The letter's proof.
    pub proof_expires_at: Option<Timestamp>,
    /// The first instant at which it can no longer be completed.
    pub complete_by_at: Timestamp,
    /// The code to redeem: the one it was begun with, or the individual's issued one.
    pub mac: Option<Uuid>,
    /// Where the code it was begun with stands.
    pub code_state: Option<code::State>,
    /// Where the verification stands.
    pub verification_state: Option<verification::State>,
    /// The enrollment it was made for.
    pub verified_enrollment: Option<EnrollmentId>,
    /// Who asked for it.
    pub verified_by: Option<String>,
    /// The individual it found.
    pub verified_individual: Option<IndividualId>,
    /// When it stops being good.
    pub verification_expires_at: Option<Timestamp>,
    /// What whoever was verified to act for the person is to them.
    pub acting_relationship: Option<Relationship>,
    /// What gives that one the right to.
    pub acting_authority: Option<Authority>,
    /// Whether it rests on a guardian's own verification that is void.
    pub guardian_is_void: bool,
}

impl Found {
    /// Gives the enrollment's row, which is under this key.
    pub fn row(&self, campaign_id: CampaignId, id: EnrollmentId) -> Row {
        Row {
            campaign_id,
            id,
            individual_id: self.individual_id,
            state: self.state,
            language: self.language.clone(),
            is_verified: false,
            proof_expires_at: self.proof_expires_at,
            started_by: self.started_by.clone(),
            continued_by: self.continued_by.clone(),
            started_at: self.started_at,
            submitted_at: self.submitted_at,
            settled_at: self.settled_at,
            cancel_reason: self.cancel_reason,
            canceled_by: self.canceled_by.clone(),
            cancel_requested_at: self.cancel_requested_at,
            relationship: self.relationship,
            authority: self.authority,
        }
    }
}

/// Reads what is there, one row for each that has an enrollment, and locks the enrollments in one order.
pub async fn find(tx: &Tx<'_>, wanted: &[Wanted]) -> Result<Vec<Found>, db::Error> {
    let sql = format!(
        "WITH {} SELECT v.n, e.individual_id, e.state, e.channel, e.language, i.population, i.region, i.country, e.started_by, e.continued_by, e.started_at, \
         e.submitted_at, e.settled_at, e.cancel_reason, e.canceled_by, e.cancel_requested_at, s.relationship, s.authority, \
         e.proof_expires_at, e.complete_by_at, \
         COALESCE(e.code_mac, (SELECT d.mac FROM code d WHERE d.campaign_id = e.campaign_id \
         AND d.individual_id = e.individual_id AND d.state = '{}' AND d.without_code IS NULL LIMIT 1)) AS mac, c.state AS code_state, \
         w.state AS verification_state, w.enrollment_id AS verified_enrollment, w.requested_by AS verified_by, w.individual_id AS verified_individual, \
         w.expires_at AS verification_expires_at, w.representative_relationship AS acting_relationship, \
         w.representative_authority AS acting_authority, {} AS guardian_is_void \
         FROM v JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.enrollment_id \
         JOIN individual i ON i.campaign_id = e.campaign_id AND i.id = e.individual_id \
         LEFT JOIN consent s ON s.campaign_id = e.campaign_id AND s.enrollment_id = e.id \
         LEFT JOIN code c ON c.campaign_id = e.campaign_id AND c.mac = e.code_mac \
         LEFT JOIN verification w ON w.campaign_id = v.campaign_id AND w.id = v.verification_id \
         ORDER BY e.campaign_id, e.id, v.n{}",
        rows::table(tx.backend(), &WANTED),
        code::State::Issued.as_str(),
        guardian::is_void_sql(),
        rows::lock(tx.backend(), "e"),
    );
    Ok(
        Found::find_by_statement(rows::bind(tx.backend(), sql, wanted))
            .all(tx)
            .await?,
    )
}

/// Everything that one completion writes.
#[derive(Clone, Debug, Serialize)]
pub struct Completion {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// When.
    #[serde(serialize_with = "rows::micros")]
    pub at: Timestamp,
    /// The verification.
    pub verification_id: VerificationId,
    /// The code that is redeemed, if there is one.
    pub mac: Option<Uuid>,
    /// Consent: language of the text.
    pub language: String,
    /// Consent: version of the text.
    pub version: String,
    /// Consent: SHA-256 of the text.
    pub text_sha256: String,
    /// Consent: what whoever gave it is to the person.
    pub relationship: Option<Relationship>,
    /// Consent: what gave them the right to.
    pub authority: Option<Authority>,
    /// How the person came.
    pub channel: Channel,
    /// Who acted.
    pub actor: String,
    /// The audit event.
    pub audit_id: AuditId,
    /// Its detail, JSON.
    pub detail: String,
    /// The request.
    pub request_id: Uuid,
    /// Its caller.
    pub caller: String,
    /// Its method.
    pub method: &'static str,
    /// Its fingerprint.
    pub fingerprint: Uuid,
    /// What it is answered from: the enrollment's id.
    pub result: String,
    /// What is ordered from partners: a coverage and a handoff each.
    #[serde(skip)]
    pub orders: Vec<Queued>,
}

/// The columns of [`Completion`].
const COLUMNS: [(&str, Is); 19] = [
    ("campaign_id", Is::Uuid),
    ("enrollment_id", Is::Uuid),
    ("at", Is::Big),
    ("verification_id", Is::Uuid),
    ("mac", Is::Uuid),
    ("language", Is::Text),
    ("version", Is::Text),
    ("text_sha256", Is::Text),
    ("relationship", Is::Text),
    ("authority", Is::Text),
    ("channel", Is::Text),
    ("actor", Is::Text),
    ("audit_id", Is::Uuid),
    ("detail", Is::Text),
    ("request_id", Is::Uuid),
    ("caller", Is::Text),
    ("method", Is::Text),
    ("fingerprint", Is::Uuid),
    ("result", Is::Text),
];

fn redeem() -> String {
    format!(
        "UPDATE code SET state = '{}', settled_at = v.at, enrollment_id = v.enrollment_id FROM v \
         WHERE code.campaign_id = v.campaign_id AND code.mac = v.mac AND code.state = '{}'",
        code::State::Redeemed.as_str(),
        code::State::Issued.as_str()
    )
}

fn submit() -> String {
    format!(
        "UPDATE enrollment SET state = '{}', verification_id = v.verification_id, language = v.language, \
         submitted_at = v.at FROM v WHERE enrollment.campaign_id = v.campaign_id AND enrollment.id = v.enrollment_id \
         AND enrollment.state = '{}'",
        State::Submitted.as_str(),
        State::Started.as_str()
    )
}

const CONSENT: &str = "INSERT INTO consent (campaign_id, enrollment_id, language, version, text_sha256, relationship, authority, \
    channel, given_by, given_at) SELECT campaign_id, enrollment_id, language, version, text_sha256, relationship, authority, \
    channel, actor, at FROM v";
const AUDIT: &str = "INSERT INTO audit_event (id, process, campaign_id, at, actor, action, subject_kind, subject_id, detail) \
    SELECT audit_id, 'codes', campaign_id, at, actor, 'enrollment.completed', 'enrollment', enrollment_id, detail FROM v";

const REQUEST: &str = "INSERT INTO idempotency (request_id, process, caller, method, fingerprint, result, created_at) \
    SELECT request_id, 'codes', caller, method, fingerprint, result, at FROM v";

/// Writes the coverages of the orders in a table of that name.
fn cover(orders: &str) -> String {
    format!(
        "INSERT INTO coverage (campaign_id, id, enrollment_id, partner_id, product_code, term_months, handoff_id, state, revision) \
         SELECT campaign_id, coverage_id, enrollment_id, partner_id, product_code, term_months, handoff_id, '{}', 0 FROM {orders}",
        coverage::State::Submitted.as_str()
    )
}

/// Writes completions: redeems the codes, submits the enrollments, orders the coverages, and records consent, audit and request.
pub async fn write(tx: &Tx<'_>, completions: &[Completion]) -> Result<(), db::Error> {
    let codes = completions
        .iter()
        .filter(|completion| completion.mac.is_some())
        .count() as u64;
    let (redeemed, submitted) = match tx.backend() {
        DbBackend::Postgres => write_at_once(tx, completions).await?,
        _ => write_in_turn(tx, completions).await?,
    };
    if submitted != completions.len() as u64 {
        return Err(db::Error::corrupt(
            "an enrollment was changed without its lock",
        ));
    }
    if redeemed != codes {
        // The enrollments are locked and the codes are not: a code was superseded or revoked in the meantime.
        return Err(db::Error::overtaken("code"));
    }
    Ok(())
}

async fn write_at_once(tx: &Tx<'_>, completions: &[Completion]) -> Result<(u64, u64), db::Error> {
    let sql = format!(
        "WITH {}, {}, redeemed AS ({} RETURNING 1), submitted AS ({} RETURNING 1), consented AS ({CONSENT}), \
         covered AS ({}), handed AS ({}), audited AS ({AUDIT}), answered AS ({REQUEST}) \
         SELECT (SELECT count(*) FROM redeemed) AS codes, (SELECT count(*) FROM submitted) AS enrollments",
        rows::table(tx.backend(), &COLUMNS),
        rows::table_as(tx.backend(), ("ordered", 2), &Queued::COLUMNS),
        redeem(),
        submit(),
        cover("ordered"),
        Queued::insert(Kind::Enroll, "ordered"),
    );
    let orders = rows::json(&orders(completions)).into();
    let statement = rows::bind_with(tx.backend(), sql, completions, [orders]);
    let row = tx.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| db::Error::corrupt("a count without a row"))?;
    let count = |name| {
        row.try_get::<i64>("", name)
            .map(|n| u64::try_from(n).unwrap_or(0))
    };
    Ok((count("codes")?, count("enrollments")?))
}

async fn write_in_turn(tx: &Tx<'_>, completions: &[Completion]) -> Result<(u64, u64), db::Error> {
    let table = rows::table(tx.backend(), &COLUMNS);
    let run = async |statement: &str| {
        let sql = format!("WITH {table} {statement}");
        let statement = rows::bind(tx.backend(), sql, completions);
        Ok::<u64, db::Error>(tx.execute_raw(statement).await?.rows_affected())
    };
    let redeemed = run(&redeem()).await?;
    let submitted = run(&submit()).await?;
    for statement in [CONSENT, AUDIT, REQUEST] {
        run(statement).await?;
    }
    let orders = orders(completions);
    let table = rows::table(tx.backend(), &Queued::COLUMNS);
    for statement in [cover("v"), Queued::insert(Kind::Enroll, "v")] {
        let sql = format!("WITH {table} {statement}");
        tx.execute_raw(rows::bind(tx.backend(), sql, &orders))
            .await?;
    }
    Ok((redeemed, submitted))
}

fn orders(completions: &[Completion]) -> Vec<&Queued> {
    completions
        .iter()
        .flat_map(|completion| &completion.orders)
        .collect()
}
