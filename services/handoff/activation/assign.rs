//! Gives leased enrollments the partner's own activation codes.
//!
//! It happens in the transaction of the lease. A handoff that has a code keeps it, whatever becomes of the lease; one for which
//! there is none is put back, as if it had not been leased, and the operator is told once.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;

use crate::db::entities::activation_pool;
use crate::db::{Tx, audit};
use crate::handoff::audit::about_pool;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::lease_store::{LeaseOrder, Leased};
use crate::handoff::queue::model::Handoff;
use crate::handoff::queue::state::State;
use crate::handoff::queue::store::Change;
use crate::handoff::vocabulary::{Kind, Stage};
use crate::handoff::{metrics, queue};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

use super::store::{Key, Mark};
use super::{store, waiting};

/// What the operator is told of once.
#[derive(Clone, Debug, Default)]
pub struct News(Vec<(Key, Mark)>);

impl News {
    /// Logs it, once the transaction that found it has been committed.
    pub fn tell(&self) {
        for (pool, mark) in &self.0 {
            let (campaign_id, partner_id) = (pool.campaign, pool.partner);
            match mark {
                Mark::Low => {
                    tracing::warn!(%campaign_id, %partner_id, "few activation codes are left; import more");
                }
                Mark::Empty => {
                    tracing::warn!(%campaign_id, %partner_id, "no activation code is left; enrollments wait until more are imported");
                }
            }
        }
    }
}

/// Gives codes to the enrollments whose campaign has a pool of the partner; gives back what can be sent.
pub async fn assign(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    order: &LeaseOrder,
    leased: Vec<Leased>,
) -> Result<(Vec<Leased>, News), Error> {
    let mut news = News::default();
    let mut enrolls: BTreeMap<CampaignId, Vec<HandoffId>> = BTreeMap::new();
    for leased in &leased {
        if leased.handoff.kind == Kind::Enroll {
            let of_campaign = enrolls.entry(leased.handoff.campaign_id).or_default();
            of_campaign.push(leased.handoff.id);
        }
    }
    let campaigns: Vec<CampaignId> = enrolls.keys().copied().collect();
    let mut lacking: HashSet<HandoffId> = HashSet::new();
    for pool in store::of_campaigns(tx, order.partner, &campaigns).await? {
        let key = Key {
            campaign: pool.campaign_id,
            partner: pool.partner_id,
        };
        let mut handoffs = enrolls.remove(&key.campaign).unwrap_or_default();
        let have = store::assigned(tx, key, &handoffs).await?;
        handoffs.retain(|id| !have.contains_key(id));
        // Who came first gets the last code.
        handoffs.sort_unstable();
        let given = store::assign(tx, key, &handoffs, order.now).await?;
        if given > 0 {
            watch_low(tx, context, actor, &pool, &mut news).await?;
        }
        let without = handoffs.split_off(given);
        if !without.is_empty() {
            run_dry(tx, context, actor, key, &mut news).await?;
            lacking.extend(without);
        } else if given > 0 && pool.empty_since.is_some() {
            store::unmark(tx, key, Mark::Empty).await?;
        }
    }
    let (back, ready): (Vec<Leased>, Vec<Leased>) = leased
        .into_iter()
        .partition(|leased| lacking.contains(&leased.handoff.id));
    put_back(tx, context, order.now, &back).await?;
    Ok((ready, news))
}

/// Tells once that few codes are left, and forgets it when there are enough again.
pub(crate) async fn watch_low(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    pool: &activation_pool::Model,
    news: &mut News,
) -> Result<(), Error> {
    let key = Key {
        campaign: pool.campaign_id,
        partner: pool.partner_id,
    };
    let is_enough = store::has(tx, key, pool.low_water).await?;
    if is_enough && pool.low_since.is_some() {
        store::unmark(tx, key, Mark::Low).await?;
    }
    if is_enough || pool.low_since.is_some() {
        return Ok(());
    }
    let detail = json!({"low_water": pool.low_water});
    remark(tx, context, actor, (key, Mark::Low), detail, news).await
}

/// Lets what waits wait, and tells once that there is no code left.
async fn run_dry(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    key: Key,
    news: &mut News,
) -> Result<(), Error> {
    // Codes that another worker is giving away at this moment may come back.
    if store::has(tx, key, 1).await? {
        return Ok(());
    }
    let now = context.clock.now();
    waiting::wait(tx, key, now, now + context.rules.retry_cap).await?;
    remark(tx, context, actor, (key, Mark::Empty), json!({}), news).await
}

async fn remark(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    (key, mark): (Key, Mark),
    detail: serde_json::Value,
    news: &mut News,
) -> Result<(), Error> {
    let now: Timestamp = context.clock.now();
    if !store::mark(tx, key, mark, now).await? {
        return Ok(());
    }
    let action = match mark {
        Mark::Low => "activation_pool.low",
        Mark::Empty => "activation_pool.empty",
    };
    let event = about_pool(context, now, actor, action, key, detail);
    audit::record(tx, &[event]).await?;
    news.0.push((key, mark));
    Ok(())
}

/// Puts back what cannot be sent without a code. It was not offered, so the attempt does not count.
async fn put_back(
    tx: &Tx<'_>,
    context: &Context,
    now: Timestamp,
    back: &[Leased],
) -> Result<(), Error> {
    let mut changes = Vec::with_capacity(back.len());
    let mut attempts: BTreeMap<CampaignId, Vec<HandoffId>> = BTreeMap::new();
    for leased in back {
        let not_before = now + context.rules.retry_cap;
        let handoff = Handoff {
            state: State::Queued { not_before },
            not_before,
            sent_at: leased.sent_before,
            ..leased.handoff.clone()
        };
        changes.push(Change::of(Stage::Leased, &handoff));
        let of_campaign = attempts.entry(handoff.campaign_id).or_default();
        of_campaign.push(handoff.id);
    }
    queue::store::write(tx, &changes).await?;
    for (campaign, ids) in attempts {
        waiting::uncount(tx, campaign, &ids).await?;
    }
    metrics::waited(back.len());
    Ok(())
}
