//! What is sent to the database, for tests that prove that two calls do the same work.
//!
//! Noted are the texts of statements and the ends of transactions, never a bound value, and only while somebody watches.
//! COPY, which only bulk work does, is left out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The statements of a [`super::Db`]. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<State>);

#[derive(Debug, Default)]
struct State {
    watched: AtomicBool,
    sent: Mutex<Vec<String>>,
}

impl Statements {
    /// Notes what is sent from now on.
    pub fn watch(&self) {
        self.lock().clear();
        self.0.watched.store(true, Ordering::Release);
    }

    /// Gives what was sent since [`Statements::watch`], in its order, and stops noting.
    pub fn seen(&self) -> Vec<String> {
        self.0.watched.store(false, Ordering::Release);
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn note(&self, sql: &str) {
        if self.0.watched.load(Ordering::Acquire) {
            self.lock().push(sql.to_owned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_watched_is_noted() {
        let statements = Statements::default();
        statements.note("before");
        statements.watch();
        statements.note("during");
        assert_eq!(statements.seen(), ["during"]);
        statements.note("after");
        statements.watch();
        assert!(statements.seen().is_empty());
    }
}
