//! `redress campaign`: the frame of a remedy.

mod extend;
mod template;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::ask;
use super::connect::{As, Channels};
use super::problem::{OrSay, Outcome, Problem};
use super::render::{self, Format, Record};
use super::wire_words::{date, state, time};
use super::{Session, new_request_id};
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::handoff::v1::GetPartnerRequest;
use crate::wire::redress::handoff::v1::get_partner_request::Key as PartnerKey;
use crate::wire::redress::handoff::v1::partner_service_client::PartnerServiceClient;
use wire::campaign_service_client::CampaignServiceClient;

use crate::client::campaign::file;
pub use crate::client::campaign::file::{CampaignFile, EntityEntry, ProductEntry};
pub use crate::lab::campaign::{invented, today};
pub use template::TEMPLATE;

/// Subcommands of `campaign`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a campaign from a TOML file or from flags.
    #[command(after_long_help = CREATE_EXAMPLES)]
    Create(Box<file::CreateArgs>),
    /// Print a campaign file to fill in.
    Template(template::TemplateArgs),
    /// List campaigns, newest first.
    List,
    /// Show one campaign.
    Show(Which),
    /// Give people more time: a later last day to enroll, for the campaign or one of its waves.
    Extend(extend::ExtendArgs),
    /// Close a campaign: nobody can begin any more, those who began can finish.
    Close(Which),
}

const CREATE_EXAMPLES: &str = "Examples:
  redress campaign template > campaign.toml     write a file to fill in
  redress campaign template --roster roster.csv > campaign.toml     the same with the roster's covered entities
  redress campaign create --file campaign.toml
  redress campaign create --engagement B123456 --name 'Clinic breach' --breach 2026-05-07 --discovered 2026-05-26 \\
      --enroll-by 2027-01-31 --entity clinic='Summit City Clinic' --product ADULT=CM3B@sandbox-bureau";

/// Names a campaign.
#[derive(Debug, Args)]
pub struct Which {
    /// The engagement number, such as B123456, or the campaign's id.
    pub campaign: String,
}

/// Names the campaign that a command works on.
#[derive(Clone, Debug, Args)]
pub struct CampaignArg {
    /// The engagement number, such as B123456, or the campaign's id; not needed while there is only one campaign.
    #[arg(long, env = "REDRESS_CAMPAIGN", value_name = "NUMBER")]
    pub campaign: Option<String>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    if let Command::Template(args) = &command {
        return render::print(args.text()?.trim_end());
    }
    let channels = session.connect(As::Operator)?;
    match command {
        Command::Create(args) => {
            let (campaign, notices) = create(&channels, &args.campaign()?).await?;
            let mut record = record(&campaign);
            if session.format == Format::Json {
                record = record.with("notices", notices.iter().map(notice).collect::<Vec<_>>());
            } else {
                for notice in &notices {
                    ask::say(&format!("note: {} [{}]", notice.message, notice.citation));
                }
            }
            render::one(session.format, &record)
        }
        Command::List => list(session, &channels).await,
        Command::Show(which) => {
            let campaign = get(&channels.codes, &which.campaign).await?;
            render::one(session.format, &record(&campaign))
        }
        Command::Extend(args) => extend::run(session, &channels, args).await,
        Command::Close(which) => close(session, &channels, &which).await,
        Command::Template(_) => Ok(()),
    }
}

