//! The queries of notices.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement};
use uuid::Uuid;

use crate::db::entities::verification::{self, Column, Notice, State};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::kernel::retry::Backoff;

/// How long a notice waits that a carrier could not take for now.
pub const RETRY: Backoff = Backoff::new(Duration::from_secs(10), Duration::from_hours(1));

/// A verification whose notice is due.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Due {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The verification.
    pub id: VerificationId,
    /// The person.
    pub individual_id: IndividualId,
    /// JSON: what it rests on.
    pub evidence: String,
    /// How often a carrier could not take it for now.
    pub notice_attempts: i32,
    /// The enrollment that was completed with it; none where none was and none can be any more.
    pub enrollment_id: Option<EnrollmentId>,
}

/// Gives verifications with which an enrollment was completed and whose notice was not sent, and those that expired before an instant: a
/// page after this one. One that is tried again waits until then, but no longer than the longest wait: the clock may have been wrong.
pub async fn due(
    connection: &impl ConnectionTrait,
    (expired_before, now): (Timestamp, Timestamp),
    (campaign, id): (CampaignId, VerificationId),
    limit: u64,
) -> Result<Vec<Due>, db::Error> {
    const SQL: &str = "SELECT v.campaign_id, v.id, v.individual_id, v.evidence, v.notice_attempts, e.id AS enrollment_id FROM verification v \
        LEFT JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.individual_id = v.individual_id \
        AND e.verification_id = v.id AND e.submitted_at IS NOT NULL \
        WHERE v.notice = 'DUE' AND (e.id IS NOT NULL OR v.expires_at < $1) \
        AND (v.notice_retry_at IS NULL OR v.notice_retry_at <= $5 OR v.notice_retry_at > $6) AND (v.campaign_id, v.id) > ($2, $3) \
        ORDER BY v.campaign_id, v.id LIMIT $4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [
        expired_before.into(),
        campaign.into(),
        id.into(),
        limit.into(),
        now.into(),
        (now + RETRY.cap).into(),
    ];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    Ok(Due::find_by_statement(statement).all(connection).await?)
}

/// Stores the hash of the token that will be sent.
pub async fn intend(tx: &Tx<'_>, due: &Due, mac: Uuid, at: Timestamp) -> Result<(), db::Error> {
    let update = verification::Entity::update_many()
        .col_expr(Column::NoticeMac, Expr::value(mac))
        .col_expr(Column::NoticedAt, Expr::value(at.as_micros()))
        .filter(Column::CampaignId.eq(due.campaign_id))
        .filter(Column::Id.eq(due.id))
        .filter(Column::Notice.eq(Notice::Due));
    update.exec(tx).await?;
    Ok(())
}

/// Writes what became of a notice that was due, and when it was refused for good, if it was.
pub async fn settle(
    tx: &Tx<'_>,
    due: &Due,
    (to, refused_at): (Option<Notice>, Option<Timestamp>),
) -> Result<(), db::Error> {
    let update = verification::Entity::update_many()
        .col_expr(Column::Notice, Expr::value(to))
        .col_expr(
            Column::NoticeRefusedAt,
            Expr::value(refused_at.map(Timestamp::as_micros)),
        )
        .filter(Column::CampaignId.eq(due.campaign_id))
        .filter(Column::Id.eq(due.id))
        .filter(Column::Notice.eq(Notice::Due));
    update.exec(tx).await?;
    Ok(())
}

/// Puts a notice off that a carrier could not take for now.
pub async fn put_off(tx: &Tx<'_>, due: &Due, until: Timestamp) -> Result<(), db::Error> {
    let update = verification::Entity::update_many()
        .col_expr(
            Column::NoticeAttempts,
            Expr::value(due.notice_attempts.saturating_add(1)),
        )
        .col_expr(Column::NoticeRetryAt, Expr::value(until.as_micros()))
        .filter(Column::CampaignId.eq(due.campaign_id))
        .filter(Column::Id.eq(due.id))
        .filter(Column::Notice.eq(Notice::Due));
    update.exec(tx).await?;
    Ok(())
}

/// Finds the verification of a token by any of its hashes.
pub async fn by_token(
    tx: &Tx<'_>,
    campaign: CampaignId,
    macs: &[Uuid],
) -> Result<Option<verification::Model>, db::Error> {
    let query = verification::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::NoticeMac.is_in(macs.iter().copied()));
    Ok(query.one(tx).await?)
}

/// Makes a verification void; tells whether it was VERIFIED until then.
pub async fn repudiate(
    tx: &Tx<'_>,
    row: &verification::Model,
    (by, at): (&str, Timestamp),
) -> Result<bool, db::Error> {
    let update = verification::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Refused))
        .col_expr(Column::DecidedAt, Expr::value(at.as_micros()))
        .col_expr(Column::RepudiatedAt, Expr::value(at.as_micros()))
        .col_expr(Column::RepudiatedBy, Expr::value(by))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(State::Verified));
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// A proofing that somebody repudiated.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Repudiation {
    /// The verification.
    pub id: VerificationId,
    /// The person in whose name it was.
    pub individual_id: IndividualId,
    /// The enrollment that was completed with it.
    pub enrollment_id: Option<EnrollmentId>,
    /// Where that stands.
    pub enrollment_state: Option<String>,
    /// Who asked for the verification.
    pub requested_by: String,
    /// When it was repudiated.
    pub repudiated_at: Timestamp,
    /// Through whom.
    pub repudiated_by: String,
}

/// Lists what was repudiated, by the verification's id.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: VerificationId,
    limit: u64,
) -> Result<Vec<Repudiation>, db::Error> {
    const SQL: &str = "SELECT v.id, v.individual_id, e.id AS enrollment_id, e.state AS enrollment_state, v.requested_by, \
        v.repudiated_at, v.repudiated_by FROM verification v \
        LEFT JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.individual_id = v.individual_id AND e.verification_id = v.id \
        WHERE v.campaign_id = $1 AND v.id > $2 AND v.repudiated_at IS NOT NULL ORDER BY v.id LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [campaign.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    Ok(Repudiation::find_by_statement(statement)
        .all(connection)
        .await?)
}
