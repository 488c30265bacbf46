//! Leases what is due for a partner, in a short transaction of its own.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::db::{Tx, audit};
use crate::handoff::activation::assign::{News, assign};
use crate::handoff::audit::about_partner;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Said, Speaker, learn};
use crate::handoff::vocabulary::{AttemptResult, Kind, Stage};
use crate::kernel::ids::{CampaignId, EnrollmentId};

use super::attempts::{self, Attempt};
use super::lease_store::{self, LeaseOrder, Leased};
use super::model::{Handoff, Partner};
use super::retry_policy::Report;
use super::state::{Fact, State};
use super::store::{self, Change};

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
                        return Ok((held, News::default()));
                    }
                }
                let leased = lease_store::lease(tx, order).await?;
                end_dropped(tx, order, &leased).await?;
                let leased = without_withdrawn(tx, context, &terms.actor, order, leased).await?;
                let (leased, news) = assign(tx, context, &terms.actor, order, leased).await?;
                if !leased.is_empty() {
                    let detail = json!({"count": leased.len(), "lease": order.token});
                    let event = about_partner(
                        context,
                        now,
                        &terms.actor,
                        "handoffs.leased",
                        order.partner,
                        detail,
                    );
                    audit::record(tx, &[event]).await?;
                }
                Ok((leased, news))
            })
        })
        .await;
    let (leased, news) = done?;
    news.tell();
    Ok(leased)
}

/// Writes down the attempts whose lease ran out before anybody said how they ended.
async fn end_dropped(tx: &Tx<'_>, order: &LeaseOrder, leased: &[Leased]) -> Result<(), Error> {
    let dropped = leased
        .iter()
        .filter(|leased| leased.before == Stage::Leased);
    let ended: Vec<Attempt> = dropped
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

/// Takes out enrollments that were withdrawn before the partner ever heard of them: it never will.
async fn without_withdrawn(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    order: &LeaseOrder,
    leased: Vec<Leased>,
) -> Result<Vec<Leased>, Error> {
    let mut unheard: HashMap<CampaignId, Vec<EnrollmentId>> = HashMap::new();
    for leased in &leased {
        if leased.handoff.kind == Kind::Enroll && leased.sent_before.is_none() {
            let of_campaign = unheard.entry(leased.handoff.campaign_id).or_default();
            of_campaign.push(leased.handoff.enrollment_id);
        }
    }
    let mut withdrawn: Vec<EnrollmentId> = Vec::new();
    for (campaign, enrollments) in &unheard {
        let cancels =
            store::of_enrollments(tx, order.partner, *campaign, enrollments, Kind::Cancel).await?;
        let waiting = cancels
            .iter()
            .filter(|cancel| matches!(cancel.state, State::Queued { .. }));
        withdrawn.extend(waiting.map(|cancel| cancel.enrollment_id));
    }
    if withdrawn.is_empty() {
        return Ok(leased);
    }
    let is_withdrawn = |leased: &Leased| {
        leased.handoff.kind == Kind::Enroll && withdrawn.contains(&leased.handoff.enrollment_id)
    };
    let report = Report {
        fact: Fact::Withdrawn,
        reference: None,
        effective_at: order.now,
    };
    let (gone, offered): (Vec<Leased>, Vec<Leased>) = leased.into_iter().partition(is_withdrawn);
    // The lease is taken back before anything was sent under it.
    let unsent = gone.iter().map(|leased| Handoff {
        state: State::Queued {
            not_before: order.now,
        },
        not_before: order.now,
        sent_at: None,
        ..leased.handoff.clone()
    });
    let unsent: Vec<Change> = unsent
        .map(|handoff| Change::of(Stage::Leased, &handoff))
        .collect();
    store::write(tx, &unsent).await?;
    let said: Vec<Said> = gone
        .iter()
        .map(|leased| Said {
            handoff: leased.handoff.id,
            report: report.clone(),
        })
        .collect();
    let speaker = Speaker {
        partner: order.partner,
        actor,
    };
    learn(tx, context, speaker, &said).await?;
    Ok(offered)
}
