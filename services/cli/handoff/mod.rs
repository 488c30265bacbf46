//! `redress handoff`: what partners were asked, and what is stuck.

mod files;
mod list;
mod record;
mod replay;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Format, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{state, time};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::bureau::v1::ProjectionChange;
use crate::wire::redress::handoff::v1 as wire;
use list::{client, partner_names};

/// Subcommands of `handoff`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a campaign's handoffs, oldest first.
    List(list::ListArgs),
    /// Show one handoff: what was asked, how often it was offered, what the partner said.
    Show(ShowArgs),
    /// Queue again what was given up on: one handoff, or all of a campaign.
    #[command(after_long_help = replay::HELP)]
    Replay(replay::ReplayArgs),
    /// Count handoffs by partner and state, with the oldest of each, and tell when a queue will be empty.
    Statistics(StatisticsArgs),
    /// List the files of orders that were written for partners, newest first.
    Files(files::FilesArgs),
}

/// Flags of `handoff show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The handoff's id: the reference that the partner stores.
    handoff_id: String,
}

/// Flags of `handoff statistics`.
#[derive(Debug, Args)]
pub struct StatisticsArgs {
    /// The engagement number, such as B123456, or the campaign's id; without it all campaigns are counted together.
    #[arg(long, env = "REDRESS_CAMPAIGN", value_name = "NUMBER")]
    campaign: Option<String>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    match command {
        Command::List(args) => list::run(session, &channels, args).await,
        Command::Show(args) => show(session, &channels, args).await,
        Command::Replay(args) => replay::run(session, &channels, args).await,
        Command::Statistics(args) => statistics(session, &channels, args).await,
        Command::Files(args) => files::run(session, &channels, args).await,
    }
}

async fn show(session: &Session, channels: &Channels, args: ShowArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::GetCampaignHandoffRequest {
        campaign: campaign.campaign_id,
        handoff_id: args.handoff_id,
    };
    let answer = client(channels).get_campaign_handoff(request).await;
    let answer = answer.or_problem("show the handoff")?;
    let partners = partner_names(channels).await?;
    let record = record::whole(&answer.handoff.unwrap_or_default(), &partners)
        .with("changed_fields", changed(&answer.projection_changes));
    render::one(session.format, &record)
}

/// Says what was changed to fit the partner's fields: `name.family_name CUT`.
fn changed(changes: &[ProjectionChange]) -> String {
    let changes = changes.iter().map(|change| {
        let action = state(change.action().as_str_name(), "PROJECTION_ACTION_");
        format!("{} {action}", change.field)
    });
    changes.collect::<Vec<_>>().join(", ")
}

async fn statistics(session: &Session, channels: &Channels, args: StatisticsArgs) -> Outcome {
    let request = wire::GetQueueStatisticsRequest {
        campaign: args.campaign.unwrap_or_default(),
    };
    let answer = client(channels).get_queue_statistics(request).await;
    let wire::GetQueueStatisticsResponse { counts, paces } =
        answer.or_problem("count the handoffs")?;
    let rows = counts.iter().map(|count| {
        let word = state(count.state().as_str_name(), "HANDOFF_STATE_");
        Record::new()
            .with("partner", count.partner_name.as_str())
            .with("state", word)
            .with("handoffs", count.handoffs)
            .with("oldest_queued", time(count.oldest_create_time.as_ref()))
            .with("partner_id", count.partner_id.as_str())
    });
    let rows: Vec<Record> = rows.collect();
    let paces: Vec<Record> = paces.iter().map(pace).collect();
    match session.format {
        Format::Json => render::json(&json!({ "counts": rows, "paces": paces })),
        Format::Csv => render::many(Format::Csv, &rows, ""),
        Format::Table => {
            render::many(Format::Table, &rows, "nothing was handed off yet")?;
            if paces.is_empty() {
                return Ok(());
            }
            render::print("\nin the last hour:")?;
            render::many(Format::Table, &paces, "")
        }
    }
}

/// Tells how a partner's queue moves, and when it will be empty.
fn pace(pace: &wire::QueuePace) -> Record {
    let left = pace.time_to_empty.as_ref();
    let left = left.and_then(|left| Duration::try_from(*left).ok());
    let forecast = match (pace.waiting, left) {
        (0, _) => "is empty".to_owned(),
        (_, Some(left)) => format!("empty in {}", roughly(left)),
        (_, None) if pace.next_try_time.is_some() => "the calls fail".to_owned(),
        (_, None) if pace.taken_in_last_hour == 0 => "nothing is taken".to_owned(),
        (_, None) => "does not shrink".to_owned(),
    };
    Record::new()
        .with("partner", pace.partner_name.as_str())
        .with("waiting", pace.waiting)
        .with("queued", pace.queued_in_last_hour)
        .with("taken", pace.taken_in_last_hour)
        .with("forecast", forecast)
        .with("next_try", time(pace.next_try_time.as_ref()))
        .with("partner_id", pace.partner_id.as_str())
}

/// Names a time in its largest unit, for a forecast is no more exact.
fn roughly(left: Duration) -> String {
    let minutes = left.as_secs().div_ceil(60);
    match minutes {
        0..=90 => format!("{minutes} min"),
        91..=2_880 => format!("{} h", minutes.div_ceil(60)),
        _ => format!("{} days", minutes.div_ceil(1_440)),
    }
}
