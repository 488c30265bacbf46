//! Creating a campaign.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit;
use crate::db::entities::campaign::{self, State};
use crate::db::entities::{covered_entity, product};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::keyring::Purpose;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::read::get_campaign;
use super::store::{self, Campaign};

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
    /// Calendar months.
    pub term_months: i32,
    /// Keys and names.
    pub entities: Vec<(String, String)>,
    /// Populations, product codes and partners.
    pub products: Vec<(product::Population, String, PartnerId)>,
    /// The one web address.
    pub letter_url: String,
    /// The one phone number.
    pub letter_phone: String,
    /// Version of the consent text.
    pub consent_version: String,
    /// The consent text.
    pub consent_text: String,
    /// Thresholds, in hundredths of a bit: accept and refer.
    pub policy: (i32, i32),
    /// For how many days after the last one an enrollment that was begun can be completed.
    pub grace_days: i32,
    /// Language of letters to people whose language is not known.
    pub locale: String,
    /// Whether an export of codes needs the consent of a second operator.
    pub two_operators: bool,
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
        term_months: new.term_months,
        letter_url: new.letter_url.clone(),
        letter_phone: new.letter_phone.clone(),
        consent_version: new.consent_version.clone(),
        consent_text: new.consent_text.clone(),
        policy: json!({ "accept_centibits": accept, "refer_centibits": refer }).to_string(),
        code_key_version: context.keys.current(Purpose::Code)?.0,
        created_at: context.now(),
        closed_at: None,
        grace_days: new.grace_days,
        two_operators: new.two_operators,
        locale: new.locale.clone(),
    };
    let entities = new
        .entities
        .iter()
        .map(|(key, name)| covered_entity::Model {
            campaign_id: id,
            id: context.ids.next(),
            entity_key: key.clone(),
            name: name.clone(),
        });
    let products = new
        .products
        .iter()
        .map(|(population, code, partner)| product::Model {
            campaign_id: id,
            population: *population,
            code: code.clone(),
            partner_id: *partner,
        });
    Ok(Campaign {
        row,
        entities: entities.collect(),
        products: products.collect(),
    })
}
