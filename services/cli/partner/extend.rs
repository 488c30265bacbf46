//! `redress partner extend`: a longer term for what a bureau provides.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::{ask, progress};
use crate::client::connect::Channels;
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::Unit;
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_service_client::EnrollmentServiceClient;

/// What the long help says.
pub const HELP: &str = "From now on the product is ordered with the longer term. Who has it already keeps it for longer by the months that it gains, and \
the partner is asked for that by a handoff of its own. Nothing gets a shorter term.

The same command again extends nothing twice. It extends what was left and shows how far it is:

  shorter    has a shorter term still
  promised   does not run yet; the partner is asked once it does
  asked      the partner was asked, and has not decided
  not_given  the partner wants something first or refused: see `redress handoff list`, and settle it with the partner
  given      has this term, or a longer one

Example:
  redress partner extend bureau-one --campaign B123456 --product TRIPLE-24 --months 36";

/// Flags of `partner extend`.
#[derive(Debug, Args)]
pub struct ExtendArgs {
    /// Name of the partner.
    name: String,
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner's product code.
    #[arg(long, value_name = "CODE")]
    product: String,
    /// The whole term, in calendar months from activation.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=120))]
    months: i32,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

/// Extends it.
pub async fn run(session: &Session, channels: &Channels, args: ExtendArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner = partner::find(channels, &args.name).await?;
    let question = format!(
        "Give everybody of campaign {} who has {} of {} a term of {} months?",
        campaign.engagement_number, args.product, partner.name, args.months
    );
    if !args.yes && !ask::yes(&question)? {
        return Err(Problem::refused("nothing was extended"));
    }
    let request = wire::ExtendCoveragesRequest {
        request_id: String::new(),
        campaign: campaign.campaign_id,
        partner_id: partner.partner_id,
        product_code: args.product,
        term_months: args.months,
    };
    let extension = extend_all(channels, request).await?;
    render::one(session.format, &record(&extension))?;
    if extension.not_given > 0 {
        return Err(Problem::refused(
            "the partner has not given everybody the longer term: see `redress handoff list`, and settle it with the partner",
        ));
    }
    Ok(())
}

async fn extend_all(
    channels: &Channels,
    request: wire::ExtendCoveragesRequest,
) -> Result<wire::Extension, Problem> {
    let bar = progress::show("extending terms", Unit::Pieces);
    let mut client = EnrollmentServiceClient::new(channels.codes.clone());
    loop {
        let request = wire::ExtendCoveragesRequest {
            request_id: new_request_id(),
            ..request.clone()
        };
        let answer = client.extend_coverages(request).await;
        let extension = answer.or_problem("extend the terms")?.extension;
        let extension = extension.unwrap_or_default();
        let done = extension.promised + extension.asked + extension.not_given + extension.given;
        bar.set(count(done), count(done + extension.shorter));
        if extension.shorter == 0 {
            return Ok(extension);
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn record(extension: &wire::Extension) -> Record {
    Record::new()
        .with("shorter", extension.shorter)
        .with("promised", extension.promised)
        .with("asked", extension.asked)
        .with("not_given", extension.not_given)
        .with("given", extension.given)
}
