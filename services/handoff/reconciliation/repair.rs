//! Repairs differences as an operator asks: what the partner lacks is queued again under its id, and the partner's state is taken, as if it
//! had reported it, where that can only be later news.

use std::collections::HashMap;

use serde_json::json;

use crate::db::Tx;
use crate::db::audit::{self, Event as AuditEvent};
use crate::db::entities::ClosedSet as _;
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::reconciliation_difference::{Action, Model, State};
use crate::db::entities::reconciliation_entry::Progress;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{self, Reporter, StatusReport, apply_status};
use crate::handoff::outcome::kept_verdicts::{keep, recall};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::replay;
use crate::handoff::queue::retry_policy::PartnerStatus;
use crate::handoff::queue::state::Fact;
use crate::handoff::queue::store;
use crate::kernel::ids::{CampaignId, DifferenceId, HandoffId, PartnerId};
use crate::process::Act;
use crate::process::request::{self, Request};

use super::difference_store;

/// What became of one difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
pub enum Verdict {
    /// Repaired now.
    #[strum(serialize = "R")]
    Repaired,
    /// It was repaired or has been resolved.
    #[strum(serialize = "U")]
    Unchanged,
    /// There is no such difference.
    #[strum(serialize = "N")]
    Unknown,
    /// It is not open, or its action is somebody's.
    #[strum(serialize = "S")]
    Somebodys,
    /// The order has changed since the list, or the report contradicts what is known.
    #[strum(serialize = "C")]
    Changed,
    /// The id is none.
    #[strum(serialize = "M")]
    Malformed,
}

/// Repairs differences; `None` stands for an id that cannot be read. Gives a verdict for each, in order.
pub async fn repair_differences(
    context: &Context,
    request: &Request,
    campaign: CampaignId,
    items: &[Option<DifferenceId>],
) -> Result<Vec<Verdict>, Error> {
    let repaired = context.db.run_tx("reconciliation.repair", |tx| {
        Box::pin(async move {
            if let Some(letters) = request::answered::<String>(tx, request).await? {
                return Ok::<_, Error>(recall(&letters)?);
            }
            let ids: Vec<DifferenceId> = items.iter().flatten().copied().collect();
            let found = difference_store::lock_all(tx, campaign, &ids).await?;
            let mut repair = Repair {
                context,
                request,
                campaign,
                verdicts: found.iter().map(|it| (it.id, first(it))).collect(),
            };
            let open = found.iter().filter(|it| is_repairable(it));
            let unchanged = repair.unchanged(tx, &open.collect::<Vec<_>>()).await?;
            repair.replay(tx, &unchanged).await?;
            repair.correct(tx, &unchanged).await?;
            repair.write(tx, &unchanged).await?;
            let verdict = |item: &Option<DifferenceId>| match item {
                None => Verdict::Malformed,
                Some(id) => (repair.verdicts.get(id).copied()).unwrap_or(Verdict::Unknown),
            };
            let verdicts: Vec<Verdict> = items.iter().map(verdict).collect();
            request::record(tx, request, &keep(&verdicts), context.now()).await?;
            Ok(verdicts)
        })
    });
    let verdicts = repaired.await?;
    context.queue_changed.notify_waiters();
    Ok(verdicts)
}

/// Gives what becomes of a difference that nothing is done about.
const fn first(difference: &Model) -> Verdict {
    match difference.state {
        State::Repaired | State::Resolved => Verdict::Unchanged,
        State::Pending | State::Open | State::Closed => Verdict::Somebodys,
    }
}

fn is_repairable(difference: &Model) -> bool {
    difference.state == State::Open
        && matches!(difference.action, Action::Replay | Action::CorrectHere)
}

/// One call's repairs, in one transaction.
struct Repair<'a> {
    context: &'a Context,
    request: &'a Request,
    campaign: CampaignId,
    verdicts: HashMap<DifferenceId, Verdict>,
}

