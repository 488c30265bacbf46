//! The campaign of a request, which names it by its engagement number or by its id.
//!
//! A campaign may name the front ends that serve it. To any other one it does not exist: where its request names such a campaign, the
//! method gets an id or a number that no campaign has, and answers as it does then. So the rule stands here and in no method.
//!
//! What serves a campaign is remembered for some seconds, and so is that there is none: a refusal sends the same statements whatever it
//! is refused for.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::db::entities::campaign::{Column, Entity};
use crate::db::entities::front_ends::FrontEnds;
use crate::kernel::caller::Caller;
use crate::kernel::fields::{CampaignKey, Fields};
use crate::kernel::ids::CampaignId;

use super::context::Context;
use super::error::Error;
use super::known_campaigns::KnownCampaign;

/// An id that no campaign has.
const NOWHERE: CampaignId = CampaignId::from_uuid(Uuid::nil());

/// A campaign as a caller sees it.
enum Seen {
    /// The caller may know of it.
    Open(CampaignId, String),
    /// It names front ends, and the caller is none of them.
    Hidden(CampaignId),
    /// There is none.
    Unknown,
}

impl Context {
    /// Reads the field `campaign` of a request as an id, for methods that no front end may call. An id that no campaign has is given as
    /// it is.
    ///
    /// # Errors
    /// [`Error::CampaignNotFound`] where no campaign has the engagement number.
    pub async fn campaign_id(&self, fields: &mut Fields, text: &str) -> Result<CampaignId, Error> {
        match fields.campaign(text) {
            None => Ok(NOWHERE),
            Some(CampaignKey::Id(id)) => Ok(id),
            Some(CampaignKey::Number(number)) => {
                let found = self.campaign(&CampaignKey::Number(number)).await?;
                found.map(|it| it.id).ok_or(Error::CampaignNotFound)
            }
        }
    }

    /// Reads the field `campaign` of a request as an id, for methods that front ends may call. Where the caller may not know of the
    /// campaign, or there is none, the id is one that no campaign has.
    ///
    /// # Errors
    /// [`Error::CampaignNotFound`] where no campaign that the caller may know of has the engagement number.
    pub async fn campaign_id_for(
        &self,
        caller: &Caller,
        fields: &mut Fields,
        text: &str,
    ) -> Result<CampaignId, Error> {
        if !caller.role.is_front_end() {
            return self.campaign_id(fields, text).await;
        }
        let Some(key) = fields.campaign(text) else {
            return Ok(NOWHERE);
        };
        match (self.campaign_for(caller, &key).await?, key) {
            (Seen::Open(id, _), _) => Ok(id),
            (_, CampaignKey::Id(_)) => Ok(NOWHERE),
            (_, CampaignKey::Number(_)) => Err(Error::CampaignNotFound),
        }
    }

    /// Reads the field `campaign` of a request as an engagement number, for methods that front ends may call. Where the caller may not
    /// know of the campaign, or there is none, it is the number of no campaign, so that it is refused in the same way.
    pub async fn engagement_number_for(
        &self,
        caller: &Caller,
        fields: &mut Fields,
        text: &str,
    ) -> Result<String, Error> {
        let key = fields.campaign(text);
        self.number_for(caller, key).await
    }

    /// Gives the engagement number of a campaign that a request named, as [`Context::engagement_number_for`] does; for a method that tells what
    /// is mistyped before it asks the database.
    pub async fn number_for(
        &self,
        caller: &Caller,
        key: Option<CampaignKey>,
    ) -> Result<String, Error> {
        let key = match key {
            None => return Ok(String::new()),
            Some(CampaignKey::Number(number)) if !caller.role.is_front_end() => return Ok(number),
            Some(key) => key,
        };
        Ok(match (self.campaign_for(caller, &key).await?, key) {
            (Seen::Open(_, number), _) | (Seen::Unknown, CampaignKey::Number(number)) => number,
            // An id is no number.
            (Seen::Hidden(id), _) | (Seen::Unknown, CampaignKey::Id(id)) => id.to_string(),
        })
    }

    /// Gives the engagement number of a campaign that there is.
    pub async fn number_of(&self, id: CampaignId) -> Result<String, Error> {
        let found = self.campaign(&CampaignKey::Id(id)).await?;
        found.map(|it| it.number).ok_or(Error::CampaignNotFound)
    }

    /// Forgets the campaigns that were read: one was changed.
    pub fn forget_campaigns(&self) {
        self.campaigns.forget();
    }

    async fn campaign_for(&self, caller: &Caller, key: &CampaignKey) -> Result<Seen, Error> {
        let now = self.now();
        let known = self.known(key).filter(|it| it.is_fresh(now));
        let found = match known {
            Some(known) => Some(known),
            None if self.campaigns.was_absent(key, now) => None,
            None => self.read_campaign(key).await?,
        };
        Ok(match found {
            None => Seen::Unknown,
            Some(it) if it.front_ends.admit(caller) => Seen::Open(it.id, it.number),
            Some(it) => Seen::Hidden(it.id),
        })
    }

    async fn campaign(&self, key: &CampaignKey) -> Result<Option<KnownCampaign>, Error> {
        match self.known(key) {
            Some(known) => Ok(Some(known)),
            None => self.read_campaign(key).await,
        }
    }

    fn known(&self, key: &CampaignKey) -> Option<KnownCampaign> {
        self.campaigns.find(|it| match key {
            CampaignKey::Id(wanted) => it.id == *wanted,
            CampaignKey::Number(wanted) => it.number == *wanted,
        })
    }

    async fn read_campaign(&self, key: &CampaignKey) -> Result<Option<KnownCampaign>, Error> {
        let is_it = match key {
            CampaignKey::Id(id) => Column::Id.eq(*id),
            CampaignKey::Number(number) => Column::EngagementNumber.eq(number),
        };
        let read_at = self.now();
        let found: Option<(CampaignId, String, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::EngagementNumber, Column::FrontEnds])
            .filter(is_it)
            .into_tuple()
            .one(self.db.read())
            .await?;
        let Some((id, number, front_ends)) = found else {
            self.campaigns.keep_absent(key.clone(), read_at);
            return Ok(None);
        };
        let known = KnownCampaign {
            id,
            number,
            front_ends: FrontEnds::read(&front_ends)?,
            read_at,
        };
        self.campaigns.keep(known.clone());
        Ok(Some(known))
    }
}
