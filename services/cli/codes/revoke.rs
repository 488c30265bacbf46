//! `redress codes revoke`: codes taken back.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::{ask, progress};
use crate::client::codes::wave_id;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::Unit;
use crate::client::request::new_request_id;
use crate::client::table::columns::{Column, Vocabulary};
use crate::client::table::{Options, Table};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;
use wire::revoke_codes_request::Target;
use wire::revoke_codes_response::Step;

/// Flags of `codes revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    whose: Whose,
    /// Why, for the audit log; nothing about a person.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The codes of one individual.
    #[arg(long, value_name = "ID")]
    individual: Option<String>,
    /// The codes of a wave, by its name or id.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
    /// The codes of a batch.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// The codes of each individual of a list: a text or a workbook with the column individual, such as
    /// `redress --format csv roster withdrawn` gives.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
}

static INDIVIDUALS: Vocabulary = Vocabulary::new(
    "individuals",
    &[Column::required("individual", "individualid letterid")],
);

pub(super) async fn run(session: &Session, channels: &Channels, args: RevokeArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let (whose, targets) = targets(channels, &campaign.campaign_id, args.whose).await?;
    if !args.yes {
        let question =
            format!("Revoke the codes of {whose}? Nobody can enroll with them afterwards.");
        if !ask::yes(&question)? {
            return Err(Problem::refused("nothing was revoked"));
        }
    }
    let mut all = wire::RevokeResult::default();
    for target in targets {
        let request = wire::RevokeCodesRequest {
            request_id: new_request_id(),
            campaign: campaign.campaign_id.clone(),
            reason: args.reason.clone(),
            target: Some(target),
        };
        let one = revoke(channels, request).await?;
        all.codes += one.codes;
        all.revoked += one.revoked;
    }
    let record = Record::new()
        .with("codes", all.codes)
        .with("revoked", all.revoked);
    render::one(session.format, &record)
}

async fn targets(
    channels: &Channels,
    campaign_id: &str,
    whose: Whose,
) -> Result<(String, Vec<Target>), Problem> {
    if let Some(path) = &whose.list {
        let individuals = individuals(path)?;
        return Ok((format!("{} individuals", individuals.len()), individuals));
    }
    let (whose, target) = target(channels, campaign_id, whose).await?;
    Ok((whose, vec![target]))
}

/// Reads a list of individuals. One that cannot be read stops everything before anything is revoked.
fn individuals(path: &Path) -> Result<Vec<Target>, Problem> {
    let options = Options {
        ignore_unknown: true,
        ..Options::default()
    };
    let mut table = Table::open(path, &INDIVIDUALS, &options)?;
    let mut targets = Vec::new();
    while let Some(row) = table.next_row()? {
        let line = row.line;
        let wrong =
            |wrong: &str| Problem::usage(format!("{}: line {line} {wrong}", path.display()));
        if let Some(trouble) = &row.trouble {
            return Err(wrong(&format!("cannot be read: {trouble}")));
        }
        let id = row.cells.first().map_or("", |cell| cell.trim());
        if uuid::Uuid::try_parse(id).is_err() {
            return Err(wrong(
                "needs the id of an individual, as `redress find` shows it",
            ));
        }
        targets.push(Target::IndividualId(id.to_owned()));
    }
    Ok(targets)
}

async fn target(
    channels: &Channels,
    campaign_id: &str,
    whose: Whose,
) -> Result<(String, Target), Problem> {
    Ok(match whose {
        Whose {
            individual: Some(id),
            ..
        } => (format!("individual {id}"), Target::IndividualId(id)),
        Whose {
            wave: Some(name), ..
        } => {
            let id = wave_id(channels, campaign_id, &name).await?;
            (format!("wave {name:?}"), Target::WaveId(id))
        }
        Whose { batch, .. } => {
            let id = batch.unwrap_or_default();
            (format!("batch {id}"), Target::BatchId(id))
        }
    })
}

/// Revokes, showing how far it is.
async fn revoke(
    channels: &Channels,
    request: wire::RevokeCodesRequest,
) -> Result<wire::RevokeResult, Problem> {
    let doing = "revoke the codes";
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let mut answers = client.revoke_codes(request).await.or_problem(doing)?;
    let bar = progress::show("revoking codes", Unit::Pieces);
    let mut result = None;
    while let Some(answer) = answers
        .message()
        .await
        .map_err(|status| Problem::from_status(doing, &status))?
    {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        match answer.step {
            Some(Step::Progress(step)) => bar.set(count(step.seen), count(step.codes)),
            Some(Step::Result(end)) => result = Some(end),
            None => {}
        }
    }
    result.ok_or_else(|| {
        Problem::usage(
            "cannot revoke the codes: enrollment-codes ended before it was through; run the command again",
        )
    })
}
