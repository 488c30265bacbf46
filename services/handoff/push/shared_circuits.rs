//! What the instances that call a partner tell each other of its circuits, by a row a queue.

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::due::QueueKey;
use crate::handoff::queue::open_circuit::{self, OpenCircuit};
use crate::kernel::ids::CampaignId;

use super::partner_session::PartnerSession;

/// Takes over what other instances wrote, and writes what they do not know.
pub async fn read(context: &Context, session: &mut PartnerSession) -> Result<(), Error> {
    let (db, now) = (context.db.read(), context.clock.now());
    let open = open_circuit::of_partner(db, session.partner.id).await?;
    session.note_circuits(&open, now);
    write(context, session).await
}

/// Writes which circuits opened, stay open longer, or closed.
pub async fn write(context: &Context, session: &mut PartnerSession) -> Result<(), Error> {
    for (campaign, circuit) in session.new_circuits() {
        let queue = queue(session, campaign);
        let written = context.db.run_tx("handoff.circuit", |tx| {
            Box::pin(async move { open_circuit::write(tx, queue, circuit).await })
        });
        written.await?;
        session.note_shared(campaign, circuit);
    }
    Ok(())
}

/// Takes the one try of a circuit whose pause is over, for as long as the longest pause; whoever took it and died leaves it to the next one
/// then. Tells whether this instance has it.
pub async fn claim(
    context: &Context,
    session: &mut PartnerSession,
    campaign: CampaignId,
) -> Result<bool, Error> {
    let (_, longest) = session.partner.breaker.pauses();
    let now = context.clock.now();
    let Some(open) = session.circuit(campaign) else {
        return Ok(true);
    };
    let claimed = OpenCircuit {
        until: now + longest,
        ..open
    };
    let queue = queue(session, campaign);
    let is_ours = context.db.run_tx("handoff.probe", |tx| {
        Box::pin(async move { open_circuit::claim(tx, queue, claimed, now).await })
    });
    let is_ours = is_ours.await?;
    if is_ours {
        session.note_shared(campaign, Some(claimed));
    } else {
        // The next look at the queues shows what came of the other instance's try.
        session.note_more(campaign, false);
    }
    Ok(is_ours)
}

fn queue(session: &PartnerSession, campaign: CampaignId) -> QueueKey {
    QueueKey {
        campaign,
        partner: session.partner.id,
    }
}
