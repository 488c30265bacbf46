//! Many calls, some of them at once.

use futures::{StreamExt, TryStreamExt};

use crate::client::problem::Problem;
use crate::client::progress::Progress;

/// So many calls are made at once.
const AT_ONCE: usize = 64;

/// Runs many of these, some at once, and gives what came of them in their order.
pub async fn run<T>(
    calls: impl ExactSizeIterator<Item: Future<Output = Result<T, Problem>>>,
    progress: &Progress,
) -> Result<Vec<T>, Problem> {
    let total = calls.len() as u64;
    let mut done = 0;
    futures::stream::iter(calls)
        .buffered(AT_ONCE)
        .inspect(|_| {
            done += 1;
            progress.set(done, total);
        })
        .try_collect()
        .await
}
