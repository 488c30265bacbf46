//! `redress codes issue`: a batch of codes.

use clap::Args;

use super::batches::record;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::cli::{progress, render};
use crate::client::codes::{issue, wave_id};
use crate::client::connect::Channels;
use crate::client::problem::Outcome;

/// Flags of `codes issue`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The wave to issue for, by its name or id; without one everybody who is owed a letter and never had a code gets one.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: IssueArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let wave = match &args.wave {
        Some(name) => wave_id(channels, &campaign.campaign_id, name).await?,
        None => String::new(),
    };
    let batch = issue(channels, &campaign.campaign_id, wave, progress::show).await?;
    let nothing = if args.wave.is_some() {
        "nothing to issue: nobody whom the wave selects is owed a code and has none"
    } else {
        "nothing to issue: nobody is owed a code and has none"
    };
    let batch = batch.as_ref().map(record);
    render::one_or_none(session.format, batch.as_ref(), nothing)
}
