//! When a refusal leaves: at a step of a fixed grid after the call began.
//!
//! Every refusal does the same kinds of work, but not to the microsecond: a row is there or not, a person is decrypted or the decoy.
//! Whoever measures many refusals would learn from that what the answer does not say. So a refusal waits for the next step of the
//! grid, counted from the beginning of its own call, and two that took 2 ms and 3 ms take the same time outside.
//!
//! The wait comes after the work: no transaction, connection or lock is held, only the call's place among those that a server
//! handles at once. A call that is dropped or past its deadline waits no longer. What is accepted leaves at once, unless it is
//! an answer that is to look the same for everybody, as without a letter.

use std::time::Duration;

use tokio::time::Instant;

/// Which answers wait for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Refusals.
    Refusals,
    /// All of them: what is answered must not tell more than a refusal would.
    All,
}

/// Gives the answer of a call; one that waits, at the next step of the grid.
pub async fn on_grid<T, E>(
    step: Duration,
    waits: Waits,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let begun_at = Instant::now();
    let answer = call.await;
    if (answer.is_err() || waits == Waits::All)
        && let Some(wait) = until_next_step(step, begun_at.elapsed())
    {
        tokio::time::sleep(wait).await;
    }
    answer
}

/// Gives the time that is left until the next step; none without a grid.
fn until_next_step(step: Duration, passed: Duration) -> Option<Duration> {
    let nanos = passed.as_nanos().checked_rem(step.as_nanos())?;
    let into = Duration::from_nanos(u64::try_from(nanos).ok()?);
    Some(step.saturating_sub(into))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const STEP: Duration = Duration::from_millis(50);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_refusal_leaves_at_the_next_step_after_its_work() {
        let leaves = |passed| passed + until_next_step(STEP, passed).unwrap();
        assert_eq!(leaves(2 * MS), STEP);
        assert_eq!(leaves(31 * MS), STEP);
        assert_eq!(leaves(51 * MS), 2 * STEP);
        assert_eq!(leaves(3 * STEP + Duration::from_nanos(1)), 4 * STEP);
        // A step that has just passed is over.
        assert_eq!(leaves(Duration::ZERO), STEP);
        assert_eq!(leaves(STEP), 2 * STEP);
        assert_eq!(until_next_step(Duration::ZERO, MS), None);
    }

    #[tokio::test]
    async fn only_what_must_not_tell_waits_and_only_for_a_grid() {
        let call = |step, waits, answer: Result<(), ()>| {
            on_grid(step, waits, async move { answer }).now_or_never()
        };
        let long = Duration::from_secs(1);
        assert_eq!(call(long, Waits::Refusals, Err(())), None);
        assert_eq!(call(long, Waits::Refusals, Ok(())), Some(Ok(())));
        assert_eq!(call(long, Waits::All, Ok(())), None);
        assert_eq!(call(Duration::ZERO, Waits::All, Err(())), Some(Err(())));
    }
}
