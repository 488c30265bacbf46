//! `redress enrollment cancel`: an enrollment that shall not go on.

use clap::Args;

use super::show::{client, get, show};
use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{parse_value, state};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::CancelReason;
use wire::get_enrollment_request::Which;

/// Flags of `enrollment cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The enrollment's id.
    enrollment_id: String,
    /// Why: person-asked, wrong-person, fraud, duplicate or other.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: CancelReason,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: CancelArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?.campaign_id;
    let id = args.enrollment_id;
    if !args.yes {
        let which = Which::EnrollmentId(id.clone());
        let found = get(channels, campaign.clone(), which).await?;
        let now = state(found.state().as_str_name(), "ENROLLMENT_STATE_");
        let question = match found.coverages.len() {
            0 => format!("Cancel enrollment {id}, which is {now}?"),
            many => format!(
                "Cancel enrollment {id}, which is {now}? Monitoring ends for its {many} coverage(s), and nobody can undo that."
            ),
        };
        if !ask::yes(&question)? {
            return Err(Problem::refused("nothing was canceled"));
        }
    }
    let request = wire::CancelEnrollmentRequest {
        request_id: new_request_id(),
        campaign,
        enrollment_id: id,
        reason: args.reason.into(),
        verification_id: String::new(),
    };
    let answer = client(channels).cancel_enrollment(request).await;
    let canceled = answer.or_problem("cancel the enrollment")?.enrollment;
    show(session, &canceled.unwrap_or_default())
}

fn reason(text: &str) -> Result<CancelReason, String> {
    match parse_value(text, CancelReason::as_str_name, "CANCEL_REASON_")? {
        CancelReason::Partner => Err("only a partner itself can end it for this reason".to_owned()),
        reason => Ok(reason),
    }
}
