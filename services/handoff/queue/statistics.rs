//! Counting the queue.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::db::entities::handoff::State;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// Handoffs of one partner in one state.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Count {
    /// The partner.
    pub partner_id: PartnerId,
    /// The partner's name.
    pub partner_name: String,
    /// The state.
    pub state: State,
    /// How many.
    pub handoffs: i64,
    /// When the oldest of them was queued.
    pub oldest: Timestamp,
}

/// Counts handoffs by partner and state, of one campaign or of all.
pub async fn counts(
    db: &impl ConnectionTrait,
    campaign: Option<CampaignId>,
) -> Result<Vec<Count>, Error> {
    let only = campaign.map_or("", |_| "WHERE h.campaign_id = $1");
    let sql = format!(
        "SELECT h.partner_id, p.name AS partner_name, h.state, count(*) AS handoffs, min(h.created_at) AS oldest \
         FROM handoff h JOIN partner p ON p.id = h.partner_id {only} \
         GROUP BY h.partner_id, p.name, h.state ORDER BY p.name, h.state"
    );
    let values = campaign.into_iter().map(Value::from);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Count::find_by_statement(statement).all(db).await?)
}
