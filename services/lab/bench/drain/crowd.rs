//! People who enroll meanwhile: so many a second, whether or not those before them are through.

use std::cell::RefCell;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::campaign::Loaded;
use crate::lab::bench::campaign::enroll::enroll;
use crate::lab::bench::campaign::subject::Subject;

/// Fifty begin in a second.
const EVERY: Duration = Duration::from_millis(20);
/// More than wait for answers at that pace.
const AT_ONCE: usize = 1_000;
/// Where fifty a second are too many, people call again, and it takes them longer.
const ATTEMPTS: u32 = 60;

/// The people who have not enrolled yet, and how long it took those who have.
pub struct Crowd<'a> {
    loaded: &'a Loaded,
    waiting: RefCell<std::slice::Iter<'a, Subject>>,
    took: RefCell<Vec<Duration>>,
}

impl<'a> Crowd<'a> {
    /// Nobody has enrolled yet.
    pub fn new(loaded: &'a Loaded) -> Self {
        Self {
            loaded,
            waiting: RefCell::new(loaded.subjects.iter()),
            took: RefCell::default(),
        }
    }

    /// Lets so many enroll.
    pub async fn enroll(&self, people: usize) -> Outcome {
        let begun_at = Instant::now();
        let calls = (0..people).map(async |number| {
            let at = begun_at + EVERY * u32::try_from(number).unwrap_or(u32::MAX);
            tokio::time::sleep_until(at).await;
            let next = self.waiting.borrow_mut().next();
            let subject = next.ok_or_else(|| Problem::refused("too few people have a letter"))?;
            let client = self.loaded.desk.client(ATTEMPTS);
            let enrolled = enroll(&client, subject).await;
            let failed = |status| Problem::from_status("enroll", &status);
            if let Err(state) = enrolled.map_err(failed)? {
                let state = state.as_str_name();
                let problem = format!("whoever said everything right was not verified: {state}");
                return Err(Problem::refused(problem));
            }
            // From when they began, not from when there was time for them.
            self.took.borrow_mut().push(at.elapsed());
            Ok(())
        });
        let mut calls = futures::stream::iter(calls).buffer_unordered(AT_ONCE);
        while let Some(done) = calls.next().await {
            done?;
        }
        Ok(())
    }

    /// Lets people enroll for as long as something else takes.
    pub async fn beside<T>(
        &self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        tokio::select! {
            done = work => done,
            stopped = self.enroll(usize::MAX) => {
                stopped?;
                Err(Problem::refused("everybody is enrolled"))
            }
        }
    }

    /// Gives how long it took who enrolled since this was asked last, and forgets them.
    pub fn took(&self) -> Vec<Duration> {
        self.took.take()
    }
}
