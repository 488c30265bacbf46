//! The process from its settings to its end.

use std::sync::Arc;

use crate::access;
use crate::db::{self, DatabaseSettings, Db};
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::{KeyError, Keyring, Purpose};
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{AccessError, Builder, ServeError, Server};
use crate::kernel::settings::{Kind, Process, ProcessSettings, Setting, Values};
use crate::kernel::telemetry;
use crate::wire::DESCRIPTORS;
use crate::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationServiceServer;
use crate::wire::redress::identity::v1::roster_service_server::RosterServiceServer;

use super::context::Context;
use super::grpc::Handlers;
use super::housekeeping;
use super::rules::{Rules, Throttles};
use super::sender::Outbox;

const LIMIT: Kind = Kind::Number {
    min: 1,
    max: 1_000_000_000,
};

/// The keys that this process holds, and no others.
const KEYS: &[Purpose] = &[Purpose::Index, Purpose::Person];

/// The process as settings, `--help` and the README know it.
pub const PROCESS: Process = Process {
    name: "identity-verification",
    about: "The roster of affected people, and who is who.",
    defaults: &[
        ("listen", "127.0.0.1:7441"),
        ("admin_listen", "127.0.0.1:7541"),
        ("database_role", "redress_identity"),
    ],
    without: &[],
    extra: &[
        Setting::new(
            "outbox_dir",
            Kind::Path,
            "Where confirmation codes are written, one file a message.",
        )
        .default("outbox"),
        Setting::new(
            "allow_sandbox_ssn",
            Kind::Flag,
            "Take SSN area 666, which bureaus' sandboxes use.",
        )
        .default("false"),
        Setting::new(
            "verification_lifetime",
            Kind::Duration,
            "How long a verification can be used.",
        )
        .default("1d"),
        Setting::new(
            "approval_lifetime",
            Kind::Duration,
            "How long an approved referral can be used.",
        )
        .default("14d"),
        Setting::new(
            "review_within",
            Kind::Duration,
            "How long a reviewer of a referral may take.",
        )
        .default("5d"),
        Setting::new(
            "codes_per_verification",
            LIMIT,
            "Confirmation codes that may be sent for one verification.",
        )
        .default("3"),
        Setting::new(
            "codes_per_individual",
            LIMIT,
            "Confirmation codes that may be sent to one individual in a day.",
        )
        .default("6"),
        Setting::new(
            "tries_per_caller",
            LIMIT,
            "Identities that one caller's backend may try in a minute.",
        )
        .default("30000"),
        Setting::new(
            "tries_per_agent",
            LIMIT,
            "Identities that one agent of a call center may try in a minute.",
        )
        .default("60"),
        Setting::new(
            "tries_per_network",
            LIMIT,
            "Identities that may be tried from one network in a minute.",
        )
        .default("60"),
        Setting::new(
            "tries_per_campaign",
            LIMIT,
            "Identities that may be tried in one campaign in a minute.",
        )
        .default("30000"),
        Setting::new(
            "tries_per_person",
            LIMIT,
            "Times that one person may be tried in an hour.",
        )
        .default("6"),
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
    let database = DatabaseSettings::of(settings, db::Process::Identity)?;
    let db = Db::connect(&database, db::Process::Identity).await?;
    db.check_schema().await?;
    let keys = Keyring::load(&settings.keyring)?;
    keys.require(KEYS)?;
    let clock = Clock::system();
    let context = Context {
        db: db.clone(),
        ids: Ids::system(clock.clone()),
        clock,
        keys: Arc::new(keys.only(KEYS)),
        sender: Arc::new(Outbox::new(settings.extra.path("outbox_dir"))),
        rules: Rules::of(&settings.extra),
    };
    let handlers = start(&context, life);
    let builder =
        Server::builder(&settings.server, access::TABLE, DESCRIPTORS).metrics(telemetry.registry());
    let served = mount(builder, &handlers).build()?.serve(life).await;
    if !life.drain(settings.server.drain_timeout).await {
        tracing::warn!("not everything ended in time; what was committed is safe");
    }
    db.close().await;
    telemetry.shutdown().await;
    Ok(served?)
}

/// Starts the housekeeping and gives the handlers. Tests call it with a clock and ids of their own.
pub fn start(context: &Context, life: &Lifecycle) -> Handlers {
    life.spawn(housekeeping::run(context.clone(), life.token()));
    Handlers::new(context.clone())
}

/// Puts both services on a server.
pub fn mount(server: Builder, handlers: &Handlers) -> Builder {
    let db = handlers.context.db.clone();
    server
        .service(RosterServiceServer::new(handlers.clone()))
        .service(IdentityVerificationServiceServer::new(handlers.clone()))
        .ready(move || {
            let db = db.clone();
            async move { db.check_schema().await.is_ok() }
        })
}

impl Rules {
    fn of(values: &Values) -> Self {
        let count = |name| u32::try_from(values.number(name)).unwrap_or(u32::MAX);
        Self {
            sandbox_ssn: values.flag("allow_sandbox_ssn"),
            verified_for: values.duration("verification_lifetime"),
            approved_for: values.duration("approval_lifetime"),
            review_within: values.duration("review_within"),
            sends: values.number("codes_per_verification"),
            throttles: Throttles {
                caller: count("tries_per_caller"),
                agent: count("tries_per_agent"),
                network: count("tries_per_network"),
                campaign: count("tries_per_campaign"),
                person: count("tries_per_person"),
                sends: count("codes_per_individual"),
                ..Throttles::default()
            },
        }
    }
}
