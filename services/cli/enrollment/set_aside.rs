//! `redress enrollment set-aside` and `retry`: what could not be applied.

use clap::Args;

use super::show::client;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{given, time};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;

/// What it means.
pub const HELP: &str = "Something that is stored about the enrollment, its handoff or the row itself cannot be read, such as an outcome that a newer \
release wrote. Everything else goes on. Mend what the reason names, or run the newer release, then type `redress enrollment retry`.";

/// Flags of `enrollment set-aside`.
#[derive(Debug, Args)]
pub struct SetAsideArgs {
    #[command(flatten)]
    campaign: CampaignArg,
}

/// Flags of `enrollment retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// What to try again, as `redress enrollment set-aside` names it; without it all of the campaign's.
    #[arg(value_name = "ID")]
    set_aside_ids: Vec<String>,
}

pub(super) async fn list(session: &Session, channels: &Channels, args: SetAsideArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(channels);
    let found = read_up_to(usize::MAX, async |page_token| {
        let request = wire::ListSetAsideRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_set_aside(request).await;
        let page = answer.or_problem("list what was set aside")?;
        Ok((page.set_aside, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(row).collect();
    render::many(session.format, &rows, "nothing was set aside")
}

pub(super) async fn retry(session: &Session, channels: &Channels, args: RetryArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let named = !args.set_aside_ids.is_empty();
    let request = wire::RetrySetAsideRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        set_aside_ids: args.set_aside_ids,
    };
    let answer = client(channels).retry_set_aside(request).await;
    let retried = answer.or_problem("try again what was set aside")?.retried;
    if named && retried == 0 {
        return Err(Problem::refused(
            "nothing of this is set aside: `redress enrollment set-aside` lists what is",
        ));
    }
    render::one(session.format, &Record::new().with("retried", retried))
}

fn row(set_aside: &wire::SetAside) -> Record {
    Record::new()
        .with("set_aside_id", set_aside.set_aside_id.as_str())
        .with(
            "kind",
            given(set_aside.kind().as_str_name(), "SET_ASIDE_KIND_"),
        )
        .with("enrollment_id", set_aside.enrollment_id.as_str())
        .with("handoff_id", set_aside.handoff_id.as_str())
        .with("made", time(set_aside.create_time.as_ref()))
        .with("set_aside", time(set_aside.set_aside_time.as_ref()))
        .with("reason", set_aside.reason.as_str())
}
