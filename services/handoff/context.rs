//! What every command needs, passed by reference.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::db::Db;
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::KeyProvider;
use crate::kernel::retry::Backoff;

/// The rules of handing over, as the settings say them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a partner may take to answer one call.
    pub call_timeout: Duration,
    /// How long a handoff that we push is leased. Longer than an inquiry and a call together.
    pub push_lease: Duration,
    /// How long a handoff that a partner pulls is leased.
    pub pull_lease: Duration,
    /// How often the queue is looked at when nothing happens.
    pub poll_interval: Duration,
    /// After this time without an outcome a partner that we push to is asked.
    pub follow_up_after: Duration,
    /// Waits between attempts, and when to give up.
    pub patience: Patience,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(5),
            push_lease: Duration::from_secs(30),
            pull_lease: Duration::from_mins(1),
            poll_interval: Duration::from_millis(200),
            follow_up_after: Duration::from_mins(15),
            patience: Patience {
                backoff: Backoff::new(Duration::from_millis(500), Duration::from_mins(1)),
                max_failures: 10,
            },
        }
    }
}

/// How long a handoff is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The waits between attempts.
    pub backoff: Backoff,
    /// After so many attempts that count, a handoff is DEAD.
    pub max_failures: u32,
}

/// What every command needs. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// The time.
    pub clock: Clock,
    /// Ids and jitter.
    pub ids: Ids,
    /// The database.
    pub db: Db,
    /// The key that campaign keys are wrapped under.
    pub keys: Arc<dyn KeyProvider>,
    /// The rules.
    pub rules: Rules,
    /// Wakes the streams of partners when an acknowledgement or new activation codes may have made something due.
    pub queue_changed: Arc<Notify>,
}

impl Context {
    /// Puts a context together.
    pub fn new(clock: Clock, ids: Ids, db: Db, keys: Arc<dyn KeyProvider>, rules: Rules) -> Self {
        Self {
            clock,
            ids,
            db,
            keys,
            rules,
            queue_changed: Arc::new(Notify::new()),
        }
    }
}
