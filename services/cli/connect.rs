//! Where the services are, from flags, variables and the file that `redress up` leaves.

use std::path::PathBuf;

use clap::Args;

use crate::client::connect::Endpoints;
use crate::client::problem::Problem;

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
        found.ca.clone_from(&self.ca);
        found.own = self.cert.clone().zip(self.key.clone());
        Ok(found)
    }

    fn is_complete(&self) -> bool {
        let any = [&self.identity, &self.codes, &self.handoff, &self.bureau];
        any.iter().any(|given| given.is_some()) && self.cert.is_some() && self.ca.is_some()
    }
}
