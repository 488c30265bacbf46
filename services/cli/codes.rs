//! `redress codes`: the letter codes of a campaign.

use clap::{Args, Subcommand};

use super::campaign::CampaignArg;
use super::connect::{As, Channels};
use super::problem::{OrSay, Outcome, Problem};
use super::render::{self, Record};
use super::wire_words::{state, time};
use super::{Session, new_request_id, progress};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Subcommands of `codes`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a batch: one code for everybody who is owed a letter and has none.
    Issue(CampaignArg),
    /// Destroy a batch's secret once its letters are printed: nobody can recover a code any more.
    Seal(SealArgs),
    /// Tell whether a code could begin an enrollment now.
    Check(CheckArgs),
    /// List a campaign's batches, newest first.
    Batches(CampaignArg),
}

/// Flags of `codes seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch; not needed while only one is open.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Flags of `codes check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The code as it stands in the letter; case, dashes and O for 0 do not matter.
    code: String,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(As::Operator)?;
    match command {
        Command::Issue(campaign) => {
            let campaign = campaign.find(&channels.codes).await?;
            let batch = issue(&channels, &campaign.campaign_id).await?;
            render::one(session.format, &record(&batch))
        }
        Command::Seal(args) => seal_after_asking(session, &channels, args).await,
        Command::Check(args) => check(session, &channels, args).await,
        Command::Batches(campaign) => {
            let campaign = campaign.find(&channels.codes).await?;
            let batches = batches(&channels, &campaign.campaign_id).await?;
            let rows: Vec<Record> = batches.iter().map(record).collect();
            render::many(
                session.format,
                &rows,
                "no batches yet; `redress codes issue` makes one",
            )
        }
    }
}

/// Issues a batch, showing how far it is.
pub async fn issue(channels: &Channels, campaign_id: &str) -> Result<wire::CodeBatch, Problem> {
    let request = wire::IssueCodesRequest {
        request_id: new_request_id(),
        campaign_id: campaign_id.to_owned(),
        wave_id: String::new(),
    };
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let doing = "issue codes";
    let mut answers = client.issue_codes(request).await.or_say(doing)?;
    let bar = progress::pieces("issuing codes", 0);
    let mut batch = None;
    while let Some(answer) = answers
        .message()
        .await
        .map_err(|status| Problem::from_status(doing, &status))?
    {
        bar.set_length(u64::try_from(answer.owed).unwrap_or(0));
        bar.set_position(u64::try_from(answer.issued).unwrap_or(0));
        batch = answer.batch.or(batch);
    }
    bar.finish();
    batch.ok_or_else(|| {
        Problem::usage(
            "cannot issue codes: enrollment-codes ended without a batch; run the command again",
        )
    })
}

/// Seals a batch.
pub async fn seal(
    channels: &Channels,
    batch: &wire::CodeBatch,
) -> Result<wire::CodeBatch, Problem> {
    let request = wire::SealBatchRequest {
        request_id: new_request_id(),
        campaign_id: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    let response = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .seal_batch(request)
        .await;
    Ok(response.or_say("seal the batch")?.batch.unwrap_or_default())
}

/// Gives a campaign's batches, newest first.
pub async fn batches(
    channels: &Channels,
    campaign_id: &str,
) -> Result<Vec<wire::CodeBatch>, Problem> {
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let campaign_id = campaign_id.to_owned();
        let request = wire::ListBatchesRequest {
            campaign_id,
            page_size: 500,
            page_token,
        };
        let page = client
            .list_batches(request)
            .await
            .or_say("list the batches")?;
        found.extend(page.batches);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// Finds the batch to work on: the one named, or the only open one.
pub async fn open_batch(
    channels: &Channels,
    campaign_id: &str,
    named: Option<&str>,
) -> Result<wire::CodeBatch, Problem> {
    let all = batches(channels, campaign_id).await?;
    if let Some(named) = named {
        let found = all.into_iter().find(|batch| batch.batch_id == named);
        return found.ok_or_else(|| {
            Problem::usage("this campaign has no such batch; `redress codes batches` shows them")
        });
    }
    let newest_sealed = all.first().cloned();
    let mut open = all
        .into_iter()
        .filter(|batch| batch.state() == wire::BatchState::Open);
    match (open.next(), open.next(), newest_sealed) {
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), _) => Err(Problem::usage(
            "several batches are open; say which: --batch ID (`redress codes batches` shows them)",
        )),
        // The server says why a sealed batch cannot be used.
        (None, _, Some(sealed)) => Ok(sealed),
        (None, _, None) => Err(Problem::usage(
            "there is no batch yet; `redress codes issue` makes one",
        )),
    }
}

async fn seal_after_asking(session: &Session, channels: &Channels, args: SealArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let batch = open_batch(channels, &campaign.campaign_id, args.batch.as_deref()).await?;
    if !args.yes {
        let question = format!(
            "Seal batch {} with {} codes? Nobody can recover a code afterwards: have all letters been printed?",
            batch.batch_id, batch.codes
        );
        if !super::ask::yes(&question)? {
            return Err(Problem::refused("nothing was sealed"));
        }
    }
    render::one(session.format, &record(&seal(channels, &batch).await?))
}

async fn check(session: &Session, channels: &Channels, args: CheckArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::CheckCodeRequest {
        engagement_number: campaign.engagement_number,
        code: args.code,
    };
    let response = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .check_code(request)
        .await;
    let expires = response.or_say("use this code")?.expire_time;
    let record = Record::new()
        .with("usable", true)
        .with("expires", time(expires.as_ref()));
    render::one(session.format, &record)
}

fn record(batch: &wire::CodeBatch) -> Record {
    Record::new()
        .with("batch_id", batch.batch_id.as_str())
        .with("state", state(batch.state().as_str_name(), "BATCH_STATE_"))
        .with("codes", batch.codes)
        .with("created", time(batch.create_time.as_ref()))
        .with("sealed", time(batch.seal_time.as_ref()))
}
