//! Counting the queue.

use std::time::Duration;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::db::entities::handoff::State;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::due;

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
    /// How many of them were queued in the last hour.
    pub queued: i64,
    /// How many of them their partner took in the last hour.
    pub taken: i64,
}

/// How a partner's queue moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The partner.
    pub partner_id: PartnerId,
    /// The partner's name.
    pub partner_name: String,
    /// How many wait for the partner.
    pub waiting: i64,
    /// How many were queued in the last hour.
    pub queued: i64,
    /// How many the partner took in the last hour.
    pub taken: i64,
}

impl Pace {
    /// Gives in how long nothing waits any more if the last hour goes on; nothing where nothing waits, and where the queue does not shrink.
    pub fn time_to_empty(&self) -> Option<Duration> {
        let gone = u64::try_from(self.taken - self.queued).ok()?;
        let waiting = u64::try_from(self.waiting).ok()?;
        if waiting == 0 {
            return None;
        }
        let seconds = waiting.checked_mul(HOUR.as_secs())?.checked_div(gone)?;
        Some(Duration::from_secs(seconds))
    }
}

/// How much of the past tells how a queue moves.
const HOUR: Duration = Duration::from_hours(1);

/// Counts handoffs by partner and state, of one campaign or of all.
pub async fn counts(
    db: &impl ConnectionTrait,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> Result<Vec<Count>, Error> {
    let only = campaign.map_or("", |_| "WHERE h.campaign_id = $2");
    let sql = format!(
        "SELECT h.partner_id, p.name AS partner_name, h.state, count(*) AS handoffs, min(h.created_at) AS oldest, \
         count(CASE WHEN h.created_at >= $1 THEN 1 END) AS queued, count(CASE WHEN h.acknowledged_at >= $1 THEN 1 END) AS taken \
         FROM handoff h JOIN partner p ON p.id = h.partner_id {only} \
         GROUP BY h.partner_id, p.name, h.state ORDER BY p.name, h.state"
    );
    let since = [Value::from(now - HOUR)];
    let values = since.into_iter().chain(campaign.map(Value::from));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Count::find_by_statement(statement).all(db).await?)
}

/// Sums the counts up for each partner, whose states stand together.
pub fn paces(counts: &[Count]) -> Vec<Pace> {
    let partners = counts.chunk_by(|a, b| a.partner_id == b.partner_id);
    let pace = |counts: &[Count]| {
        let sum = |of: fn(&Count) -> i64| counts.iter().map(of).sum();
        let first = counts.first()?;
        Some(Pace {
            partner_id: first.partner_id,
            partner_name: first.partner_name.clone(),
            waiting: sum(|count| {
                let waits = due::WAITING.contains(&count.state);
                if waits { count.handoffs } else { 0 }
            }),
            queued: sum(|count| count.queued),
            taken: sum(|count| count.taken),
        })
    };
    partners.filter_map(pace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_shrinks_will_be_empty_and_one_that_grows_will_not() {
        let pace = |waiting, queued, taken| {
            let pace = Pace {
                partner_id: PartnerId::from_uuid(uuid::Uuid::nil()),
                partner_name: String::new(),
                waiting,
                queued,
                taken,
            };
            pace.time_to_empty()
        };
        assert_eq!(pace(3_000, 500, 2_500), Some(Duration::from_mins(90)));
        for never in [pace(3_000, 500, 500), pace(3_000, 500, 0), pace(0, 0, 9)] {
            assert_eq!(never, None);
        }
    }
}
