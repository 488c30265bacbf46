//! Finding the services and speaking to them under the right certificate.
//!
//! `redress up` leaves `endpoints.toml` in its directory; flags and variables win over it. Each command speaks in the
//! role that it needs: operators run campaigns, a portal enrolls people, a partner reports outcomes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;

use super::problem::Problem;
use crate::kernel::certs::TlsFiles;
use crate::kernel::client;

/// The file that `redress up` leaves for other commands.
pub const ENDPOINTS_FILE: &str = "endpoints.toml";

/// The four processes, in the order in which they are shown.
pub const PROCESSES: [&str; 4] = [
    "identity-verification",
    "enrollment-codes",
    "bureau-handoff",
    "sandbox-bureau",
];

/// Where the services are and who calls them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where the services are")]
pub struct ConnectArgs {
    /// The directory that `redress up` works in; its endpoints.toml names services and certificates.
    #[arg(
        long,
        global = true,
        env = "REDRESS_DIR",
        default_value = "./.redress",
        value_name = "DIR"
    )]
    pub dir: PathBuf,
    /// identity-verification, such as https://127.0.0.1:7441.
    #[arg(
        long,
        global = true,
        env = "REDRESS_IDENTITY",
        hide_short_help = true,
        value_name = "URL"
    )]
    pub identity: Option<String>,
    /// enrollment-codes, such as https://127.0.0.1:7442.
    #[arg(
        long,
        global = true,
        env = "REDRESS_CODES",
        hide_short_help = true,
        value_name = "URL"
    )]
    pub codes: Option<String>,
    /// bureau-handoff, such as https://127.0.0.1:7443.
    #[arg(
        long,
        global = true,
        env = "REDRESS_HANDOFF",
        hide_short_help = true,
        value_name = "URL"
    )]
    pub handoff: Option<String>,
    /// sandbox-bureau, such as https://127.0.0.1:7444.
    #[arg(
        long,
        global = true,
        env = "REDRESS_BUREAU",
        hide_short_help = true,
        value_name = "URL"
    )]
    pub bureau: Option<String>,
    /// The authority's certificate.
    #[arg(
        long,
        global = true,
        env = "REDRESS_CA",
        hide_short_help = true,
        value_name = "FILE"
    )]
    pub ca: Option<PathBuf>,
    /// The certificate to call with; without it the one of the role that the command needs.
    #[arg(
        long,
        global = true,
        env = "REDRESS_CERT",
        value_name = "FILE",
        requires = "key"
    )]
    pub cert: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(
        long,
        global = true,
        env = "REDRESS_KEY",
        value_name = "FILE",
        requires = "cert"
    )]
    pub key: Option<PathBuf>,
}

/// What `endpoints.toml` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// identity-verification.
    pub identity: String,
    /// enrollment-codes.
    pub codes: String,
    /// bureau-handoff.
    pub handoff: String,
    /// sandbox-bureau.
    pub bureau: String,
    /// The directory of the certificates.
    pub certs: PathBuf,
    /// A second sandbox bureau that pulls, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_bureau: Option<String>,
    /// The sandbox bureau's name as a partner, where it is another than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bureau_partner: Option<String>,
    /// The same for the one that pulls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_partner: Option<String>,
    /// The sandbox bureau as bureau-handoff sees it, where that is another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bureau_internal: Option<String>,
    /// Where the local sender leaves confirmation codes, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<PathBuf>,
    /// The admin ports, by process.
    #[serde(default)]
    pub admin: std::collections::BTreeMap<String, String>,
    /// Process ids, by process.
    #[serde(default)]
    pub pids: std::collections::BTreeMap<String, u32>,
}

/// A role to call in; also the name of its certificate files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// Runs campaigns.
    Operator,
    /// Decides referrals that the first operator did not ask for.
    Reviewer,
    /// The call center's backend.
    CallCenter,
    /// The enrollment page's backend.
    Portal,
}

impl As {
    /// Gives the stem of the certificate's files.
    pub const fn stem(self) -> &'static str {
        match self {
            Self::Operator => "operator-admin",
            Self::Reviewer => "operator-reviewer",
            Self::CallCenter => "call-center-desk",
            Self::Portal => "portal-web",
        }
    }
}

