//! `redress up`: everything on this machine, for trying things out and for writing clients.

use std::path::Path;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::render::{self, Format};
use crate::cli::session::Session;
use crate::cli::{ask, migrate, progress};
use crate::client::connect::{Endpoints, PROCESSES, PULL_BUREAU};
use crate::client::problem::{Outcome, Problem};
use crate::client::progress::Unit;
use crate::lab::processes::partners;
use crate::lab::processes::ports::Ports;
use crate::lab::processes::stack::{Stack, StackSettings};

/// Flags of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Use this PostgreSQL instead of an SQLite file: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
    /// The first of the ports to use, the admin ports being a hundred above; 0 takes free ones.
    #[arg(long, default_value_t = 7441, value_name = "PORT")]
    ports_from: u16,
    /// Start a second sandbox bureau too, which pulls.
    #[arg(long)]
    pull_bureau: bool,
}

/// Starts everything, says where it is, and drains it on Ctrl-C or SIGTERM.
pub async fn run(session: &Session, args: UpArgs) -> Outcome {
    let settings = StackSettings {
        dir: session.connect.dir.clone(),
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
        ports: Ports::from_flag(args.ports_from),
        pull_bureau: args.pull_bureau,
        partner_suffix: None,
        identity: Vec::new(),
        script: None,
    };
    let failed = |error: std::io::Error| Problem::usage(format!("signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let spinner = progress::show("starting", Unit::Nothing);
    let mut stack = Stack::start(&settings).await?;
    drop(spinner);
    let announced = match partners::create(&stack.endpoints).await {
        Ok(()) => announce(session, &stack),
        Err(problem) => Err(problem),
    };
    if announced.is_err() {
        stack.stop().await;
        return announced;
    }
    let death = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        problem = stack.first_death() => Some(problem),
    };
    ask::note("\ndraining");
    stack.stop().await;
    death.map_or(Ok(()), |problem| {
        Err(Problem::refused(format!(
            "{problem}\n  everything else was stopped"
        )))
    })
}

fn announce(session: &Session, stack: &Stack) -> Outcome {
    let endpoints = &stack.endpoints;
    if session.format == Format::Json {
        return render::json(endpoints);
    }
    let mut table = render::plain_table();
    table.set_header([
        "process",
        "gRPC, mutual TLS",
        "health and metrics",
        "process id",
    ]);
    let mut names = PROCESSES.to_vec();
    let mut urls = endpoints.in_order().to_vec();
    if let Some(url) = &endpoints.pull_bureau {
        names.push(PULL_BUREAU);
        urls.push(url);
    }
    for (name, url) in names.into_iter().zip(urls) {
        let admin = endpoints.admin.get(name).cloned().unwrap_or_default();
        let pid = endpoints
            .pids
            .get(name)
            .map_or_else(String::new, u32::to_string);
        table.add_row([
            name.to_owned(),
            url.to_owned(),
            format!("{admin}/metrics"),
            pid,
        ]);
    }
    let dir = &session.connect.dir;
    render::print(&format!(
        "Redress is up on {}, in {}.\n\n{}\n{}",
        stack.database,
        dir.display(),
        render::text(table),
        hints(endpoints, dir)
    ))
}

fn hints(endpoints: &Endpoints, dir: &Path) -> String {
    let certs = endpoints.certs.display();
    let codes = endpoints.codes.trim_start_matches("https://");
    let dir = if dir == Path::new("./.redress") {
        String::new()
    } else {
        format!(" --dir {}", dir.display())
    };
    format!(
        "
Certificates by role: {certs}/operator-admin.pem, portal-web.pem, call-center-desk.pem, partner-sandbox-bureau.pem and others, with their .key.

Call it:
  redress{dir} demo --attach          a whole campaign with invented people
  redress{dir} health
  redress{dir} enroll                 one letter by hand
  grpcurl -cacert {certs}/ca.pem -cert {certs}/operator-admin.pem -key {certs}/operator-admin.key {codes} list
  buf curl --protocol grpc --cacert {certs}/ca.pem --cert {certs}/operator-admin.pem --key {certs}/operator-admin.key \\
      {url}/redress.enrollment.v1.CampaignService/ListCampaigns
  Python: grpc.secure_channel(\"{codes}\", grpc.ssl_channel_credentials(ca, key, cert)); the services tell their schema by reflection.

Ctrl-C stops it; the data stays.",
        url = endpoints.codes,
    )
}
