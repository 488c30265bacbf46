//! `redress partner`: the bureaus that enrollments are handed to.

mod extend;
mod migrate;
mod pool;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{state, time};
use crate::client::partner::{all, create, find};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use wire::partner_service_client::PartnerServiceClient;

/// Subcommands of `partner`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a partner.
    #[command(after_long_help = CREATE_EXAMPLES)]
    Create(CreateArgs),
    /// List partners by name.
    List,
    /// Show one partner.
    Show(Which),
    /// Change where a partner listens, how much it takes at once, or its layout. It holds for orders that wait, too.
    Update(UpdateArgs),
    /// Stop offering enrollments to a partner, of all campaigns or of one; people can go on enrolling.
    Pause(PauseArgs),
    /// Offer enrollments to a paused partner again.
    Resume(PauseArgs),
    /// Move the people of a campaign to another partner, and show how far that is.
    #[command(after_long_help = migrate::HELP)]
    Migrate(migrate::MigrateArgs),
    /// Give what people have of a product a longer term, and show how far that is.
    #[command(after_long_help = extend::HELP)]
    Extend(extend::ExtendArgs),
    /// Activation codes that a partner issues itself.
    #[command(subcommand)]
    Pool(pool::Command),
}

/// Flags of `partner pause` and `partner resume`.
#[derive(Debug, Args)]
pub struct PauseArgs {
    /// Name of the partner.
    pub name: String,
    /// Only this campaign: its engagement number or id.
    #[arg(long, value_name = "NUMBER")]
    pub campaign: Option<String>,
}

const CREATE_EXAMPLES: &str = "Examples:
  redress partner create bureau-one --mode push --endpoint https://bureau.example:443
  redress partner create reseller-two --mode pull
  redress partner create bureau-three --mode file --layout bureau-three.toml
  redress partner create bureau-four --mode http --layout bureau-four.toml

The name must be the one in the partner's certificate: spiffe://redress/partner/NAME.";

/// Flags of `partner create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Name, as in the partner's certificate: lower-case letters, digits and dashes.
    pub name: String,
    /// Who calls whom and how, or that files go both ways.
    #[arg(long, value_enum)]
    pub mode: Mode,
    /// How the files to and from the partner look, or how its REST API is called, in TOML; the operations page shows one of each.
    #[arg(long, value_name = "FILE", required_if_eq_any([("mode", "file"), ("mode", "http")]))]
    pub layout: Option<PathBuf>,
    /// Where a push partner listens.
    #[arg(long, value_name = "URL", required_if_eq("mode", "push"))]
    pub endpoint: Option<String>,
    /// A URI that a push partner's certificate must bear, beside the host in its URL.
    #[arg(long, value_name = "URI")]
    pub server_uri: Option<String>,
    /// Enrollments under way at once.
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub max_in_flight: i32,
}

impl CreateArgs {
    fn partner(self) -> Result<wire::Partner, Problem> {
        let mode = match self.mode {
            Mode::Push => wire::PartnerMode::Push,
            Mode::Pull => wire::PartnerMode::Pull,
            Mode::File => wire::PartnerMode::File,
            Mode::Http => wire::PartnerMode::Http,
        };
        let (file_layout, http_layout) = layouts(self.layout.as_deref(), mode)?;
        Ok(wire::Partner {
            file_layout: file_layout.unwrap_or_default(),
            http_layout: http_layout.unwrap_or_default(),
            name: self.name,
            mode: mode.into(),
            endpoint: self.endpoint.unwrap_or_default(),
            server_uri: self.server_uri.unwrap_or_default(),
            max_in_flight: self.max_in_flight,
            ..wire::Partner::default()
        })
    }
}

/// Reads a layout: that of files, or that of a REST API where the partner has one.
fn layouts(
    path: Option<&Path>,
    mode: wire::PartnerMode,
) -> Result<(Option<String>, Option<String>), Problem> {
    let Some(path) = path else {
        return Ok((None, None));
    };
    let text = std::fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
    Ok(match mode {
        wire::PartnerMode::Http => (None, Some(text)),
        _ => (Some(text), None),
    })
}

