//! Workers that run as in production, while the test lets time pass.

use std::time::Duration;

use redress::handoff::push::worker::PushWorker;
use redress::kernel::ids::HandoffId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::world::World;

/// What passes at a time.
const STEP: Duration = Duration::from_secs(1);
/// In real time: long enough for the loop to look at the queue twice.
const TURN: Duration = Duration::from_millis(100);

/// A worker that runs until this is dropped.
pub struct Running {
    draining: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn of(worker: PushWorker) -> Self {
        let draining = CancellationToken::new();
        let task = tokio::spawn(worker.run(draining.clone()));
        Self { draining, task }
    }

    /// Stops it and waits for its end.
    pub async fn stop(self) {
        self.draining.cancel();
        self.task.await.unwrap();
    }
}

impl World {
    /// Lets time pass until a condition holds, and gives how much passed; panics after `most`.
    pub async fn pass_until(
        &self,
        most: Duration,
        mut holds: impl AsyncFnMut() -> bool,
    ) -> Duration {
        let mut turn = tokio::time::interval(TURN);
        let mut passed = Duration::ZERO;
        loop {
            turn.tick().await;
            if holds().await {
                return passed;
            }
            assert!(passed < most, "{most:?} passed in vain");
            self.hand.advance(STEP);
            passed += STEP;
        }
    }

    /// Lets so much time pass.
    pub async fn pass(&self, time: Duration) {
        let mut turn = tokio::time::interval(TURN);
        let mut passed = Duration::ZERO;
        while passed < time {
            turn.tick().await;
            self.hand.advance(STEP);
            passed += STEP;
        }
        turn.tick().await;
    }

    /// Waits, while the clock stands, until a condition holds.
    pub async fn wait_until(&self, mut holds: impl AsyncFnMut() -> bool) {
        let mut turn = tokio::time::interval(TURN);
        for _ in 0..200 {
            turn.tick().await;
            if holds().await {
                return;
            }
        }
        panic!("waited in vain");
    }

    /// Tells whether all of these stand so.
    pub async fn all_are(&self, ids: &[HandoffId], state: &str) -> bool {
        for id in ids {
            if self.state(*id).await != state {
                return false;
            }
        }
        true
    }

    pub async fn enroll_many(
        &self,
        partner: redress::kernel::ids::PartnerId,
        ssn: &str,
        count: usize,
    ) -> Vec<HandoffId> {
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.enroll(partner, ssn).await);
        }
        ids
    }
}
