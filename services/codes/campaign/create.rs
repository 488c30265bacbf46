//! Creating a campaign.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit;
use crate::db::entities::campaign::{self, State};
use crate::db::entities::covered_entity::{self, Notifier};
use crate::db::entities::front_ends::FrontEnds;
use crate::db::entities::restoration::Offer;
use crate::db::entities::{consent_text, product};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId, PartnerId};
use crate::kernel::keyring::Purpose;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::read::get_campaign;
use super::store::{self, Campaign};

/// The most covered entities of a campaign.
pub const ENTITIES: usize = 500;
/// The most products.
pub const PRODUCTS: usize = 12;
/// The longest term, in calendar months.
pub const LONGEST_TERM: i32 = 120;
/// The most consent texts: one a language.
pub const TEXTS: usize = 20;
/// The most front ends that are named.
pub const FRONT_ENDS: usize = 50;

/// A campaign to be created; everything in it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCampaign {
    /// One letter and six digits.
    pub engagement_number: String,
    /// Name for operators.
    pub name: String,
    /// Day of the breach.
    pub breach_on: Date,
    /// Day of discovery.
    pub discovered_on: Date,
    /// Last day to enroll.
    pub enroll_by: Date,
    /// IANA name of the zone.
    pub zone: String,
    /// The first instant after the last day.
    pub enroll_by_at: Timestamp,
    /// The covered entities.
    pub entities: Vec<NewEntity>,
    /// What each population gets.
    pub products: Vec<NewProduct>,
    /// Whether a coverage gets the months that the law asks for.
    pub raise_term_by_law: bool,
    /// The one web address.
    pub letter_url: String,
    /// The one phone number.
    pub letter_phone: String,
    /// The consent texts: language, version and text.
    pub consent_texts: Vec<(String, String, String)>,
    /// Thresholds, in hundredths of a bit: accept and refer.
    pub policy: (i32, i32),
    /// For how many days after the last one an enrollment that was begun can be completed.
    pub grace_days: i32,
    /// Language of people whose language is not known.
    pub language: String,
    /// Whether an export of codes needs the consent of a second operator.
    pub two_operators: bool,
    /// The front ends that serve it.
    pub front_ends: FrontEnds,
    /// Who restores people's identities.
    pub restoration: Option<Offer>,
}

/// A covered entity of a campaign to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntity {
    /// Key in roster files.
    pub key: String,
    /// Name in letters.
    pub name: String,
    /// Its own day of discovery.
    pub discovered_on: Option<Date>,
    /// Who makes its notices.
    pub notifier: Notifier,
    /// Whom to ask there.
    pub contact: String,
}

/// A product of a campaign to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProduct {
    /// Who gets it.
    pub population: product::Population,
    /// The partner's product code.
    pub code: String,
    /// The partner.
    pub partner: PartnerId,
    /// Calendar months.
    pub term_months: i32,
    /// The partner's subscriber or contract code.
    pub contract_code: Option<String>,
}

/// Tells which of these partners exist, so that the request can be checked whole.
pub async fn known_partners(
    context: &Context,
    ids: &[PartnerId],
) -> Result<BTreeSet<PartnerId>, Error> {
    Ok(store::known_partners(context.db.read(), ids).await?)
}

/// Creates a campaign.
pub async fn create_campaign(
    context: &Context,
    call: &Call,
    request: &Request,
    new: &NewCampaign,
) -> Result<Campaign, Error> {
    let campaign = &draft(context, new)?;
    let id = campaign.row.id;
    let event = &call.event(
        context,
        Some(id),
        Act::of("campaign.created", ("campaign", Some(id.as_uuid()))),
        json!({}),
    );
    let done = context.db.run_tx("create_campaign", |tx| {
        Box::pin(async move {
            if let Some(id) = request::answered(tx, request).await? {
                return Ok(id);
            }
            store::insert(tx, campaign).await.map_err(|error| {
                if error.is_unique("campaign_engagement_number_key") {
                    Error::CampaignExists
                } else {
                    error.into()
                }
            })?;
            audit::record(tx, std::slice::from_ref(event)).await?;
            request::record(tx, request, &id, campaign.row.created_at).await?;
            Ok::<_, Error>(id)
        })
    });
    get_campaign(context, done.await?).await
}

/// Gives the row of a covered entity.
pub fn entity_row(
    campaign_id: CampaignId,
    id: CoveredEntityId,
    new: &NewEntity,
) -> covered_entity::Model {
    covered_entity::Model {
        campaign_id,
        id,
        entity_key: new.key.clone(),
        name: new.name.clone(),
        discovered_on: new.discovered_on.map(|day| day.to_string()),
        contact: new.contact.clone(),
        notifier: new.notifier,
    }
}

/// Gives the row of a product.
pub fn product_row(campaign_id: CampaignId, new: &NewProduct) -> product::Model {
    product::Model {
        campaign_id,
        population: new.population,
        partner_id: new.partner,
        code: new.code.clone(),
        term_months: new.term_months,
        contract_code: new.contract_code.clone(),
        retired_at: None,
    }
}

fn draft(context: &Context, new: &NewCampaign) -> Result<Campaign, Error> {
    let id: CampaignId = context.ids.next();
    let (accept, refer) = new.policy;
    let row = campaign::Model {
        id,
        engagement_number: new.engagement_number.clone(),
        name: new.name.clone(),
        state: State::Open,
        breach_on: new.breach_on.to_string(),
        discovered_on: new.discovered_on.to_string(),
        enroll_by: new.enroll_by.to_string(),
        zone: new.zone.clone(),
        enroll_by_at: new.enroll_by_at,
        raise_term_by_law: new.raise_term_by_law,
        letter_url: new.letter_url.clone(),
        letter_phone: new.letter_phone.clone(),
        language: new.language.clone(),
        policy: json!({ "accept_centibits": accept, "refer_centibits": refer }).to_string(),
        code_key_version: context.keys.current(Purpose::Code)?.0,
        created_at: context.now(),
        closed_at: None,
        grace_days: new.grace_days,
        two_operators: new.two_operators,
        front_ends: new.front_ends.write(),
        restoration: new.restoration.as_ref().map(Offer::write),
    };
    let entities = new.entities.iter();
    let entities = entities.map(|entity| entity_row(id, context.ids.next(), entity));
    let products = new.products.iter().map(|product| product_row(id, product));
    let texts = new
        .consent_texts
        .iter()
        .map(|(language, version, text)| consent_text::Model {
            campaign_id: id,
            language: language.clone(),
            version: version.clone(),
            text: text.clone(),
            replaced_at: None,
        });
    Ok(Campaign {
        row,
        entities: entities.collect(),
        products: products.collect(),
        consent_texts: texts.collect(),
    })
}
