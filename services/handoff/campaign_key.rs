//! The key of a campaign: its people and its activation codes are encrypted under it.

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

use crate::db::entities::{campaign, campaign_key};
use crate::kernel::crypto::OpenError;
use crate::kernel::ids::CampaignId;
use crate::kernel::keyring::{KeyError, KeyProvider, Purpose};
use crate::kernel::person_sealer::PersonSealer;

use super::error::Error;

/// A campaign's engagement number, by which partners know it, and its wrapped key.
#[derive(Clone, Debug)]
pub struct CampaignKey {
    /// The engagement number.
    pub engagement_number: String,
    row: Option<campaign_key::Model>,
}

/// Why a campaign's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It was never made: the import of the roster makes it.
    #[error("the campaign has no key yet")]
    Missing,
    /// It was destroyed.
    #[error("the campaign's key was destroyed")]
    Destroyed,
    /// The key that wraps it is not in the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyError),
    /// It cannot be unwrapped.
    #[error("the campaign's key cannot be unwrapped")]
    Corrupt(#[from] OpenError),
}

impl CampaignKey {
    /// Gets the key of a campaign; `None` where there is no such campaign.
    pub async fn get(db: &impl ConnectionTrait, id: CampaignId) -> Result<Option<Self>, Error> {
        let number: Option<String> = campaign::Entity::find_by_id(id)
            .select_only()
            .column(campaign::Column::EngagementNumber)
            .into_tuple()
            .one(db)
            .await?;
        let Some(engagement_number) = number else {
            return Ok(None);
        };
        Ok(Some(Self {
            engagement_number,
            row: campaign_key::Entity::find_by_id(id).one(db).await?,
        }))
    }

    /// Gives the version of the person key that it is wrapped under.
    pub fn key_version(&self) -> Option<i32> {
        self.row.as_ref().map(|row| row.key_version)
    }

    /// Unwraps the key.
    pub fn unwrap(&self, keys: &dyn KeyProvider) -> Result<PersonSealer, Unusable> {
        let row = self.row.as_ref().ok_or(Unusable::Missing)?;
        let wrapped = row.wrapped.as_ref().ok_or(Unusable::Destroyed)?;
        let master = keys.get(Purpose::Person, row.key_version)?;
        Ok(PersonSealer::unwrap(&master, row.campaign_id, wrapped)?)
    }
}
