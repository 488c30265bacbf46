//! What every command works with.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::kernel::ids::PartnerId;
use crate::process;

use super::noted::Noted;
use super::queue::due::QueueKey;
use super::settings::Rules;

/// What the process works with. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// What every process has. Its keys are those that campaign keys are wrapped under.
    pub common: process::Context,
    /// The rules.
    pub rules: Rules,
    /// Wakes the streams of partners when an acknowledgement or new activation codes may have made something due.
    pub queue_changed: Arc<Notify>,
    /// The queues that stand still for want of a key, and when the log said so last.
    pub stopped: Noted<QueueKey>,
    /// When it was last written of partners that they acknowledge.
    pub heard: Noted<PartnerId>,
}

impl Context {
    /// Puts a context together.
    pub fn new(common: process::Context, rules: Rules) -> Self {
        Self {
            common,
            rules,
            queue_changed: Arc::new(Notify::new()),
            stopped: Noted::default(),
            heard: Noted::default(),
        }
    }
}

impl Deref for Context {
    type Target = process::Context;

    fn deref(&self) -> &process::Context {
        &self.common
    }
}
