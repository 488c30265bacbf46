//! `redress restoration`: identities that a partner restores.

use clap::{Args, Subcommand};
use tonic::transport::Channel;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{parse_value, state, time};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::restoration_service_client::RestorationServiceClient;

/// Subcommands of `restoration`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask the campaign's partner to restore somebody's identity; asked again, show the case that is open.
    #[command(after_long_help = HELP)]
    Request(RequestArgs),
    /// Show one restoration.
    Show(ShowArgs),
    /// List a campaign's restorations, oldest first.
    List(ListArgs),
}

const HELP: &str = "Being affected is enough: nobody has to enroll for it. Who is on the phone is verified first (`redress enroll`, or the call \
center's own program). For somebody who has died, or who cannot speak for themselves, look at the papers of whoever acts for them, find \
the person (`redress find`) and name them by --individual.

Who restores is a matter of the campaign: `redress campaign update NUMBER --restoration CODE@PARTNER`.

Examples:
  redress restoration request --campaign B123456 --verification 0197...
  redress restoration request --campaign B123456 --individual 0197...";

/// Flags of `restoration request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    whose: Whose,
}

/// Names whose identity.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The person whom this verification found, while it is good.
    #[arg(long, value_name = "ID")]
    verification: Option<String>,
    /// This person, whose papers were seen.
    #[arg(long, value_name = "ID")]
    individual: Option<String>,
}

/// Flags of `restoration show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The restoration's id.
    restoration_id: String,
}

/// Flags of `restoration list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this state: requested, open, action-required, refused or closed.
    #[arg(long, value_name = "STATE", value_parser = parse_state)]
    state: Option<wire::RestorationState>,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

fn parse_state(text: &str) -> Result<wire::RestorationState, String> {
    parse_value(
        text,
        wire::RestorationState::as_str_name,
        "RESTORATION_STATE_",
    )
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    match command {
        Command::Request(args) => request(session, &channels, args).await,
        Command::Show(args) => show(session, &channels, args).await,
        Command::List(args) => list(session, &channels, args).await,
    }
}

fn client(channels: &Channels) -> RestorationServiceClient<Channel> {
    RestorationServiceClient::new(channels.codes.clone())
}

async fn request(session: &Session, channels: &Channels, args: RequestArgs) -> Outcome {
    let request = wire::RequestRestorationRequest {
        request_id: new_request_id(),
        campaign: args.campaign.find(&channels.codes).await?.campaign_id,
        verification_id: args.whose.verification.unwrap_or_default(),
        individual_id: args.whose.individual.unwrap_or_default(),
    };
    let answer = client(channels).request_restoration(request).await;
    let found = answer.or_problem("ask for the restoration")?.restoration;
    render::one(session.format, &record(&found.unwrap_or_default()))
}

async fn show(session: &Session, channels: &Channels, args: ShowArgs) -> Outcome {
    let request = wire::GetRestorationRequest {
        campaign: args.campaign.find(&channels.codes).await?.campaign_id,
        restoration_id: args.restoration_id,
        verification_id: String::new(),
    };
    let answer = client(channels).get_restoration(request).await;
    let found = answer.or_problem("show the restoration")?.restoration;
    render::one(session.format, &record(&found.unwrap_or_default()))
}

async fn list(session: &Session, channels: &Channels, args: ListArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(channels);
    let limit = args.limit.unwrap_or(usize::MAX);
    let found = read_up_to(limit, async |page_token| {
        let request = wire::ListRestorationsRequest {
            campaign: campaign.campaign_id.clone(),
            state: args.state.unwrap_or_default().into(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let page = client.list_restorations(request).await;
        let page = page.or_problem("list the restorations")?;
        Ok((page.restorations, page.next_page_token))
    });
    let records: Vec<Record> = found.await?.iter().map(record).collect();
    render::many(
        session.format,
        &records,
        "nobody has asked for a restoration",
    )
}

fn record(it: &wire::Restoration) -> Record {
    let class = state(it.outcome_class().as_str_name(), "OUTCOME_CLASS_");
    let class = if it.outcome_class == 0 {
        String::new()
    } else {
        class
    };
    Record::new()
        .with("restoration_id", it.restoration_id.as_str())
        .with(
            "state",
            state(it.state().as_str_name(), "RESTORATION_STATE_"),
        )
        .with("individual_id", it.individual_id.as_str())
        .with("partner_id", it.partner_id.as_str())
        .with("product", it.product_code.as_str())
        .with("handoff_id", it.handoff_id.as_str())
        .with("outcome", class)
        .with("native_code", it.native_code.as_str())
        .with("requester", it.requester.as_str())
        .with("requested", time(it.request_time.as_ref()))
        .with("opened", time(it.open_time.as_ref()))
        .with("settled", time(it.settle_time.as_ref()))
        .with("say", it.agent_text.as_str())
}
