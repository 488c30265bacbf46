//! Campaigns on the wire.

mod read;

use jiff::tz::TimeZone;
use tonic::Request;

use crate::codes::context::Context;
use crate::codes::convert::{date, page_size, time};
use crate::codes::error::Error;
use crate::codes::law::Law;
use crate::db::entities::campaign::State;
use crate::db::entities::covered_entity::Notifier;
use crate::db::entities::restoration::Offer;
use crate::kernel::caller::{self, Caller};
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::population_to_wire;
use crate::wire::redress::enrollment::v1 as wire;

use super::campaign_cache::ConsentText;
use super::store::Campaign;
use super::{close, create, expected_referrals as expected, term, update};

/// Creates a campaign.
pub async fn create_campaign(
    context: &Context,
    request: Request<wire::CreateCampaignRequest>,
) -> Result<wire::CreateCampaignResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let Some(wire) = &message.campaign else {
        fields.wrong("campaign", "must be given");
        fields.finish()?;
        return Err(Error::CampaignNotFound);
    };
    let known = create::known_partners(
        context,
        &read::partners(&wire.products, wire.restoration.as_ref()),
    )
    .await?;
    let new = read::campaign(wire, &known, context.now(), &mut fields);
    fields.finish()?;
    let new = new.ok_or(Error::CampaignNotFound)?;
    let request = call.request(context, id, "CreateCampaign", message)?;
    let created = create::create_campaign(context, &call, &request, &new).await?;
    Ok(wire::CreateCampaignResponse {
        notices: notices(&created),
        expected_referrals: Some(expected_referrals(&created)),
        campaign: Some(campaign(created)?),
    })
}

/// Gets a campaign.
pub async fn get_campaign(
    context: &Context,
    request: Request<wire::GetCampaignRequest>,
) -> Result<wire::GetCampaignResponse, Error> {
    let caller = caller::of(&request)?;
    let mut fields = Fields::default();
    let given = &request.get_ref().campaign;
    let id = context.campaign_id_for(&caller, &mut fields, given).await?;
    fields.finish()?;
    let found = super::read::get_campaign(context, id).await?;
    Ok(wire::GetCampaignResponse {
        campaign: Some(shown_to(&caller, found)?),
    })
}

/// Gets what everybody may know of a campaign.
pub async fn get_public_campaign(
    context: &Context,
    request: Request<wire::GetPublicCampaignRequest>,
) -> Result<wire::GetPublicCampaignResponse, Error> {
    let caller = caller::of(&request)?;
    let mut fields = Fields::default();
    let given = &request.get_ref().campaign;
    let id = context.campaign_id_for(&caller, &mut fields, given).await?;
    fields.finish()?;
    let found = shown_to(&caller, super::read::get_campaign(context, id).await?)?;
    let entities = found.covered_entities.into_iter();
    let products = found
        .products
        .into_iter()
        .filter(|product| product.retire_time.is_none())
        .map(|product| wire::PublicProduct {
            population: product.population,
            product_code: product.product_code,
            term_months: product.term_months,
        });
    let texts = found.consent_texts.into_iter();
    let campaign = wire::PublicCampaign {
        campaign_id: found.campaign_id,
        engagement_number: found.engagement_number,
        state: found.state,
        enroll_by_date: found.enroll_by_date,
        time_zone: found.time_zone,
        covered_entity_names: entities.map(|entity| entity.name).collect(),
        products: products.collect(),
        letter_url: found.letter_url,
        letter_phone: found.letter_phone,
        consent_language_codes: texts.map(|text| text.language_code).collect(),
    };
    Ok(wire::GetPublicCampaignResponse {
        campaign: Some(campaign),
    })
}

/// Lists campaigns.
pub async fn list_campaigns(
    context: &Context,
    request: Request<wire::ListCampaignsRequest>,
) -> Result<wire::ListCampaignsResponse, Error> {
    let caller = caller::of(&request)?;
    let message = request.get_ref();
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 1] = [b"campaigns"];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = super::read::list_campaigns(context, &caller, before, size).await?;
    let entries = found
        .into_iter()
        .map(|found| Ok((found.row.id, shown_to(&caller, found)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (campaigns, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListCampaignsResponse {
        campaigns,
        next_page_token,
    })
}

/// Changes a campaign that runs.
pub async fn update_campaign(
    context: &Context,
    request: Request<wire::UpdateCampaignRequest>,
) -> Result<wire::UpdateCampaignResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign_id = context.campaign_id(&mut fields, &message.campaign).await?;
    let given = message.changes.clone().unwrap_or_default();
    let known = create::known_partners(
        context,
        &read::partners(&given.products, given.restoration.as_ref()),
    )
    .await?;
    let today = context.now().date_in(&TimeZone::UTC).ok();
    let changes = read::changes(&given, &known, today, &mut fields);
    fields.finish()?;
    let request = call.request(context, id, "UpdateCampaign", message)?;
    let updated = update::update_campaign(context, &call, &request, campaign_id, &changes).await?;
    Ok(wire::UpdateCampaignResponse {
        expected_referrals: Some(expected_referrals(&updated)),
        campaign: Some(campaign(updated)?),
    })
}

/// Closes a campaign.
pub async fn close_campaign(
    context: &Context,
    request: Request<wire::CloseCampaignRequest>,
) -> Result<wire::CloseCampaignResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign_id = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let request = call.request(context, id, "CloseCampaign", message)?;
    let closed = close::close_campaign(context, &call, &request, campaign_id).await?;
    Ok(wire::CloseCampaignResponse {
        campaign: Some(campaign(closed)?),
    })
}

