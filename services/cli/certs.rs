//! `redress certs`: certificates for development and tests.

use std::path::PathBuf;

use clap::Args;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::Outcome;
use crate::lab::processes::certificates::{Further, make};

/// Flags of `certs`.
#[derive(Debug, Args)]
pub struct CertsArgs {
    /// Where to.
    #[arg(long, default_value = "certs", value_name = "DIR")]
    out: PathBuf,
    /// Make a new authority and new certificates over the old ones.
    #[arg(long)]
    renew: bool,
    /// A further host name for the servers' certificates; repeat for several.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A further partner's certificate; repeat for several.
    #[arg(long = "partner", value_name = "NAME")]
    partners: Vec<String>,
    /// A further operator's certificate; repeat for several.
    #[arg(long = "operator", value_name = "NAME")]
    operators: Vec<String>,
}

/// Makes the certificates.
pub fn run(session: &Session, args: &CertsArgs) -> Outcome {
    let hosts: Vec<&str> = args.hosts.iter().map(String::as_str).collect();
    let partners: Vec<&str> = args.partners.iter().map(String::as_str).collect();
    let operators: Vec<&str> = args.operators.iter().map(String::as_str).collect();
    let further = Further {
        hosts: &hosts,
        partners: &partners,
        operators: &operators,
    };
    let made = make(&args.out, args.renew, &further)?;
    let rows: Vec<Record> = made
        .into_iter()
        .map(|(stem, identity)| {
            Record::new()
                .with(
                    "certificate",
                    args.out.join(format!("{stem}.pem")).display().to_string(),
                )
                .with("identity", identity)
        })
        .collect();
    render::many(
        session.format,
        &rows,
        "every certificate is there already; --renew makes new ones",
    )
}
