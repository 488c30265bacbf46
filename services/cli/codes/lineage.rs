//! `redress codes list`: all codes of one individual.

use clap::Args;

use super::whose::WhoseArg;
use crate::cli::ask::note;
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
    #[command(flatten)]
    whose: WhoseArg,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ListArgs) -> Outcome {
    let (individual_id, code) = args.whose.read()?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::ListCodesRequest {
        campaign: campaign.campaign_id,
        individual_id,
        code,
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
    )?;
    if let Some(newest) = codes.first() {
        explain(newest);
    }
    Ok(())
}

/// Says to whoever speaks with the person why their letter has no code.
pub(super) fn explain(newest: &wire::LetterCode) {
    if newest.without_code {
        note(
            "The letter bears no code: by the record the person has died, or the campaign has no product for them. Restoration needs no enrollment. \
             Where the record is wrong or a product was added, correct it first; `redress codes reissue` then sends a letter with a code.",
        );
    }
}

pub(super) fn record(code: &wire::LetterCode) -> Record {
    let supersedes = (code.supersedes_generation > 0).then_some(code.supersedes_generation);
    Record::new()
        .with("generation", code.generation)
        .with(
            "letter",
            if code.without_code {
                "without a code"
            } else {
                "with a code"
            },
        )
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