/// Writes what the creator of a campaign with this term should know.
fn notices(campaign: &Campaign) -> Vec<wire::Notice> {
    if campaign.row.raise_term_by_law {
        return Vec::new();
    }
    let term_months = campaign.shortest_term();
    let short = Law::current().beyond(term_months);
    let notices = short.map(|owed| wire::Notice {
        rule_id: owed.rule.id.clone(),
        jurisdiction: owed.place.code().to_owned(),
        message: owed.warning(term_months),
        citation: owed.rule.citation.clone(),
        months_owed: owed.months,
    });
    notices.collect()
}

/// Writes a campaign for a caller. Which other front ends serve it is nothing for a front end.
fn shown_to(caller: &Caller, found: Campaign) -> Result<wire::Campaign, Error> {
    let mut shown = campaign(found)?;
    if caller.role.is_front_end() {
        shown.front_ends.clear();
    }
    Ok(shown)
}

/// Writes a campaign.
pub fn campaign(campaign: Campaign) -> Result<wire::Campaign, Error> {
    let Campaign {
        row,
        entities,
        products,
        consent_texts,
    } = campaign;
    let state = match row.state {
        State::Open => wire::CampaignState::Open,
        State::Closed => wire::CampaignState::Closed,
    };
    let entities = entities.into_iter().map(|entity| wire::CoveredEntity {
        covered_entity_id: entity.id.to_string(),
        key: entity.entity_key,
        name: entity.name,
        discovery_date: date(entity.discovered_on.as_deref()),
        notifier: notifier(entity.notifier).into(),
        contact: entity.contact,
    });
    let products = products.into_iter().map(|product| wire::Product {
        population: population_to_wire(product.population.into()).into(),
        product_code: product.code,
        partner_id: product.partner_id.to_string(),
        term_months: product.term_months,
        contract_code: product.contract_code.unwrap_or_default(),
        retire_time: time(product.retired_at),
    });
    let texts = consent_texts.into_iter();
    let texts = texts.filter(|text| text.replaced_at.is_none());
    let texts = texts.map(|text| consent_text(&ConsentText::from(text)));
    Ok(wire::Campaign {
        front_ends: row.front_ends()?.names(),
        restoration: row.restoration()?.map(offer),
        campaign_id: row.id.to_string(),
        engagement_number: row.engagement_number,
        name: row.name,
        state: state.into(),
        breach_date: date(Some(&row.breach_on)),
        discovery_date: date(Some(&row.discovered_on)),
        enroll_by_date: date(Some(&row.enroll_by)),
        time_zone: row.zone,
        raise_term_by_law: row.raise_term_by_law,
        covered_entities: entities.collect(),
        products: products.collect(),
        letter_url: row.letter_url,
        letter_phone: row.letter_phone,
        consent_texts: texts.collect(),
        verification_policy: policy(&row.policy),
        create_time: time(Some(row.created_at)),
        grace_days: Some(row.grace_days),
        language_code: row.language,
        two_operators: row.two_operators,
    })
}

fn offer(offer: Offer) -> wire::RestorationOffer {
    wire::RestorationOffer {
        partner_id: offer.partner_id().to_string(),
        product_code: offer.product_code,
        contract_code: offer.contract_code.unwrap_or_default(),
    }
}

const fn notifier(notifier: Notifier) -> wire::Notifier {
    match notifier {
        Notifier::CoveredEntity => wire::Notifier::CoveredEntity,
        Notifier::BusinessAssociate => wire::Notifier::BusinessAssociate,
    }
}

/// Writes a consent text.
pub fn consent_text(text: &ConsentText) -> wire::ConsentText {
    wire::ConsentText {
        language_code: text.language.clone(),
        version: text.version.clone(),
        text: text.text.clone(),
        sha256: text.sha256.clone(),
    }
}

/// Gives what the campaign's policy makes of people who answer late.
fn expected_referrals(campaign: &Campaign) -> wire::ExpectedReferrals {
    const DAY: u64 = 24 * 60 * 60;
    let row = &campaign.row;
    let open_days = row.enroll_by_at.since(row.created_at).as_secs() / DAY;
    let open_days = u32::try_from(open_days).unwrap_or(u32::MAX);
    let found = expected::expected_referrals(term::PROOF.unsigned_abs(), open_days);
    wire::ExpectedReferrals {
        letters: expected::LETTERS,
        proof_days: term::PROOF,
        enrollments: found.enrollments,
        late_answers: found.late_answers,
        referrals: found.referrals,
        referrals_at_most: found.referrals_at_most,
        assumptions: expected::ASSUMPTIONS.map(str::to_owned).to_vec(),
    }
}

fn policy(json: &str) -> Option<wire::VerificationPolicy> {
    let policy: serde_json::Value = serde_json::from_str(json).ok()?;
    let field = |name: &str| i32::try_from(policy.get(name)?.as_i64()?).ok();
    Some(wire::VerificationPolicy {
        accept_centibits: field("accept_centibits")?,
        refer_centibits: field("refer_centibits")?,
    })
}