/// Flags of `partner update`: what is not given stays as it is.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The partner's name.
    pub name: String,
    /// Where a push partner listens now. One of the flags is needed.
    #[arg(long, value_name = "URL", required_unless_present_any = ["max_in_flight", "server_uri", "layout"])]
    pub endpoint: Option<String>,
    /// A URI that its certificate must bear now; '' asks for the host in its URL alone.
    #[arg(long, value_name = "URI")]
    pub server_uri: Option<String>,
    /// Enrollments under way at once.
    #[arg(long, value_name = "N")]
    pub max_in_flight: Option<i32>,
    /// How files look from the next one on, or how the REST API is called from the next call on, in TOML.
    #[arg(long, value_name = "FILE")]
    pub layout: Option<PathBuf>,
}

/// How a partner is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// We call the partner.
    Push,
    /// The partner calls us.
    Pull,
    /// Files go both ways, through a directory.
    File,
    /// We call the partner's REST API.
    Http,
}

/// Names a partner.
#[derive(Debug, Args)]
pub struct Which {
    /// The partner's name.
    pub name: String,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let mut client = PartnerServiceClient::new(channels.handoff.clone());
    match command {
        Command::Create(args) => {
            let partner = create(&channels, args.partner()?).await?;
            render::one(session.format, &record(&partner))
        }
        Command::List => list(session, &channels).await,
        Command::Show(which) => {
            let partner = find(&channels, &which.name).await?;
            render::one(session.format, &record(&partner))
        }
        Command::Migrate(args) => migrate::run(session, &channels, args).await,
        Command::Extend(args) => extend::run(session, &channels, args).await,
        Command::Pool(command) => pool::run(session, &channels, command).await,
        Command::Update(args) => {
            let partner = find(&channels, &args.name).await?;
            let (file_layout, http_layout) = layouts(args.layout.as_deref(), partner.mode())?;
            let request = wire::UpdatePartnerRequest {
                request_id: new_request_id(),
                partner_id: partner.partner_id,
                endpoint: args.endpoint,
                server_uri: args.server_uri,
                max_in_flight: args.max_in_flight,
                projection: None,
                file_layout,
                http_layout,
            };
            let updated = client
                .update_partner(request)
                .await
                .or_problem("change the partner")?
                .partner;
            render::one(session.format, &record(&updated.unwrap_or_default()))
        }
        Command::Pause(args) => {
            let partner_id = find(&channels, &args.name).await?.partner_id;
            let request = wire::PausePartnerRequest {
                request_id: new_request_id(),
                partner_id,
                campaign: args.campaign.unwrap_or_default(),
            };
            let paused = client
                .pause_partner(request)
                .await
                .or_problem("pause the partner")?
                .partner;
            render::one(session.format, &record(&paused.unwrap_or_default()))
        }
        Command::Resume(args) => {
            let partner_id = find(&channels, &args.name).await?.partner_id;
            let request = wire::ResumePartnerRequest {
                request_id: new_request_id(),
                partner_id,
                campaign: args.campaign.unwrap_or_default(),
            };
            let resumed = client
                .resume_partner(request)
                .await
                .or_problem("resume the partner")?
                .partner;
            render::one(session.format, &record(&resumed.unwrap_or_default()))
        }
    }
}

async fn list(session: &Session, channels: &Channels) -> Outcome {
    let partners = all(channels).await?;
    let rows: Vec<Record> = partners.iter().map(record).collect();
    render::many(
        session.format,
        &rows,
        "no partners yet; `redress partner create --help` shows how to make one",
    )
}

fn record(partner: &wire::Partner) -> Record {
    Record::new()
        .with("name", partner.name.as_str())
        .with("mode", state(partner.mode().as_str_name(), "PARTNER_MODE_"))
        .with(
            "state",
            state(partner.state().as_str_name(), "PARTNER_STATE_"),
        )
        .with("endpoint", partner.endpoint.as_str())
        .with("server_uri", partner.server_uri.as_str())
        .with("max_in_flight", partner.max_in_flight)
        .with("paused_campaigns", partner.paused_campaign_ids.join(" "))
        .with("created", time(partner.create_time.as_ref()))
        .with("partner_id", partner.partner_id.as_str())
}
