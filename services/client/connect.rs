//! Finding the services and speaking to them under the right certificate.
//!
//! `redress up` leaves `endpoints.toml` in its directory. Each call is made in the role that it needs: operators run
//! campaigns, a portal enrolls people.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tonic::transport::Channel;

use crate::client::problem::Problem;
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

/// The second sandbox bureau, which pulls.
pub const PULL_BUREAU: &str = "sandbox-pull";

/// The content of `endpoints.toml`, and the certificates given on the command line instead.
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
    /// The sandbox bureau's name as a partner, where it differs from the process name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bureau_partner: Option<String>,
    /// The same for the one that pulls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_partner: Option<String>,
    /// The address at which bureau-handoff calls the sandbox bureau, where it differs.
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
    /// Another authority's certificate.
    #[serde(skip)]
    pub ca: Option<PathBuf>,
    /// The certificate and the key to call with, whatever the role.
    #[serde(skip)]
    pub own: Option<(PathBuf, PathBuf)>,
}

/// A role to call in; also the name of its certificate files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRole {
    /// Runs campaigns.
    Operator,
    /// A second operator: reviews referrals and approves exports.
    Reviewer,
    /// The call center's backend.
    CallCenter,
    /// The enrollment page's backend.
    Portal,
}

impl ClientRole {
    /// Gives the file name of the certificate without its ending.
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

    /// Names the certificate files of a role.
    pub fn files(&self, role: ClientRole) -> TlsFiles {
        let mut files = TlsFiles::in_directory(&self.certs, role.stem());
        if let Some(ca) = &self.ca {
            files.ca.clone_from(ca);
        }
        if let Some((cert, key)) = &self.own {
            files.cert.clone_from(cert);
            files.key.clone_from(key);
        }
        files
    }

    /// Opens channels in a role.
    pub fn connect_as(&self, role: ClientRole) -> Result<Channels, Problem> {
        self.connect(&self.files(role))
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
        self.pull_partner.as_deref().unwrap_or(PULL_BUREAU)
    }

    /// Gives the addresses in the order of [`PROCESSES`].
    pub fn in_order(&self) -> [&str; 4] {
        [&self.identity, &self.codes, &self.handoff, &self.bureau]
    }
}

fn channel(endpoint: &str, flag: &str, files: &TlsFiles) -> Result<Channel, Problem> {
    if endpoint.is_empty() {
        // A command that does not need this process never calls it.
        return Ok(Channel::from_static("https://127.0.0.1:9").connect_lazy());
    }
    client::connect(endpoint, files)
        .map_err(|error| Problem::usage(format!("{flag} {endpoint}: {error}")))
}
