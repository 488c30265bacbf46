//! A campaign as it is shown.

use crate::cli::render::Record;
use crate::client::convert::{date, population, state, time};
use crate::wire::redress::enrollment::v1 as wire;

/// Shows all of a campaign but the words of its consent texts.
pub fn record(campaign: &wire::Campaign) -> Record {
    let entities = campaign.covered_entities.iter();
    let entities: Vec<String> = entities.map(entity).collect();
    let products = campaign.products.iter();
    let products: Vec<String> = products
        .map(|it| {
            let contract = match it.contract_code.as_str() {
                "" => String::new(),
                code => format!(", contract {code}"),
            };
            format!(
                "{}={}@{} for {} months{contract}",
                population(it.population),
                it.product_code,
                it.partner_id,
                it.term_months
            )
        })
        .collect();
    let restoration = campaign.restoration.as_ref();
    let restoration = restoration.map(|it| format!("{}@{}", it.product_code, it.partner_id));
    let policy = campaign.verification_policy.unwrap_or_default();
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
        .with("grace_days", campaign.grace_days)
        .with("language", campaign.language_code.as_str())
        .with("raise_term_by_law", campaign.raise_term_by_law)
        .with("products", products)
        .with("restoration", restoration.unwrap_or_default())
        .with("letter_url", campaign.letter_url.as_str())
        .with("letter_phone", campaign.letter_phone.as_str())
        .with("consent", consents.collect::<Vec<_>>())
        .with("accept_centibits", policy.accept_centibits)
        .with("refer_centibits", policy.refer_centibits)
        .with("two_operators", campaign.two_operators)
        .with("front_ends", campaign.front_ends.as_slice())
        .with("created", time(campaign.create_time.as_ref()))
        .with("covered_entities", entities)
}

/// Writes a covered entity: its key, its name, and what is its own.
fn entity(entity: &wire::CoveredEntity) -> String {
    let discovered = date(entity.discovery_date.as_ref());
    let notifier = state(entity.notifier().as_str_name(), "NOTIFIER_");
    let own = [
        discovered.map(|day| format!("discovered {day}")),
        (entity.notifier() == wire::Notifier::BusinessAssociate)
            .then(|| format!("notices by {notifier}")),
        (!entity.contact.is_empty()).then(|| entity.contact.clone()),
    ];
    let own: Vec<String> = own.into_iter().flatten().collect();
    let own = match own.as_slice() {
        [] => String::new(),
        own => format!(" ({})", own.join("; ")),
    };
    format!("{}={}{own}", entity.key, entity.name)
}
