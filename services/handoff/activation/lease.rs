//! Leases what is due for a partner, in a short transaction of its own.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::db::entities::handoff::{self, Kind};
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, apply_status};
use crate::handoff::partner;
use crate::handoff::partner::audit::about_partner;
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::due::{self, QueueKey};
use crate::handoff::queue::end::{Failed, end_failed};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::{self, LeaseOrder, Leased, Pick};
use crate::handoff::queue::retry_policy::{Failure, PartnerStatus};
use crate::handoff::queue::state::{Event, Fact, State};
use crate::handoff::queue::store::{self, Change};
use crate::handoff::queue::{stops, under_way};
use crate::kernel::ids::{CampaignId, CoverageId};

use super::alerts::Alerts;
use super::assign::assign;

/// Who leases, how many and for how long.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The campaign.
    pub campaign: CampaignId,
    /// Which come first.
    pub pick: Pick,
    /// The worker or stream.
    pub owner: String,
    /// The name for the audit log.
    pub actor: String,
    /// At most so many.
    pub most: u64,
    /// At most so many under leases of this partner, whoever holds them; `None` counts nothing.
    pub of_partner: Option<u64>,
    /// For how long.
    pub lease_for: Duration,
}

/// What was leased.
#[derive(Clone, Debug, Default)]
pub struct Lot {
    /// The handoffs.
    pub leased: Vec<Leased>,
    /// More may be due that can be leased now.
    pub is_more: bool,
}

/// The most leases that are ended at once because they ran out, which keeps a transaction short.
const EXPIRED: u64 = 1_000;

/// Leases what is due in a queue; gives nothing where nothing is due, where the partner or the campaign at it is paused, where it holds as
/// much as it takes, or where the campaign's key cannot be used.
///
/// The lease only saves work: what keeps an enrollment from being taken twice is its one `handoff_id`. Attempts are counted
/// here, so that a handoff that kills its worker is counted too. An enrollment that needs an activation code gets it here, in
/// the same transaction, or is not leased.
pub async fn lease(context: &Context, partner: &Partner, terms: &Terms) -> Result<Lot, Error> {
    if terms.most == 0 || !may_lease(context, partner, terms.campaign).await? {
        return Ok(Lot::default());
    }
    let now = context.clock.now();
    let queue = QueueKey {
        campaign: terms.campaign,
        partner: partner.id,
    };
    let order = LeaseOrder {
        queue,
        pick: terms.pick,
        most: terms.most,
        now,
        expires_at: now + terms.lease_for,
        owner: terms.owner.clone(),
        token: context.ids.uuid(),
    };
    let mut again = false;
    let done: Result<_, Error> = context
        .db
        .run_tx("handoff.lease", |tx| {
            let (order, ran_before) = (&order, std::mem::replace(&mut again, true));
            Box::pin(async move {
                if ran_before {
                    let held = lease_store::held(tx, order).await?;
                    if !held.is_empty() {
                        let lot = Lot {
                            leased: held,
                            is_more: true,
                        };
                        return Ok((lot, Alerts::default()));
                    }
                }
                take(tx, context, terms, order.clone()).await
            })
        })
        .await;
    let (lot, alerts) = done?;
    alerts.log();
    Ok(lot)
}

/// Tells, without writing, whether something is due in a queue and can be leased by this process.
pub async fn may_lease(
    context: &Context,
    partner: &Partner,
    campaign: CampaignId,
) -> Result<bool, Error> {
    let queue = QueueKey {
        campaign,
        partner: partner.id,
    };
    Ok(!partner.is_paused(campaign)
        && due::is_due(context.db.read(), queue, context.clock.now()).await?
        && !stops::stands_still(context, partner, queue).await?)
}

/// Ends what ran out, and leases what is due, as much as the partner takes.
async fn take(
    tx: &Tx<'_>,
    context: &Context,
    terms: &Terms,
    mut order: LeaseOrder,
) -> Result<(Lot, Alerts), Error> {
    // All that lease for a partner take turns here, so that together they hold no more than it takes.
    let partner = partner::store::lock(tx, order.queue.partner).await?;
    end_expired(tx, context, &terms.actor, (&partner, &order)).await?;
    if let Some(most) = terms.of_partner {
        let held = under_way::held(tx, partner.id, None, order.now).await?;
        order.most = order.most.min(most.saturating_sub(held));
    }
    if partner.is_paused(order.queue.campaign) || order.most == 0 {
        return Ok((Lot::default(), Alerts::default()));
    }
    let leased = lease_store::lease(tx, &order).await?;
    let is_more = leased.len() as u64 >= order.most;
    let leased = take_out_canceled(tx, context, &terms.actor, &order, leased).await?;
    let (leased, alerts) = assign(tx, context, &terms.actor, &order, leased).await?;
    if !leased.is_empty() {
        let detail = json!({"count": leased.len(), "lease": order.token});
        let event = about_partner(context, &terms.actor, "handoffs.leased", partner.id, detail);
        audit::record(tx, &[event]).await?;
    }
    Ok((Lot { leased, is_more }, alerts))
}

