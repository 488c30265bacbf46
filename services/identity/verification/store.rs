//! The queries of verifications.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QuerySelect,
    RelationDef, Statement,
};
use serde::Serialize;
use uuid::Uuid;

use crate::db;
use crate::db::entities::ClosedSet;
use crate::db::entities::evidence::{self, Evidence};
use crate::db::entities::verification::{Notice, Path};
use crate::db::entities::{
    campaign, campaign_key, enrollment, individual, letter_order, referral, verification,
};
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::identity::matching::keys::{KeyOf, Keys};
use crate::identity::roster::store::one_row;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::process::Call;

use super::state::Verification;

/// Gives a campaign by what stands in the letter, with its data key.
pub async fn campaign(
    connection: &impl ConnectionTrait,
    engagement_number: &str,
) -> Result<Option<(campaign::Model, Option<campaign_key::Model>)>, Error> {
    let key: RelationDef = campaign::Entity::belongs_to(campaign_key::Entity)
        .from(campaign::Column::Id)
        .to(campaign_key::Column::CampaignId)
        .into();
    let query = campaign::Entity::find()
        .select_also(campaign_key::Entity)
        .join(JoinType::LeftJoin, key)
        .filter(campaign::Column::EngagementNumber.eq(engagement_number));
    Ok(query.one(connection).await?)
}

/// Gives an enrollment and the person it is for.
pub async fn enrollment(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: EnrollmentId,
) -> Result<Option<(enrollment::Model, Option<individual::Model>)>, Error> {
    use enrollment::Column;
    let person: RelationDef = enrollment::Entity::belongs_to(individual::Entity)
        .from((Column::CampaignId, Column::IndividualId))
        .to((individual::Column::CampaignId, individual::Column::Id))
        .into();
    let query = enrollment::Entity::find()
        .select_also(individual::Entity)
        .join(JoinType::LeftJoin, person)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id));
    Ok(query.one(connection).await?)
}

/// How many descriptions are looked at for one key; a key that more share tells nothing.
const PER_KEY: usize = 32;

/// Gives the ids of people who share a blind key with the claims that is enough for a look, or any two of them. One index scan a key, each
/// of them short.
///
/// "IS TRUE" keeps the planner from using the primary key, which would read the whole campaign.
pub async fn candidates(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    keys: &[Keys],
) -> Result<Vec<IndividualId>, Error> {
    let mut values: Vec<sea_orm::Value> = vec![campaign.as_uuid().into()];
    let mut arms = Vec::new();
    for (of, key) in keys.iter().flat_map(Keys::present) {
        values.push(key.into());
        let (column, worth) = (of.column(), if of.is_enough_for_a_claim() { 2 } else { 1 });
        let (arm, at) = (arms.len(), values.len());
        arms.push(format!(
            "SELECT individual_id, {worth} AS worth FROM (SELECT DISTINCT individual_id FROM individual_index \
             WHERE {column} = ${at} AND (campaign_id = $1) IS TRUE LIMIT {PER_KEY}) AS arm{arm}"
        ));
    }
    let sql = format!(
        "SELECT individual_id FROM ({}) AS found GROUP BY individual_id HAVING SUM(worth) >= 2",
        arms.join(" UNION ALL ")
    );
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let ids: Result<Vec<Uuid>, _> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(ids?.into_iter().map(IndividualId::from).collect())
}

/// A key of a number or a contact, and how many people bear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Borne {
    /// What it is made of: the SSN, the telephone number or the e-mail address.
    pub of: KeyOf,
    /// The key.
    pub key: i64,
}

/// How far bearers are counted.
const MANY: i64 = 16;

