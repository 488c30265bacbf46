//! A campaign as it is shown.

use crate::cli::render::Record;
use crate::client::convert::{date, population, state, time};
use crate::wire::redress::enrollment::v1 as wire;

/// Shows all of a campaign but its consent text.
pub fn record(campaign: &wire::Campaign) -> Record {
    let entities: Vec<&str> = campaign
        .covered_entities
        .iter()
        .map(|entity| entity.key.as_str())
        .collect();
    let products = campaign.products.iter();
    let products: Vec<String> = products
        .map(|it| {
            format!(
                "{}={}@{} for {} months",
                population(it.population),
                it.product_code,
                it.partner_id,
                it.term_months
            )
        })
        .collect();
    let consents = campaign.consent_texts.iter();
    let consents = consents.map(|text| format!("{} {}", text.language_code, text.version));
    Record::new()
        .with("engagement_number", campaign.engagement_number.as_str())
        .with("campaign_id", campaign.campaign_id.as_str())
        .with("name", campaign.name.as_str())
        .with(
            "state",
            state(campaign.state().as_str_name(), "CAMPAIGN_STATE_"),
        )
        .with("breach", date(campaign.breach_date.as_ref()))
        .with("discovered", date(campaign.discovery_date.as_ref()))
        .with("enroll_by", date(campaign.enroll_by_date.as_ref()))
        .with("time_zone", campaign.time_zone.as_str())
        .with("raise_term_by_law", campaign.raise_term_by_law)
        .with("products", products)
        .with("letter_url", campaign.letter_url.as_str())
        .with("letter_phone", campaign.letter_phone.as_str())
        .with("consent", consents.collect::<Vec<_>>())
        .with("two_operators", campaign.two_operators)
        .with("created", time(campaign.create_time.as_ref()))
        .with("covered_entities", entities)
}
