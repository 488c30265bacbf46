//! What seldom changes about a campaign, remembered for a few seconds: UpdateCampaign may run in another instance.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use sea_orm::ConnectionTrait;

use crate::codes::error::Error;
use crate::db;
use crate::db::entities::individual::Population;
use crate::db::entities::restoration::Offer;
use crate::db::entities::{campaign, consent_text, product};
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::sha256_hex;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::language::primary;

use super::store::{self, Campaign};

/// The part of a campaign that seldom changes. Whether it is open is not in here.
#[derive(Debug)]
pub struct CachedCampaign {
    /// Id.
    pub id: CampaignId,
    /// Its name in letters and on the phone.
    pub engagement_number: String,
    /// The zone of its civil dates.
    pub zone: TimeZone,
    /// Its language.
    pub language: String,
    /// Whether a coverage gets the months that the law asks for.
    pub raise_term_by_law: bool,
    /// Who restores people's identities.
    pub restoration: Option<Offer>,
    /// Who gets what from whom.
    pub products: Vec<product::Model>,
    /// The consent texts, the campaign's own language first, those that were replaced among them.
    pub consent_texts: Vec<ConsentText>,
}

/// A consent text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentText {
    /// BCP 47 language.
    pub language: String,
    /// Version.
    pub version: String,
    /// The text.
    pub text: String,
    /// SHA-256 of the text, in lower-case hex.
    pub sha256: String,
    /// When another one took its place.
    pub replaced_at: Option<Timestamp>,
}

impl From<consent_text::Model> for ConsentText {
    fn from(row: consent_text::Model) -> Self {
        Self {
            sha256: sha256_hex(row.text.as_bytes()),
            language: row.language,
            version: row.version,
            text: row.text,
            replaced_at: row.replaced_at,
        }
    }
}

impl CachedCampaign {
    fn of(campaign: Campaign) -> Result<Self, Error> {
        let Campaign {
            row,
            products,
            consent_texts,
            ..
        } = campaign;
        Ok(Self {
            restoration: row.restoration()?,
            id: row.id,
            zone: TimeZone::get(&row.zone).map_err(|_| db::Error::corrupt("campaign.zone"))?,
            engagement_number: row.engagement_number,
            language: row.language,
            raise_term_by_law: row.raise_term_by_law,
            products,
            consent_texts: consent_texts.into_iter().map(ConsentText::from).collect(),
        })
    }

    /// Gives the consent text in a language, in its primary language (`es` for `es-MX`), or in the campaign's own.
    pub fn consent_text(&self, language: &str) -> Option<&ConsentText> {
        let current = || {
            self.consent_texts
                .iter()
                .filter(|it| it.replaced_at.is_none())
        };
        current()
            .find(|text| text.language == language)
            .or_else(|| current().find(|text| primary(&text.language) == primary(language)))
            .or_else(|| current().next())
    }

    /// Gives the partner's contract code for one of its products.
    pub fn contract_code(&self, partner: PartnerId, code: &str) -> Option<String> {
        let of = |it: &&product::Model| it.partner_id == partner && it.code == code;
        self.products.iter().find(of)?.contract_code.clone()
    }

    /// Gives the products that a population is given now.
    pub fn products_of(&self, population: Population) -> impl Iterator<Item = &product::Model> {
        let of = move |product: &&product::Model| {
            Population::from(product.population) == population && product.retired_at.is_none()
        };
        self.products.iter().filter(of)
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
        let row = store::by_number(connection, number).await?;
        self.keep(connection, row).await
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
        let row = store::by_id(connection, id).await?;
        self.keep(connection, row).await
    }

    /// Forgets all campaigns: each is read again when it is needed.
    pub fn forget(&self) {
        let mut campaigns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        campaigns.clear();
    }

    fn find(&self, wanted: impl Fn(&CachedCampaign) -> bool) -> Option<Arc<CachedCampaign>> {
        let campaigns = self.0.read().unwrap_or_else(PoisonError::into_inner);
        campaigns
            .values()
            .find(|campaign| wanted(campaign))
            .cloned()
    }

    async fn keep(
        &self,
        connection: &impl ConnectionTrait,
        row: Option<campaign::Model>,
    ) -> Result<Arc<CachedCampaign>, Error> {
        let row = row.ok_or(Error::CampaignNotFound)?;
        let whole = store::complete(connection, vec![row]).await?.pop();
        let campaign = CachedCampaign::of(whole.ok_or(Error::CampaignNotFound)?)?;
        let campaign = Arc::new(campaign);
        let mut campaigns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        campaigns.insert(campaign.id, Arc::clone(&campaign));
        Ok(campaign)
    }
}
