//! The figures of a campaign, each by the definition in the contract. The funnel is one statement and so of one instant.

use std::ops::AddAssign;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::db::{self, Db};
use crate::kernel::ids::{CampaignId, CoveredEntityId, PartnerId};

use super::slices::{self, By, Slice};

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
    pub records: i64,
    pub returned: i64,
}

impl AddAssign for Funnel {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.rejected += more.rejected;
        self.individuals += more.individuals;
        self.codes_issued += more.codes_issued;
        self.letters += more.letters;
        self.begun += more.begun;
        self.verified += more.verified;
        self.refused += more.refused;
        self.referred += more.referred;
        self.submitted += more.submitted;
        self.handed_off += more.handed_off;
        self.acknowledged += more.acknowledged;
        self.active += more.active;
        self.action_required += more.action_required;
        self.enrollment_refused += more.enrollment_refused;
        self.dead += more.dead;
        self.records += more.records;
        self.returned += more.returned;
    }
}

/// Enrollments with one outcome class.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OutcomeCount {
    /// The class.
    pub outcome_class: String,
    /// How many.
    pub enrollments: i64,
}

/// People at one kind of address.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Residents {
    /// State or region.
    pub region: String,
    /// Country.
    pub country: String,
    /// How many there are.
    pub people: i64,
    /// How many of them live and have no usable address.
    pub unreachable: i64,
}

/// People of one covered entity who live and have no usable address.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Unreachable {
    /// The covered entity.
    pub covered_entity_id: CoveredEntityId,
    /// How many.
    pub people: i64,
}

/// The activation codes that one partner issued.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pool {
    /// The partner.
    pub partner_id: PartnerId,
    /// Its name.
    pub partner_name: String,
    /// With fewer codes left it is low.
    pub low_water: i32,
    /// Codes imported.
    pub imported: i64,
    /// Codes that no enrollment has.
    pub available: i64,
}

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The funnel.
    pub funnel: Funnel,
    /// Why enrollments are not active.
    pub outcomes: Vec<OutcomeCount>,
    /// Who lives where.
    pub residents: Vec<Residents>,
    /// Whom no letter reaches, by covered entity.
    pub unreachable: Vec<Unreachable>,
    /// Partners' own activation codes.
    pub pools: Vec<Pool>,
    /// The funnel of each part.
    pub slices: Vec<Slice>,
}

/// Each table is read once. The sums are cast because PostgreSQL's are NUMERIC. A code of generation 0 is a bait that
/// belongs to nobody.
const FUNNEL: &str = "SELECT r.*, i.*, n.*, c.*, v.*, e.*, w.*, h.* FROM \
    (SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows, CAST(COALESCE(SUM(rejected), 0) AS BIGINT) AS rejected \
     FROM roster_import WHERE campaign_id = $1) r, \
    (SELECT COUNT(id) AS individuals FROM individual WHERE campaign_id = $1) i, \
    (SELECT COUNT(*) AS records FROM individual_entity WHERE campaign_id = $1) n, \
    (SELECT COUNT(*) AS letters, CAST(COALESCE(SUM(codes), 0) AS BIGINT) AS codes_issued FROM (SELECT COUNT(*) AS codes \
     FROM code WHERE campaign_id = $1 AND generation > 0 GROUP BY individual_id) d) c, \
    (SELECT COUNT(DISTINCT individual_id) AS returned FROM mail_event \
     WHERE campaign_id = $1 AND kind = 'RETURNED') v, \
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

/// Whom letters do not reach. Nobody owes substitute notice for the dead (45 CFR 164.404(d)(2)).
const RESIDENTS: &str = "SELECT region, country, COUNT(*) AS people, \
    COUNT(CASE WHEN NOT mailable AND population <> 'DECEASED' THEN 1 END) AS unreachable \
    FROM individual WHERE campaign_id = $1 GROUP BY region, country ORDER BY region, country";

const UNREACHABLE: &str = "SELECT covered_entity_id, COUNT(*) AS people FROM (SELECT DISTINCT e.covered_entity_id, \
    e.individual_id FROM individual i JOIN individual_entity e ON e.campaign_id = i.campaign_id \
    AND e.individual_id = i.id WHERE i.campaign_id = $1 AND NOT i.mailable AND i.population <> 'DECEASED') u \
    GROUP BY covered_entity_id ORDER BY covered_entity_id";

const POOLS: &str = "SELECT p.partner_id, n.name AS partner_name, p.low_water, COUNT(c.state) AS imported, \
    COUNT(CASE WHEN c.state = 'AVAILABLE' THEN 1 END) AS available FROM activation_pool p \
    JOIN partner n ON n.id = p.partner_id \
    LEFT JOIN activation_code c ON c.campaign_id = p.campaign_id AND c.partner_id = p.partner_id \
    WHERE p.campaign_id = $1 GROUP BY p.partner_id, n.name, p.low_water ORDER BY n.name";

/// Counts a campaign: the funnel, why enrollments are not active, who lives where, and if wished the funnel of each part.
///
/// At millions of people counting takes longer than a read may. PostgreSQL allows that to a bulk transaction; on SQLite such
/// a transaction would keep writers out, and reads have no limit.
pub async fn count(db: &Db, campaign: CampaignId, by: Option<By>) -> Result<Counted, db::Error> {
    if db.backend() == DbBackend::Sqlite {
        return all(db.read(), campaign, by).await;
    }
    db.run_bulk("count_campaign", |tx| Box::pin(all(tx, campaign, by)))
        .await
}

async fn all(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    by: Option<By>,
) -> Result<Counted, db::Error> {
    Ok(Counted {
        funnel: funnel(connection, campaign).await?,
        outcomes: outcomes(connection, campaign).await?,
        residents: rows(connection, campaign, RESIDENTS).await?,
        unreachable: rows(connection, campaign, UNREACHABLE).await?,
        pools: rows(connection, campaign, POOLS).await?,
        slices: match by {
            Some(by) => slices::count(connection, campaign, by).await?,
            None => Vec::new(),
        },
    })
}

async fn rows<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    sql: &str,
) -> Result<Vec<T>, db::Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [campaign.into()]);
    Ok(T::find_by_statement(statement).all(connection).await?)
}

async fn funnel(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Funnel, db::Error> {
    let funnel: Option<Funnel> = rows(connection, campaign, FUNNEL).await?.pop();
    funnel.ok_or_else(|| db::Error::corrupt("a count without a row"))
}

async fn outcomes(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<OutcomeCount>, db::Error> {
    const SQL: &str = "SELECT outcome_class, COUNT(*) AS enrollments FROM enrollment WHERE campaign_id = $1 \
        AND outcome_class IS NOT NULL GROUP BY outcome_class ORDER BY outcome_class";
    rows(connection, campaign, SQL).await
}
