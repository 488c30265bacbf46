//! The schema of a database that the lab works on.

use crate::client::problem::Problem;
use crate::db::migrate;
use crate::kernel::secrets::Secret;

/// Brings it up to date, and checks that the processes can log in as its owner.
pub async fn up(url: &Secret<String>) -> Result<(), Problem> {
    let problem = |error| Problem::usage(format!("cannot migrate: {error}"));
    migrate::up(url).await.map_err(problem)?;
    migrate::check_member(url).await.map_err(problem)
}