/// Creates a campaign, and gives what its creator should know; partners may be named by name.
pub async fn create(
    channels: &Channels,
    file: &CampaignFile,
) -> Result<(wire::Campaign, Vec<wire::Notice>), Problem> {
    let mut campaign = file.to_wire()?;
    for product in &mut campaign.products {
        product.partner_id = partner_id(channels.handoff.clone(), &product.partner_id).await?;
    }
    let request = wire::CreateCampaignRequest {
        request_id: new_request_id(),
        campaign: Some(campaign),
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .create_campaign(request)
        .await;
    let created = response.or_say("create the campaign")?;
    let campaign = created
        .campaign
        .ok_or_else(|| Problem::usage("enrollment-codes answered without a campaign"))?;
    Ok((campaign, created.notices))
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

/// Finds a campaign by engagement number or id.
pub async fn get(codes: &Channel, name: &str) -> Result<wire::Campaign, Problem> {
    let key = if name.len() == 36 {
        wire::get_campaign_request::Key::CampaignId(name.to_owned())
    } else {
        wire::get_campaign_request::Key::EngagementNumber(name.to_uppercase())
    };
    let request = wire::GetCampaignRequest { key: Some(key) };
    let response = CampaignServiceClient::new(codes.clone())
        .get_campaign(request)
        .await;
    let campaign = response
        .or_say(&format!("find the campaign {name}"))?
        .campaign;
    campaign.ok_or_else(|| Problem::usage("enrollment-codes answered without a campaign"))
}

impl CampaignArg {
    /// Finds the campaign, which need not be named while it is the only one.
    pub async fn find(&self, codes: &Channel) -> Result<wire::Campaign, Problem> {
        if let Some(name) = &self.campaign {
            return get(codes, name).await;
        }
        let mut all = all(codes).await?;
        match (all.len(), all.pop()) {
            (1, Some(only)) => Ok(only),
            (0, _) => Err(Problem::usage(
                "there is no campaign yet; create one: `redress campaign create --help`",
            )),
            (many, _) => Err(Problem::usage(format!(
                "there are {many} campaigns; say which: --campaign B123456 (`redress campaign list` shows them)"
            ))),
        }
    }
}

async fn all(codes: &Channel) -> Result<Vec<wire::Campaign>, Problem> {
    let mut client = CampaignServiceClient::new(codes.clone());
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = wire::ListCampaignsRequest {
            page_size: 500,
            page_token,
        };
        let page = client
            .list_campaigns(request)
            .await
            .or_say("list the campaigns")?;
        found.extend(page.campaigns);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
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

async fn close(session: &Session, channels: &Channels, which: &Which) -> Outcome {
    let campaign = get(&channels.codes, &which.campaign).await?;
    let request = wire::CloseCampaignRequest {
        request_id: new_request_id(),
        campaign_id: campaign.campaign_id,
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .close_campaign(request)
        .await;
    let closed = response
        .or_say("close the campaign")?
        .campaign
        .unwrap_or_default();
    render::one(session.format, &record(&closed))
}

async fn partner_id(handoff: Channel, name: &str) -> Result<String, Problem> {
    if name.len() == 36 {
        return Ok(name.to_owned());
    }
    let request = GetPartnerRequest {
        key: Some(PartnerKey::Name(name.to_owned())),
    };
    let response = PartnerServiceClient::new(handoff)
        .get_partner(request)
        .await;
    let partner = response
        .or_say(&format!("find the partner {name}"))?
        .partner;
    Ok(partner.unwrap_or_default().partner_id)
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

fn record(campaign: &wire::Campaign) -> Record {
    let entities: Vec<&str> = campaign
        .covered_entities
        .iter()
        .map(|entity| entity.key.as_str())
        .collect();
    let products = campaign.products.iter();
    let products: Vec<String> = products
        .map(|it| format!("{}={}@{}", it.population, it.product_code, it.partner_id))
        .collect();
    Record::new()
        .with("engagement_number", campaign.engagement_number.as_str())
        .with("campaign_id", campaign.campaign_id.as_str())
        .with("name", campaign.name.as_str())
        .with(
            "state",
            state(campaign.state().as_str_name(), "CAMPAIGN_STATE_"),
        )
        .with("breach", date(campaign.breach_date.as_ref()))
        .with("discovered", date(campaign.discovery_date.as_ref()))
        .with("enroll_by", date(campaign.enroll_by_date.as_ref()))
        .with("time_zone", campaign.time_zone.as_str())
        .with("term_months", campaign.term_months)
        .with("products", products)
        .with("letter_url", campaign.letter_url.as_str())
        .with("letter_phone", campaign.letter_phone.as_str())
        .with("consent_version", campaign.consent_version.as_str())
        .with("two_operators", campaign.two_operators)
        .with("created", time(campaign.create_time.as_ref()))
        .with("covered_entities", entities)
}
