//! When a process stops, and who is waited for.
//!
//! Stopping has two steps. *Draining* tells everybody to take no new work and finish what they hold; then the process
//! waits for its tasks, but never longer than the drain time-out. Correctness never needs it: SIGKILL is the normal test.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of one process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Makes a life that only [`Lifecycle::stop`] ends, for tests and for several processes in one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a life that SIGTERM or SIGINT ends. Must be called inside a tokio runtime.
    pub fn from_signals() -> std::io::Result<Self> {
        let life = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = life.token.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = token.cancelled() => return,
            };
            tracing::info!(signal = name, "draining");
            token.cancel();
        });
        Ok(life)
    }

    /// Begins the drain.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// Tells whether the drain has begun.
    pub fn is_draining(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for the drain to begin.
    pub async fn draining(&self) {
        self.token.cancelled().await;
    }

    /// Gives a token that is canceled when the drain begins, for workers and streams.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Starts a task that [`Lifecycle::drain`] waits for. It should watch [`Lifecycle::token`].
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Begins the drain, if nobody has, and waits for the tasks; tells whether all ended in time.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.stop();
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}

/// Sleeps unless the drain begins first; tells whether to go on. For the loops of workers.
pub async fn pause(token: &CancellationToken, duration: Duration) -> bool {
    tokio::select! {
        () = token.cancelled() => false,
        () = tokio::time::sleep(duration) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drain_waits_for_tasks_that_finish() {
        let life = Lifecycle::new();
        let token = life.token();
        life.spawn(async move { token.cancelled().await });
        assert!(!life.is_draining());
        assert!(life.drain(Duration::from_secs(10)).await);
        assert!(life.is_draining());
    }

    #[tokio::test]
    async fn drain_never_waits_longer_than_its_limit() {
        let life = Lifecycle::new();
        life.spawn(std::future::pending());
        assert!(!life.drain(Duration::from_millis(5)).await);
    }

    #[tokio::test]
    async fn a_pause_ends_with_the_drain() {
        let life = Lifecycle::new();
        assert!(pause(&life.token(), Duration::from_millis(1)).await);
        life.stop();
        assert!(!pause(&life.token(), Duration::from_hours(1)).await);
    }
}
