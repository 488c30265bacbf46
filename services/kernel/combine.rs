//! Many small writes in one commit.
//!
//! The disk's flush is what limits small transactions, so the items that arrive while a commit is in flight wait and go
//! together into the next one. There is no timer: an idle combiner commits a lone item at once. Each item gets its own
//! answer, in whatever order the answers come.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, Reason};
use super::lifecycle::Lifecycle;

/// How much a combiner takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How many commits may be in flight.
    pub workers: usize,
    /// The most items in one commit.
    pub batch: usize,
    /// The most items that wait; further ones are refused.
    pub queue: usize,
}

impl Default for Capacity {
    /// Two workers, 64 items a commit, 1,024 waiting: what was measured to be best on two cores.
    fn default() -> Self {
        Self {
            workers: 2,
            batch: 64,
            queue: 1_024,
        }
    }
}

/// Why an item got no answer from its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Too many items wait; this one was not tried.
    #[error("too many items wait")]
    Overloaded,
    /// The combiner is closed; this item was not tried.
    #[error("the combiner is closed")]
    Closed,
    /// The commit broke off; whether the item took effect is unknown.
    #[error("the commit broke off")]
    Lost,
}

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Overloaded => {
                Self::new(Reason::Overloaded).retry_after(std::time::Duration::from_secs(1))
            }
            Rejected::Closed => Self::new(Reason::ShuttingDown),
            Rejected::Lost => Self::new(Reason::Internal),
        }
    }
}

struct Item<T, R, E> {
    value: T,
    answer: oneshot::Sender<Result<R, E>>,
}

type Queue<T, R, E> = Arc<Mutex<mpsc::Receiver<Item<T, R, E>>>>;

/// Gathers items of type `T` and answers each with `Result<R, E>`. Clones share one queue.
///
/// The workers end when the last clone is dropped or [`Combiner::close`] is called, after they have answered what waits.
#[derive(Debug)]
pub struct Combiner<T, R, E> {
    queue: mpsc::Sender<Item<T, R, E>>,
    closed: CancellationToken,
}

impl<T, R, E> Clone for Combiner<T, R, E> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            closed: self.closed.clone(),
        }
    }
}