/// Channels to the four processes. They connect when first used.
#[derive(Clone, Debug)]
pub struct Channels {
    /// identity-verification.
    pub identity: Channel,
    /// enrollment-codes.
    pub codes: Channel,
    /// bureau-handoff.
    pub handoff: Channel,
    /// sandbox-bureau.
    pub bureau: Channel,
}

impl ConnectArgs {
    /// Finds the endpoints: flags over variables over the file.
    pub fn endpoints(&self) -> Result<Endpoints, Problem> {
        let mut found = match Endpoints::read(&self.dir) {
            Ok(found) => found,
            Err(_) if self.is_complete() => Endpoints::default(),
            Err(problem) => return Err(problem),
        };
        let places = [
            (&mut found.identity, &self.identity),
            (&mut found.codes, &self.codes),
            (&mut found.handoff, &self.handoff),
            (&mut found.bureau, &self.bureau),
        ];
        for (place, given) in places {
            if let Some(given) = given {
                place.clone_from(given);
            }
        }
        Ok(found)
    }

    fn is_complete(&self) -> bool {
        let any = [&self.identity, &self.codes, &self.handoff, &self.bureau];
        any.iter().any(|given| given.is_some()) && self.cert.is_some() && self.ca.is_some()
    }

    /// Opens channels in a role.
    pub fn connect(&self, role: As) -> Result<Channels, Problem> {
        self.endpoints()?
            .connect(&self.files(&self.endpoints()?, role.stem()))
    }

    /// Names the certificate files of a role, or the ones given by hand.
    pub fn files(&self, endpoints: &Endpoints, stem: &str) -> TlsFiles {
        let mut files = TlsFiles::in_directory(&endpoints.certs, stem);
        if let Some(ca) = &self.ca {
            files.ca.clone_from(ca);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            files.cert.clone_from(cert);
            files.key.clone_from(key);
        }
        files
    }
}

impl Endpoints {
    /// Reads the file that `redress up` left.
    pub fn read(dir: &Path) -> Result<Self, Problem> {
        let path = dir.join(ENDPOINTS_FILE);
        let text = fs::read_to_string(&path).map_err(|error| {
            Problem::usage(format!(
                "{}: {error}\n  start everything on this machine with `redress up`, or say where it runs: --dir, or --identity, --codes, --handoff, --bureau with --ca, --cert and --key",
                path.display()
            ))
        })?;
        toml::from_str(&text).map_err(|error| Problem::file(&path, &error.message()))
    }

    /// Writes the file for other commands.
    pub fn write(&self, dir: &Path) -> Result<(), Problem> {
        let path = dir.join(ENDPOINTS_FILE);
        let text = toml::to_string(self).map_err(|error| Problem::file(&path, &error))?;
        fs::write(&path, text).map_err(|error| Problem::file(&path, &error))
    }

    /// Opens channels under a certificate.
    pub fn connect(&self, files: &TlsFiles) -> Result<Channels, Problem> {
        Ok(Channels {
            identity: channel(&self.identity, "--identity", files)?,
            codes: channel(&self.codes, "--codes", files)?,
            handoff: channel(&self.handoff, "--handoff", files)?,
            bureau: channel(&self.bureau, "--bureau", files)?,
        })
    }

    /// Gives the sandbox bureau's name as a partner.
    pub fn bureau_partner(&self) -> &str {
        self.bureau_partner.as_deref().unwrap_or(PROCESSES[3])
    }

    /// Gives the name of the partner that pulls.
    pub fn pull_partner(&self) -> &str {
        self.pull_partner
            .as_deref()
            .unwrap_or(crate::lab::processes::PULL_BUREAU)
    }

    /// Gives the addresses in the order of [`PROCESSES`].
    pub fn in_order(&self) -> [&str; 4] {
        [&self.identity, &self.codes, &self.handoff, &self.bureau]
    }
}

fn channel(endpoint: &str, flag: &str, files: &TlsFiles) -> Result<Channel, Problem> {
    if endpoint.is_empty() {
        // Never called by a command that has no use for this process.
        return Ok(Channel::from_static("https://127.0.0.1:9").connect_lazy());
    }
    client::connect(endpoint, files)
        .map_err(|error| Problem::usage(format!("{flag} {endpoint}: {error}")))
}
