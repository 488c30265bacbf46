//! The process from its settings to its end.

use std::process::ExitCode;
use std::sync::Arc;

use crate::access;
use crate::db::Process;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::Purpose;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server, tuned};
use crate::kernel::settings::{Problem, Problems, ProcessSettings as _};
use crate::process::{self, Stop};
use crate::wire::DESCRIPTORS;
use crate::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationServiceServer;
use crate::wire::redress::identity::v1::review_service_server::ReviewServiceServer;
use crate::wire::redress::identity::v1::roster_service_server::RosterServiceServer;

use super::context::Context;
use super::grpc::Handlers;
use super::notice::{send, term_over};
use super::roster::{reindex, rewrap};
use super::settings::Settings;
use super::verification::of_age;

tuned!(
    IdentityVerificationServiceServer,
    ReviewServiceServer,
    RosterServiceServer
);

/// Runs the process with these arguments.
pub fn run(args: Vec<String>) -> ExitCode {
    process::run(args, serve)
}

/// Runs the process until its life ends: database, keys, clock, context, services, workers, server, drain.
pub async fn serve(
    settings: Settings,
    life: Lifecycle,
    metrics: Option<prometheus::Registry>,
) -> Result<(), Stop> {
    let Settings {
        service,
        carriers,
        rules,
    } = settings;
    let db = process::connect(&service.database, Process::Identity, &life).await?;
    let keys = process::keys(&db, &service.keyring, &[Purpose::Index, Purpose::Person]).await?;
    let clock = process::clock(&db, &life).await?;
    let ids = Ids::system(clock.clone());
    let sender = carriers.carriers(&clock).map_err(not_started)?;
    let context = Context {
        common: process::Context::new(clock, ids, db.clone(), keys, Purpose::Index)
            .keeping(service.retention),
        sender: Arc::new(sender),
        rules,
    };
    let handlers = start(&context, &life);
    let server =
        Server::builder(&service.common.server, access::IDENTITY, DESCRIPTORS).metrics(metrics);
    let ended = mount(server, &handlers).build()?.serve(&life).await;
    process::drain(&life, &db).await;
    Ok(ended?)
}

/// Says what changed since the settings were checked.
fn not_started(problems: Vec<Problem>) -> Stop {
    let process = Settings::NAME;
    Stop::start(Problems { process, problems })
}

/// Starts the workers and gives the handlers. Tests call it with a clock and ids of their own.
pub fn start(context: &Context, life: &Lifecycle) -> Handlers {
    life.spawn(process::housekeeping::run(
        context.common.clone(),
        life.token(),
    ));
    life.spawn(rewrap::run(context.clone(), life.token()));
    life.spawn(of_age::run(context.clone(), life.token()));
    life.spawn(reindex::run(context.clone(), life.token()));
    life.spawn(send::run(context.clone(), life.token()));
    life.spawn(term_over::run(context.clone(), life.token()));
    Handlers::new(context.clone())
}

/// Puts the services on a server.
pub fn mount(server: Builder, handlers: &Handlers) -> Builder {
    server
        .service(RosterServiceServer::new(handlers.clone()))
        .service(ReviewServiceServer::new(handlers.clone()))
        .service(IdentityVerificationServiceServer::new(handlers.clone()))
        .ready(process::ready(&handlers.context.db))
}
