//! What a partner should have of a campaign, as counts and hashes that both sides can compute.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use crate::db::entities::handoff::{Column, Entity, Kind, State};
use crate::handoff::error::Error;
use crate::kernel::crypto::Sha256;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};

/// Handoffs in one query.
const CHUNK: u64 = 5_000;

/// The states that a partner should know of, in the order of a manifest.
pub const STATES: [State; 7] = [
    State::Accepted,
    State::Active,
    State::ActionRequired,
    State::Refused,
    State::Suspended,
    State::Ended,
    State::Canceled,
];

/// The handoffs in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The state.
    pub state: State,
    /// How many.
    pub handoffs: i64,
    /// SHA-256 over their sorted ids, each followed by a line feed, hexadecimal.
    pub sha256: String,
}

/// Computes a manifest: every enrollment that the partner acknowledged, by its state. Ids come sorted, as text sorts them too.
pub async fn manifest(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    partner: PartnerId,
) -> Result<Vec<Line>, Error> {
    let mut sums: HashMap<State, (i64, Sha256)> = HashMap::new();
    let mut after = None;
    loop {
        let chunk = acknowledged(db, (campaign, partner), after).await?;
        for (id, state) in &chunk {
            let (handoffs, hash) = sums.entry(*state).or_insert_with(|| (0, Sha256::new()));
            *handoffs += 1;
            hash.update(format!("{id}\n").as_bytes());
        }
        after = chunk.last().map(|(id, _)| *id);
        if (chunk.len() as u64) < CHUNK {
            break;
        }
    }
    let line = |state| {
        let (handoffs, hash) = sums.remove(&state).unwrap_or_else(|| (0, Sha256::new()));
        Line {
            state,
            handoffs,
            sha256: hash.finish_hex(),
        }
    };
    Ok(STATES.map(line).into())
}

async fn acknowledged(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, PartnerId),
    after: Option<HandoffId>,
) -> Result<Vec<(HandoffId, State)>, Error> {
    let mut query = Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::State)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::Kind.eq(Kind::Enroll))
        .filter(Column::State.is_in(STATES))
        .filter(Column::AcknowledgedAt.is_not_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let query = query.order_by_asc(Column::Id).limit(CHUNK);
    Ok(query.into_tuple().all(db).await?)
}
