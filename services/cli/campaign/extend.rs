//! `redress campaign extend`: more time to enroll.

use clap::Args;
use jiff::civil::Date;

use crate::cli::campaign::record::record;
use crate::cli::campaign::which::Which;
use crate::cli::render;
use crate::cli::session::Session;
use crate::client::campaign::get;
use crate::client::codes::wave_id;
use crate::client::connect::Channels;
use crate::client::convert::{date, wire_date};
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

/// Flags of `campaign extend`.
#[derive(Debug, Args)]
pub struct ExtendArgs {
    #[command(flatten)]
    which: Which,
    /// The new last day to enroll.
    #[arg(long, value_name = "DATE")]
    enroll_by: Date,
    /// One wave, by its name or id, with the reissues of its letters; without it the campaign and every wave that ends before the new day.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
    /// Why, for the audit log; nothing about a person.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ExtendArgs) -> Outcome {
    let campaign = get(&channels.codes, &args.which.campaign).await?;
    let wave_id = match &args.wave {
        Some(name) => wave_id(channels, &campaign.campaign_id, name).await?,
        None => String::new(),
    };
    let request = wire::ExtendEnrollByRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        wave_id,
        enroll_by_date: Some(wire_date(args.enroll_by)),
        reason: args.reason,
    };
    let answer = CampaignServiceClient::new(channels.codes.clone())
        .extend_enroll_by(request)
        .await;
    let answer = answer.or_problem("give people more time")?;
    let mut shown = record(&answer.campaign.unwrap_or_default());
    if let Some(wave) = answer.wave {
        shown = shown
            .with("wave", wave.name)
            .with("wave_enroll_by", date(wave.enroll_by_date.as_ref()));
    }
    render::one(session.format, &shown)
}
