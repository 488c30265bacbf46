//! The statements that complete many enrollments at once.
//!
//! One statement reads and locks, one writes: on PostgreSQL the writes are one chain of data-modifying CTEs, on SQLite, where
//! a statement costs no round trip, they follow each other.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use serde::Serialize;
use uuid::Uuid;

use crate::db::entities::enrollment::{Channel, State};
use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::{ClosedSet, code, verification};
use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AuditId, CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId, VerificationId,
};

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
    /// The product.
    pub product_code: Option<String>,
    /// Who provides it.
    pub partner_id: Option<PartnerId>,
    /// When it was begun.
    pub started_at: Timestamp,
    /// Its handoff, once submitted.
    pub handoff_id: Option<HandoffId>,
    /// When the person completed it.
    pub submitted_at: Option<Timestamp>,
    /// When monitoring began.
    pub activated_at: Option<Timestamp>,
    /// Last day of the term.
    pub term_ends_on: Option<String>,
    /// Why it is not active.
    pub outcome_class: Option<OutcomeClass>,
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
    /// The individual it found.
    pub verified_individual: Option<IndividualId>,
    /// When it stops being good.
    pub verification_expires_at: Option<Timestamp>,
}

/// Reads what is there, one row for each that has an enrollment, and locks the enrollments in one order.
pub async fn find(tx: &Tx<'_>, wanted: &[Wanted]) -> Result<Vec<Found>, db::Error> {
    let sql = format!(
        "WITH {} SELECT v.n, e.individual_id, e.state, e.channel, e.product_code, e.partner_id, e.started_at, \
         e.handoff_id, e.submitted_at, e.activated_at, e.term_ends_on, e.outcome_class, e.proof_expires_at, e.complete_by_at, \
         COALESCE(e.code_mac, (SELECT d.mac FROM code d WHERE d.campaign_id = e.campaign_id \
         AND d.individual_id = e.individual_id AND d.state = '{}' LIMIT 1)) AS mac, c.state AS code_state, \
         w.state AS verification_state, w.enrollment_id AS verified_enrollment, w.individual_id AS verified_individual, \
         w.expires_at AS verification_expires_at \
         FROM v JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.enrollment_id \
         LEFT JOIN code c ON c.campaign_id = e.campaign_id AND c.mac = e.code_mac \
         LEFT JOIN verification w ON w.campaign_id = v.campaign_id AND w.id = v.verification_id \
         ORDER BY e.campaign_id, e.id, v.n{}",
        rows::table(tx.backend(), &WANTED),
        code::State::Issued.as_str(),
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
    /// The handoff that is queued; its campaign, enrollment and instant are those of everything else.
    #[serde(flatten)]
    pub handoff: Queued,
    /// The verification.
    pub verification_id: VerificationId,
    /// The code that is redeemed, if there is one.
    pub mac: Option<Uuid>,
    /// Consent: version of the text.
    pub version: String,
    /// Consent: SHA-256 of the text.
    pub text_sha256: String,
    /// Consent: language of the text.
    pub locale: String,
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
    pub result: EnrollmentId,
}

/// The columns of [`Completion`], beside those of its handoff.
const COLUMNS: [(&str, Is); 14] = [
    ("verification_id", Is::Uuid),
    ("mac", Is::Uuid),
    ("version", Is::Text),
    ("text_sha256", Is::Text),
    ("locale", Is::Text),
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

fn table(tx: &Tx<'_>) -> String {
    let columns: Vec<_> = Queued::COLUMNS.into_iter().chain(COLUMNS).collect();
    rows::table(tx.backend(), &columns)
}

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
        "UPDATE enrollment SET state = '{}', verification_id = v.verification_id, handoff_id = v.handoff_id, \
         submitted_at = v.at FROM v WHERE enrollment.campaign_id = v.campaign_id AND enrollment.id = v.enrollment_id \
         AND enrollment.state = '{}'",
        State::Submitted.as_str(),
        State::Started.as_str()
    )
}

const CONSENT: &str = "INSERT INTO consent (campaign_id, enrollment_id, version, text_sha256, locale, channel, given_by, \
    given_at) SELECT campaign_id, enrollment_id, version, text_sha256, locale, channel, actor, at FROM v";
const AUDIT: &str = "INSERT INTO audit_event (id, process, campaign_id, at, actor, action, subject_kind, subject_id, detail) \
    SELECT audit_id, 'codes', campaign_id, at, actor, 'enrollment.completed', 'enrollment', enrollment_id, detail FROM v";

const REQUEST: &str = "INSERT INTO idempotency (request_id, process, caller, method, fingerprint, result, created_at) \
    SELECT request_id, 'codes', caller, method, fingerprint, result, at FROM v";

/// Writes completions: redeems the codes, submits the enrollments, and records consent, handoff, audit and request.
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
        "WITH {}, redeemed AS ({} RETURNING 1), submitted AS ({} RETURNING 1), consented AS ({CONSENT}), \
         handed AS ({}), audited AS ({AUDIT}), answered AS ({REQUEST}) \
         SELECT (SELECT count(*) FROM redeemed) AS codes, (SELECT count(*) FROM submitted) AS enrollments",
        table(tx),
        redeem(),
        submit(),
        Queued::insert(Kind::Enroll),
    );
    let row = tx
        .query_one_raw(rows::bind(tx.backend(), sql, completions))
        .await?;
    let row = row.ok_or_else(|| db::Error::corrupt("a count without a row"))?;
    let count = |name| {
        row.try_get::<i64>("", name)
            .map(|n| u64::try_from(n).unwrap_or(0))
    };
    Ok((count("codes")?, count("enrollments")?))
}

async fn write_in_turn(tx: &Tx<'_>, completions: &[Completion]) -> Result<(u64, u64), db::Error> {
    let table = table(tx);
    let run = async |statement: &str| {
        let sql = format!("WITH {table} {statement}");
        let statement = rows::bind(tx.backend(), sql, completions);
        Ok::<u64, db::Error>(tx.execute_raw(statement).await?.rows_affected())
    };
    let redeemed = run(&redeem()).await?;
    let submitted = run(&submit()).await?;
    for statement in [CONSENT, &Queued::insert(Kind::Enroll), AUDIT, REQUEST] {
        run(statement).await?;
    }
    Ok((redeemed, submitted))
}
