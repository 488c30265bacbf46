//! What is settled about a campaign when it is created, and so may be remembered for ever.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use sea_orm::ConnectionTrait;

use crate::codes::error::Error;
use crate::db;
use crate::db::entities::campaign;
use crate::kernel::crypto::sha256_hex;
use crate::kernel::ids::CampaignId;

use super::store;

/// The unchanging part of a campaign. Whether it is open is not in here.
#[derive(Debug)]
pub struct CachedCampaign {
    /// Id.
    pub id: CampaignId,
    /// Its name in letters and on the phone.
    pub engagement_number: String,
    /// The zone of its civil dates.
    pub zone: TimeZone,
    /// The term in calendar months.
    pub term_months: i32,
    /// The version of the consent text.
    pub consent_version: String,
    /// SHA-256 of the consent text, in lower-case hex.
    pub consent_sha256: String,
}

impl CachedCampaign {
    fn of(row: &campaign::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            engagement_number: row.engagement_number.clone(),
            zone: TimeZone::get(&row.zone).map_err(|_| db::Error::corrupt("campaign.zone"))?,
            term_months: row.term_months,
            consent_version: row.consent_version.clone(),
            consent_sha256: sha256_hex(row.consent_text.as_bytes()),
        })
    }
}

/// The campaigns that this process has read.
#[derive(Debug, Default)]
pub struct CampaignCache(RwLock<HashMap<CampaignId, Arc<CachedCampaign>>>);

impl CampaignCache {
    /// Gives the campaign of an engagement number.
    pub async fn by_number(
        &self,
        connection: &impl ConnectionTrait,
        number: &str,
    ) -> Result<Arc<CachedCampaign>, Error> {
        if let Some(known) = self.find(|campaign| campaign.engagement_number == number) {
            return Ok(known);
        }
        self.keep(store::by_number(connection, number).await?)
    }

    /// Gives the campaign of an id.
    pub async fn by_id(
        &self,
        connection: &impl ConnectionTrait,
        id: CampaignId,
    ) -> Result<Arc<CachedCampaign>, Error> {
        if let Some(known) = self.find(|campaign| campaign.id == id) {
            return Ok(known);
        }
        self.keep(store::by_id(connection, id).await?)
    }

    fn find(&self, wanted: impl Fn(&CachedCampaign) -> bool) -> Option<Arc<CachedCampaign>> {
        let campaigns = self.0.read().unwrap_or_else(PoisonError::into_inner);
        campaigns
            .values()
            .find(|campaign| wanted(campaign))
            .cloned()
    }

    fn keep(&self, row: Option<campaign::Model>) -> Result<Arc<CachedCampaign>, Error> {
        let campaign = CachedCampaign::of(&row.ok_or(Error::CampaignNotFound)?)?;
        let campaign = Arc::new(campaign);
        let mut campaigns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        campaigns.insert(campaign.id, Arc::clone(&campaign));
        Ok(campaign)
    }
}
