//! `redress codes seal`: the end of a batch's secret.

use clap::Args;

use super::batches::record;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::cli::{ask, render};
use crate::client::codes::{open_batch, seal};
use crate::client::connect::Channels;
use crate::client::problem::{Outcome, Problem};

/// Flags of `codes seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch; not needed while only one is open.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: SealArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let batch = open_batch(channels, &campaign.campaign_id, args.batch.as_deref()).await?;
    if !args.yes {
        let (id, letters) = (&batch.batch_id, batch.codes - batch.withheld);
        let question = if batch.first_export_time.is_some() {
            format!(
                "Seal batch {id} with {letters} letters? Nobody can recover a code afterwards: have all of them been printed?"
            )
        } else {
            format!(
                "Seal batch {id}? Its {letters} letters were never exported: nobody will ever get one of them."
            )
        };
        if !ask::yes(&question)? {
            return Err(Problem::refused("nothing was sealed"));
        }
    }
    render::one(session.format, &record(&seal(channels, &batch).await?))
}
