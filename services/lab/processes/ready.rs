//! Waiting until the children serve.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::child::Child;
use super::ports::Claimed;
use crate::client::problem::Problem;
use crate::client::ready::is_ready;

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

/// Waits until every child is ready. Fails when one ends, or when it takes too long.
pub async fn all(children: &mut [Child], ports: &Claimed) -> Result<(), Problem> {
    let deadline = Instant::now() + PATIENCE;
    for at in 0..children.len() {
        let name = children[at].name;
        while !is_ready(&format!("127.0.0.1:{}", ports.admin(name))).await {
            if let Some(problem) = children.iter_mut().find_map(Child::ended) {
                return Err(problem);
            }
            if Instant::now() > deadline {
                return Err(Problem::usage(format!(
                    "{name} is not ready after {} s; its log says why",
                    PATIENCE.as_secs()
                )));
            }
            sleep(PAUSE).await;
        }
    }
    Ok(())
}
