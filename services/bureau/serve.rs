//! The process from its settings to its end.

use std::process::ExitCode;
use std::sync::Arc;

use crate::access;
use crate::kernel::certs::TlsFiles;
use crate::kernel::client::{self, Outgoing};
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::{Builder, Server};
use crate::kernel::settings::{Kind, Process, ProcessSettings, ServerSettings, Setting};
use crate::process::{self, Stop};
use crate::wire;
use crate::wire::redress::bureau::v1::bureau_enrollment_service_server::BureauEnrollmentServiceServer;
use crate::wire::redress::bureau::v1::sandbox_service_server::SandboxServiceServer;

use super::client::pull::Puller;
use super::client::report::Reporter;
use super::desk::Desk;
use super::grpc::Handlers;

/// The process, as far as its settings are concerned.
pub const PROCESS: Process = Process {
    name: "sandbox-bureau",
    about: "A partner bureau's stand-in, with every outcome and every bad habit on demand.",
    defaults: &[
        ("listen", "127.0.0.1:7444"),
        ("admin_listen", "127.0.0.1:7544"),
    ],
    without: &[
        "database_url",
        "database_role",
        "database_connections",
        "database_faults",
        "keyring",
    ],
    extra: &[
        Setting::new(
            "mode",
            Kind::OneOf(&["push", "pull"]),
            "Whether Redress calls this partner or it calls Redress.",
        )
        .default("push"),
        Setting::new(
            "journal",
            Kind::Path,
            "The file of the bureau's book; its key is made beside it.",
        )
        .required(),
        Setting::new("handoff_endpoint", Kind::Text, "Where bureau-handoff is.")
            .default("https://localhost:7443"),
        Setting::new(
            "partner_cert",
            Kind::Path,
            "The certificate under which this partner calls: spiffe://redress/partner/NAME.",
        )
        .required(),
        Setting::new("partner_key", Kind::Path, "The key of that certificate.").required(),
    ],
};

/// Runs the process with these arguments.
pub fn run(args: Vec<String>) -> ExitCode {
    process::run(&PROCESS, args, serve)
}

async fn serve(
    settings: ProcessSettings,
    life: Lifecycle,
    metrics: Option<prometheus::Registry>,
) -> Result<(), Stop> {
    let own = &settings.extra;
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let journal = own.path("journal");
    let desk = Desk::open(clock, &journal)
        .map_err(|error| Stop::start(format!("journal {}: {error}", journal.display())))?;
    let desk = Arc::new(desk);
    let partner = TlsFiles {
        ca: settings.server.tls.ca.clone(),
        cert: own.path("partner_cert"),
        key: own.path("partner_key"),
    };
    let channel = client::connect(own.text("handoff_endpoint"), &partner).map_err(Stop::start)?;
    let redress = Outgoing::new().on(channel);
    let server = builder(&settings.server, Arc::clone(&desk))
        .metrics(metrics)
        .build()
        .map_err(Stop::start)?;
    let reporter = Reporter::new(Arc::clone(&desk), redress.clone(), ids.clone());
    life.spawn(reporter.run(life.token()));
    if own.text("mode") == "pull" {
        life.spawn(Puller::new(desk, redress, ids).run(life.token()));
    }
    let result = server.serve(&life).await;
    life.drain(settings.server.drain_timeout).await;
    result.map_err(Stop::start)
}

/// Puts the services of this process on a server.
pub fn builder(settings: &ServerSettings, desk: Arc<Desk>) -> Builder {
    let handlers = Handlers::new(desk);
    Server::builder(settings, access::TABLE, wire::DESCRIPTORS)
        .service(BureauEnrollmentServiceServer::new(handlers.clone()))
        .service(SandboxServiceServer::new(handlers))
}
