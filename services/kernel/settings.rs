//! Settings: a struct a process, from which parsing, `--help` and the table of the documents come.
//!
//! A field is a clap argument with one name. `max_connections` is the key in the TOML file, `REDRESS_MAX_CONNECTIONS` in
//! the environment and `--max-connections` on the command line. The command line wins over the environment, that over the
//! file, that over the default. A [`Secret`](super::secrets::Secret) can also be named by a file that holds it
//! (`REDRESS_DATABASE_URL_FILE`). All problems are reported at once.

mod load;
mod parse;
mod problems;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

pub use load::{Outcome, command, defaults, load, load_here};
pub use parse::{address, duration, limit, period, whole};
pub use problems::{Problem, Problems};
pub use table::markdown_table;

use super::certs::{RoleAuthorities, TlsFiles};

/// The settings of one process. Its doc comment is what `--help` says about the process.
pub trait ProcessSettings: Parser {
    /// The name of the program.
    const NAME: &'static str;
    /// Defaults of common settings that differ by process, such as `listen`.
    const DEFAULTS: &'static [(&'static str, &'static str)];

    /// Gives what every process is told.
    fn common(&self) -> &CommonSettings;

    /// Gives what is wrong with values that are right one by one, and what one of them needs of another: a demand in clap's own words would
    /// not be told with the other problems.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// What every process is told.
#[derive(Clone, Debug, Args)]
pub struct CommonSettings {
    /// A TOML file with settings under these names.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub server: ServerSettings,
    /// How long stopping may take after SIGTERM, all of it together; open calls get four fifths of that.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub drain_timeout: Duration,
    /// Logs, traces and metrics.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

/// What a server is told.
#[derive(Clone, Debug, Args)]
pub struct ServerSettings {
    /// Where gRPC is served.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub listen: SocketAddr,
    /// Where /healthz, /readyz and /metrics are served in plain HTTP.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub admin_listen: SocketAddr,
    /// The certificates.
    #[command(flatten)]
    pub tls: TlsFiles,
    /// More authorities, each for clients' certificates of one role alone: ROLE=PATH, several separated by commas.
    #[arg(long, value_name = "ROLE=PATH")]
    pub tls_role_ca: Option<RoleAuthorities>,
    /// A file of revoked certificates: on each line a serial number in hexadecimal or a caller as role/name.
    #[arg(long, value_name = "PATH")]
    pub tls_revoked: Option<PathBuf>,
    /// How often the files of certificates are looked at for changes.
    #[arg(long, value_name = "DURATION", value_parser = period, default_value = "5s")]
    pub tls_check_interval: Duration,
    /// How much the server takes.
    #[command(flatten)]
    pub limits: Limits,
}

impl ServerSettings {
    /// Makes settings on two free ports of this machine, for tests.
    pub fn local(tls: TlsFiles) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: any,
            admin_listen: any,
            tls,
            tls_role_ca: None,
            tls_revoked: None,
            tls_check_interval: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}

/// How much a server takes before it sheds load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Limits {
    /// Unary calls at once; further ones are shed.
    #[arg(long, default_value = "256", value_parser = whole(1..=100_000_usize))]
    pub max_concurrency: usize,
    /// Open streams at once; further ones are shed.
    #[arg(long, default_value = "128", value_parser = whole(1..=100_000_usize))]
    pub max_streams: usize,
    /// Connections at once; beyond that the one unused for longest is closed.
    #[arg(long, default_value = "1024", value_parser = whole(1..=100_000_usize))]
    pub max_connections: usize,
    /// Connections of one address at once that have shown no certificate yet; beyond that the oldest of them is closed.
    #[arg(long, default_value = "256", value_parser = whole(1..=100_000_usize))]
    pub max_connections_per_address: usize,
    /// Connections of one caller at once; beyond that its own one unused for longest is closed.
    #[arg(long, default_value = "512", value_parser = whole(1..=100_000_usize))]
    pub max_connections_per_caller: usize,
    /// Unary calls of one caller at once, read and answered to the last byte; further ones are refused.
    #[arg(long, default_value = "192", value_parser = whole(1..=100_000_usize))]
    pub max_calls_per_caller: usize,
    /// Open streams of one caller at once; further ones are refused.
    #[arg(long, default_value = "64", value_parser = whole(1..=100_000_usize))]
    pub max_streams_per_caller: usize,
    /// Open calls of one caller to health and reflection at once, which take no other places.
    #[arg(long, default_value = "256", value_parser = whole(1..=100_000_usize))]
    pub max_watches_per_caller: usize,
    /// Bytes of one caller's requests at once, as they are when decompressed; never less than one largest message.
    #[arg(long, default_value = "67108864", value_parser = whole(1_024..=1_073_741_824_usize))]
    pub max_bytes_per_caller: usize,
    /// How long a client may take from its connection to its first frame of HTTP/2.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub handshake_timeout: Duration,
    /// How long the bytes of a request may take; in a stream, how long a message may stand still half sent.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub request_timeout: Duration,
    /// The largest message taken or sent.
    #[arg(long, default_value = "4194304", value_parser = whole(1_024..=67_108_864_usize))]
    pub max_message_bytes: usize,
    /// The longest that any unary call may take; each method has its own limit below this.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub max_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        defaults()
    }
}

/// What goes out about the process, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct TelemetrySettings {
    /// Which log lines are written: info, debug, redress=debug,warn.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// An OTLP collector over gRPC for traces, metrics and logs; without it metrics are on the admin port.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Sends nothing to the collector.
    #[arg(long, env = "OTEL_SDK_DISABLED", action = clap::ArgAction::Set, default_value = "false")]
    pub otel_sdk_disabled: bool,
    /// The share of traces kept, in thousandths, where the caller did not decide.
    #[arg(long, default_value = "1000", value_parser = whole(0..=1_000_u32))]
    pub trace_sample_permille: u32,
}

impl TelemetrySettings {
    /// Gives the collector, if there is one and it is to be used.
    pub fn collector(&self) -> Option<&str> {
        let endpoint = self.otlp_endpoint.as_deref();
        endpoint.filter(|_| !self.otel_sdk_disabled)
    }
}
