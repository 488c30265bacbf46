//! `redress handoff list`: a campaign's handoffs.

use std::collections::BTreeMap;

use clap::Args;
use tonic::transport::Channel;

use super::record;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::parse_value;
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::wire::redress::handoff::v1 as wire;
use wire::HandoffState;
use wire::handoff_admin_service_client::HandoffAdminServiceClient;

/// Flags of `handoff list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this state: queued, leased, unsettled, accepted, active, action-required, refused, suspended, ended, canceled or dead.
    #[arg(long, value_name = "STATE", value_parser = state_of)]
    state: Option<HandoffState>,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists them.
pub(super) async fn run(session: &Session, channels: &Channels, args: ListArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let found = handoffs(channels, &campaign.campaign_id, args.state, limit).await?;
    let partners = partner_names(channels).await?;
    let rows: Vec<Record> = found.iter().map(|it| record::row(it, &partners)).collect();
    let nothing = match args.state {
        Some(_) => "no handoff is in this state",
        None => "nothing was handed off yet",
    };
    render::many(session.format, &rows, nothing)
}

/// Reads a campaign's handoffs, oldest first.
pub(super) async fn handoffs(
    channels: &Channels,
    campaign_id: &str,
    state: Option<HandoffState>,
    limit: usize,
) -> Result<Vec<wire::Handoff>, Problem> {
    let mut client = client(channels);
    read_up_to(limit, async |page_token| {
        let request = wire::ListHandoffsRequest {
            campaign: campaign_id.to_owned(),
            state: state.unwrap_or_default().into(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_handoffs(request).await;
        let page = answer.or_problem("list the handoffs")?;
        Ok((page.handoffs, page.next_page_token))
    })
    .await
}

/// Gives the names of partners by their ids.
pub(super) async fn partner_names(
    channels: &Channels,
) -> Result<BTreeMap<String, String>, Problem> {
    let partners = partner::all(channels).await?.into_iter();
    Ok(partners.map(|it| (it.partner_id, it.name)).collect())
}

/// Calls bureau-handoff.
pub(super) fn client(channels: &Channels) -> HandoffAdminServiceClient<Channel> {
    HandoffAdminServiceClient::new(channels.handoff.clone())
}

fn state_of(text: &str) -> Result<HandoffState, String> {
    parse_value(text, HandoffState::as_str_name, "HANDOFF_STATE_")
}
