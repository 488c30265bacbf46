//! The process from its settings to its end.

use std::process::ExitCode;
use std::sync::Arc;

use crate::db::{DatabaseSettings, Db, Process};
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::{Keyring, Purpose};
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server};
use crate::kernel::settings::{ProcessSettings, ServerSettings};
use crate::kernel::start::{self, Stop};
use crate::wire::redress::handoff::v1::handoff_admin_service_server::HandoffAdminServiceServer;
use crate::wire::redress::handoff::v1::handoff_service_server::HandoffServiceServer;
use crate::wire::redress::handoff::v1::partner_service_server::PartnerServiceServer;
use crate::{access, wire};

use super::activation::watch;
use super::context::Context;
use super::grpc::Handlers;
use super::push::worker::PushWorker;
use super::settings::{PROCESS, rules};

/// Runs the process with these arguments.
pub fn run(args: Vec<String>) -> ExitCode {
    start::run(&PROCESS, args, serve)
}

async fn serve(
    settings: ProcessSettings,
    life: Lifecycle,
    metrics: Option<prometheus::Registry>,
) -> Result<(), Stop> {
    let rules = rules(&settings.extra).map_err(Stop::start)?;
    let database = DatabaseSettings::of(&settings, Process::Handoff).map_err(Stop::start)?;
    let keys = keyring(&settings)?;
    let db = Db::connect(&database, Process::Handoff)
        .await
        .map_err(Stop::start)?;
    db.check_schema().await.map_err(Stop::start)?;
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let context = Context::new(clock, ids, db.clone(), Arc::new(keys), rules);
    let server = builder(&settings.server, context.clone())
        .metrics(metrics)
        .build()
        .map_err(Stop::start)?;
    for number in 0..settings.extra.number("push_workers") {
        let tls = settings.server.tls.clone();
        let worker = PushWorker::new(context.clone(), tls, &format!("push-{number}"));
        life.spawn(worker.run(life.token()));
    }
    life.spawn(watch::run(context.clone(), life.token()));
    let result = server.serve(&life).await;
    life.drain(settings.server.drain_timeout).await;
    db.close().await;
    result.map_err(Stop::start)
}

/// Loads the keys, and makes sure that there is one to open people with.
fn keyring(settings: &ProcessSettings) -> Result<Keyring, Stop> {
    use crate::kernel::keyring::KeyProvider;
    let keys = Keyring::load(&settings.keyring).map_err(Stop::start)?;
    keys.current(Purpose::Person).map_err(Stop::start)?;
    Ok(keys)
}

/// Puts the services of this process on a server.
pub fn builder(settings: &ServerSettings, context: Context) -> Builder {
    let db = context.db.clone();
    let handlers = Handlers::new(context);
    Server::builder(settings, access::TABLE, wire::DESCRIPTORS)
        .service(PartnerServiceServer::new(handlers.clone()))
        .service(HandoffServiceServer::new(handlers.clone()))
        .service(HandoffAdminServiceServer::new(handlers))
        .ready(move || {
            let db = db.clone();
            async move { db.check_schema().await.is_ok() }
        })
}
