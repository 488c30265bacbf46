//! When a process stops, and who is waited for.
//!
//! *Draining* tells everybody to take no new work and finish what they hold. What follows is a list of [`Step`]s on one
//! budget: each has until its share of the drain time-out has passed since the drain began, whatever the steps before it
//! took. Correctness never needs it: SIGKILL is the normal test.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A step of stopping, in the order in which they end.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Open calls may run on.
    Calls,
    /// Connections that were cut may notice it.
    Connections,
    /// Workers may finish what they hold.
    Tasks,
    /// The database is closed.
    Database,
    /// The last logs, traces and metrics are sent.
    Telemetry,
}

impl Step {
    /// Gives the share of the budget that has passed when the step must have ended, in hundredths.
    const fn share(self) -> u32 {
        match self {
            Self::Calls => 80,
            Self::Connections => 85,
            Self::Tasks => 90,
            Self::Database => 95,
            Self::Telemetry => 100,
        }
    }
}

/// The life of one process. Clones share it.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    token: CancellationToken,
    tasks: TaskTracker,
    /// How long stopping may take, all of it.
    budget: Duration,
    begun: Arc<OnceLock<Instant>>,
}

impl Lifecycle {
    /// Makes a life that only [`Lifecycle::stop`] ends, for tests and for several processes in one.
    pub fn new(budget: Duration) -> Self {
        Self {
            token: CancellationToken::new(),
            tasks: TaskTracker::new(),
            budget,
            begun: Arc::default(),
        }
    }

    /// Makes a life that SIGTERM or SIGINT ends. Must be called inside a tokio runtime.
    pub fn from_signals(budget: Duration) -> std::io::Result<Self> {
        let life = Self::new(budget);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stopped = life.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = stopped.draining() => return,
            };
            tracing::info!(signal = name, "draining");
            stopped.stop();
        });
        Ok(life)
    }

    /// Begins the drain, and with it the budget.
    pub fn stop(&self) {
        self.begun.get_or_init(Instant::now);
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
    pub async fn drain(&self) -> bool {
        self.stop();
        self.tasks.close();
        self.within(Step::Tasks, self.tasks.wait()).await.is_some()
    }

    /// Waits for something until the time of a step has passed. The budget begins with the drain, or now.
    pub async fn within<F: Future>(&self, step: Step, work: F) -> Option<F::Output> {
        let begun = *self.begun.get_or_init(Instant::now);
        let end = begun + self.budget * step.share() / 100;
        tokio::time::timeout_at(end, work).await.ok()
    }
}

/// Sleeps unless the drain begins first; tells whether to go on. For the loops of workers.
pub async fn pause(token: &CancellationToken, duration: Duration) -> bool {
    tokio::select! {
        biased;
        () = token.cancelled() => false,
        () = tokio::time::sleep(duration) => true,
    }
}

/// How long a worker waits when there is nothing to do.
const IDLE: Duration = Duration::from_millis(200);
/// How long it waits after an error.
const TROUBLE: Duration = Duration::from_secs(1);

/// Takes the steps of a worker until the drain begins. A step gives how much it did; after nothing, and after an error, the next one waits.
pub async fn work_off<E: Display, F: Future<Output = Result<usize, E>>>(
    token: &CancellationToken,
    work: &'static str,
    step: impl Fn() -> F,
) {
    loop {
        let wait = match step().await {
            Ok(0) => IDLE,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, work, "not done; trying again");
                TROUBLE
            }
        };
        if !pause(token, wait).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_worker_goes_on_after_an_error_and_ends_with_the_drain() {
        let token = CancellationToken::new();
        let steps = std::cell::Cell::new(0);
        let step = async || {
            steps.set(steps.get() + 1);
            match steps.get() {
                1 => Ok(1),
                2 => Err("trouble"),
                3 => Ok(0),
                _ => {
                    token.cancel();
                    Ok(1)
                }
            }
        };
        let began = Instant::now();
        work_off(&token, "a test", step).await;
        assert_eq!(steps.get(), 4);
        assert!(began.elapsed() >= TROUBLE + IDLE);
    }

    #[tokio::test]
    async fn drain_waits_for_tasks_that_finish() {
        let life = Lifecycle::new(BUDGET);
        let token = life.token();
        life.spawn(async move { token.cancelled().await });
        assert!(!life.is_draining());
        assert!(life.drain().await);
        assert!(life.is_draining());
    }

    #[tokio::test]
    async fn every_step_ends_when_its_share_of_the_one_budget_has_passed() {
        let life = Lifecycle::new(Duration::from_millis(100));
        life.spawn(std::future::pending());
        let began = Instant::now();
        life.stop();
        let never = std::future::pending::<()>;
        assert_eq!(life.within(Step::Calls, never()).await, None);
        assert!(began.elapsed() >= Duration::from_millis(80));
        assert_eq!(life.within(Step::Connections, never()).await, None);
        assert!(!life.drain().await);
        assert_eq!(life.within(Step::Database, never()).await, None);
        assert_eq!(life.within(Step::Telemetry, never()).await, None);
        assert!(began.elapsed() >= Duration::from_millis(100));
        // What is late already gets no time of its own, and what is done is taken all the same.
        let late = Instant::now();
        assert_eq!(life.within(Step::Calls, never()).await, None);
        assert_eq!(life.within(Step::Calls, async { 1 }).await, Some(1));
        assert!(late.elapsed() < Duration::from_millis(80));
    }

    #[tokio::test]
    async fn a_pause_ends_with_the_drain() {
        let life = Lifecycle::new(BUDGET);
        assert!(pause(&life.token(), Duration::from_millis(1)).await);
        life.stop();
        assert!(!pause(&life.token(), Duration::from_hours(1)).await);
    }
}
