//! The settings of `sandbox-bureau`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::kernel::secrets::Secret;
use crate::kernel::settings::{CommonSettings, Problem, ProcessSettings};

/// A partner bureau's stand-in, with every outcome and every bad habit on demand.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// What every process is told.
    #[command(flatten)]
    pub common: CommonSettings,
    /// Whether Redress calls this partner, it calls Redress, files go both ways, or Redress calls its REST API.
    #[arg(long, value_enum, default_value = "push")]
    pub mode: Mode,
    /// Mode file: the folder that Redress has for this partner, with out and in in it.
    #[arg(long, value_name = "PATH")]
    pub files: Option<PathBuf>,
    /// Mode http: where the REST API listens, in plain HTTP; keep it on this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7450")]
    pub http_listen: SocketAddr,
    /// Mode http: the secret for which the client `redress` gets a token; without one everybody gets one.
    #[arg(long, value_name = "SECRET")]
    pub http_secret: Option<Secret<String>>,
    /// What the bureau does on demand, beside its groups of SSNs; `deploy/sandbox-script.toml` is one.
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// The file of the bureau's book; its key is made beside it.
    #[arg(long, value_name = "PATH")]
    pub journal: PathBuf,
    /// Where bureau-handoff is.
    #[arg(long, value_name = "URL", default_value = "https://localhost:7443")]
    pub handoff_endpoint: String,
    /// The certificate under which this partner calls: spiffe://redress/partner/NAME.
    #[arg(long, value_name = "PATH")]
    pub partner_cert: PathBuf,
    /// The key of that certificate.
    #[arg(long, value_name = "PATH")]
    pub partner_key: PathBuf,
}

/// How the bureau is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Redress calls this partner.
    Push,
    /// This partner calls Redress.
    Pull,
    /// Files go both ways.
    File,
    /// Redress calls its REST API.
    Http,
}

impl ProcessSettings for Settings {
    const NAME: &'static str = "sandbox-bureau";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7444"),
        ("admin_listen", "127.0.0.1:7544"),
    ];

    fn common(&self) -> &CommonSettings {
        &self.common
    }

    fn problems(&self) -> Vec<Problem> {
        let is_missed = self.mode == Mode::File && self.files.is_none();
        let missed = is_missed.then(|| Problem::new("files", "must be given in mode file"));
        missed.into_iter().collect()
    }
}
