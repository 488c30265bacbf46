//! The process from its settings to its end.

use std::sync::Arc;

use crate::access;
use crate::db::{self, DatabaseSettings, Db};
use crate::kernel::clock::Clock;
use crate::kernel::combine::Capacity;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::{KeyError, Keyring, Purpose};
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{AccessError, Builder, ServeError, Server};
use crate::kernel::settings::{Kind, Process, ProcessSettings, Setting, Values};
use crate::kernel::telemetry;
use crate::wire::DESCRIPTORS;
use crate::wire::redress::enrollment::v1::campaign_service_server::CampaignServiceServer;
use crate::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeServiceServer;
use crate::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentServiceServer;

use super::context::Context;
use super::enrollment::{complete, outcomes};
use super::grpc::Handlers;
use super::housekeeping;
use super::letter::reissue_limits::Reissues;
use super::throttles::Throttles;

const LIMIT: Kind = Kind::Number {
    min: 1,
    max: 1_000_000_000,
};

/// The process as settings, `--help` and the README know it.
pub const PROCESS: Process = Process {
    name: "enrollment-codes",
    about: "Campaigns, letter codes, enrollments and consent.",
    defaults: &[
        ("listen", "127.0.0.1:7442"),
        ("admin_listen", "127.0.0.1:7542"),
        ("database_role", "redress_codes"),
    ],
    without: &[],
    extra: &[
        Setting::new(
            "tries_per_caller",
            LIMIT,
            "Codes that one caller's backend may try in a minute.",
        )
        .default("30000"),
        Setting::new(
            "tries_per_agent",
            LIMIT,
            "Codes that one agent of a call center may try in a minute.",
        )
        .default("60"),
        Setting::new(
            "tries_per_network",
            LIMIT,
            "Codes that may be tried from one network in a minute.",
        )
        .default("60"),
        Setting::new(
            "tries_per_campaign",
            LIMIT,
            "Codes that may be tried in one campaign in a minute.",
        )
        .default("30000"),
        Setting::new(
            "failures_per_campaign",
            LIMIT,
            "Tries that may fail in one campaign in a minute; beyond that whoever fails is slowed down, and the operator told.",
        )
        .default("3000"),
        Setting::new(
            "tries_per_service",
            LIMIT,
            "Codes that may be tried in all campaigns by all callers in a minute.",
        )
        .default("60000"),
        Setting::new(
            "reissues_per_person",
            LIMIT,
            "New letters that one person can get in 90 days.",
        )
        .default("3"),
        Setting::new(
            "reissues_per_agent",
            LIMIT,
            "New letters that one agent of a call center can have sent in a day.",
        )
        .default("60"),
    ],
};

/// Why the process did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Logs, traces or metrics.
    #[error(transparent)]
    Telemetry(#[from] telemetry::InitError),
    /// The database.
    #[error("{0}")]
    Database(#[from] db::Error),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The table of who may call what.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Runs the process until its life ends: telemetry, database, keys, services, server, drain.
pub async fn run(settings: &ProcessSettings, life: &Lifecycle) -> Result<(), Stop> {
    let telemetry = telemetry::init(PROCESS.name, &settings.telemetry)?;
    let database = DatabaseSettings::of(settings, db::Process::Codes)?;
    let db = Db::connect(&database, db::Process::Codes).await?;
    db.check_schema().await?;
    let keys = Keyring::load(&settings.keyring)?;
    keys.require(&[Purpose::Code])?;
    let clock = Clock::system();
    let throttles = Throttles::of(&settings.extra);
    let context = Context::new(
        db.clone(),
        clock.clone(),
        Ids::system(clock),
        Arc::new(keys.only(&[Purpose::Code])),
        throttles,
    )
    .with_reissues(Reissues::of(&settings.extra));
    let handlers = start(&context, life);
    let server =
        Server::builder(&settings.server, access::TABLE, DESCRIPTORS).metrics(telemetry.registry());
    let outcome = mount(server, &handlers).build()?.serve(life).await;
    handlers.completions.close();
    if !life.drain(settings.server.drain_timeout).await {
        tracing::warn!("not everything ended in time; what was committed is safe");
    }
    db.close().await;
    telemetry.shutdown().await;
    Ok(outcome?)
}

/// Starts the commits and the workers, and gives the handlers.
pub fn start(context: &Context, life: &Lifecycle) -> Handlers {
    life.spawn(outcomes::run(context.clone(), life.token()));
    life.spawn(housekeeping::run(context.clone(), life.token()));
    handlers(context, life)
}

/// Starts the commits alone, and gives the handlers: tests take the workers' steps themselves.
pub fn handlers(context: &Context, life: &Lifecycle) -> Handlers {
    Handlers {
        context: context.clone(),
        completions: complete::start(context, life, Capacity::default()),
    }
}

/// Puts the three services on a server.
pub fn mount(server: Builder, handlers: &Handlers) -> Builder {
    let db = handlers.context.db.clone();
    server
        .service(CampaignServiceServer::new(handlers.clone()))
        .service(EnrollmentCodeServiceServer::new(handlers.clone()))
        .service(EnrollmentServiceServer::new(handlers.clone()))
        .ready(move || {
            let db = db.clone();
            async move { db.check_schema().await.is_ok() }
        })
}

impl Reissues {
    fn of(values: &Values) -> Self {
        let count = |name| u32::try_from(values.number(name)).unwrap_or(u32::MAX);
        Self {
            per_person: count("reissues_per_person"),
            per_agent: count("reissues_per_agent"),
        }
    }
}

impl Throttles {
    fn of(values: &Values) -> Self {
        let count = |name| u32::try_from(values.number(name)).unwrap_or(u32::MAX);
        Self {
            caller: count("tries_per_caller"),
            agent: count("tries_per_agent"),
            network: count("tries_per_network"),
            campaign: count("tries_per_campaign"),
            failures: count("failures_per_campaign"),
            service: count("tries_per_service"),
        }
    }
}
