//! `redress codes revocations`: what was taken back, and how far it came.

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::time;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;
use wire::revocation::Target;

pub(super) async fn list(
    session: &Session,
    channels: &Channels,
    campaign: &CampaignArg,
) -> Outcome {
    let campaign = campaign.find(&channels.codes).await?;
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let revocations = read_all(async |page_token| {
        let request = wire::ListRevocationsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_revocations(request).await;
        let page = answer.or_problem("list the revocations")?;
        Ok((page.revocations, page.next_page_token))
    });
    let rows: Vec<Record> = revocations.await?.iter().map(record).collect();
    render::many(session.format, &rows, "no code was ever taken back")
}

fn record(revocation: &wire::Revocation) -> Record {
    let (whose, id) = match &revocation.target {
        Some(Target::IndividualId(id)) => ("individual", id.as_str()),
        Some(Target::WaveId(id)) => ("wave", id.as_str()),
        Some(Target::BatchId(id)) => ("batch", id.as_str()),
        None => ("", ""),
    };
    Record::new()
        .with("revocation_id", revocation.revocation_id.as_str())
        .with("whose", whose)
        .with("id", id)
        .with("codes", revocation.codes)
        .with("revoked", revocation.revoked)
        .with("started", time(revocation.start_time.as_ref()))
        .with("finished", time(revocation.finish_time.as_ref()))
        .with("actor", revocation.actor.as_str())
        .with("reason", revocation.reason.as_str())
}
