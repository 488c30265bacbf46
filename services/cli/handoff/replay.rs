//! `redress handoff replay`: what was given up on is queued again.

use std::collections::BTreeMap;

use clap::Args;

use super::list::{client, handoffs};
use super::record::state_of;
use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::progress;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::Unit;
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use wire::HandoffState;

/// What to do before.
pub const HELP: &str = "Mend the cause first: `redress handoff show ID` says why it was given up on. A handoff that may have reached its partner is \
asked for there before it is sent again, so nobody is enrolled twice.

Examples:
  redress handoff list --state dead
  redress handoff replay ID
  redress handoff replay --all-dead
  redress handoff replay ID --partner-forgot      the partner says that it has lost it

Exit code 1 when one could not be queued again; the others are.";

/// Flags of `handoff replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    which: Which,
    /// The partner has lost it: sends it again though it is ACCEPTED or ACTIVE.
    #[arg(long, conflicts_with = "all_dead")]
    partner_forgot: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The handoff's id.
    handoff_id: Option<String>,
    /// Every handoff of the campaign that was given up on.
    #[arg(long)]
    all_dead: bool,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ReplayArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    if let Some(id) = args.which.handoff_id {
        let which = (id.as_str(), args.partner_forgot);
        let queued = replay(channels, &campaign.campaign_id, which).await?;
        return render::one(session.format, &record(&queued, ""));
    }
    let state = Some(HandoffState::Dead);
    let dead = handoffs(channels, &campaign.campaign_id, state, usize::MAX).await?;
    if !dead.is_empty() && !args.yes {
        let question = format!(
            "Queue {} of {} again ({})?",
            how_many(dead.len()),
            campaign.engagement_number,
            reasons(&dead)
        );
        if !ask::yes(&question)? {
            return Err(Problem::refused("nothing was queued again"));
        }
    }
    let bar = progress::show("queueing again", Unit::Pieces);
    let (mut rows, mut refused) = (Vec::new(), 0);
    for (done, handoff) in (1..).zip(&dead) {
        let which = (handoff.handoff_id.as_str(), false);
        rows.push(match replay(channels, &campaign.campaign_id, which).await {
            Ok(queued) => record(&queued, ""),
            Err(problem) if problem.exit_code() == 1 => {
                refused += 1;
                record(handoff, &problem.to_string())
            }
            Err(problem) => return Err(problem),
        });
        bar.set(done, dead.len() as u64);
    }
    drop(bar);
    render::many(session.format, &rows, "nothing was given up on")?;
    match refused {
        0 => Ok(()),
        refused => Err(Problem::refused(format!(
            "{refused} of {} could not be queued again",
            how_many(dead.len())
        ))),
    }
}

async fn replay(
    channels: &Channels,
    campaign_id: &str,
    (handoff_id, partner_forgot): (&str, bool),
) -> Result<wire::Handoff, Problem> {
    let request = wire::ReplayHandoffRequest {
        request_id: new_request_id(),
        campaign: campaign_id.to_owned(),
        handoff_id: handoff_id.to_owned(),
        partner_forgot,
    };
    let answer = client(channels).replay_handoff(request).await;
    let queued = answer.or_problem("queue the handoff again")?.handoff;
    Ok(queued.unwrap_or_default())
}

fn record(handoff: &wire::Handoff, problem: &str) -> Record {
    Record::new()
        .with("handoff_id", handoff.handoff_id.as_str())
        .with("state", state_of(handoff))
        .with("enrollment_id", handoff.enrollment_id.as_str())
        .with("problem", problem)
}

/// Counts why handoffs were given up on: `2 PERSON_ERASED, 1 TOO_MANY_ATTEMPTS`.
fn reasons(dead: &[wire::Handoff]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for handoff in dead {
        *counted.entry(&handoff.dead_reason).or_default() += 1;
    }
    let counted = counted.iter().map(|(why, many)| format!("{many} {why}"));
    counted.collect::<Vec<_>>().join(", ")
}

fn how_many(count: usize) -> String {
    match count {
        1 => "1 handoff".to_owned(),
        many => format!("{many} handoffs"),
    }
}
