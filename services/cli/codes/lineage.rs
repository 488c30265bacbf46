//! `redress codes list`: all codes of one individual.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{date, state, time};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The individual's id.
    #[arg(long, value_name = "ID")]
    individual: String,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ListArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::ListCodesRequest {
        campaign: campaign.campaign_id,
        individual_id: args.individual,
        page_size: 500,
        ..wire::ListCodesRequest::default()
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .list_codes(request)
        .await;
    let codes = answer.or_problem("list the codes")?.codes;
    let rows: Vec<Record> = codes.iter().map(record).collect();
    render::many(
        session.format,
        &rows,
        "no code was issued to this individual",
    )
}

pub(super) fn record(code: &wire::LetterCode) -> Record {
    let supersedes = (code.supersedes_generation > 0).then_some(code.supersedes_generation);
    Record::new()
        .with("generation", code.generation)
        .with("state", state(code.state().as_str_name(), "CODE_STATE_"))
        .with("supersedes", supersedes)
        .with("wave", code.wave_name.as_str())
        .with("issued", time(code.issue_time.as_ref()))
        .with("printable", code.printable)
        .with("mailed", date(code.mailing_date.as_ref()))
        .with("proof_until", time(code.proof_expire_time.as_ref()))
        .with("enroll_by", date(code.enroll_by_date.as_ref()))
        .with("ended", time(code.settle_time.as_ref()))
        .with("batch_id", code.batch_id.as_str())
        .with("withheld", code.withheld)
}
