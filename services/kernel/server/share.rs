//! What one caller may take of a process, so that no caller can take all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kernel::caller::Caller;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::settings::Limits;

use super::access::{Access, Kind};

/// What a caller is asked to wait who has too much under way.
const RETRY: Duration = Duration::from_secs(1);

/// The places of one caller, over all of its connections.
#[derive(Debug)]
pub(super) struct Share {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    watches: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl Share {
    fn new(limits: &Limits) -> Self {
        let places = |number| Arc::new(Semaphore::new(number));
        let bytes = limits.max_bytes_per_caller.max(limits.max_message_bytes);
        Self {
            calls: places(limits.max_calls_per_caller),
            streams: places(limits.max_streams_per_caller),
            watches: places(limits.max_watches_per_caller),
            bytes: places(bytes),
        }
    }

    /// Takes a place for a call. Health and reflection have places of their own.
    pub(super) fn place(&self, row: &Access) -> Result<OwnedSemaphorePermit, Fault> {
        let (places, limit) = match row.kind {
            _ if row.is_infrastructure() => (&self.watches, "max_watches_per_caller"),
            Kind::Unary => (&self.calls, "max_calls_per_caller"),
            Kind::Stream => (&self.streams, "max_streams_per_caller"),
        };
        let place = Arc::clone(places).try_acquire_owned();
        place.map_err(|_| overloaded(limit))
    }

    /// Takes bytes for a message that is under way.
    pub(super) fn bytes(&self, number: usize) -> Result<OwnedSemaphorePermit, Fault> {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(number);
        bytes.map_err(|_| overloaded("max_bytes_per_caller"))
    }
}

fn overloaded(limit: &'static str) -> Fault {
    Fault::new(Reason::Overloaded)
        .retry_after(RETRY)
        .metadata("limit", limit)
}

/// The shares of all callers that have a connection.
#[derive(Debug)]
pub(super) struct Shares {
    limits: Limits,
    of: Mutex<HashMap<Option<Caller>, Weak<Share>>>,
}

impl Shares {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            of: Mutex::default(),
        }
    }

    /// Gives the share of a caller. It lasts as long as one of its connections.
    pub(super) fn of(&self, caller: Option<&Caller>) -> Arc<Share> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let known = of.get(&caller.cloned()).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            of.retain(|_, share| share.strong_count() > 0);
            let share = Arc::new(Share::new(&self.limits));
            of.insert(caller.cloned(), Arc::downgrade(&share));
            share
        })
    }
}
