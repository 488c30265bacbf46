//! What the instances that call a partner tell each other of its circuits, by a row a queue.

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::due::QueueKey;
use crate::handoff::queue::open_circuit::{self, OpenCircuit};
use crate::kernel::ids::{CampaignId, PartnerId};

/// Writes that a circuit opened, stays open longer, or closed.
pub async fn write(
    context: &Context,
    (partner, campaign): (PartnerId, CampaignId),
    circuit: Option<OpenCircuit>,
) -> Result<(), Error> {
    let queue = QueueKey { campaign, partner };
    let written = context.db.run_tx("handoff.circuit", |tx| {
        Box::pin(async move { open_circuit::write(tx, queue, circuit).await })
    });
    written.await
}

/// Takes the one try of a circuit whose pause is over, for as long as the longest pause; whoever took it and died leaves it to the next one
/// then. Gives how the circuit stands for the others meanwhile, and nothing where another instance was faster.
pub async fn claim(
    context: &Context,
    (partner, campaign): (&Partner, CampaignId),
    open: OpenCircuit,
) -> Result<Option<OpenCircuit>, Error> {
    let (_, longest) = partner.breaker.pauses();
    let now = context.clock.now();
    let claimed = OpenCircuit {
        until: now + longest,
        ..open
    };
    let queue = QueueKey {
        campaign,
        partner: partner.id,
    };
    let mut ran_before = false;
    let is_ours = context.db.run_tx("handoff.probe", |tx| {
        // A commit that was not confirmed may have happened: then the claim that stands there is this one.
        let due = if ran_before { claimed.until } else { now };
        ran_before = true;
        Box::pin(async move { open_circuit::claim(tx, queue, claimed, due).await })
    });
    Ok(is_ours.await?.then_some(claimed))
}
