//! The campaign of a request, which names it by its engagement number or by its id.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::db::entities::campaign::{Column, Entity};
use crate::kernel::fields::{CampaignKey, Fields};
use crate::kernel::ids::CampaignId;

use super::context::Context;
use super::error::Error;

impl Context {
    /// Reads the field `campaign` of a request as an id. An id that no campaign has is given as it is.
    ///
    /// # Errors
    /// [`Error::CampaignNotFound`] where no campaign has the engagement number.
    pub async fn campaign_id(&self, fields: &mut Fields, text: &str) -> Result<CampaignId, Error> {
        match fields.campaign(text) {
            None => Ok(CampaignId::from_uuid(Uuid::nil())),
            Some(CampaignKey::Id(id)) => Ok(id),
            Some(CampaignKey::Number(number)) => {
                let found = self.campaign(&CampaignKey::Number(number)).await?;
                found.map(|(id, _)| id).ok_or(Error::CampaignNotFound)
            }
        }
    }

    /// Reads the field `campaign` of a request as an engagement number. An id that no campaign has is given as it is: it is the
    /// number of no campaign either, so that it is refused in the same way.
    pub async fn engagement_number(
        &self,
        fields: &mut Fields,
        text: &str,
    ) -> Result<String, Error> {
        match fields.campaign(text) {
            None => Ok(String::new()),
            Some(CampaignKey::Number(number)) => Ok(number),
            Some(CampaignKey::Id(id)) => {
                let found = self.campaign(&CampaignKey::Id(id)).await?;
                Ok(found.map_or_else(|| id.to_string(), |(_, number)| number))
            }
        }
    }

    async fn campaign(&self, key: &CampaignKey) -> Result<Option<(CampaignId, String)>, Error> {
        let known = self.campaigns.find(|(id, number)| match key {
            CampaignKey::Id(wanted) => id == wanted,
            CampaignKey::Number(wanted) => number == wanted,
        });
        if known.is_some() {
            return Ok(known);
        }
        let is_it = match key {
            CampaignKey::Id(id) => Column::Id.eq(*id),
            CampaignKey::Number(number) => Column::EngagementNumber.eq(number),
        };
        let found: Option<(CampaignId, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::EngagementNumber])
            .filter(is_it)
            .into_tuple()
            .one(self.db.read())
            .await?;
        if let Some(campaign) = &found {
            self.campaigns.keep(campaign.clone());
        }
        Ok(found)
    }
}
