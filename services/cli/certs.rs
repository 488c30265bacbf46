//! `redress certs`: certificates for development and tests.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Session;
use super::problem::{Outcome, Problem};
use super::render::{self, Record};
use crate::kernel::caller::Role;
use crate::kernel::certs::{Authority, CertError};

/// Clients that get a certificate, in files named `<role>-<name>`.
const CLIENTS: [(Role, &str); 7] = [
    (Role::Operator, "admin"),
    (Role::Operator, "reviewer"),
    (Role::CallCenter, "desk"),
    (Role::Portal, "web"),
    (Role::Auditor, "audit"),
    (Role::Partner, "sandbox-bureau"),
    (Role::Partner, "sandbox-pull"),
];

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

/// What is made beyond what everybody needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Further<'a> {
    /// Host names of the servers.
    pub hosts: &'a [&'a str],
    /// Names of partners.
    pub partners: &'a [&'a str],
    /// Names of operators.
    pub operators: &'a [&'a str],
}

/// Makes what is missing, or everything anew; gives file stems and identities.
pub fn make(
    dir: &Path,
    renew: bool,
    further: &Further<'_>,
) -> Result<Vec<(String, String)>, Problem> {
    let usage = |error: CertError| Problem::usage(error.to_string());
    fs::create_dir_all(dir).map_err(|error| Problem::file(dir, &error))?;
    let fresh = renew || !dir.join("ca.pem").exists();
    let authority = if fresh {
        Authority::generate()
    } else {
        Authority::load(dir)
    }
    .map_err(usage)?;
    if fresh {
        authority.save(dir).map_err(usage)?;
    }
    let wanted = |stem: &str| fresh || !dir.join(format!("{stem}.pem")).exists();
    let mut made = Vec::new();
    for process in super::connect::PROCESSES
        .into_iter()
        .filter(|process| wanted(process))
    {
        let mut names = vec![process];
        names.extend(further.hosts);
        authority
            .issue_server(&names)
            .and_then(|issued| issued.save(dir, process))
            .map_err(usage)?;
        made.push((
            process.to_owned(),
            format!("server {process}, spiffe://redress/service/{process}"),
        ));
    }
    let partners = further.partners.iter().map(|name| (Role::Partner, *name));
    let operators = further.operators.iter().map(|name| (Role::Operator, *name));
    for (role, name) in CLIENTS.into_iter().chain(partners).chain(operators) {
        let stem = format!("{role}-{name}");
        if !wanted(&stem) {
            continue;
        }
        authority
            .issue_client(role, name)
            .and_then(|issued| issued.save(dir, &stem))
            .map_err(usage)?;
        made.push((stem, format!("spiffe://redress/{role}/{name}")));
    }
    Ok(made)
}
