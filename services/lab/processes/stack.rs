//! The three services and the sandbox bureau as child processes of this program: `redress up`, the demonstration and the
//! benchmarks run on them.
//!
//! Everything lies in one directory that only its owner can enter: keyrings, certificates, the database, the outbox, the
//! logs, and `endpoints.toml`, by which other commands find it all. The children stop when this program does, whatever
//! way it ends: each watches the pipe that it inherited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::certificates::{self, Further};
use super::child::Child;
use super::layout::Layout;
use super::lock::Lock;
use super::ports::{Claimed, Ports};
use super::{migrate, ready};
use crate::client::connect::{Endpoints, PROCESSES, PULL_BUREAU};
use crate::client::problem::{Outcome, Problem};
use crate::kernel::secrets::Secret;

/// What to start.
#[derive(Debug)]
pub struct StackSettings {
    /// Where everything lies.
    pub dir: PathBuf,
    /// The database; an SQLite file in the directory when not given.
    pub database_url: Option<Secret<String>>,
    /// Which ports to use.
    pub ports: Ports,
    /// Whether a second sandbox bureau runs that pulls.
    pub pull_bureau: bool,
    /// A suffix for the bureaus' partner names, for a database that has partners of these names already.
    pub partner_suffix: Option<String>,
    /// Settings of identity-verification that differ from their defaults, by environment variable.
    pub identity: Vec<(&'static str, String)>,
    /// What the sandbox bureaus do on demand, as a script of theirs.
    pub script: Option<PathBuf>,
}

/// Running processes.
pub struct Stack {
    /// Where they are.
    pub endpoints: Endpoints,
    /// `SQLite` or `PostgreSQL`.
    pub database: &'static str,
    children: Vec<Child>,
    ports: Claimed,
    /// Held until everything has ended.
    _lock: Lock,
}

impl Stack {
    /// Prepares the directory, migrates, starts everything and waits until all of it is ready.
    pub async fn start(settings: &StackSettings) -> Result<Self, Problem> {
        let lock = Lock::take(&settings.dir)?;
        let ports = settings
            .ports
            .claim(settings.pull_bureau, bureau_before(&settings.dir))?;
        let layout = Layout::prepare(&settings.dir, settings.partner_suffix.as_deref())?;
        let partners = [PROCESSES[3], PULL_BUREAU].map(|process| layout.partner(process));
        let further = Further {
            partners: &[&partners[0], &partners[1]],
            ..Further::default()
        };
        certificates::make(&layout.certs(), false, &further)?;
        layout.keyrings()?;
        let url = settings
            .database_url
            .as_ref()
            .map_or_else(|| layout.sqlite_url(), |url| url.expose().clone());
        let database = if url.starts_with("sqlite") {
            "SQLite"
        } else {
            "PostgreSQL"
        };
        migrate::up(&Secret::new(url.clone())).await?;
        let mut stack = Self {
            endpoints: endpoints(&layout, &ports),
            database,
            children: Vec::new(),
            ports,
            _lock: lock,
        };
        for process in stack.ports.processes() {
            let mut env = layout.environment(process, &stack.ports, &url);
            if process == PROCESSES[0] {
                env.extend(settings.identity.iter().cloned());
            }
            if let Some(script) = settings.script.as_ref().filter(|_| is_bureau(process)) {
                env.push(("REDRESS_SCRIPT", script.display().to_string()));
            }
            let started = Child::start(process, env, &layout.log(process));
            stack.children.push(started?);
        }
        if let Err(problem) = stack.until_ready().await {
            stack.stop().await;
            return Err(problem);
        }
        stack.endpoints.pids = stack.pids();
        stack.endpoints.write(&settings.dir)?;
        Ok(stack)
    }

    /// Waits until a child ends by itself and says which; never returns while all run.
    pub async fn first_death(&mut self) -> Problem {
        let waits = self
            .children
            .iter_mut()
            .map(|child| Box::pin(child.death()));
        futures::future::select_all(waits).await.0
    }

    /// Tells every child to drain and waits for it; kills what does not end.
    pub async fn stop(&mut self) {
        for child in &self.children {
            child.terminate();
        }
        for child in &mut self.children {
            child.finish().await;
        }
    }

    /// Kills a process without a warning, by its place among all of them, and starts it again; gives its name.
    pub async fn crash(&mut self, place: usize) -> Result<&'static str, Problem> {
        let place = place % self.children.len();
        self.children[place].crash().await?;
        Ok(self.children[place].name)
    }

    /// Waits until every process is ready.
    pub async fn until_ready(&mut self) -> Outcome {
        ready::all(&mut self.children, &self.ports).await
    }

    /// Gives the process ids, by name.
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let pids = self
            .children
            .iter()
            .filter_map(|child| Some((child.name.to_owned(), child.pid()?)));
        pids.collect()
    }
}

fn is_bureau(process: &str) -> bool {
    process == PROCESSES[3] || process == PULL_BUREAU
}

fn endpoints(layout: &Layout, ports: &Claimed) -> Endpoints {
    let url = |process| format!("https://127.0.0.1:{}", ports.grpc(process));
    let [identity, codes, handoff, bureau] = PROCESSES.map(url);
    let admin = ports.processes().map(|process| {
        (
            process.to_owned(),
            format!("http://127.0.0.1:{}", ports.admin(process)),
        )
    });
    Endpoints {
        identity,
        codes,
        handoff,
        bureau,
        certs: absolute(&layout.certs()),
        pull_bureau: ports
            .processes()
            .any(|process| process == PULL_BUREAU)
            .then(|| url(PULL_BUREAU)),
        bureau_partner: Some(layout.partner(PROCESSES[3])),
        pull_partner: Some(layout.partner(PULL_BUREAU)),
        outbox: Some(absolute(&layout.outbox())),
        admin: admin.collect(),
        ..Endpoints::default()
    }
}

/// The port on which the bureau listened the last time.
fn bureau_before(dir: &Path) -> Option<u16> {
    let before = Endpoints::read(dir).ok()?;
    before.bureau.rsplit_once(':')?.1.parse().ok()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
