//! `redress campaign public`: what an enrollment page and an agent may show of a campaign.

use crate::cli::campaign::which::Which;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{date, population, state};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

pub(super) async fn run(session: &Session, channels: &Channels, which: Which) -> Outcome {
    let request = wire::GetPublicCampaignRequest {
        campaign: which.campaign,
    };
    let answer = CampaignServiceClient::new(channels.codes.clone())
        .get_public_campaign(request)
        .await;
    let campaign = answer.or_problem("show the campaign")?.campaign;
    render::one(session.format, &record(&campaign.unwrap_or_default()))
}

fn record(campaign: &wire::PublicCampaign) -> Record {
    let products = campaign.products.iter().map(|it| {
        let population = population(it.population);
        format!(
            "{population}={} for {} months",
            it.product_code, it.term_months
        )
    });
    Record::new()
        .with("engagement_number", campaign.engagement_number.as_str())
        .with("campaign_id", campaign.campaign_id.as_str())
        .with(
            "state",
            state(campaign.state().as_str_name(), "CAMPAIGN_STATE_"),
        )
        .with("enroll_by", date(campaign.enroll_by_date.as_ref()))
        .with("time_zone", campaign.time_zone.as_str())
        .with("covered_entities", campaign.covered_entity_names.as_slice())
        .with("products", products.collect::<Vec<_>>())
        .with("letter_url", campaign.letter_url.as_str())
        .with("letter_phone", campaign.letter_phone.as_str())
        .with(
            "consent_languages",
            campaign.consent_language_codes.as_slice(),
        )
}
