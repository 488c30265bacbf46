//! Leases what is due for a partner, in a short transaction of its own.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::db::entities::handoff::{self, Kind};
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, apply_status};
use crate::handoff::partner::audit::about_partner;
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::{self, LeaseOrder, Leased};
use crate::handoff::queue::retry_policy::PartnerStatus;
use crate::handoff::queue::state::{Event, Fact, State};
use crate::handoff::queue::store::{self, Change};
use crate::kernel::ids::{CampaignId, CoverageId};

use super::alerts::Alerts;
use super::assign::assign;

/// Who leases, how many and for how long.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The worker or stream.
    pub owner: String,
    /// The name for the audit log.
    pub actor: String,
    /// At most so many.
    pub most: u64,
    /// For how long.
    pub lease_for: Duration,
}

/// Leases what is due; gives nothing where nothing is due.
///
/// The lease only saves work: what keeps an enrollment from being taken twice is its one `handoff_id`. Attempts are counted
/// here, so that a handoff that kills its worker is counted too. An enrollment that needs an activation code gets it here, in
/// the same transaction, or is not leased.
pub async fn lease(
    context: &Context,
    partner: &Partner,
    terms: &Terms,
) -> Result<Vec<Leased>, Error> {
    let now = context.clock.now();
    if terms.most == 0 || !lease_store::is_due(context.db.read(), partner.id, now).await? {
        return Ok(Vec::new());
    }
    let order = LeaseOrder {
        partner: partner.id,
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
                        return Ok((held, Alerts::default()));
                    }
                }
                let leased = lease_store::lease(tx, order).await?;
                end_expired(tx, order, &leased).await?;
                let leased = take_out_canceled(tx, context, &terms.actor, order, leased).await?;
                let (leased, alerts) = assign(tx, context, &terms.actor, order, leased).await?;
                if !leased.is_empty() {
                    let detail = json!({"count": leased.len(), "lease": order.token});
                    let (actor, partner) = (&terms.actor, order.partner);
                    let event = about_partner(context, actor, "handoffs.leased", partner, detail);
                    audit::record(tx, &[event]).await?;
                }
                Ok((leased, alerts))
            })
        })
        .await;
    let (leased, alerts) = done?;
    alerts.log();
    Ok(leased)
}

/// Records the attempts whose lease ran out before their end was known.
async fn end_expired(tx: &Tx<'_>, order: &LeaseOrder, leased: &[Leased]) -> Result<(), Error> {
    let expired = leased
        .iter()
        .filter(|leased| leased.before == handoff::State::Leased);
    let ended: Vec<Attempt> = expired
        .map(|leased| Attempt {
            campaign_id: leased.handoff.campaign_id,
            handoff_id: leased.handoff.id,
            attempt: leased.handoff.attempts - 1,
            started_at: leased.sent_before.unwrap_or(order.now),
            ended_at: order.now,
            result: AttemptResult::LeaseExpired,
            detail: "",
        })
        .collect();
    attempts::add(tx, &ended).await
}

/// Takes out orders that were canceled before they were ever sent: they are not sent any more. One of which an earlier attempt was sent is
/// ACCEPTED, as that attempt: the cancellation goes to the partner after it.
async fn take_out_canceled(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    order: &LeaseOrder,
    leased: Vec<Leased>,
) -> Result<Vec<Leased>, Error> {
    let mut unsent: HashMap<CampaignId, Vec<CoverageId>> = HashMap::new();
    for leased in &leased {
        if leased.handoff.kind == Kind::Enroll && !leased.was_offered() {
            let of_campaign = unsent.entry(leased.handoff.campaign_id).or_default();
            of_campaign.push(leased.handoff.coverage_id);
        }
    }
    let mut canceled: Vec<CoverageId> = Vec::new();
    for (campaign, coverages) in &unsent {
        let cancels = store::of_coverages(tx, *campaign, coverages, Kind::Cancel).await?;
        let waiting = cancels
            .iter()
            .filter(|cancel| matches!(cancel.state, State::Queued));
        canceled.extend(waiting.map(|cancel| cancel.coverage_id));
    }
    if canceled.is_empty() {
        return Ok(leased);
    }
    let is_canceled = |leased: &Leased| {
        leased.handoff.kind == Kind::Enroll && canceled.contains(&leased.handoff.coverage_id)
    };
    let (gone, offered): (Vec<Leased>, Vec<Leased>) = leased.into_iter().partition(is_canceled);
    let (earlier, gone): (Vec<Leased>, Vec<Leased>) = gone
        .into_iter()
        .partition(|leased| leased.sent_before.is_some());
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
        partner: order.partner,
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
