//! The queries of supplements.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

use crate::db::entities::{individual, supplement};
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, IndividualId};

/// Locks an individual until the transaction ends: two corrections of one person are taken one after the other.
pub async fn lock_individual(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Option<individual::Model>, Error> {
    let query = individual::Entity::find_by_id((campaign, id)).lock_exclusive();
    Ok(query.one(connection).await?)
}

/// Gives what an individual mended or chose before.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Option<supplement::Model>, Error> {
    let query = supplement::Entity::find()
        .filter(supplement::Column::CampaignId.eq(campaign))
        .filter(supplement::Column::IndividualId.eq(id));
    Ok(query.one(connection).await?)
}

/// Writes what an individual mended or chose.
pub async fn put(connection: &impl ConnectionTrait, row: supplement::Model) -> Result<(), Error> {
    use supplement::Column;
    let again = OnConflict::columns([Column::CampaignId, Column::IndividualId])
        .update_columns([Column::Sealed, Column::UpdatedAt, Column::UpdatedBy])
        .to_owned();
    supplement::Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
