//! Assigns the partner's activation codes to leased enrollments.
//!
//! It happens in the transaction of the lease. A handoff that has a code keeps it, whatever becomes of the lease. One for which
//! no code is left is put back, as if it had not been leased, and the operator is told once.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;

use crate::db::Tx;
use crate::db::entities::handoff::{self, Kind};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::{LeaseOrder, Leased};
use crate::handoff::queue::state::State;
use crate::handoff::queue::store::{self, Change};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

use super::alerts::Alerts;
use super::pool_store::{self, Alert, PoolKey};
use super::{code_store, waiting};

/// Assigns codes to the enrollments whose campaign has a pool of the partner; gives the handoffs that can be sent.
pub async fn assign(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    order: &LeaseOrder,
    mut leased: Vec<Leased>,
) -> Result<(Vec<Leased>, Alerts), Error> {
    let by = (context, actor);
    // The oldest enrollments get the last codes.
    leased.sort_unstable_by_key(|leased| (leased.handoff.created_at, leased.handoff.id));
    let mut alerts = Alerts::default();
    let mut enrolls: BTreeMap<CampaignId, Vec<HandoffId>> = BTreeMap::new();
    for Leased { handoff, .. } in &leased {
        if handoff.kind == Kind::Enroll {
            let of_campaign = enrolls.entry(handoff.campaign_id).or_default();
            of_campaign.push(handoff.id);
        }
    }
    let campaigns: Vec<CampaignId> = enrolls.keys().copied().collect();
    let mut lacking: HashSet<HandoffId> = HashSet::new();
    for pool in pool_store::of_campaigns(tx, order.queue.partner, campaigns).await? {
        let key = PoolKey::from(&pool);
        let mut handoffs = enrolls.remove(&key.campaign).unwrap_or_default();
        let have = code_store::assigned(tx, key, &handoffs).await?;
        handoffs.retain(|id| !have.contains_key(id));
        let given = code_store::assign(tx, key, &handoffs, order.now).await?;
        if given > 0 {
            alerts.check_low(tx, by, &pool).await?;
        }
        let without = handoffs.split_off(given);
        if !without.is_empty() {
            run_dry(tx, by, key, &mut alerts).await?;
            lacking.extend(without);
        } else if given > 0 && pool.empty_since.is_some() {
            pool_store::clear(tx, key, Alert::Empty).await?;
        }
    }
    let (back, ready): (Vec<Leased>, Vec<Leased>) = leased
        .into_iter()
        .partition(|leased| lacking.contains(&leased.handoff.id));
    put_back(tx, context, order.now, &back).await?;
    Ok((ready, alerts))
}

/// Delays the enrollments that wait for a code, and tells once that no code is left.
async fn run_dry(
    tx: &Tx<'_>,
    by: (&Context, &str),
    key: PoolKey,
    alerts: &mut Alerts,
) -> Result<(), Error> {
    // Codes that another worker is assigning at this moment may come back.
    if code_store::has(tx, key, 1).await? {
        return Ok(());
    }
    let (now, pause) = (by.0.clock.now(), by.0.rules.retry_cap);
    waiting::delay(tx, key, now, now + pause).await?;
    alerts.raise(tx, by, (key, Alert::Empty), json!({})).await
}

/// Puts back what cannot be sent without a code. It was not offered, so the attempt does not count.
async fn put_back(
    tx: &Tx<'_>,
    context: &Context,
    now: Timestamp,
    back: &[Leased],
) -> Result<(), Error> {
    let changes = back.iter().map(|leased| {
        let handoff = Handoff {
            state: State::Queued,
            not_before: now + context.rules.retry_cap,
            attempts: leased.handoff.attempts - 1,
            sent_at: leased.sent_before,
            ..leased.handoff.clone()
        };
        Change::of(handoff::State::Leased, &handoff)
    });
    store::write(tx, &changes.collect::<Vec<_>>(), now).await?;
    metrics::waited(back.len());
    Ok(())
}
