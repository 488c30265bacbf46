//! The queries of verifications.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QuerySelect,
    RelationDef, Statement,
};

use crate::db;
use crate::db::entities::evidence::{self, Evidence};
use crate::db::entities::{campaign, campaign_key, enrollment, individual, referral, verification};
use crate::identity::error::Error;
use crate::identity::matching::blind::Keys;
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

/// How many people are looked at for one key; a key that more people share tells nothing.
const PER_KEY: usize = 16;

/// Gives the ids of people who share a blind key with the claims. One index scan a key, each of them short.
///
/// "IS TRUE" keeps the planner from using the primary key, which would read the whole campaign.
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
        .col_expr(
            Column::Evidence,
            Expr::value(evidence::write(grounds.iter().copied())),
        )
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state));
    one_row(update.exec(connection).await?.rows_affected)
}
