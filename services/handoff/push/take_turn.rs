//! A queue's turn: what it may send is leased and decrypted.

use crate::handoff::activation::lease::{Terms, lease};
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
    pub taken: Result<Taken, Error>,
}

/// What was taken.
#[derive(Default)]
pub struct Taken {
    /// How the circuit stands for the others while this instance tries.
    pub claimed: Option<OpenCircuit>,
    pub handoffs: Vec<Decrypted>,
    /// More may be due.
    pub is_more: bool,
}

/// Takes a turn.
pub async fn take_turn(context: Context, owner: String, turn: Turn) -> TakenTurn {
    TakenTurn {
        partner: turn.partner.id,
        campaign: turn.campaign,
        most: turn.most,
        taken: take(&context, owner, turn).await,
    }
}

async fn take(context: &Context, owner: String, turn: Turn) -> Result<Taken, Error> {
    let mut claimed = None;
    if let Some(open) = turn.probed {
        claimed = shared_circuits::claim(context, (&turn.partner, turn.campaign), open).await?;
        if claimed.is_none() {
            // Another instance tries; the next look at the queues shows what came of it.
            return Ok(Taken::default());
        }
    }
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
        claimed,
        // Where nothing came, others hold as much as the partner takes.
        is_more: lot.is_more && !handoffs.is_empty(),
        handoffs,
    })
}
