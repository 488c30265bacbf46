//! What this process said or wrote lately, so that it does so again only after a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::kernel::clock::Timestamp;

/// When something was noted last, by its key. Clones share it.
#[derive(Debug)]
pub struct Noted<K>(Arc<Mutex<HashMap<K, Timestamp>>>);

impl<K: Copy + Eq + Hash> Noted<K> {
    /// Notes a key unless that was done within this time; tells whether it was noted now.
    pub fn note(&self, key: K, now: Timestamp, every: Duration) -> bool {
        let mut noted = self.lock();
        let is_old = |at: &Timestamp| *at > now || *at + every <= now;
        let is_due = noted.get(&key).is_none_or(is_old);
        if is_due {
            noted.insert(key, now);
        }
        is_due
    }

    /// Forgets a key; tells whether it was there.
    pub fn forget(&self, key: K) -> bool {
        self.lock().remove(&key).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Noted<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Noted<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_noted_once_in_a_while() {
        let noted = Noted::default();
        let at = |seconds| Timestamp::EPOCH + Duration::from_secs(seconds);
        let every = Duration::from_mins(1);
        assert!(noted.note(1, at(100), every));
        assert!(!noted.note(1, at(159), every));
        assert!(noted.note(2, at(159), every));
        assert!(noted.note(1, at(160), every));
        // The clock was put back.
        assert!(noted.note(1, at(10), every));
        assert!(noted.forget(1) && !noted.forget(1));
    }
}
