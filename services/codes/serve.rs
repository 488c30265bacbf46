//! The process from its settings to its end.

use std::process::ExitCode;

use crate::access;
use crate::db::Process;
use crate::kernel::combine::Capacity;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::Purpose;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server, tuned};
use crate::process::{self, Stop};
use crate::wire::DESCRIPTORS;
use crate::wire::redress::enrollment::v1::campaign_service_server::CampaignServiceServer;
use crate::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeServiceServer;
use crate::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentServiceServer;
use crate::wire::redress::enrollment::v1::restoration_service_server::RestorationServiceServer;

use super::context::Context;
use super::enrollment::{complete, outcomes, repudiations};
use super::grpc::Handlers;
use super::housekeeping;
use super::letter::orders;
use super::metrics;
use super::settings::Settings;

tuned!(
    CampaignServiceServer,
    EnrollmentCodeServiceServer,
    EnrollmentServiceServer,
    RestorationServiceServer,
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
        throttles,
        reissues,
    } = settings;
    let db = process::connect(&service.database, Process::Codes, &life).await?;
    let keys = process::keys(&db, &service.keyring, &[Purpose::Code]).await?;
    let clock = process::clock(&db, &life).await?;
    let ids = Ids::system(clock.clone());
    let common = process::Context::new(clock, ids, db.clone(), keys, Purpose::Code)
        .keeping(service.retention);
    let context = Context::new(common, throttles, reissues);
    let handlers = start(&context, &life);
    let server =
        Server::builder(&service.common.server, access::CODES, DESCRIPTORS).metrics(metrics);
    let ended = mount(server, &handlers).build()?.serve(&life).await;
    handlers.completions.close();
    process::drain(&life, &db).await;
    Ok(ended?)
}

/// Starts the commits and the workers, and gives the handlers.
pub fn start(context: &Context, life: &Lifecycle) -> Handlers {
    metrics::start();
    life.spawn(outcomes::run(context.clone(), life.token()));
    life.spawn(repudiations::run(context.clone(), life.token()));
    life.spawn(orders::run(context.clone(), life.token()));
    life.spawn(housekeeping::run(context.clone(), life.token()));
    life.spawn(housekeeping::forget_campaigns(
        context.clone(),
        life.token(),
    ));
    life.spawn(process::housekeeping::run(
        context.common.clone(),
        life.token(),
    ));
    handlers(context, life)
}

/// Starts the commits alone, and gives the handlers: tests take the workers' steps themselves.
pub fn handlers(context: &Context, life: &Lifecycle) -> Handlers {
    Handlers {
        context: context.clone(),
        completions: complete::start(context, life, Capacity::default()),
    }
}

/// Puts the services on a server.
pub fn mount(server: Builder, handlers: &Handlers) -> Builder {
    server
        .service(CampaignServiceServer::new(handlers.clone()))
        .service(EnrollmentCodeServiceServer::new(handlers.clone()))
        .service(EnrollmentServiceServer::new(handlers.clone()))
        .service(RestorationServiceServer::new(handlers.clone()))
        .ready(process::ready(&handlers.context.db))
}
