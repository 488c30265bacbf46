//! What a process remembers about the failure budgets of campaigns, between one charge and the next.
//!
//! Every try is charged to the budget before the look-up, as if it failed. A right code is owed its charge back, and the next
//! charge of the same campaign by this process returns it: no extra statement, no row locked while an enrollment is written.
//! What a crash forgets was charged too much, never too little.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::kernel::clock::Timestamp;

/// How often an operator is told that the same campaign's budget is spent.
pub const REPORTED_EVERY: Duration = Duration::from_hours(1);

/// What a process remembers about failure budgets, by the key of their row.
#[derive(Debug, Default)]
pub struct FailureBudgets(Mutex<HashMap<Uuid, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    /// Tries that did not fail, to be given back.
    owed: u32,
    /// Until when the operator is not told again.
    reported_until: Option<Timestamp>,
}

impl FailureBudgets {
    /// Takes what is to be given back with the next charge.
    pub fn take(&self, key: Uuid) -> u32 {
        let mut entries = self.lock();
        entries
            .get_mut(&key)
            .map_or(0, |entry| std::mem::take(&mut entry.owed))
    }

    /// Owes a budget some tries.
    pub fn owe(&self, key: Uuid, count: u32) {
        if count > 0 {
            let mut entries = self.lock();
            let entry = entries.entry(key).or_default();
            entry.owed = entry.owed.saturating_add(count);
        }
    }

    /// Tells whether the operator was told within the last hour.
    pub fn is_reported(&self, key: Uuid, now: Timestamp) -> bool {
        let entries = self.lock();
        let until = entries.get(&key).and_then(|entry| entry.reported_until);
        until.is_some_and(|until| now < until)
    }

    /// Remembers that the operator was told, and forgets what no longer matters: keys are made of whatever callers type.
    pub fn reported(&self, key: Uuid, now: Timestamp) {
        let mut entries = self.lock();
        entries.retain(|_, entry| {
            entry.owed > 0 || entry.reported_until.is_some_and(|until| now < until)
        });
        entries.entry(key).or_default().reported_until = Some(now + REPORTED_EVERY);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    #[test]
    fn what_is_owed_is_given_back_once() {
        let budgets = FailureBudgets::default();
        budgets.owe(KEY, 2);
        budgets.owe(KEY, 1);
        assert_eq!(budgets.take(OTHER), 0);
        assert_eq!(budgets.take(KEY), 3);
        assert_eq!(budgets.take(KEY), 0);
    }

    #[test]
    fn an_hour_after_it_was_reported_it_is_reported_again_and_the_rest_is_forgotten() {
        let budgets = FailureBudgets::default();
        budgets.reported(KEY, Timestamp::EPOCH);
        let later = Timestamp::EPOCH + REPORTED_EVERY;
        assert!(budgets.is_reported(KEY, later - Duration::from_micros(1)));
        assert!(!budgets.is_reported(KEY, later));
        budgets.reported(OTHER, later);
        assert_eq!(budgets.lock().len(), 1);
    }
}
