//! The queries of verifications.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Statement,
};

use crate::db::entities::{
    campaign, campaign_key, confirmation_code, enrollment, individual, referral, verification,
};
use crate::identity::error::Error;
use crate::identity::matching::blind::Keys;
use crate::identity::roster::store::one_row;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, ConfirmationId, EnrollmentId, IndividualId, ReferralId, VerificationId,
};

use super::state::{Confirmation, Verification};

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

/// How many people one key may bring; more than that is no key.
const PER_KEY: usize = 16;

/// Gives the ids of people who share a blind key with the claims. One index scan a key, each of them short.
///
/// "IS TRUE" keeps the primary key out of the planner's choice: a campaign is no way to look for anybody.
pub async fn candidates(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    keys: &[Keys],
) -> Result<Vec<IndividualId>, Error> {
    let columns = |keys: &Keys| {
        [
            ("ssn", keys.ssn),
            ("name_dob", keys.name_dob),
            ("name_postal", keys.name_postal),
            ("dob_postal", keys.dob_postal),
            ("last4_dob", keys.last4_dob),
        ]
    };
    let mut values: Vec<sea_orm::Value> = vec![campaign.as_uuid().into()];
    let mut arms = Vec::new();
    for (column, key) in keys.iter().flat_map(columns) {
        let Some(key) = key else { continue };
        values.push(key.into());
        let (arm, at) = (arms.len(), values.len());
        arms.push(format!(
            "SELECT individual_id FROM (SELECT individual_id FROM individual_index \
             WHERE {column} = ${at} AND (campaign_id = $1) IS TRUE LIMIT {PER_KEY}) AS arm{arm}"
        ));
    }
    let sql = arms.join(" UNION ");
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let ids: Result<Vec<uuid::Uuid>, _> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(ids?.into_iter().map(IndividualId::from).collect())
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

/// Gives a verification and holds it until the transaction ends.
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

/// Moves a verification from one state to another.
pub async fn advance(
    connection: &impl ConnectionTrait,
    row: &verification::Model,
    to: &Verification,
    expires_at: Timestamp,
) -> Result<(), Error> {
    use verification::Column;
    let update = verification::Entity::update_many()
        .col_expr(Column::State, Expr::value(to.as_str()))
        .col_expr(
            Column::DecidedAt,
            Expr::value(to.decided_at().map(Timestamp::as_micros)),
        )
        .col_expr(Column::ExpiresAt, Expr::value(expires_at.as_micros()))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state.as_str()));
    one_row(update.exec(connection).await?.rows_affected)
}

/// Gives a person.
pub async fn individual(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Option<individual::Model>, Error> {
    Ok(individual::Entity::find_by_id((campaign, id))
        .one(connection)
        .await?)
}

/// Counts the codes sent for a verification.
pub async fn count_codes(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    verification: VerificationId,
) -> Result<u64, Error> {
    use confirmation_code::Column;
    let query = confirmation_code::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::VerificationId.eq(verification));
    Ok(query.count(connection).await?)
}

/// Writes a confirmation code, and spends those sent before it.
pub async fn insert_code(
    connection: &impl ConnectionTrait,
    row: &confirmation_code::Model,
) -> Result<(), Error> {
    use confirmation_code::Column;
    confirmation_code::Entity::update_many()
        .col_expr(Column::State, Expr::value("SPENT"))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::VerificationId.eq(row.verification_id))
        .filter(Column::State.eq("SENT"))
        .exec(connection)
        .await?;
    confirmation_code::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Gives a confirmation code.
pub async fn code(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ConfirmationId,
) -> Result<Option<confirmation_code::Model>, Error> {
    Ok(confirmation_code::Entity::find_by_id((campaign, id))
        .one(connection)
        .await?)
}

/// Gives the code that can be confirmed: the one that is SENT, of which there is at most one.
pub async fn live_code(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    verification: VerificationId,
) -> Result<Option<confirmation_code::Model>, Error> {
    use confirmation_code::Column;
    let query = confirmation_code::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::VerificationId.eq(verification))
        .filter(Column::State.eq("SENT"))
        .order_by_desc(Column::Id);
    Ok(query.one(connection).await?)
}

/// Counts a try: moves a code on, if nobody did meanwhile.
pub async fn advance_code(
    connection: &impl ConnectionTrait,
    row: &confirmation_code::Model,
    to: &Confirmation,
) -> Result<(), Error> {
    use confirmation_code::Column;
    let update = confirmation_code::Entity::update_many()
        .col_expr(Column::State, Expr::value(to.as_str()))
        .col_expr(Column::Attempts, Expr::value(to.attempts()))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state.as_str()))
        .filter(Column::Attempts.eq(row.attempts));
    one_row(update.exec(connection).await?.rows_affected)
}

/// Gives one page of open referrals with their individuals, oldest first.
pub async fn open_referrals(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: Option<ReferralId>,
    limit: u64,
) -> Result<Vec<(referral::Model, Option<verification::Model>)>, Error> {
    use referral::Column;
    let mut query = referral::Entity::find()
        .select_also(verification::Entity)
        .join(JoinType::LeftJoin, to_verification())
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq("OPEN"));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?)
}

/// Gives a referral with its verification.
pub async fn referral(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ReferralId,
) -> Result<Option<(referral::Model, Option<verification::Model>)>, Error> {
    let query = referral::Entity::find()
        .select_also(verification::Entity)
        .join(JoinType::LeftJoin, to_verification())
        .filter(referral::Column::CampaignId.eq(campaign))
        .filter(referral::Column::Id.eq(id));
    Ok(query.one(connection).await?)
}

fn to_verification() -> RelationDef {
    referral::Entity::belongs_to(verification::Entity)
        .from((
            referral::Column::CampaignId,
            referral::Column::VerificationId,
        ))
        .to((verification::Column::CampaignId, verification::Column::Id))
        .into()
}

/// Decides a referral, if it is open; tells whether it was.
pub async fn decide_referral(
    connection: &impl ConnectionTrait,
    row: &referral::Model,
    to: crate::identity::referral::state::Referral,
    reviewer: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    use referral::Column;
    let update = referral::Entity::update_many()
        .col_expr(Column::State, Expr::value(to.as_str()))
        .col_expr(Column::DecidedBy, Expr::value(reviewer))
        .col_expr(Column::DecidedAt, Expr::value(at.as_micros()))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq("OPEN"));
    Ok(update.exec(connection).await?.rows_affected == 1)
}
