//! A queue's turn: what it may send is leased and decrypted.

use crate::handoff::activation::lease::{Terms, lease, may_lease};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::model::Partner;
use crate::handoff::person::decrypt::{Decrypted, decrypt};
use crate::handoff::queue::lease_store::Pick;
use crate::handoff::queue::open_circuit::OpenCircuit;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::shared_circuits;

/// A queue's turn.
pub struct Turn {
    pub partner: Partner,
    pub campaign: CampaignId,
    pub pick: Pick,
    pub most: usize,
    /// How many may be under way at the partner, by all instances together.
    pub of_partner: u64,
    /// The circuit that a probe is for.
    pub probed: Option<OpenCircuit>,
}

/// What a turn came to.
pub struct TakenTurn {
    pub partner: PartnerId,
    pub campaign: CampaignId,
    /// The room that the turn had.
    pub most: usize,
    /// How the circuit stands for the others while this instance tries.
    pub claimed: Option<OpenCircuit>,
    pub taken: Result<Taken, Error>,
}

/// What was taken.
#[derive(Default)]
pub struct Taken {
    pub handoffs: Vec<Decrypted>,
    /// More may be due.
    pub is_more: bool,
}

/// Takes a turn.
pub async fn take_turn(context: Context, owner: String, turn: Turn) -> TakenTurn {
    let (partner, campaign, most) = (turn.partner.id, turn.campaign, turn.most);
    let (claimed, taken) = match probe(&context, &turn).await {
        Ok(Probe::Whole) => (None, take(&context, owner, turn).await),
        Ok(Probe::Ours(claimed)) => (Some(claimed), take(&context, owner, turn).await),
        // The next look at the queues shows what came of the other instance's try.
        Ok(Probe::NotNow) => (None, Ok(Taken::default())),
        Err(error) => (None, Err(error)),
    };
    TakenTurn {
        partner,
        campaign,
        most,
        claimed,
        taken,
    }
}

/// Whether a turn is for one try of an open circuit.
enum Probe {
    /// The circuit is closed.
    Whole,
    /// It is, and no other instance tries.
    Ours(OpenCircuit),
    /// Another instance tries, or nothing can be sent.
    NotNow,
}

async fn probe(context: &Context, turn: &Turn) -> Result<Probe, Error> {
    let Some(open) = turn.probed else {
        return Ok(Probe::Whole);
    };
    // Whoever could send nothing would keep the try from those who can.
    if !may_lease(context, &turn.partner, turn.campaign).await? {
        return Ok(Probe::NotNow);
    }
    let queue = (&turn.partner, turn.campaign);
    let claimed = shared_circuits::claim(context, queue, open).await?;
    Ok(claimed.map_or(Probe::NotNow, Probe::Ours))
}

async fn take(context: &Context, owner: String, turn: Turn) -> Result<Taken, Error> {
    let terms = Terms {
        campaign: turn.campaign,
        pick: turn.pick,
        owner,
        actor: "service/bureau-handoff".to_owned(),
        most: turn.most as u64,
        of_partner: Some(turn.of_partner),
        lease_for: context.rules.push_lease,
    };
    let lot = lease(context, &turn.partner, &terms).await?;
    let handoffs = match lot.leased {
        leased if leased.is_empty() => Vec::new(),
        leased => decrypt(context, &turn.partner, &terms.actor, leased).await?,
    };
    Ok(Taken {
        handoffs,
        is_more: lot.is_more,
    })
}
