//! Looking at a partner's queues: which have something due, and which outcomes are overdue.

use crate::db::entities::handoff::{Kind, State};
use crate::handoff::activation::lease::may_lease;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::due::{self, QueueKey};
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::{self, open_circuit, under_way};

use super::client::Overdue;
use super::partner_session::PartnerSession;
use super::shared_circuits;

/// The most overdue outcomes that one partner is asked about in one step.
const FOLLOW_UPS: usize = 32;

/// Looks which queues of a partner have something due, and how their circuits stand at other instances. Adds the handoffs whose outcomes
/// are overdue, as far as there is room to ask about them; where a circuit is open and nothing can be sent, asking is how it is tried.
pub async fn look(
    context: &Context,
    session: &mut PartnerSession,
    late: &mut Vec<Overdue>,
) -> Result<(), Error> {
    let (db, now, id) = (context.db.read(), context.clock.now(), session.partner.id);
    share_circuits(context, session).await?;
    let waiting = due::campaigns(db, id, &due::WAITING, now).await?;
    session.note_due(&waiting);
    for campaign in due::campaigns(db, id, &[State::Accepted], now).await? {
        let room = session.room(now).min(FOLLOW_UPS).saturating_sub(late.len());
        if room == 0 {
            return Ok(());
        }
        if session.partner.is_paused(campaign) {
            continue;
        }
        let key = QueueKey {
            campaign,
            partner: id,
        };
        let Some(open) = session.circuit(campaign) else {
            late.extend(overdue(context, key, room as u64).await?);
            continue;
        };
        // What waits may wait for just these outcomes, and nothing of it can be sent.
        let may_try = session.may_try(campaign, now);
        if may_try && !may_lease(context, &session.partner, campaign).await? {
            let queue = (&session.partner, campaign);
            if let Some(claimed) = shared_circuits::claim(context, queue, open).await? {
                let one = overdue(context, key, 1).await?;
                session.tries(campaign, claimed, !one.is_empty());
                late.extend(one);
            }
        }
    }
    Ok(())
}

/// Takes over what other instances wrote of the circuits, and writes what they do not know.
async fn share_circuits(context: &Context, session: &mut PartnerSession) -> Result<(), Error> {
    let (db, now, id) = (context.db.read(), context.clock.now(), session.partner.id);
    let open = open_circuit::of_partner(db, id).await?;
    session.note_circuits(&open, now);
    for (campaign, circuit) in session.new_circuits() {
        shared_circuits::write(context, (id, campaign), circuit).await?;
        session.note_shared(campaign, circuit);
    }
    Ok(())
}

async fn overdue(context: &Context, key: QueueKey, most: u64) -> Result<Vec<Overdue>, Error> {
    let now = context.clock.now();
    let next = now + context.rules.follow_up_after;
    let taken = context.db.run_tx("handoff.overdue", |tx| {
        Box::pin(async move { under_way::take_overdue(tx, key, (now, next), most).await })
    });
    let mut overdue = Vec::new();
    for handoff in taken.await? {
        let cancels = match handoff.kind {
            Kind::Enroll | Kind::Extend | Kind::Restore | Kind::UpdatePerson => None,
            Kind::Cancel => Some(canceled_by(context, &handoff).await?),
        };
        overdue.push(Overdue { handoff, cancels });
    }
    Ok(overdue)
}

/// Gives what a cancellation cancels.
async fn canceled_by(context: &Context, cancel: &Handoff) -> Result<EarlierOrder, Error> {
    let (db, campaign) = (context.db.read(), cancel.campaign_id);
    let of = [cancel.coverage_id];
    let enrolls = queue::store::of_coverages(db, campaign, &of, Kind::Enroll).await?;
    Ok(EarlierOrder::of(cancel, enrolls.first()))
}