/// Gives how many people of the campaign bear each of these keys; of as many as [`MANY`] it is not told how many more there are. A number
/// counts where it is the person's now, a contact also where it is a further one or one of before.
pub async fn bearers(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    keys: &[Borne],
) -> Result<HashMap<Borne, i64>, Error> {
    #[derive(Serialize)]
    struct Row {
        at: usize,
        kind: &'static str,
        k: i64,
    }
    const COLUMNS: [(&str, Is); 3] = [("at", Is::Int), ("kind", Is::Text), ("k", Is::Big)];
    let backend = connection.get_database_backend();
    let count = |of: KeyOf| {
        let column = of.column();
        let now = if of == KeyOf::Ssn {
            " AND i.description = 0"
        } else {
            ""
        };
        format!(
            "WHEN '{column}' THEN (SELECT COUNT(*) FROM (SELECT DISTINCT i.individual_id FROM individual_index i WHERE i.{column} = v.k \
             AND (i.campaign_id = $2) IS TRUE{now} LIMIT {MANY}) AS few)"
        )
    };
    let counts = [KeyOf::Ssn, KeyOf::Phone, KeyOf::Email].map(count);
    let sql = format!(
        "WITH {} SELECT v.at, CASE v.kind {} END AS people FROM v",
        rows::table(backend, &COLUMNS),
        counts.join(" ")
    );
    let asked = keys.iter().enumerate().map(|(at, borne)| Row {
        at,
        kind: borne.of.column(),
        k: borne.key,
    });
    let asked: Vec<Row> = asked.collect();
    let statement = rows::bind_with(backend, sql, &asked, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let counts = found.iter().map(|row| {
        let at: i32 = row.try_get("", "at")?;
        let borne = usize::try_from(at).ok().and_then(|at| keys.get(at));
        let borne = borne.ok_or_else(|| db::Error::corrupt("an answer to no question"))?;
        Ok((*borne, row.try_get("", "people")?))
    });
    counts.collect()
}

/// What a reviewer may have denied: a claim about somebody with one letter, or without any.
#[derive(Clone, Copy, Debug)]
pub struct Denied {
    /// Whom it was compared with; nobody has denied anything about nobody.
    pub individual: Option<IndividualId>,
    /// Keyed hash of the letter's code.
    pub letter: Option<Uuid>,
    /// With a letter or without.
    pub path: Path,
}

/// Tells whether a reviewer denied it before. What was denied with one letter says nothing about another one, and what somebody claimed
/// without a letter says nothing about whoever holds one. What ended because a guardian's own verification or a childhood did was denied
/// by nobody.
pub async fn was_denied(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    claim: Denied,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT 1 AS found FROM verification v \
        JOIN referral r ON r.campaign_id = v.campaign_id AND r.verification_id = v.id \
        LEFT JOIN enrollment e ON e.campaign_id = v.campaign_id AND e.id = v.enrollment_id \
        WHERE v.campaign_id = $1 AND v.individual_id = $2 AND v.path = $3 AND r.state = $4 \
        AND v.repudiated_at IS NULL AND v.lapsed_at IS NULL AND (v.enrollment_id IS NULL OR e.code_mac = $5) LIMIT 1";
    let values = [
        campaign.into(),
        claim.individual.map(IndividualId::as_uuid).into(),
        claim.path.as_str().into(),
        referral::State::Denied.as_str().into(),
        claim.letter.into(),
    ];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, values);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Writes a verification.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
) -> Result<(), Error> {
    verification::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Writes a referral.
pub async fn insert_referral(
    connection: &impl ConnectionTrait,
    row: &referral::Model,
) -> Result<(), Error> {
    referral::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Gives the referral of a verification, if there is one.
pub async fn referral_of(
    connection: &impl ConnectionTrait,
    of: &verification::Model,
) -> Result<Option<referral::Model>, Error> {
    let query = referral::Entity::find()
        .filter(referral::Column::CampaignId.eq(of.campaign_id))
        .filter(referral::Column::VerificationId.eq(of.id));
    Ok(query.one(connection).await?)
}

/// Gives a verification.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<Option<verification::Model>, Error> {
    Ok(verification::Entity::find_by_id((campaign, id))
        .one(connection)
        .await?)
}

/// Gives a verification and its person.
pub async fn with_person(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<Option<(verification::Model, Option<individual::Model>)>, Error> {
    use verification::Column;
    let person: RelationDef = verification::Entity::belongs_to(individual::Entity)
        .from((Column::CampaignId, Column::IndividualId))
        .to((individual::Column::CampaignId, individual::Column::Id))
        .into();
    let query = verification::Entity::find_by_id((campaign, id))
        .select_also(individual::Entity)
        .join(JoinType::LeftJoin, person);
    Ok(query.one(connection).await?)
}

/// Gives a verification that this caller may reach: a portal or a call center those that it asked for.
pub async fn find_reached(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
    call: &Call,
) -> Result<Option<verification::Model>, Error> {
    let row = find(connection, campaign, id).await?;
    Ok(row.filter(|row| call.reaches(&row.requested_by)))
}

/// Gives from when on another letter is possible, where a limit declined the one that an agent ordered with a verification.
pub async fn letter_possible_at(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    use letter_order::Column;
    let query = letter_order::Entity::find()
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::IndividualId.eq(row.individual_id))
        .filter(Column::VerificationId.eq(row.id));
    let declined = query.one(connection).await?;
    let possible_at = declined.and_then(|order| order.possible_at);
    Ok(possible_at.filter(|at| now < *at))
}

/// Tells whether an enrollment was completed with a verification.
pub async fn is_completed(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
) -> Result<bool, Error> {
    use enrollment::Column;
    let query = enrollment::Entity::find()
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::IndividualId.eq(row.individual_id))
        .filter(Column::VerificationId.eq(row.id))
        .filter(Column::SubmittedAt.is_not_null());
    Ok(query.one(connection).await?.is_some())
}

/// Reads the state of a row.
pub fn state_of(row: &verification::Model) -> Result<Verification, Error> {
    let state = Verification::read(row.state, row.individual_id, row.decided_at);
    state.ok_or_else(|| db::Error::corrupt("verification.state").into())
}

/// Gives a verification and locks it until the transaction ends.
pub async fn lock(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<Option<verification::Model>, Error> {
    Ok(verification::Entity::find_by_id((campaign, id))
        .lock_exclusive()
        .one(connection)
        .await?)
}

/// Gives what a state owes to the person: whoever is verified is told of it.
pub fn notice_of(state: &Verification) -> Option<Notice> {
    matches!(state, Verification::Verified { .. }).then_some(Notice::Due)
}

/// Moves a verification from one state to another, with all that it rests on then.
pub async fn advance(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
    to: &Verification,
    expires_at: Timestamp,
    grounds: &[Evidence],
) -> Result<(), Error> {
    use verification::Column;
    let update = verification::Entity::update_many()
        .col_expr(Column::State, Expr::value(to.state()))
        .col_expr(
            Column::DecidedAt,
            Expr::value(to.decided_at().map(Timestamp::as_micros)),
        )
        .col_expr(Column::ExpiresAt, Expr::value(expires_at.as_micros()))
        .col_expr(Column::Notice, Expr::value(notice_of(to)))
        .col_expr(
            Column::Evidence,
            Expr::value(evidence::write(grounds.iter().copied())),
        )
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state));
    one_row(update.exec(connection).await?.rows_affected)
}
