//! Handoffs that wait for longer than any rule allows: a wrong clock dated them.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PartnerId;

use super::due::{QueueKey, campaigns_with};

/// The most handoffs in one step, which keeps a transaction short.
pub const MOST: u64 = 5_000;

/// The states in which a handoff waits for an instant.
pub const WAITING: [State; 4] = [
    State::Queued,
    State::Leased,
    State::Unsettled,
    State::Accepted,
];

/// Gives the queues of a partner with handoffs in a state that are dated beyond the `latest` instant that a rule allows.
pub async fn queues(
    db: &impl ConnectionTrait,
    (partner, state): (PartnerId, State),
    latest: Timestamp,
) -> Result<Vec<QueueKey>, Error> {
    let found = campaigns_with(db, (partner, &[state]), "h.not_before > $2", latest).await?;
    let queues = found
        .into_iter()
        .map(|campaign| QueueKey { campaign, partner });
    Ok(queues.collect())
}

/// Makes the handoffs of a queue in a state due, and ends their leases, where they are dated beyond the `latest` instant; gives their
/// number, at most [`MOST`]. Their other dates come back to now too: what was sent after it was ordered stays so.
pub async fn make_due(
    tx: &Tx<'_>,
    (queue, state): (QueueKey, State),
    (now, latest): (Timestamp, Timestamp),
) -> Result<u64, Error> {
    let lock = match tx.backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE OF h SKIP LOCKED",
    };
    let dates = ["created_at", "ordered_at", "sent_at", "lease_expires_at"];
    let dates = dates.map(|date| format!("{date} = CASE WHEN {date} > $4 THEN $4 ELSE {date} END"));
    let dates = dates.join(", ");
    let sql = format!(
        "WITH late AS MATERIALIZED (SELECT h.campaign_id, h.id FROM handoff h WHERE h.campaign_id = $1 \
         AND h.partner_id = $2 AND h.state = $6 AND h.not_before > $3 ORDER BY h.not_before, h.id LIMIT $5 {lock}) \
         UPDATE handoff SET not_before = $4, {dates} \
         FROM late WHERE handoff.campaign_id = late.campaign_id AND handoff.id = late.id"
    );
    let [campaign, partner] = queue.values();
    let values = [
        campaign,
        partner,
        latest.into(),
        now.into(),
        i64::try_from(MOST).unwrap_or(i64::MAX).into(),
        state.as_str().into(),
    ];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
