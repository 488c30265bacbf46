//! Reading what identity keeps of people: sealed, with the salt and the campaign's wrapped key beside it.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::db::entities::{campaign, campaign_key, individual};
use crate::handoff::error::Error;
use crate::handoff::store::pieces;
use crate::kernel::ids::{CampaignId, IndividualId};

/// What a campaign's people are opened with, and what partners know the campaign by.
#[derive(Clone, Debug)]
pub struct CampaignKey {
    /// The engagement number.
    pub engagement_number: String,
    /// The version of the key that wraps the campaign's.
    pub key_version: i32,
    /// Whether the key was destroyed.
    pub is_destroyed: bool,
    /// The wrapped key; `None` when it was destroyed or never made.
    pub wrapped: Option<Vec<u8>>,
}

/// Gets a campaign's engagement number and wrapped key.
pub async fn campaign_key(
    db: &impl ConnectionTrait,
    id: CampaignId,
) -> Result<Option<CampaignKey>, Error> {
    let number: Option<String> = campaign::Entity::find_by_id(id)
        .select_only()
        .column(campaign::Column::EngagementNumber)
        .into_tuple()
        .one(db)
        .await?;
    let Some(engagement_number) = number else {
        return Ok(None);
    };
    let key = campaign_key::Entity::find_by_id(id).one(db).await?;
    Ok(Some(CampaignKey {
        engagement_number,
        is_destroyed: key.as_ref().is_some_and(|key| key.wrapped.is_none()),
        key_version: key.as_ref().map_or(0, |key| key.key_version),
        wrapped: key.and_then(|key| key.wrapped),
    }))
}

/// A person's salt and sealed data; both gone when the person was erased.
pub type Sealed = (Option<Vec<u8>>, Option<Vec<u8>>);

/// An individual with its salt and its sealed data.
type Row = (IndividualId, Option<Vec<u8>>, Option<Vec<u8>>);

/// Gets the sealed data of a campaign's people.
pub async fn sealed(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    people: &[IndividualId],
) -> Result<HashMap<IndividualId, Sealed>, Error> {
    let mut found = HashMap::with_capacity(people.len());
    for piece in pieces(people) {
        let rows: Vec<Row> = individual::Entity::find()
            .select_only()
            .columns([
                individual::Column::Id,
                individual::Column::Salt,
                individual::Column::Sealed,
            ])
            .filter(individual::Column::CampaignId.eq(campaign))
            .filter(individual::Column::Id.is_in(piece.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(
            rows.into_iter()
                .map(|(id, salt, sealed)| (id, (salt, sealed))),
        );
    }
    Ok(found)
}
