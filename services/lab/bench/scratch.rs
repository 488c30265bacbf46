//! Where a measurement runs: a directory, databases and processes of its own, of which nothing stays.

use std::collections::BTreeMap;
use std::path::Path;

use super::databases::{Databases, Side};
use crate::client::connect::Endpoints;
use crate::client::problem::{Outcome, Problem};
use crate::kernel::secrets::Secret;
use crate::lab::processes::ports::Ports;
use crate::lab::processes::stack::{Stack, StackSettings};

/// Runs `work` in a directory with databases, unless `stop` comes first, and leaves nothing behind.
pub async fn in_scratch<T>(
    database_url: Option<&Secret<String>>,
    stop: impl Future<Output = Problem>,
    work: impl AsyncFnOnce(&Databases, &Path) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let dir = std::env::temp_dir().join(format!("redress-bench-{}", std::process::id()));
    let databases = Databases::new(database_url, &dir)?;
    std::fs::create_dir_all(&dir).map_err(|error| Problem::file(&dir, &error))?;
    let measured = tokio::select! {
        measured = work(&databases, &dir) => measured,
        problem = stop => Err(problem),
    };
    // Both databases go, whatever came of the measurement.
    let cleared = clear(&databases).await;
    let _ = std::fs::remove_dir_all(&dir);
    let measured = measured?;
    cleared.map(|()| measured)
}

async fn clear(databases: &Databases) -> Outcome {
    databases.clear(Side::System).await?;
    databases.clear(Side::Floor).await
}

/// Starts the processes on a fresh database, runs `work` with their ids, and stops them. `identity` has the settings of
/// identity-verification that differ from their defaults, by environment variable.
pub async fn with_processes<T>(
    databases: &Databases,
    dir: &Path,
    identity: &[(&'static str, String)],
    work: impl AsyncFnOnce(&Endpoints, BTreeMap<String, u32>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let which = Which {
        identity,
        ..Which::default()
    };
    with_stack(databases, dir, which, async |stack| {
        let endpoints = stack.endpoints.clone();
        let pids = stack.pids();
        tokio::select! {
            done = work(&endpoints, pids) => done,
            problem = stack.first_death() => Err(problem),
        }
    })
    .await
}

/// What runs, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Whether a second sandbox bureau runs that pulls.
    pub pull_bureau: bool,
    /// Settings of identity-verification that differ from their defaults, by environment variable.
    pub identity: &'a [(&'static str, String)],
    /// What the sandbox bureaus do on demand: the text of a script of theirs.
    pub script: Option<&'a str>,
}

/// Starts the processes on a fresh database, lends them to `work`, which may stop and start them, and stops them.
pub async fn with_stack<T>(
    databases: &Databases,
    dir: &Path,
    which: Which<'_>,
    work: impl AsyncFnOnce(&mut Stack) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let script = which.script.map(|text| (dir.join("script.toml"), text));
    if let Some((path, text)) = &script {
        std::fs::write(path, text).map_err(|error| Problem::file(path, &error))?;
    }
    let settings = StackSettings {
        dir: dir.join("processes"),
        database_url: Some(databases.fresh(Side::System).await?),
        ports: Ports::Free,
        pull_bureau: which.pull_bureau,
        partner_suffix: None,
        identity: which.identity.to_vec(),
        script: script.map(|(path, _)| path),
    };
    let mut stack = Stack::start(&settings).await?;
    let done = work(&mut stack).await;
    stack.stop().await;
    let _ = std::fs::remove_dir_all(&settings.dir);
    done
}
