//! The process from its settings to its end.

use std::process::ExitCode;
use std::sync::Arc;

use crate::access;
use crate::kernel::certs::TlsFiles;
use crate::kernel::client::{self, Outgoing};
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server, bind_as, tuned};
use crate::kernel::settings::ServerSettings;
use crate::process::{self, Stop};
use crate::wire;
use crate::wire::redress::bureau::v1::bureau_enrollment_service_server::BureauEnrollmentServiceServer;
use crate::wire::redress::sandbox::v1::sandbox_service_server::SandboxServiceServer;

use super::client::files::FileExchange;
use super::client::pull::Puller;
use super::client::report::Reporter;
use super::desk::Desk;
use super::grpc::Handlers;
use super::rest::RestFace;
use super::script::Script;
use super::settings::{Mode, Settings};

tuned!(BureauEnrollmentServiceServer, SandboxServiceServer);

/// Runs the process with these arguments.
pub fn run(args: Vec<String>) -> ExitCode {
    process::run(args, serve)
}

async fn serve(
    settings: Settings,
    life: Lifecycle,
    metrics: Option<prometheus::Registry>,
) -> Result<(), Stop> {
    let Settings {
        common, journal, ..
    } = settings;
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let desk = Desk::open(clock.clone(), &journal)
        .map_err(|error| Stop::start(format!("journal {}: {error}", journal.display())))?;
    let desk = match &settings.script {
        None => desk,
        Some(path) => {
            let script = Script::read(path);
            let script = script
                .map_err(|error| Stop::start(format!("script {}: {error}", path.display())))?;
            let followed = desk.following(script, &ids).await;
            followed
                .map_err(|error| Stop::start(format!("journal {}: {error}", journal.display())))?
        }
    };
    let desk = Arc::new(desk);
    let book = Arc::clone(&desk);
    let partner = TlsFiles {
        ca: common.server.tls.ca.clone(),
        cert: settings.partner_cert,
        key: settings.partner_key,
    };
    let channel = client::connect(&settings.handoff_endpoint, &partner).map_err(Stop::start)?;
    let redress = Outgoing::new().on(channel);
    let server = builder(&common.server, Arc::clone(&desk))
        .metrics(metrics)
        .build()?;
    if settings.mode == Mode::Http {
        let face = RestFace::new(desk, clock, ids, settings.http_secret);
        let listener = bind_as(settings.http_listen, "http_listen").await;
        let listener = listener.map_err(Stop::start)?;
        life.spawn(face.serve(listener.into_inner(), life.token()));
    } else if let (Mode::File, Some(folder)) = (settings.mode, settings.files) {
        life.spawn(FileExchange::new(desk, folder, ids).run(life.token()));
    } else {
        let reporter = Reporter::new(Arc::clone(&desk), redress.clone(), ids.clone());
        life.spawn(reporter.run(life.token()));
        if settings.mode == Mode::Pull {
            life.spawn(Puller::new(desk, redress, ids).run(life.token()));
        }
    }
    life.spawn(stop_if_broken(Arc::clone(&book), life.clone()));
    let ended = server.serve(&life).await;
    life.drain().await;
    ended?;
    if book.is_broken() {
        return Err(Stop::Broke(format!(
            "journal {}: it could not be written\n  make room on its disk, and start the bureau again: nobody was told what is not in it",
            journal.display()
        )));
    }
    Ok(())
}

/// Ends the process once its book cannot be written.
async fn stop_if_broken(book: Arc<Desk>, life: Lifecycle) {
    let draining = life.token();
    tokio::select! {
        () = draining.cancelled() => {}
        () = book.broke() => life.stop(),
    }
}

/// Puts the services of this process on a server.
pub fn builder(settings: &ServerSettings, desk: Arc<Desk>) -> Builder {
    let handlers = Handlers::new(desk);
    Server::builder(settings, access::BUREAU, wire::DESCRIPTORS)
        .service(BureauEnrollmentServiceServer::new(handlers.clone()))
        .service(SandboxServiceServer::new(handlers))
}