impl Repair<'_> {
    /// Locks the orders in question, partner by partner and in the order of their ids, so that two calls cannot wait for each other. Those
    /// that have changed since the list are left alone.
    async fn unchanged<'m>(
        &mut self,
        tx: &Tx<'_>,
        open: &[&'m Model],
    ) -> Result<Vec<(&'m Model, Handoff)>, Error> {
        let mut locked = HashMap::new();
        for partner in partners(open.iter().copied()) {
            let of = open.iter().filter(|it| it.partner_id == partner);
            let ids: Vec<HandoffId> = of.filter_map(|it| it.handoff_id).collect();
            let handoffs = store::lock_of_partner(tx, partner, &ids).await?;
            locked.extend(handoffs.into_iter().map(|it| (it.id, it)));
        }
        let mut unchanged = Vec::with_capacity(open.len());
        for difference in open {
            let handoff = difference.handoff_id.and_then(|id| locked.remove(&id));
            let is_unchanged = |it: &Handoff| {
                difference.our_state == Some(it.state.name())
                    && it.updated_at <= difference.as_of_at
            };
            match handoff.filter(is_unchanged) {
                Some(handoff) => unchanged.push((*difference, handoff)),
                None => drop(self.verdicts.insert(difference.id, Verdict::Changed)),
            }
        }
        Ok(unchanged)
    }

    /// Queues again what the partner lacks.
    async fn replay(&mut self, tx: &Tx<'_>, open: &[(&Model, Handoff)]) -> Result<(), Error> {
        let by = (self.context, self.request.caller.as_str());
        for (difference, handoff) in open {
            if difference.action != Action::Replay {
                continue;
            }
            let verdict = match replay::replay(tx, by, handoff.clone(), true).await {
                Ok(_) => Verdict::Repaired,
                Err(Error::NotDead { .. } | Error::BeingCanceled { .. }) => Verdict::Changed,
                Err(other) => return Err(other),
            };
            self.verdicts.insert(difference.id, verdict);
        }
        Ok(())
    }

    /// Takes the partner's state as its report, observed when its books stood so.
    async fn correct(&mut self, tx: &Tx<'_>, open: &[(&Model, Handoff)]) -> Result<(), Error> {
        let differences = || open.iter().map(|(difference, _)| *difference);
        for partner in partners(differences()) {
            let of = differences().filter(|it| it.partner_id == partner);
            let corrected = of.filter(|it| it.action == Action::CorrectHere);
            let reports = corrected.filter_map(|it| Some((it.id, report(it)?)));
            let (ids, reports): (Vec<DifferenceId>, Vec<StatusReport>) = reports.unzip();
            let reporter = Reporter {
                partner,
                actor: &self.request.caller,
            };
            let verdicts = apply_status(tx, self.context, reporter, &reports).await?;
            for (id, verdict) in ids.into_iter().zip(verdicts) {
                let verdict = match verdict {
                    apply_status::Verdict::Recorded | apply_status::Verdict::Unchanged => {
                        Verdict::Repaired
                    }
                    apply_status::Verdict::Unknown
                    | apply_status::Verdict::Contradicts
                    | apply_status::Verdict::Malformed => Verdict::Changed,
                };
                self.verdicts.insert(id, verdict);
            }
        }
        Ok(())
    }

    async fn write(&self, tx: &Tx<'_>, open: &[(&Model, Handoff)]) -> Result<(), Error> {
        let is_repaired = |it: &&Model| self.verdicts.get(&it.id) == Some(&Verdict::Repaired);
        let differences = open.iter().map(|(difference, _)| *difference);
        let repaired: Vec<&Model> = differences.filter(is_repaired).collect();
        let ids: Vec<DifferenceId> = repaired.iter().map(|it| it.id).collect();
        let now = self.context.now();
        difference_store::set_repaired(tx, self.campaign, &ids, now).await?;
        let events: Vec<AuditEvent> = repaired.iter().map(|it| self.event(it)).collect();
        Ok(audit::record(tx, &events).await?)
    }

    fn event(&self, repaired: &Model) -> AuditEvent {
        let detail = json!({
            "handoff": repaired.handoff_id,
            "kind": repaired.kind.as_str(),
            "action": repaired.action.as_str(),
            "our_state": repaired.our_state,
            "their_progress": repaired.their_progress,
            "reconciliation": repaired.reconciliation_id,
        });
        let act = Act::on("difference.repaired", "difference", repaired.id);
        let actor = self.request.caller.clone();
        self.context.event(actor, Some(self.campaign), act, detail)
    }
}

fn partners<'m>(open: impl Iterator<Item = &'m Model>) -> Vec<PartnerId> {
    let mut partners: Vec<PartnerId> = open.map(|it| it.partner_id).collect();
    partners.sort_unstable();
    partners.dedup();
    partners
}

fn report(difference: &Model) -> Option<StatusReport> {
    let fact = fact(difference.their_progress?, difference.their_class);
    let since = difference.their_effective_at.unwrap_or(difference.as_of_at);
    Some(StatusReport {
        handoff: difference.handoff_id?,
        status: PartnerStatus {
            reference: difference.partner_reference.clone(),
            revision: difference.their_revision,
            observed_at: Some(difference.as_of_at),
            ..PartnerStatus::of(fact, since)
        },
    })
}

fn fact(progress: Progress, class: Option<OutcomeClass>) -> Fact {
    let class = class.unwrap_or(OutcomeClass::Other);
    match progress {
        Progress::Accepted => Fact::Accepted,
        Progress::Active => Fact::Active,
        Progress::ActionRequired => Fact::ActionRequired(class),
        Progress::Refused => Fact::Refused(class),
        Progress::Suspended => Fact::Suspended,
        Progress::Ended => Fact::Ended,
        Progress::Canceled => Fact::Canceled,
    }
}
