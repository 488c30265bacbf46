//! `redress campaign update`: what changes while a campaign runs.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::cli::campaign::create::{entity, product, restoration};
use crate::cli::campaign::record::record;
use crate::cli::campaign::which::Which;
use crate::cli::render;
use crate::cli::session::Session;
use crate::client::campaign::file::{CampaignFile, EntityEntry, ProductEntry, RestorationEntry};
use crate::client::campaign::get;
use crate::client::connect::Channels;
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

/// Flags of `campaign update`: what is not given stays as it is.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    which: Which,
    /// Take covered entities, products and consent texts from this campaign file; what the campaign has already stays.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["entities", "products", "consent_file"])]
    file: Option<PathBuf>,
    /// Name for operators.
    #[arg(long)]
    name: Option<String>,
    /// Web address in letters that are printed from now on.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Telephone number in letters that are printed from now on.
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,
    /// A covered entity to add, or one whose name is corrected. Repeat for each.
    #[arg(long = "entity", value_name = "KEY=NAME", value_parser = entity)]
    entities: Vec<EntityEntry>,
    /// A product to add, for enrollments that are completed from now on. Repeat for each.
    #[arg(long = "product", value_name = "POPULATION=CODE@PARTNER", value_parser = product, requires = "term")]
    products: Vec<ProductEntry>,
    /// Months of monitoring of the products to add.
    #[arg(long, value_name = "MONTHS")]
    term: Option<i32>,
    /// Who restores people's identities from now on.
    #[arg(long, value_name = "CODE@PARTNER", value_parser = restoration)]
    restoration: Option<RestorationEntry>,
    /// File with a new consent text.
    #[arg(long, value_name = "FILE", requires = "consent_version")]
    consent_file: Option<PathBuf>,
    /// Version of that text, never used before in its language.
    #[arg(long, value_name = "VERSION", requires = "consent_file")]
    consent_version: Option<String>,
    /// Language of that text; without it the campaign's.
    #[arg(long, value_name = "LANGUAGE", requires = "consent_file")]
    consent_language: Option<String>,
    /// A call center or a portal that serves the campaign from now on, named as in its certificate; repeat for each. They take the place of
    /// those before, and to any other the campaign does not exist.
    #[arg(long = "front-end", value_name = "call-center/NAME|portal/NAME")]
    front_ends: Vec<String>,
    /// Let every call center and portal of the installation serve the campaign.
    #[arg(long, conflicts_with = "front_ends")]
    every_front_end: bool,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: UpdateArgs) -> Outcome {
    let campaign = get(&channels.codes, &args.which.campaign).await?;
    let mut changes = changes(&args, &campaign)?;
    for product in &mut changes.products {
        product.partner_id = partner::id(channels, &product.partner_id).await?;
    }
    if let Some(offer) = &mut changes.restoration {
        offer.partner_id = partner::id(channels, &offer.partner_id).await?;
    }
    let request = wire::UpdateCampaignRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        changes: Some(changes),
    };
    let answer = CampaignServiceClient::new(channels.codes.clone())
        .update_campaign(request)
        .await;
    let updated = answer.or_problem("change the campaign")?.campaign;
    render::one(session.format, &record(&updated.unwrap_or_default()))
}

/// Gives the changes, whose products still name partners by name.
fn changes(args: &UpdateArgs, campaign: &wire::Campaign) -> Result<wire::CampaignChanges, Problem> {
    let read =
        |path: &PathBuf| fs::read_to_string(path).map_err(|error| Problem::file(path, &error));
    let words = wire::CampaignChanges {
        name: args.name.clone().unwrap_or_default(),
        letter_url: args.url.clone().unwrap_or_default(),
        letter_phone: args.phone.clone().unwrap_or_default(),
        restoration: args.restoration.as_ref().map(RestorationEntry::to_wire),
        front_ends: (args.every_front_end || !args.front_ends.is_empty()).then(|| {
            wire::FrontEnds {
                names: args.front_ends.clone(),
            }
        }),
        ..wire::CampaignChanges::default()
    };
    if let Some(path) = &args.file {
        let file: CampaignFile =
            toml::from_str(&read(path)?).map_err(|error| Problem::file(path, &error))?;
        let file = file.to_wire()?;
        return Ok(wire::CampaignChanges {
            covered_entities: file.covered_entities,
            products: file.products,
            consent_texts: file.consent_texts,
            restoration: words.restoration.clone().or(file.restoration),
            ..words
        });
    }
    let entities = args.entities.iter().map(EntityEntry::to_wire);
    let term_months = args.term.unwrap_or_default();
    let products = args.products.iter().map(|it| {
        let entry = ProductEntry {
            term_months,
            ..it.clone()
        };
        entry.to_wire()
    });
    let text = args.consent_file.as_ref().map(read).transpose()?;
    let text = text.map(|text| wire::ConsentText {
        language_code: args
            .consent_language
            .clone()
            .unwrap_or_else(|| campaign.language_code.clone()),
        version: args.consent_version.clone().unwrap_or_default(),
        text,
        ..wire::ConsentText::default()
    });
    Ok(wire::CampaignChanges {
        covered_entities: entities.collect::<Result<_, _>>()?,
        products: products.collect::<Result<_, _>>()?,
        consent_texts: text.into_iter().collect(),
        ..words
    })
}
