//! The figures of the funnel, each by the definition in the contract, all in one statement and so of one instant.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::db::{self, Db};
use crate::kernel::ids::CampaignId;

/// The funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the contract's Funnel defines each")]
pub struct Funnel {
    pub rows: i64,
    pub rejected: i64,
    pub individuals: i64,
    pub codes_issued: i64,
    pub letters: i64,
    pub begun: i64,
    pub verified: i64,
    pub refused: i64,
    pub referred: i64,
    pub submitted: i64,
    pub handed_off: i64,
    pub acknowledged: i64,
    pub active: i64,
    pub action_required: i64,
    pub enrollment_refused: i64,
    pub dead: i64,
}

/// Enrollments with one outcome class.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OutcomeCount {
    /// The class.
    pub outcome_class: String,
    /// How many.
    pub enrollments: i64,
}

/// Each table is read once. The sums are cast because PostgreSQL's are NUMERIC.
const FUNNEL: &str = "SELECT r.*, i.*, b.*, c.*, e.*, w.*, h.* FROM \
    (SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows, CAST(COALESCE(SUM(rejected), 0) AS BIGINT) AS rejected \
     FROM roster_import WHERE campaign_id = $1) r, \
    (SELECT COUNT(id) AS individuals FROM individual WHERE campaign_id = $1) i, \
    (SELECT CAST(COALESCE(SUM(codes), 0) AS BIGINT) AS codes_issued FROM code_batch WHERE campaign_id = $1) b, \
    (SELECT COUNT(*) AS letters FROM (SELECT DISTINCT individual_id FROM code WHERE campaign_id = $1 AND generation > 0) d) c, \
    (SELECT COUNT(*) AS begun, COUNT(submitted_at) AS submitted, \
     COUNT(CASE WHEN state = 'ACTIVE' THEN 1 END) AS active, \
     COUNT(CASE WHEN state = 'ACTION_REQUIRED' THEN 1 END) AS action_required, \
     COUNT(CASE WHEN state = 'REFUSED' THEN 1 END) AS enrollment_refused FROM enrollment WHERE campaign_id = $1) e, \
    (SELECT COUNT(DISTINCT CASE WHEN state = 'VERIFIED' THEN individual_id END) AS verified, \
     COUNT(CASE WHEN state = 'REFUSED' THEN 1 END) AS refused, \
     COUNT(CASE WHEN state = 'REFERRED' THEN 1 END) AS referred FROM verification WHERE campaign_id = $1) w, \
    (SELECT COUNT(CASE WHEN kind = 'ENROLL' AND attempts > 0 THEN 1 END) AS handed_off, \
     COUNT(CASE WHEN kind = 'ENROLL' THEN acknowledged_at END) AS acknowledged, \
     COUNT(CASE WHEN state = 'DEAD' THEN 1 END) AS dead FROM handoff WHERE campaign_id = $1) h";

/// Counts a campaign: the funnel, and why enrollments are not active.
///
/// At millions of people counting takes longer than a read may. PostgreSQL allows that to a bulk transaction; on SQLite such
/// a transaction would keep writers out, and reads have no limit.
pub async fn count(
    db: &Db,
    campaign: CampaignId,
) -> Result<(Funnel, Vec<OutcomeCount>), db::Error> {
    if db.backend() == DbBackend::Sqlite {
        return both(db.read(), campaign).await;
    }
    db.run_bulk("count_campaign", |tx| Box::pin(both(tx, campaign)))
        .await
}

async fn both(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<(Funnel, Vec<OutcomeCount>), db::Error> {
    let funnel = funnel(connection, campaign).await?;
    Ok((funnel, outcomes(connection, campaign).await?))
}

async fn funnel(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Funnel, db::Error> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        FUNNEL,
        [campaign.into()],
    );
    let funnel = Funnel::find_by_statement(statement).one(connection).await?;
    funnel.ok_or_else(|| db::Error::corrupt("a count without a row"))
}

async fn outcomes(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<OutcomeCount>, db::Error> {
    const SQL: &str = "SELECT outcome_class, COUNT(*) AS enrollments FROM enrollment WHERE campaign_id = $1 \
        AND outcome_class IS NOT NULL GROUP BY outcome_class ORDER BY outcome_class";
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), SQL, [campaign.into()]);
    Ok(OutcomeCount::find_by_statement(statement)
        .all(connection)
        .await?)
}
