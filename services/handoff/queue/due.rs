//! What is due in a queue, which is one campaign at one partner, and which queues of a partner have something due.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{Kind, State};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// One campaign at one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueKey {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner.
    pub partner: PartnerId,
}

impl QueueKey {
    pub(crate) fn values(self) -> [Value; 2] {
        [self.campaign.into(), self.partner.into()]
    }
}

/// A part of what is due, which is looked up by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// What was never tried, oldest first.
    Fresh,
    /// The same, newest first.
    Newest,
    /// What was tried in vain and is not known to have reached the partner.
    Tried,
    /// What may have reached the partner: it is asked first.
    Unsettled,
}

impl Slice {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Fresh | Self::Newest | Self::Tried => State::Queued,
            Self::Unsettled => State::Unsettled,
        }
    }

    const fn condition(self) -> &'static str {
        match self {
            Self::Fresh | Self::Newest => "h.tries = 0",
            // The state in words too: the index over these is for that state alone.
            Self::Tried => "h.state = 'QUEUED' AND h.tries > 0",
            Self::Unsettled => "1 = 1",
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::Newest => "h.not_before DESC, h.id DESC",
            Self::Fresh | Self::Tried | Self::Unsettled => "h.not_before, h.id",
        }
    }
}

/// Writes the query of what is due: campaign, partner, state, now and limit are its values.
///
/// The ENROLL of a person who withdrew is never sent again. Where it surely never reached the partner it is due, to be taken out; where
/// it may have, its CANCEL goes instead. A CANCEL waits while its ENROLL may be under way, and until one that was never sent is taken out.
///
/// The ENROLL of a person who withdrew and enrolls again waits until the withdrawals of that person's other enrollments are through: the
/// partner would refuse it as a double, and then withdraw the only enrollment there is. An ENROLL that is withdrawn itself waits for none
/// of them, so no two ever wait for each other, whatever was made first and whatever a clock said then.
///
/// Each is looked up by itself: for a NOT EXISTS the planner may read the whole table into a hash instead.
pub(super) fn due(slice: Slice) -> String {
    let [enroll, cancel] = [Kind::Enroll, Kind::Cancel].map(Kind::as_str);
    let [queued, leased, unsettled, accepted] = [
        State::Queued,
        State::Leased,
        State::Unsettled,
        State::Accepted,
    ]
    .map(State::as_str);
    let own_cancel = format!(
        "(SELECT 1 FROM handoff w WHERE w.campaign_id = h.campaign_id AND w.coverage_id = h.coverage_id \
         AND w.kind = '{cancel}' LIMIT 1)"
    );
    let other_cancel = format!(
        "(SELECT 1 FROM handoff c WHERE c.campaign_id = h.campaign_id AND c.individual_id = h.individual_id \
         AND c.partner_id = h.partner_id AND c.enrollment_id <> h.enrollment_id AND c.kind = '{cancel}' \
         AND c.state IN ('{queued}', '{leased}', '{unsettled}', '{accepted}') LIMIT 1)"
    );
    let enroll_under_way = format!(
        "(SELECT 1 FROM handoff e WHERE e.campaign_id = h.campaign_id AND e.coverage_id = h.coverage_id \
         AND e.kind = '{enroll}' AND e.state IN ('{queued}', '{leased}', '{unsettled}') \
         AND (e.not_before > $4 OR e.sent_at IS NULL OR e.sent_at < e.ordered_at) LIMIT 1)"
    );
    format!(
        "FROM handoff h WHERE h.campaign_id = $1 AND h.partner_id = $2 AND h.state = $3 AND h.not_before <= $4 AND {} \
         AND (h.kind <> '{cancel}' OR {enroll_under_way} IS NULL) \
         AND (h.kind <> '{enroll}' OR ({own_cancel} IS NULL AND {other_cancel} IS NULL) \
          OR ((h.sent_at IS NULL OR h.sent_at < h.ordered_at) AND {own_cancel} IS NOT NULL)) \
         ORDER BY {} LIMIT $5",
        slice.condition(),
        slice.order(),
    )
}

pub(super) fn values(key: QueueKey, state: State, (now, most): (Timestamp, u64)) -> Vec<Value> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rest: [Value; 3] = [state.as_str().into(), now.into(), most.into()];
    key.values().into_iter().chain(rest).collect()
}

/// Tells whether anything in a queue is due, or a lease of it has run out, without writing.
pub async fn is_due(
    db: &impl ConnectionTrait,
    key: QueueKey,
    now: Timestamp,
) -> Result<bool, Error> {
    const EXPIRED: &str = "SELECT 1 AS one FROM handoff h WHERE h.campaign_id = $1 AND h.partner_id = $2 \
        AND h.state = $3 AND h.not_before <= $4 ORDER BY h.not_before, h.id LIMIT $5";
    let due = |slice: Slice| {
        let sql = format!("SELECT 1 AS one {}", due(slice));
        (slice.state(), sql)
    };
    let slices = [Slice::Fresh, Slice::Unsettled, Slice::Tried].map(due);
    for (state, sql) in slices.into_iter().chain([(State::Leased, EXPIRED.into())]) {
        let values = values(key, state, (now, 1));
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        if db.query_one_raw(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The states in which a handoff waits to be leased.
pub const WAITING: [State; 3] = [State::Queued, State::Unsettled, State::Leased];

/// Gives the campaigns in whose queue a partner has something in one of these states whose time has come.
pub async fn campaigns(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    states: &[State],
    now: Timestamp,
) -> Result<Vec<CampaignId>, Error> {
    campaigns_with(db, (partner, states), "h.not_before <= $2", now).await
}

/// Gives the campaigns in whose queue a partner has something in one of these states for which a condition on an instant, `$2`, holds.
///
/// Each campaign is asked by itself, in the order of the index: for any row the planner might look in the table.
pub(super) async fn campaigns_with(
    db: &impl ConnectionTrait,
    (partner, states): (PartnerId, &[State]),
    condition: &str,
    instant: Timestamp,
) -> Result<Vec<CampaignId>, Error> {
    let waits = |state: &State| {
        format!(
            "(SELECT 1 FROM handoff h WHERE h.campaign_id = c.id AND h.partner_id = $1 AND h.state = '{}' \
             AND {condition} ORDER BY h.not_before, h.id LIMIT 1) IS NOT NULL",
            state.as_str()
        )
    };
    let waits: Vec<String> = states.iter().map(waits).collect();
    let sql = format!(
        "SELECT c.id FROM campaign c WHERE {} ORDER BY c.id",
        waits.join(" OR ")
    );
    let values: [Value; 2] = [partner.into(), instant.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}
