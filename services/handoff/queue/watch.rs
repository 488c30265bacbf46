//! Measures the queues, for the metrics: how many handoffs wait in each state, and since when.
//!
//! A queue is one campaign at one partner. Settled handoffs are not counted: they are many, and nobody waits for them.

use std::collections::HashSet;
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, QuerySelect, Statement, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::db::entities::partner;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics::{self, Queue};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PartnerId;
use crate::kernel::lifecycle;

/// How often, unless counting takes long.
const EVERY: Duration = Duration::from_mins(1);
/// Counting takes at most one part in so many of the time.
const SHARE: u32 = 20;

/// The states in which somebody waits.
const OPEN: [State; 5] = [
    State::Queued,
    State::Leased,
    State::Unsettled,
    State::Accepted,
    State::Dead,
];

/// What a queue holds in one state.
#[derive(Debug, FromQueryResult)]
struct Count {
    partner_name: String,
    mode: partner::Mode,
    engagement_number: String,
    state: State,
    handoffs: i64,
    /// Since when the oldest waits, where there is any.
    oldest: Option<Timestamp>,
}

/// Measures until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    let mut seen = HashSet::new();
    loop {
        let started = Instant::now();
        if let Err(error) = measure(&context, &mut seen).await {
            tracing::warn!(%error, "the queues could not be measured; trying again later");
        }
        let pause = EVERY.max(started.elapsed() * SHARE);
        if !lifecycle::pause(&token, pause).await {
            return;
        }
    }
}

/// Measures once. A queue that was `seen` before and holds nothing any more is shown as empty.
async fn measure(context: &Context, seen: &mut HashSet<Queue>) -> Result<(), Error> {
    let counts = counts(context.db.read()).await?;
    let now = context.clock.now();
    let mut emptied = std::mem::take(seen);
    for count in counts {
        let Some(oldest) = count.oldest else {
            continue;
        };
        let queue = Queue {
            partner: count.partner_name,
            mode: count.mode,
            engagement_number: count.engagement_number,
            state: count.state,
        };
        metrics::queue(&queue, count.handoffs, now.since(oldest));
        emptied.remove(&queue);
        seen.insert(queue);
    }
    for queue in &emptied {
        metrics::queue(queue, 0, Duration::ZERO);
    }
    seen.extend(emptied);
    Ok(())
}

/// Asks for each campaign, partner and state by itself, so that the index over the queues serves and settled handoffs are not read. Age
/// counts from the order, or for one that the partner has, from when it took it.
async fn counts(db: &impl ConnectionTrait) -> Result<Vec<Count>, Error> {
    let partners: Vec<PartnerId> = (partner::Entity::find().select_only())
        .column(partner::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = Vec::new();
    for partner in partners {
        for state in OPEN {
            let state = state.as_str();
            let those = format!(
                "FROM handoff h WHERE h.campaign_id = c.id AND h.partner_id = $1 AND h.state = '{state}'"
            );
            let sql = format!(
                "SELECT p.name AS partner_name, p.mode, c.engagement_number, '{state}' AS state, (SELECT count(*) {those}) AS handoffs, \
                 (SELECT min(COALESCE(h.acknowledged_at, h.ordered_at)) {those}) AS oldest \
                 FROM campaign c JOIN partner p ON p.id = $1"
            );
            let values: [Value; 1] = [partner.into()];
            let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
            counts.extend(Count::find_by_statement(statement).all(db).await?);
        }
    }
    Ok(counts)
}
