//! Waiting for a condition, never for a time.

use std::time::Duration;

/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// Waits until the probe gives something, and panics when that takes longer than the bound.
pub async fn until<T>(what: &str, bound: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(EVERY);
    let found = tokio::time::timeout(bound, async {
        loop {
            tick.tick().await;
            if let Some(found) = probe().await {
                return found;
            }
        }
    });
    let found = found.await;
    found.unwrap_or_else(|_| panic!("waited {bound:?} in vain for {what}"))
}