/// Ends the leases that ran out before their end was known. An order that a partner which we do not call did not acknowledge, while
/// it acknowledged others, comes nearer to its end; one of a partner that acknowledges nothing does not.
async fn end_expired(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    (partner, order): (&Partner, &LeaseOrder),
) -> Result<(), Error> {
    let expired = lease_store::expired(tx, order.queue, order.now, EXPIRED).await?;
    let by_partner = !partner.mode.is_called();
    let failed = expired.into_iter().map(|handoff| Failed {
        sent_before: handoff.sent_at,
        failure: Failure::Expired { by_partner },
        partner_answers: partner.heard_at >= handoff.sent_at,
        handoff,
    });
    let failed: Vec<Failed> = failed.collect();
    end_failed(tx, context, actor, &failed).await
}

/// Takes out orders that were canceled before they were ever sent: they are not sent any more. One of which an earlier attempt was sent is
/// ACCEPTED, as that attempt: the cancellation goes to the partner after it. An extension or an update of what is canceled is taken out, sent
/// or not.
async fn take_out_canceled(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    order: &LeaseOrder,
    leased: Vec<Leased>,
) -> Result<Vec<Leased>, Error> {
    let mut unsent: HashMap<CampaignId, Vec<CoverageId>> = HashMap::new();
    for leased in &leased {
        let follows = matches!(leased.handoff.kind, Kind::Extend | Kind::UpdatePerson);
        if follows || leased.handoff.kind == Kind::Enroll && !leased.was_offered() {
            let of_campaign = unsent.entry(leased.handoff.campaign_id).or_default();
            of_campaign.push(leased.handoff.coverage_id);
        }
    }
    let mut canceled: Vec<CoverageId> = Vec::new();
    for (campaign, coverages) in &unsent {
        let cancels = store::of_coverages(tx, *campaign, coverages, Kind::Cancel).await?;
        canceled.extend(cancels.iter().map(|cancel| cancel.coverage_id));
    }
    if canceled.is_empty() {
        return Ok(leased);
    }
    let is_canceled = |leased: &Leased| {
        leased.handoff.kind != Kind::Cancel && canceled.contains(&leased.handoff.coverage_id)
    };
    let (gone, offered): (Vec<Leased>, Vec<Leased>) = leased.into_iter().partition(is_canceled);
    let (earlier, gone): (Vec<Leased>, Vec<Leased>) = gone
        .into_iter()
        .partition(|leased| leased.handoff.kind == Kind::Enroll && leased.sent_before.is_some());
    withdraw(tx, context, (actor, order), &earlier).await?;
    // Nothing was sent under the lease, so it is taken back.
    let put_back = gone.iter().map(|leased| Handoff {
        state: State::Queued,
        not_before: order.now,
        sent_at: None,
        ..leased.handoff.clone()
    });
    let put_back: Vec<Change> = put_back
        .map(|handoff| Change::of(handoff::State::Leased, &handoff))
        .collect();
    store::write(tx, &put_back, order.now).await?;
    let reports = gone.iter().map(|leased| StatusReport {
        handoff: leased.handoff.id,
        status: PartnerStatus::of(Fact::Canceled, order.now),
    });
    let reports: Vec<StatusReport> = reports.collect();
    let reporter = Reporter {
        partner: order.queue.partner,
        actor,
    };
    apply_status(tx, context, reporter, &reports).await?;
    Ok(offered)
}

/// Leaves orders as the earlier attempt that the partner has.
async fn withdraw(
    tx: &Tx<'_>,
    context: &Context,
    (actor, order): (&str, &LeaseOrder),
    earlier: &[Leased],
) -> Result<(), Error> {
    let mut changes = Vec::with_capacity(earlier.len());
    let mut events = Vec::with_capacity(earlier.len());
    for leased in earlier {
        let kept = Handoff {
            state: leased.handoff.state.on(Event::Withdraw)?,
            acknowledged_at: leased.sent_before,
            sent_at: leased.sent_before,
            not_before: order.now + context.rules.follow_up_after,
            ..leased.handoff.clone()
        };
        changes.push(Change::of(handoff::State::Leased, &kept));
        let detail = json!({ "attempt": kept.order_attempt });
        events.push(about_handoff(
            context,
            actor,
            "handoff.not_resubmitted",
            &kept,
            detail,
        ));
    }
    store::write(tx, &changes, order.now).await?;
    Ok(audit::record(tx, &events).await?)
}
