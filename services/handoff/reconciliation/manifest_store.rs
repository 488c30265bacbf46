//! Reading and writing the manifests that are kept.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::entities::handoff;
use crate::db::entities::manifest::{Column, Entity, Model};
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::manifest::STATES;

/// Adds a manifest; tells whether there was none of its day.
pub async fn add(tx: &impl ConnectionTrait, manifest: &Model) -> Result<bool, Error> {
    let same = OnConflict::columns([Column::CampaignId, Column::PartnerId, Column::Day])
        .do_nothing()
        .to_owned();
    let added = Entity::insert(manifest.clone().into_active_model())
        .on_conflict(same)
        .exec_without_returning(tx)
        .await?;
    Ok(added > 0)
}

/// Gets the manifest of a day.
pub async fn get(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, PartnerId),
    day: &str,
) -> Result<Option<Model>, Error> {
    let query = Entity::find_by_id((campaign, partner, day.to_owned()));
    Ok(query.one(db).await?)
}

/// Lists the manifests of a campaign at a partner, newest day first.
pub async fn page(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, PartnerId),
    before: Option<String>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::PartnerId.eq(partner));
    if let Some(before) = before {
        query = query.filter(Column::Day.lt(before));
    }
    let query = query.order_by_desc(Column::Day).limit(limit);
    Ok(query.all(db).await?)
}

/// Tells whether a partner has acknowledged anything of a campaign.
pub async fn is_anything_acknowledged(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, PartnerId),
) -> Result<bool, Error> {
    use handoff::Column;
    let query = handoff::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.is_in(STATES))
        .filter(Column::Kind.eq(handoff::Kind::Enroll))
        .filter(Column::AcknowledgedAt.is_not_null())
        .limit(1);
    let found: Option<uuid::Uuid> = query.into_tuple().one(db).await?;
    Ok(found.is_some())
}