impl<T, R, E> Combiner<T, R, E>
where
    T: Send + 'static,
    R: Send + 'static,
    E: From<Rejected> + Send + 'static,
{
    /// Starts the workers as tasks of the process.
    ///
    /// `commit` gets the items in the order in which they came and gives one answer for each, in the same order. It
    /// decides what happens to the others when one item is bad.
    pub fn start<F, Fut>(life: &Lifecycle, capacity: Capacity, commit: F) -> Self
    where
        F: Fn(Vec<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<Result<R, E>>> + Send + 'static,
    {
        let (queue, waiting) = mpsc::channel(capacity.queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        let commit = Arc::new(commit);
        let closed = CancellationToken::new();
        for _ in 0..capacity.workers.max(1) {
            let waiting = Arc::clone(&waiting);
            let commit = Arc::clone(&commit);
            let closed = closed.clone();
            life.spawn(async move {
                while let Some(items) = take(&waiting, capacity.batch, &closed).await {
                    settle(items, commit.as_ref()).await;
                }
            });
        }
        Self { queue, closed }
    }

    /// Hands in an item and waits for its answer. Dropping the future takes the item back only while it waits.
    pub async fn submit(&self, value: T) -> Result<R, E> {
        if self.closed.is_cancelled() {
            return Err(Rejected::Closed.into());
        }
        let (answer, answered) = oneshot::channel();
        match self.queue.try_send(Item { value, answer }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(Rejected::Overloaded.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Rejected::Closed.into()),
        }
        answered.await.unwrap_or(Err(Rejected::Lost.into()))
    }

    /// Takes no more items; those that wait are still answered.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Gives the number of items that wait, for metrics.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

/// Takes what waits, at least one item, at most a batch; `None` when there will be none.
async fn take<T, R, E>(
    waiting: &Queue<T, R, E>,
    batch: usize,
    closed: &CancellationToken,
) -> Option<Vec<Item<T, R, E>>> {
    let mut items = Vec::new();
    let mut waiting = waiting.lock().await;
    tokio::select! {
        biased;
        taken = waiting.recv_many(&mut items, batch.max(1)) => (taken > 0).then_some(items),
        () = closed.cancelled() => {
            waiting.close();
            (waiting.recv_many(&mut items, batch.max(1)).await > 0).then_some(items)
        }
    }
}

/// Commits the items whose callers still wait and passes the answers on.
async fn settle<T, R, E, F, Fut>(items: Vec<Item<T, R, E>>, commit: &F)
where
    F: Fn(Vec<T>) -> Fut,
    Fut: Future<Output = Vec<Result<R, E>>>,
{
    let wanted = items.into_iter().filter(|item| !item.answer.is_closed());
    let (values, callers): (Vec<T>, Vec<_>) = wanted.map(|item| (item.value, item.answer)).unzip();
    if values.is_empty() {
        return;
    }
    // A panic drops the callers' channels, which tells each of them that the answer is lost.
    let Ok(answers) = AssertUnwindSafe(async { commit(values).await })
        .catch_unwind()
        .await
    else {
        return;
    };
    debug_assert_eq!(answers.len(), callers.len(), "one answer an item");
    for (caller, answer) in callers.into_iter().zip(answers) {
        // A caller that has gone misses only the answer; the effect is stored.
        drop(caller.send(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex as SyncMutex;
    use std::time::Duration;
    use tokio::sync::Semaphore;

    type Answer = Result<u32, Rejected>;
    type Commits = Arc<SyncMutex<Vec<Vec<u32>>>>;

    const ONE_WORKER: Capacity = Capacity {
        workers: 1,
        batch: 4,
        queue: 8,
    };

    /// A store whose commits wait for a permit each, answers twice the item, and refuses 13.
    fn store(
        life: &Lifecycle,
        capacity: Capacity,
    ) -> (Combiner<u32, u32, Rejected>, Arc<Semaphore>, Commits) {
        let flush = Arc::new(Semaphore::new(0));
        let commits = Commits::default();
        let (disk, log) = (Arc::clone(&flush), Arc::clone(&commits));
        let combiner = Combiner::start(life, capacity, move |items: Vec<u32>| {
            let (disk, log) = (Arc::clone(&disk), Arc::clone(&log));
            async move {
                disk.acquire().await.unwrap().forget();
                log.lock().unwrap().push(items.clone());
                items.into_iter().map(answer).collect()
            }
        });
        (combiner, flush, commits)
    }

    fn answer(item: u32) -> Answer {
        assert!(item != 666, "a store that breaks");
        if item == 13 {
            Err(Rejected::Lost)
        } else {
            Ok(item * 2)
        }
    }

    /// Lets every task of the test's one thread go as far as it can.
    async fn settled() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    async fn submit_all(
        combiner: &Combiner<u32, u32, Rejected>,
        items: &[u32],
    ) -> Vec<tokio::task::JoinHandle<Answer>> {
        let mut handles = Vec::new();
        for item in items {
            let (combiner, item) = (combiner.clone(), *item);
            handles.push(tokio::spawn(async move { combiner.submit(item).await }));
            settled().await;
        }
        handles
    }

    async fn answers(handles: Vec<tokio::task::JoinHandle<Answer>>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for handle in handles {
            answers.push(handle.await.unwrap());
        }
        answers
    }

    #[tokio::test]
    async fn items_gather_while_a_commit_is_in_flight_and_each_gets_its_own_answer() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, flush, commits) = store(&life, ONE_WORKER);
        let handles = submit_all(&combiner, &[1, 2, 13, 4, 5, 6]).await;
        flush.add_permits(3);
        let got = answers(handles).await;
        assert_eq!(
            got,
            [Ok(2), Ok(4), Err(Rejected::Lost), Ok(8), Ok(10), Ok(12)]
        );
        assert_eq!(
            *commits.lock().unwrap(),
            [vec![1], vec![2, 13, 4, 5], vec![6]]
        );
    }

    #[tokio::test]
    async fn two_workers_keep_two_commits_in_flight() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let capacity = Capacity {
            workers: 2,
            ..ONE_WORKER
        };
        let (combiner, flush, commits) = store(&life, capacity);
        let handles = submit_all(&combiner, &[1, 2, 3, 4]).await;
        flush.add_permits(3);
        assert_eq!(answers(handles).await, [Ok(2), Ok(4), Ok(6), Ok(8)]);
        let mut commits = commits.lock().unwrap().clone();
        commits.sort();
        assert_eq!(commits, [vec![1], vec![2], vec![3, 4]]);
    }

    #[tokio::test]
    async fn a_full_queue_sheds() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, flush, _) = store(&life, ONE_WORKER);
        // One is in flight and eight wait.
        let handles = submit_all(&combiner, &[1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
        assert_eq!(combiner.waiting(), 8);
        assert_eq!(combiner.submit(10).await, Err(Rejected::Overloaded));
        flush.add_permits(9);
        assert!(answers(handles).await.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn closing_answers_what_waits_and_refuses_what_comes() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, flush, _) = store(&life, ONE_WORKER);
        let handles = submit_all(&combiner, &[1, 2, 3]).await;
        combiner.close();
        assert_eq!(combiner.submit(4).await, Err(Rejected::Closed));
        flush.add_permits(9);
        assert_eq!(answers(handles).await, [Ok(2), Ok(4), Ok(6)]);
        assert!(life.drain().await);
    }

    #[tokio::test]
    async fn dropping_the_last_clone_ends_the_workers() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, _, _) = store(&life, Capacity::default());
        drop(combiner);
        assert!(life.drain().await);
    }

    #[tokio::test]
    async fn a_broken_commit_tells_its_callers_and_the_next_one_works() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, flush, _) = store(&life, ONE_WORKER);
        flush.add_permits(2);
        assert_eq!(combiner.submit(666).await, Err(Rejected::Lost));
        assert_eq!(combiner.submit(7).await, Ok(14));
    }

    #[tokio::test]
    async fn an_item_whose_caller_has_gone_is_not_committed() {
        let life = Lifecycle::new(Duration::from_secs(5));
        let (combiner, flush, commits) = store(&life, ONE_WORKER);
        let handles = submit_all(&combiner, &[1, 2, 3]).await;
        handles[1].abort();
        settled().await;
        flush.add_permits(2);
        for handle in handles {
            drop(handle.await);
        }
        assert_eq!(*commits.lock().unwrap(), [vec![1], vec![3]]);
    }
}
