//! `redress campaign`: creating, listing, extending and closing campaigns.

mod create;
mod extend;
mod public;
mod record;
mod template;
mod update;
pub mod which;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::ask;
use crate::cli::render::{self, Format, Record};
use crate::cli::session::Session;
use crate::client::campaign::{all, create, get};
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{date, state};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use record::record;
use which::Which;
use wire::campaign_service_client::CampaignServiceClient;

/// Subcommands of `campaign`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a campaign from a TOML file or from flags.
    #[command(after_long_help = CREATE_EXAMPLES)]
    Create(Box<create::CreateArgs>),
    /// Print a campaign file to fill in.
    Template(template::TemplateArgs),
    /// List campaigns, newest first.
    List,
    /// Show one campaign.
    Show(Which),
    /// Show what an enrollment page and an agent may show of a campaign.
    Public(Which),
    /// Give people more time: a later last day to enroll, for the campaign or one of its waves.
    Extend(extend::ExtendArgs),
    /// Change what can change while a campaign runs: names, addresses, more entities and products, new consent texts, who serves it.
    #[command(after_long_help = UPDATE_EXAMPLES)]
    Update(Box<update::UpdateArgs>),
    /// Close a campaign: nobody can begin any more, those who began can finish.
    Close(CloseArgs),
}

const CREATE_EXAMPLES: &str = "Examples:
  redress campaign template > campaign.toml     write a file to fill in
  redress campaign template --roster roster.csv > campaign.toml     the same with the roster's covered entities
  redress campaign create --file campaign.toml
  redress campaign create --engagement B123456 --name 'Clinic breach' --breach 2026-05-07 --discovered 2026-05-26 \\
      --enroll-by 2027-01-31 --entity clinic='Summit City Clinic' --product ADULT=CM3B@sandbox-bureau";

const UPDATE_EXAMPLES: &str = "Nothing that people may have been told of is taken away. Enrollments that were begun keep their text.

Examples:
  redress campaign update B123456 --phone 1-800-555-0101
  redress campaign update B123456 --entity clinic='Summit City Clinic, Fort Wayne'
  redress campaign update B123456 --product ADULT=CM3B-2@sandbox-bureau --term 24
  redress campaign update B123456 --consent-file consent.txt --consent-version 2026-02
  redress campaign update B123456 --front-end call-center/desk --front-end portal/web
  redress campaign update B123456 --file campaign.toml     adds what the file has and the campaign has not";

/// Flags of `campaign close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    if let Command::Template(args) = &command {
        return render::print(args.text()?.trim_end());
    }
    let channels = session.connect(ClientRole::Operator)?;
    match command {
        Command::Create(args) => {
            let (campaign, created) = create(&channels, &args.campaign()?).await?;
            let mut record = record(&campaign);
            let expected = created.expected_referrals.unwrap_or_default();
            if session.format == Format::Json {
                let notices = created.notices.iter().map(notice);
                record = record
                    .with("notices", notices.collect::<Vec<_>>())
                    .with("expected_referrals", expected_json(&expected));
            } else {
                for notice in &created.notices {
                    ask::note(&format!("note: {} [{}]", notice.message, notice.citation));
                }
                ask::note(&expected_words(&expected));
            }
            render::one(session.format, &record)
        }
        Command::List => list(session, &channels).await,
        Command::Show(which) => {
            let campaign = get(&channels.codes, &which.campaign).await?;
            render::one(session.format, &record(&campaign))
        }
        Command::Public(which) => public::run(session, &channels, which).await,
        Command::Extend(args) => extend::run(session, &channels, args).await,
        Command::Update(args) => update::run(session, &channels, *args).await,
        Command::Close(args) => close(session, &channels, &args).await,
        Command::Template(_) => Ok(()),
    }
}

fn notice(notice: &wire::Notice) -> Value {
    json!({
        "rule_id": notice.rule_id,
        "jurisdiction": notice.jurisdiction,
        "months_owed": notice.months_owed,
        "message": notice.message,
        "citation": notice.citation,
    })
}

/// Says how many people will have to be looked at because they answer late.
fn expected_words(it: &wire::ExpectedReferrals) -> String {
    format!(
        "note: of {} letters expect {} enrollments, {} of them after the {} days for which a letter proves the address; \
         {} of these have no contact on record and are referred (at most {}). Assumed: {}.",
        it.letters,
        it.enrollments,
        it.late_answers,
        it.proof_days,
        it.referrals,
        it.referrals_at_most,
        it.assumptions.join("; ")
    )
}

fn expected_json(it: &wire::ExpectedReferrals) -> Value {
    json!({
        "letters": it.letters,
        "proof_days": it.proof_days,
        "enrollments": it.enrollments,
        "late_answers": it.late_answers,
        "referrals": it.referrals,
        "referrals_at_most": it.referrals_at_most,
        "assumptions": it.assumptions,
    })
}

async fn list(session: &Session, channels: &Channels) -> Outcome {
    let campaigns = all(&channels.codes).await?;
    let rows: Vec<Record> = campaigns.iter().map(row).collect();
    render::many(
        session.format,
        &rows,
        "no campaigns yet; `redress campaign create --help` shows how to make one",
    )
}

async fn close(session: &Session, channels: &Channels, args: &CloseArgs) -> Outcome {
    let campaign = get(&channels.codes, &args.which.campaign).await?;
    let question = format!(
        "Close {} ({})? Nobody who has a letter can begin to enroll any more, and it cannot be opened again.",
        campaign.engagement_number, campaign.name
    );
    if !args.yes && !ask::yes(&question)? {
        return Err(Problem::refused("nothing was closed"));
    }
    let request = wire::CloseCampaignRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .close_campaign(request)
        .await;
    let closed = response
        .or_problem("close the campaign")?
        .campaign
        .unwrap_or_default();
    render::one(session.format, &record(&closed))
}

fn row(campaign: &wire::Campaign) -> Record {
    Record::new()
        .with("engagement_number", campaign.engagement_number.as_str())
        .with("name", campaign.name.as_str())
        .with(
            "state",
            state(campaign.state().as_str_name(), "CAMPAIGN_STATE_"),
        )
        .with("enroll_by", date(campaign.enroll_by_date.as_ref()))
        .with("covered_entities", campaign.covered_entities.len())
        .with("campaign_id", campaign.campaign_id.as_str())
}
