//! Certificates for development and tests.

use std::fs;
use std::path::Path;

use crate::client::connect::{PROCESSES, PULL_BUREAU};
use crate::client::problem::Problem;
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
    (Role::Partner, PULL_BUREAU),
];

/// Further names to make certificates for.
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
    for process in PROCESSES.into_iter().filter(|process| wanted(process)) {
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
