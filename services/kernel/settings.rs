//! Settings: one list, from which parsing, `--help` and the README's table come.
//!
//! Each [`Setting`] has one name. `max_connections` is the key in the TOML file, `REDRESS_MAX_CONNECTIONS` in the
//! environment and `--max-connections` on the command line. The command line wins over the environment, that over the
//! file, that over the default. A secret can also be named by a file that holds it (`REDRESS_DATABASE_URL_FILE`). All
//! problems are reported at once.

mod common;
mod duration;
mod load;
mod problems;
mod table;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use common::COMMON;
pub use load::{Outcome, load, load_here, load_or_exit};
pub use problems::{Problem, Problems};
pub use table::{help, markdown_table};

use super::certs::TlsFiles;
use super::secrets::Secret;

/// One setting, as a row of the list.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in the file, in snake_case; the flag and the variable come from it.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value when nobody gives one.
    pub default: Option<&'static str>,
    /// Whether a process refuses to start without a value.
    pub required: bool,
    /// The variable, where another name than `REDRESS_*` is the custom.
    pub variable: Option<&'static str>,
    /// One sentence for the operator.
    pub help: &'static str,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Text that is never shown and may come from a file.
    Secret,
    /// A path.
    Path,
    /// `HOST:PORT` with a numeric host.
    Address,
    /// A number and a unit: `200ms`, `10s`, `5m`, `2h`, `1d`.
    Duration,
    /// A whole number within bounds.
    Number {
        /// The least value.
        min: u64,
        /// The greatest value.
        max: u64,
    },
    /// `true` or `false`.
    Flag,
    /// One of some words.
    OneOf(&'static [&'static str]),
}

impl Setting {
    /// Starts a row.
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            default: None,
            required: false,
            variable: None,
            help,
        }
    }

    /// Gives the setting a default.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Makes the setting one that must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Names another variable than the usual one.
    #[must_use]
    pub const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    /// Gives the name on the command line.
    pub fn flag_name(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Gives the name in the environment.
    pub fn variable_name(&self) -> String {
        let usual = || format!("REDRESS_{}", self.name.to_uppercase());
        self.variable.map_or_else(usual, str::to_owned)
    }
}

/// A process, as far as its settings are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// The name of the program.
    pub name: &'static str,
    /// One sentence for `--help`.
    pub about: &'static str,
    /// Defaults of common settings that differ by process, such as `listen`.
    pub defaults: &'static [(&'static str, &'static str)],
    /// Common settings that this process has no use for, such as those of the database.
    pub without: &'static [&'static str],
    /// Settings that only this process has.
    pub extra: &'static [Setting],
}

impl Process {
    /// Gives every setting of the process, common ones first, with the process's defaults.
    pub fn settings(&self) -> Vec<Setting> {
        let common = COMMON
            .iter()
            .filter(|row| !self.without.contains(&row.name));
        let rows = common.chain(self.extra);
        rows.map(|row| {
            let own = self.defaults.iter().find(|(name, _)| *name == row.name);
            Setting {
                default: own.map_or(row.default, |(_, value)| Some(value)),
                ..*row
            }
        })
        .collect()
    }
}

/// What every process is told at start.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// What the server is told.
    pub server: ServerSettings,
    /// Where the database is; empty for a process without one. May hold a password.
    pub database_url: Secret<String>,
    /// The role that every database connection takes on; `None` where the login has the grants itself.
    pub database_role: Option<String>,
    /// How many database connections the process opens.
    pub database_connections: u32,
    /// Faults that the database plays at commits, in tests.
    pub database_faults: Option<String>,
    /// The keyring file; empty for a process without keys.
    pub keyring: PathBuf,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
    /// The settings that only this process has.
    pub extra: Values,
}

/// What a server is told.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The name of the process.
    pub process: &'static str,
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where health and metrics are served in plain HTTP.
    pub admin_listen: SocketAddr,
    /// The certificates.
    pub tls: TlsFiles,
    /// How much the server takes.
    pub limits: Limits,
    /// How long open calls may run on after the process was told to stop.
    pub drain_timeout: Duration,
}

impl ServerSettings {
    /// Makes settings on two free ports of this machine, for tests.
    pub fn local(process: &'static str, tls: TlsFiles) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            process,
            listen: any,
            admin_listen: any,
            tls,
            limits: Limits::default(),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// How much a server takes before it sheds load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unary calls at once.
    pub max_concurrency: usize,
    /// Open streams at once.
    pub max_streams: usize,
    /// Connections at once.
    pub max_connections: usize,
    /// Bytes in one message.
    pub max_message_bytes: usize,
    /// The longest deadline of any unary call, whatever the table of methods says.
    pub max_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_concurrency: 256,
            max_streams: 128,
            max_connections: 1_024,
            max_message_bytes: 4 * 1024 * 1024,
            max_deadline: Duration::from_mins(1),
        }
    }
}

/// What goes out about the process, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// Which log lines are written, as `tracing-subscriber` filters say it.
    pub log: String,
    /// The OTLP collector; `None` serves Prometheus on the admin port instead.
    pub otlp_endpoint: Option<String>,
    /// The share of traces that are kept, in thousandths, when the caller did not decide.
    pub sample_permille: u32,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            otlp_endpoint: None,
            sample_permille: 1_000,
        }
    }
}

/// Values that have been checked against their [`Kind`].
///
/// Asking for a name that is not in the list is a mistake in the program, and panics.
#[derive(Clone, Default)]
pub struct Values(std::collections::BTreeMap<&'static str, Option<Secret<String>>>);

impl Values {
    /// Gives a text, if there is one.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name);
        let value = value.unwrap_or_else(|| panic!("{name} is not in the list of settings"));
        value.as_ref().map(|value| value.expose().as_str())
    }

    /// Gives a text that is required or has a default.
    pub fn text(&self, name: &str) -> &str {
        let value = self.maybe(name);
        value.unwrap_or_else(|| panic!("{name} is neither required nor has it a default"))
    }

    /// Gives a path.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.text(name))
    }

    /// Gives an address.
    pub fn address(&self, name: &str) -> SocketAddr {
        let value = self.text(name).parse();
        value.expect("the value was checked when it was loaded")
    }

    /// Gives a duration.
    pub fn duration(&self, name: &str) -> Duration {
        duration::parse(self.text(name)).expect("the value was checked when it was loaded")
    }

    /// Gives a number.
    pub fn number(&self, name: &str) -> u64 {
        let value = self.text(name).parse();
        value.expect("the value was checked when it was loaded")
    }

    /// Gives a flag; one that nobody set is off.
    pub fn flag(&self, name: &str) -> bool {
        self.maybe(name) == Some("true")
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn count(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
