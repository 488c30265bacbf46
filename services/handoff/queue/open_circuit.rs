//! The circuits that are open, as all instances know them: a row a queue, written when a circuit opens, is probed or closes, and with no call
//! besides.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Statement, Value,
};

use crate::db::entities::open_circuit::{Column, Entity, Model};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::due::QueueKey;

/// A circuit that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCircuit {
    /// When one handoff is tried.
    pub until: Timestamp,
    /// How often in a row it was opened.
    pub times: u32,
}

/// Gives a partner's open circuits.
pub async fn of_partner(
    db: &impl ConnectionTrait,
    partner: PartnerId,
) -> Result<HashMap<CampaignId, OpenCircuit>, Error> {
    let rows = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .all(db)
        .await?;
    let open = |row: Model| {
        let circuit = OpenCircuit {
            until: row.open_until,
            times: row.times.unsigned_abs(),
        };
        (row.campaign_id, circuit)
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Gives when each partner with an open circuit is tried again, in one campaign or in any.
pub async fn next_tries(
    db: &impl ConnectionTrait,
    campaign: Option<CampaignId>,
) -> Result<HashMap<PartnerId, Timestamp>, Error> {
    let mut query = Entity::find();
    if let Some(campaign) = campaign {
        query = query.filter(Column::CampaignId.eq(campaign));
    }
    let mut tries = HashMap::new();
    for row in query.all(db).await? {
        let next = tries.entry(row.partner_id).or_insert(row.open_until);
        *next = row.open_until.min(*next);
    }
    Ok(tries)
}

/// Writes how a queue's circuit stands; `None` where it is closed.
pub async fn write(
    tx: &impl ConnectionTrait,
    queue: QueueKey,
    circuit: Option<OpenCircuit>,
) -> Result<(), Error> {
    let Some(circuit) = circuit else {
        Entity::delete_by_id((queue.campaign, queue.partner))
            .exec(tx)
            .await?;
        return Ok(());
    };
    let newest = OnConflict::columns([Column::CampaignId, Column::PartnerId])
        .update_columns([Column::OpenUntil, Column::Times])
        .to_owned();
    Entity::insert(row(queue, circuit).into_active_model())
        .on_conflict(newest)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Takes the one try of a circuit whose pause ended by `due`: no other instance takes it before `circuit.until`. Tells whether it was there
/// to take.
pub async fn claim(
    tx: &impl ConnectionTrait,
    queue: QueueKey,
    circuit: OpenCircuit,
    due: Timestamp,
) -> Result<bool, Error> {
    const CLAIM: &str = "INSERT INTO open_circuit (campaign_id, partner_id, open_until, times) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (campaign_id, partner_id) DO UPDATE SET open_until = excluded.open_until WHERE open_circuit.open_until <= $5";
    let Model {
        open_until, times, ..
    } = row(queue, circuit);
    let rest: [Value; 3] = [open_until.into(), times.into(), due.into()];
    let values = queue.values().into_iter().chain(rest);
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), CLAIM, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() == 1)
}

fn row(queue: QueueKey, circuit: OpenCircuit) -> Model {
    Model {
        campaign_id: queue.campaign,
        partner_id: queue.partner,
        open_until: circuit.until,
        times: i32::try_from(circuit.times).unwrap_or(i32::MAX),
    }
}
