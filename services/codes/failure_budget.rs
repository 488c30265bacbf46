//! The failure budget of a campaign, between one charge and the next.
//!
//! A try is presumed to fail: the budget is charged with the throttles, before the look-up, whatever that will find. A
//! right code takes the presumption back, and the next charge of the same campaign by this process carries what is to be
//! given back: no statement more, no row locked while an enrollment is written. At most what is under way is outstanding,
//! and what a crash forgets was charged too much, never too little.
//!
//! While the budget is spent nothing more is charged. Codes are looked up all the same: a right one is answered as ever, a
//! wrong one reads THROTTLED with a time to wait instead of the refusal, the same for every cause. What does a guesser
//! learn? That others failed before, and nothing about the code tried: what is not accepted is told apart from what is by
//! both answers alike. What is won is that pages and call centers, who heed RetryInfo, slow down, and that the operator
//! hears of it. Holding the answer back in the server was considered: each would keep one of the places that the server
//! has for calls, so whoever guesses could shut out everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::db::audit::{self, Event};
use crate::db::throttle::{self, Charge, Limit, Refusal};
use crate::kernel::clock::Timestamp;

use super::context::Context;
use super::error::Error;
use super::{campaign, metrics};

/// How often an operator is told of the same campaign, as long as it goes on.
const TOLD_EVERY: Duration = Duration::from_hours(1);

/// What a process remembers about failure budgets, by the key of their row.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<Uuid, Page>>);

#[derive(Debug, Default)]
struct Page {
    /// Tries that did not fail, to be given back.
    owed: u32,
    /// Until when the operator needs no telling.
    told_until: Option<Timestamp>,
}

impl Ledger {
    /// Takes what is to be given back with the next charge.
    pub fn take(&self, key: Uuid) -> u32 {
        let mut pages = self.lock();
        pages
            .get_mut(&key)
            .map_or(0, |page| std::mem::take(&mut page.owed))
    }

    /// Owes a budget some tries.
    pub fn owe(&self, key: Uuid, count: u32) {
        if count > 0 {
            let mut pages = self.lock();
            let page = pages.entry(key).or_default();
            page.owed = page.owed.saturating_add(count);
        }
    }

    fn is_told(&self, key: Uuid, now: Timestamp) -> bool {
        let pages = self.lock();
        let until = pages.get(&key).and_then(|page| page.told_until);
        until.is_some_and(|until| now < until)
    }

    /// Remembers that the operator was told, and forgets what no longer matters: keys are made of whatever callers type.
    fn told(&self, key: Uuid, now: Timestamp) {
        let mut pages = self.lock();
        pages.retain(|_, page| page.owed > 0 || page.told_until.is_some_and(|until| now < until));
        pages.entry(key).or_default().told_until = Some(now + TOLD_EVERY);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the operator that a campaign's budget is spent, once an hour and for all processes together.
///
/// It does the same whatever code was tried: it comes before the look-up. A number that no campaign has is nobody's.
pub async fn tell(
    context: &Context,
    number: &str,
    budget: Charge,
    once: Uuid,
) -> Result<(), Error> {
    let now = context.now();
    if context.failures.is_told(budget.key, now) {
        return Ok(());
    }
    let id = context.ids.next();
    let once = [Charge {
        key: once,
        limit: Limit::per(1, TOLD_EVERY),
    }];
    let once = &once;
    let told = context.db.run_tx("failure_budget.tell", |tx| {
        Box::pin(async move {
            match throttle::charge_in(tx, once, now).await {
                Ok(()) => {}
                // Another process has told it, or this one in a transaction that was not confirmed.
                Err(Refusal::Throttled { .. }) => return Ok(false),
                Err(Refusal::Storage(error)) => return Err(error.into()),
            }
            let Some(campaign) = campaign::store::by_number(tx, number).await? else {
                return Ok(false);
            };
            let event = Event {
                id,
                campaign_id: Some(campaign.id),
                at: now,
                actor: "service/enrollment-codes".to_owned(),
                action: "campaign.failure_budget_spent",
                subject_kind: "campaign",
                subject_id: Some(campaign.id.as_uuid()),
                detail: json!({ "failures_per_minute": context.throttles.failures }),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(true)
        })
    });
    if told.await? {
        metrics::budget_spent();
        tracing::warn!("a campaign's failure budget is spent; the audit log names the campaign");
    }
    context.failures.told(budget.key, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    #[test]
    fn what_is_owed_is_given_back_once() {
        let ledger = Ledger::default();
        ledger.owe(KEY, 2);
        ledger.owe(KEY, 1);
        assert_eq!(ledger.take(OTHER), 0);
        assert_eq!(ledger.take(KEY), 3);
        assert_eq!(ledger.take(KEY), 0);
    }

    #[test]
    fn an_hour_after_it_was_told_it_is_told_again_and_the_rest_is_forgotten() {
        let ledger = Ledger::default();
        ledger.told(KEY, Timestamp::EPOCH);
        let later = Timestamp::EPOCH + TOLD_EVERY;
        assert!(ledger.is_told(KEY, later - Duration::from_micros(1)));
        assert!(!ledger.is_told(KEY, later));
        ledger.told(OTHER, later);
        assert_eq!(ledger.lock().len(), 1);
    }
}
