//! What every command needs, passed by reference.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::db::Db;
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::keyring::KeyProvider;

use super::settings::Rules;

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
