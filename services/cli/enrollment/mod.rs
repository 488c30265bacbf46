//! `redress enrollment`: how people's enrollments stand, and what an operator can do about one.

mod cancel;
pub mod record;
mod resubmit;
mod set_aside;
mod show;

use clap::{Args, Subcommand};

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::parse_value;
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use show::client;

/// Subcommands of `enrollment`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a campaign's enrollments, oldest first.
    List(ListArgs),
    /// Show one enrollment: its coverages with their attempts, and what is to be done next, by whom.
    Show(show::ShowArgs),
    /// Cancel an enrollment; partners who have it already are asked to end it.
    Cancel(cancel::CancelArgs),
    /// Order coverages again that a partner could not start, and tell the partners of those that run what was corrected.
    #[command(after_long_help = resubmit::HELP)]
    Resubmit(resubmit::ResubmitArgs),
    /// List outcomes and repeated orders that could not be applied and were set aside.
    #[command(after_long_help = set_aside::HELP)]
    SetAside(set_aside::SetAsideArgs),
    /// Try again what was set aside, once the cause is mended.
    Retry(set_aside::RetryArgs),
}

/// Flags of `enrollment list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this state: started, verified, submitted, active, partly-active, action-required, refused, suspended, ended,
    /// cancel-pending or canceled.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<wire::EnrollmentState>,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    match command {
        Command::List(args) => list(session, &channels, args).await,
        Command::Show(args) => show::run(session, &channels, args).await,
        Command::Cancel(args) => cancel::run(session, &channels, args).await,
        Command::Resubmit(args) => resubmit::run(session, &channels, args).await,
        Command::SetAside(args) => set_aside::list(session, &channels, args).await,
        Command::Retry(args) => set_aside::retry(session, &channels, args).await,
    }
}

async fn list(session: &Session, channels: &Channels, args: ListArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(channels);
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListEnrollmentsRequest {
            campaign: campaign.campaign_id.clone(),
            state: args.state.unwrap_or_default().into(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_enrollments(request).await;
        let page = answer.or_problem("list the enrollments")?;
        Ok((page.enrollments, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(record::row).collect();
    let nothing = match args.state {
        Some(_) => "no enrollment is in this state",
        None => "nobody has begun an enrollment yet",
    };
    render::many(session.format, &rows, nothing)
}

fn state(text: &str) -> Result<wire::EnrollmentState, String> {
    parse_value(
        text,
        wire::EnrollmentState::as_str_name,
        "ENROLLMENT_STATE_",
    )
}
