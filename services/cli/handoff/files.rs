//! `redress handoff files`: the files of orders that were written for partners.

use clap::Args;

use super::list::{client, partner_names};
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{state, time};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::handoff::v1 as wire;

/// Flags of `handoff files`.
#[derive(Debug, Args)]
pub struct FilesArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists them.
pub(super) async fn run(session: &Session, channels: &Channels, args: FilesArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(channels);
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListHandoffFilesRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_handoff_files(request).await;
        let page = answer.or_problem("list the files")?;
        Ok((page.files, page.next_page_token))
    });
    let found = found.await?;
    let partners = partner_names(channels).await?;
    let rows = found.iter().map(|file| {
        let partner = partners.get(&file.partner_id);
        Record::new()
            .with("file", file.name.as_str())
            .with("partner", partner.map_or("", String::as_str))
            .with(
                "state",
                state(file.state().as_str_name(), "HANDOFF_FILE_STATE_"),
            )
            .with("orders", file.record_count)
            .with("sent", time(file.send_time.as_ref()))
            .with("answer_by", time(file.answer_by_time.as_ref()))
            .with("closed", time(file.close_time.as_ref()))
            .with("sha256", file.sha256.as_str())
    });
    let rows: Vec<Record> = rows.collect();
    let nothing = "no file was written yet; files are written for partners of mode file, each at the time that its layout says";
    render::many(session.format, &rows, nothing)
}
