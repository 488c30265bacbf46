//! The schema of a database that the lab works on.

use crate::client::problem::Problem;
use crate::db::migrate;
use crate::kernel::secrets::Secret;

/// Brings it up to date.
pub async fn up(url: &Secret<String>) -> Result<(), Problem> {
    let applied = migrate::up(url).await;
    applied
        .map(drop)
        .map_err(|error| Problem::usage(format!("cannot migrate: {error}")))
}
