//! Which ports the processes listen on.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

use crate::client::connect::{PROCESSES, PULL_BUREAU};
use crate::client::problem::Problem;

/// The first port of `redress up`; the admin ports are a hundred higher.
const FIRST: u16 = 7441;
const ADMIN_ABOVE: u16 = 100;

/// How ports are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// This one and the following.
    From(u16),
    /// Whatever the system has free.
    Free,
}

impl Default for Ports {
    fn default() -> Self {
        Self::From(FIRST)
    }
}

/// Ports of each process: gRPC and admin.
#[derive(Clone, Debug)]
pub struct Claimed(BTreeMap<&'static str, (u16, u16)>);

impl Ports {
    /// Reads the flag: 0 stands for free ones.
    pub const fn from_flag(first: u16) -> Self {
        if first == 0 {
            Self::Free
        } else {
            Self::From(first)
        }
    }

    /// Finds a pair of ports for each process and makes sure that nobody listens there.
    ///
    /// With free ports the bureau gets the one that it had before, if that is free: its partner row names it.
    pub fn claim(self, pull_bureau: bool, bureau_before: Option<u16>) -> Result<Claimed, Problem> {
        let mut claimed = BTreeMap::new();
        let mut held = Vec::new();
        let processes = PROCESSES
            .into_iter()
            .chain(pull_bureau.then_some(PULL_BUREAU));
        for (at, process) in (0u16..).zip(processes) {
            let (grpc, admin) = match self {
                Self::Free if process == PROCESSES[3] => {
                    (bureau_before.filter(|port| is_free(*port)).unwrap_or(0), 0)
                }
                Self::Free => (0, 0),
                Self::From(first) => (
                    first.saturating_add(at),
                    first.saturating_add(at).saturating_add(ADMIN_ABOVE),
                ),
            };
            let mut take = |port| -> Result<u16, Problem> {
                let listener = if port == 0 {
                    bind_free()
                } else {
                    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                };
                let listener = listener.map_err(|error| in_use(process, port, &error))?;
                let port = listener
                    .local_addr()
                    .map_err(|error| in_use(process, port, &error))?
                    .port();
                held.push(listener);
                Ok(port)
            };
            claimed.insert(process, (take(grpc)?, take(admin)?));
        }
        Ok(Claimed(claimed))
    }
}

impl Claimed {
    /// Gives the processes to start, in order.
    pub fn processes(&self) -> impl Iterator<Item = &'static str> {
        let pull = self.0.contains_key(PULL_BUREAU).then_some(PULL_BUREAU);
        PROCESSES.into_iter().chain(pull)
    }

    /// Gives the gRPC port of a process.
    pub fn grpc(&self, process: &str) -> u16 {
        self.0.get(process).map_or(0, |(grpc, _)| *grpc)
    }

    /// Gives the admin port of a process.
    pub fn admin(&self, process: &str) -> u16 {
        self.0.get(process).map_or(0, |(_, admin)| *admin)
    }
}

/// Binds a free port, if possible below the range that the system uses for outgoing connections: one of those could take the
/// port before the process starts.
fn bind_free() -> std::io::Result<TcpListener> {
    const FIRST: u32 = 31_000;
    const COUNT: u32 = 1_700;
    let spread = std::process::id().wrapping_mul(16);
    let candidates = (0..COUNT).map(|step| FIRST + spread.wrapping_add(step) % COUNT);
    candidates
        .filter_map(|port| u16::try_from(port).ok())
        .find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn in_use(process: &str, port: u16, error: &std::io::Error) -> Problem {
    Problem::usage(format!(
        "{process} cannot listen on 127.0.0.1:{port}: {error}\n  is `redress up` running already? stop it, or use other ports: --ports-from 8441 (0 takes free ones)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_all_different() {
        let claimed = Ports::Free.claim(true, None).unwrap();
        let ports: std::collections::BTreeSet<u16> =
            claimed.0.values().flat_map(|(a, b)| [*a, *b]).collect();
        assert_eq!(ports.len(), 10);
    }

    #[test]
    fn a_port_in_use_is_told_with_the_way_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let problem = Ports::From(port).claim(false, None).unwrap_err();
        assert_eq!(problem.exit_code(), 2);
        assert!(problem.to_string().contains("--ports-from"));
    }
}
