//! The process from its settings to its end.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::db::Process;
use crate::kernel::certs::TlsFiles;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::Purpose;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server, tuned};
use crate::kernel::settings::ServerSettings;
use crate::process::{self, Stop};
use crate::wire::redress::handoff::v1::handoff_admin_service_server::HandoffAdminServiceServer;
use crate::wire::redress::handoff::v1::handoff_service_server::HandoffServiceServer;
use crate::wire::redress::handoff::v1::partner_service_server::PartnerServiceServer;
use crate::wire::redress::handoff::v1::reconciliation_service_server::ReconciliationServiceServer;
use crate::{access, wire};

use super::activation;
use super::context::Context;
use super::file::worker::FileWorker;
use super::grpc::Handlers;
use super::housekeeping;
use super::metrics as measured;
use super::outcome::resubmit;
use super::push::client::Credentials;
use super::push::worker::PushWorker;
use super::queue;
use super::reconciliation;
use super::settings::Settings;

tuned!(
    PartnerServiceServer,
    HandoffServiceServer,
    HandoffAdminServiceServer,
    ReconciliationServiceServer,
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
        rules,
        partner_ca,
        push_workers,
        file_directory,
        partner_secrets,
    } = settings;
    let credentials = Credentials {
        tls: partner_tls(&service.common.server.tls, partner_ca),
        secrets: partner_secrets,
    };
    let db = process::connect(&service.database, Process::Handoff, &life).await?;
    let keys = process::keys(&db, &service.keyring, &[Purpose::Person]).await?;
    let clock = process::clock(&db, &life).await?;
    let ids = Ids::system(clock.clone());
    let common = process::Context::new(clock, ids, db.clone(), keys, Purpose::Person)
        .keeping(service.retention);
    let context = Context::new(common, rules);
    let server = builder(&service.common.server, context.clone())
        .metrics(metrics)
        .build()?;
    measured::start();
    for number in 0..push_workers {
        let name = format!("push-{number}");
        let worker = PushWorker::new(context.clone(), credentials.clone(), &name);
        life.spawn(worker.run(life.token()));
    }
    let files = FileWorker::new(context.clone(), file_directory, "file");
    life.spawn(files.run(life.token()));
    life.spawn(resubmit::run(context.clone(), life.token()));
    life.spawn(activation::watch::run(context.clone(), life.token()));
    life.spawn(queue::watch::run(context.clone(), life.token()));
    life.spawn(housekeeping::run(context.clone(), life.token()));
    life.spawn(queue::retention::run(context.clone(), life.token()));
    life.spawn(reconciliation::retention::run(
        context.clone(),
        life.token(),
    ));
    life.spawn(reconciliation::watch::run(context.clone(), life.token()));
    life.spawn(reconciliation::daily_manifest::run(
        context.clone(),
        life.token(),
    ));
    life.spawn(process::housekeeping::run(context.common, life.token()));
    let ended = server.serve(&life).await;
    process::drain(&life, &db).await;
    Ok(ended?)
}

/// Gives what partners' servers are called with. Their authority is no authority for callers.
fn partner_tls(own: &TlsFiles, partner_ca: Option<PathBuf>) -> TlsFiles {
    let own = own.clone();
    TlsFiles {
        ca: partner_ca.unwrap_or(own.ca),
        ..own
    }
}

/// Puts the services of this process on a server.
pub fn builder(settings: &ServerSettings, context: Context) -> Builder {
    let ready = process::ready(&context.db);
    let handlers = Handlers::new(context);
    Server::builder(settings, access::HANDOFF, wire::DESCRIPTORS)
        .service(PartnerServiceServer::new(handlers.clone()))
        .service(HandoffServiceServer::new(handlers.clone()))
        .service(HandoffAdminServiceServer::new(handlers.clone()))
        .service(ReconciliationServiceServer::new(handlers))
        .ready(ready)
}
