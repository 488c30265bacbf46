//! `redress partner migrate`: moving the people of a campaign to another bureau.

use std::str::FromStr;

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
pub const HELP: &str = "From now on people are enrolled with the new partner. Whoever has coverage at the old one is ordered from the new one, \
for the months that are left; once that coverage is active, the old partner is asked to cancel its own. Until then it goes on, also for those whom \
the new partner does not take: nobody is without coverage in between.

The same command again moves nobody twice. It moves what was left and shows how far it is:

  unmoved    at the old partner, not ordered from the new one yet
  ordered    ordered from the new partner, which has not decided; covered by the old one
  not_taken  the new partner wants something or refused; covered by the old one
  moved      taken by the new partner; the old one was asked to cancel
  uncovered  taken by the new partner, which took that back later: somebody must look

Keep the old partner active until ordered is 0 and its cancellations are through (`redress handoff statistics`). Whether the consent that people gave \
holds for the new partner is a question for counsel.

Examples:
  redress partner migrate --campaign B123456 --from bureau-one --to bureau-two
  redress partner migrate --campaign B123456 --from bureau-one --to bureau-two --product TRIPLE-24=CM3B --product MINOR-24=KIDS:C-17";

/// Flags of `partner migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner that people leave.
    #[arg(long, value_name = "NAME")]
    from: String,
    /// The partner that they move to.
    #[arg(long, value_name = "NAME")]
    to: String,
    /// What the new partner calls a product, with its contract code if it has one; others keep their code. May be repeated.
    #[arg(long = "product", value_name = "OLD=NEW[:CONTRACT]")]
    products: Vec<Move>,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Debug)]
struct Move(wire::ProductMove);

impl FromStr for Move {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) = text
            .split_once('=')
            .ok_or("must be OLD=NEW or OLD=NEW:CONTRACT")?;
        let (to, contract) = to.split_once(':').unwrap_or((to, ""));
        Ok(Self(wire::ProductMove {
            from_product_code: from.to_owned(),
            to_product_code: to.to_owned(),
            contract_code: contract.to_owned(),
        }))
    }
}

/// Moves them.
pub async fn run(session: &Session, channels: &Channels, args: MigrateArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let from = partner::find(channels, &args.from).await?;
    let to = partner::find(channels, &args.to).await?;
    let question = format!(
        "Move the people of campaign {} from {} to {}?",
        campaign.engagement_number, from.name, to.name
    );
    if !args.yes && !ask::yes(&question)? {
        return Err(Problem::refused("nothing was moved"));
    }
    let moves = args.products.into_iter().map(|it| it.0);
    let request = wire::MigrateCoveragesRequest {
        request_id: String::new(),
        campaign: campaign.campaign_id,
        from_partner_id: from.partner_id,
        to_partner_id: to.partner_id,
        product_moves: moves.collect(),
    };
    let migration = move_all(channels, request).await?;
    render::one(session.format, &record(&migration))?;
    if migration.uncovered > 0 {
        return Err(Problem::refused(
            "the new partner has taken back what it took: see `redress enrollment list`, and order again or move them back",
        ));
    }
    Ok(())
}

async fn move_all(
    channels: &Channels,
    request: wire::MigrateCoveragesRequest,
) -> Result<wire::Migration, Problem> {
    let bar = progress::show("moving coverages", Unit::Pieces);
    let mut client = EnrollmentServiceClient::new(channels.codes.clone());
    loop {
        let request = wire::MigrateCoveragesRequest {
            request_id: new_request_id(),
            ..request.clone()
        };
        let answer = client.migrate_coverages(request).await;
        let migration = answer.or_problem("move the campaign")?.migration;
        let migration = migration.unwrap_or_default();
        let done = migration.ordered + migration.not_taken + migration.moved;
        let all = done + migration.unmoved + migration.uncovered;
        bar.set(count(done), count(all));
        if migration.unmoved == 0 {
            return Ok(migration);
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn record(migration: &wire::Migration) -> Record {
    Record::new()
        .with("unmoved", migration.unmoved)
        .with("ordered", migration.ordered)
        .with("not_taken", migration.not_taken)
        .with("moved", migration.moved)
        .with("uncovered", migration.uncovered)
}
