//! `redress referral`: people whose identity is not certain, for somebody to look at.

mod decide;
mod record;

use clap::{Args, Subcommand};

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::verification::{self, NOTHING_COMPARED, representative, waterfall, with_sum};
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::parse_value;
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::wire::redress::identity::v1 as wire;
use record::{client, record};
use wire::{ReferralReason, ReferralState};

/// Subcommands of `referral`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the referrals that wait, oldest first, or those that were decided.
    List(ListArgs),
    /// Show one referral with its waterfall: how each field agreed, its weight, the sum and the campaign's thresholds. Looking is audited.
    Show(ShowArgs),
    /// Decide a referral; what is not given is asked for. Two different people stand behind an approval.
    #[command(after_long_help = decide::HELP)]
    Decide(decide::DecideArgs),
}

/// Flags of `referral list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Of this state: open, endorsed (one person has approved it, and another one must), approved or denied.
    #[arg(long, value_name = "STATE", default_value = "open", value_parser = state_of)]
    state: ReferralState,
    /// Only these: score-between-thresholds, no-contact-on-record or minor.
    #[arg(long, value_name = "REASON", value_parser = reason_of)]
    reason: Option<ReferralReason>,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Flags of `referral show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The referral's id.
    referral_id: String,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::List(args) => list(session, args).await,
        Command::Show(args) => show(session, args).await,
        Command::Decide(args) => decide::run(session, args).await,
    }
}

async fn list(session: &Session, args: ListArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(&channels);
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListReferralsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
            state: args.state.into(),
            due_before_time: None,
            reason: args.reason.unwrap_or_default().into(),
        };
        let answer = client.list_referrals(request).await;
        let page = answer.or_problem("list the referrals")?;
        Ok((page.referrals, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(record).collect();
    render::many(session.format, &rows, "no referral is in this state")
}

async fn show(session: &Session, args: ShowArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let referral = get(&channels, &campaign.campaign_id, args.referral_id).await?;
    let verified =
        verification::get(&channels, &campaign, referral.verification_id.clone()).await?;
    let acting = verified.representative.as_ref().map(representative);
    let head = record(&referral)
        .with("representative", acting)
        .with("guardian", referral.guardian.map(guardian));
    render::one_with(
        session.format,
        &with_sum(head, &verified, &campaign),
        "waterfall",
        &waterfall(&verified),
        NOTHING_COMPARED,
    )
}

/// What is known of a parent or guardian, in words.
fn guardian(known: wire::Guardian) -> String {
    let address = if known.shares_address {
        "the same address"
    } else {
        "another address"
    };
    if known.verified {
        format!("verified on an entry of their own, {address}")
    } else {
        "not verified on an entry of their own".to_owned()
    }
}

async fn get(
    channels: &Channels,
    campaign_id: &str,
    referral_id: String,
) -> Result<wire::Referral, Problem> {
    let request = wire::GetReferralRequest {
        campaign: campaign_id.to_owned(),
        referral_id,
    };
    let answer = client(channels).get_referral(request).await;
    let found = answer.or_problem("show the referral")?.referral;
    Ok(found.unwrap_or_default())
}

fn state_of(text: &str) -> Result<ReferralState, String> {
    parse_value(text, ReferralState::as_str_name, "REFERRAL_STATE_")
}

fn reason_of(text: &str) -> Result<ReferralReason, String> {
    parse_value(text, ReferralReason::as_str_name, "REFERRAL_REASON_")
}
