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
    let settings = StackSettings {
        dir: dir.join("processes"),
        database_url: Some(databases.fresh(Side::System).await?),
        ports: Ports::Free,
        pull_bureau: false,
        partner_suffix: None,
        identity: identity.to_vec(),
    };
    let mut stack = Stack::start(&settings).await?;
    let endpoints = stack.endpoints.clone();
    let pids = stack.pids();
    let done = tokio::select! {
        done = work(&endpoints, pids) => done,
        problem = stack.first_death() => Err(problem),
    };
    stack.stop().await;
    let _ = std::fs::remove_dir_all(&settings.dir);
    done
}
