//! Reading handoffs and writing what became of them.

use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use serde::Serialize;

use crate::db;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{self, Column, DeadReason, Entity, Kind, Model};
use crate::db::entities::handoff_projection::{self, Changed};
use crate::db::entities::outcome::OutcomeClass;
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoverageId, HandoffId, PartnerId};

use super::due::QueueKey;
use super::handoff::Handoff;
use super::state::State;

/// Demands that so many rows were changed. They are locked before, so another number is a defect.
pub(crate) fn expect_rows(changed: u64, wanted: usize) -> Result<(), db::Error> {
    if changed == wanted as u64 {
        return Ok(());
    }
    Err(db::Error::corrupt("rows changed while they were locked"))
}

pub(super) fn parsed(rows: Vec<Model>) -> Result<Vec<Handoff>, Error> {
    let handoffs = rows.into_iter().map(Handoff::try_from);
    Ok(handoffs.collect::<Result<_, _>>()?)
}

async fn one(query: Select<Entity>, db: &impl ConnectionTrait) -> Result<Option<Handoff>, Error> {
    let row = query.one(db).await?;
    Ok(row.map(Handoff::try_from).transpose()?)
}

/// Locks the handoffs of a queue that are in a state and whose time has come, at most so many; those that another one holds are passed over.
pub(super) async fn lock_due(
    db: &impl ConnectionTrait,
    queue: QueueKey,
    state: handoff::State,
    (now, most): (Timestamp, u64),
) -> Result<Vec<Handoff>, Error> {
    let rows = Entity::find()
        .filter(Column::CampaignId.eq(queue.campaign))
        .filter(Column::PartnerId.eq(queue.partner))
        .filter(Column::State.eq(state))
        .filter(Column::NotBefore.lte(now))
        .order_by_asc(Column::NotBefore)
        .order_by_asc(Column::Id)
        .limit(most)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(db)
        .await?;
    parsed(rows)
}

/// Locks a partner's handoffs by id, in the order of their ids so that two calls cannot wait for each other.
pub async fn lock_of_partner(
    tx: &impl ConnectionTrait,
    partner: PartnerId,
    ids: &[HandoffId],
) -> Result<Vec<Handoff>, Error> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let query = format!(
        "SELECT {} FROM v JOIN handoff h ON h.partner_id = $2 AND h.id = v.id ORDER BY h.id{}",
        rows::columns::<Entity>("h"),
        rows::lock(backend, "h")
    );
    let statement = rows::bind_ids(backend, &query, &ids, [partner.into()]);
    parsed(Model::find_by_statement(statement).all(tx).await?)
}

/// Locks the other handoff of the same coverage: the CANCEL of an ENROLL, the ENROLL of a CANCEL.
pub async fn lock_twin(tx: &impl ConnectionTrait, of: &Handoff) -> Result<Option<Handoff>, Error> {
    let other = match of.kind {
        Kind::Enroll => Kind::Cancel,
        Kind::Cancel => Kind::Enroll,
        Kind::Extend | Kind::Restore | Kind::UpdatePerson => return Ok(None),
    };
    let query = Entity::find()
        .filter(Column::CampaignId.eq(of.campaign_id))
        .filter(Column::CoverageId.eq(of.coverage_id))
        .filter(Column::Kind.eq(other));
    one(query.lock_exclusive(), tx).await
}

/// Tells whether a handoff is withdrawn: there is a CANCEL of its coverage.
pub async fn is_withdrawn(db: &impl ConnectionTrait, handoff: &Handoff) -> Result<bool, Error> {
    if handoff.kind == Kind::Cancel {
        return Ok(false);
    }
    let of = [handoff.coverage_id];
    let cancels = of_coverages(db, handoff.campaign_id, &of, Kind::Cancel).await?;
    Ok(!cancels.is_empty())
}

/// Gives the ids of the other handoffs of these handoffs' coverages.
pub async fn twins(
    tx: &impl ConnectionTrait,
    partner: PartnerId,
    ids: &[HandoffId],
) -> Result<Vec<HandoffId>, Error> {
    const QUERY: &str = "SELECT t.id FROM v JOIN handoff h ON h.partner_id = $2 AND h.id = v.id \
        JOIN handoff t ON t.campaign_id = h.campaign_id AND t.coverage_id = h.coverage_id AND t.id <> h.id";
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let statement = rows::bind_ids(backend, QUERY, ids, [partner.into()]);
    let rows = tx.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// Gives the handoffs of a kind that belong to these coverages of one campaign.
pub async fn of_coverages(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    coverages: &[CoverageId],
    kind: Kind,
) -> Result<Vec<Handoff>, Error> {
    if coverages.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT {} FROM v JOIN handoff h ON h.campaign_id = $2 AND h.coverage_id = v.id AND h.kind = $3",
        rows::columns::<Entity>("h"),
    );
    let rest = [campaign.into(), kind.as_str().into()];
    let statement = rows::bind_ids(db.get_database_backend(), &query, coverages, rest);
    parsed(Model::find_by_statement(statement).all(db).await?)
}

/// Locks one handoff.
pub async fn lock(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    id: HandoffId,
) -> Result<Option<Handoff>, Error> {
    one(Entity::find_by_id((campaign, id)).lock_exclusive(), tx).await
}

/// Gives what was changed in the person's data when a handoff was offered last.
pub async fn projection(
    db: &impl ConnectionTrait,
    handoff: &Handoff,
) -> Result<Vec<Changed>, Error> {
    use handoff_projection::Entity;
    let key = (handoff.campaign_id, handoff.id);
    let kept = Entity::find_by_id(key).one(db).await?;
    let newest = kept.filter(|it| it.attempts == handoff.attempts);
    Ok(newest.map_or(Ok(Vec::new()), |it| it.changes())?)
}

/// Gets a handoff of a campaign.
pub async fn get(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    id: HandoffId,
) -> Result<Option<Handoff>, Error> {
    one(Entity::find_by_id((campaign, id)), db).await
}

/// Gets one of a partner's handoffs.
pub async fn of_partner(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    id: HandoffId,
) -> Result<Option<Handoff>, Error> {
    let query = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::Id.eq(id));
    one(query, db).await
}

/// Lists a campaign's handoffs in the order of their ids, which is the order in which they were made.
pub async fn page(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    state: Option<handoff::State>,
    after: Option<HandoffId>,
    limit: u64,
) -> Result<Vec<Handoff>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query.order_by_asc(Column::Id).limit(limit).all(db).await?;
    parsed(rows)
}

/// Lists a partner's handoffs in one state or in all, as far as they changed since an instant, in the order of their ids.
pub async fn page_of_partner(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    (state, since): (Option<handoff::State>, Option<Timestamp>),
    after: Option<HandoffId>,
    limit: u64,
) -> Result<Vec<Handoff>, Error> {
    let mut query = Entity::find().filter(Column::PartnerId.eq(partner));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(since) = since {
        query = query.filter(Column::UpdatedAt.gte(since));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query.order_by_asc(Column::Id).limit(limit).all(db).await?;
    parsed(rows)
}

/// Gives leases until an instant, to handoffs that are locked and under a lease.
pub async fn extend(
    tx: &impl ConnectionTrait,
    leased: &[Handoff],
    until: Timestamp,
) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE handoff SET not_before = $2, lease_expires_at = $2 FROM v \
        WHERE handoff.partner_id = $3 AND handoff.id = v.id AND handoff.state = $4";
    let Some(first) = leased.first() else {
        return Ok(());
    };
    let ids: Vec<HandoffId> = leased.iter().map(|handoff| handoff.id).collect();
    let rest = [
        until.into(),
        first.partner_id.into(),
        handoff::State::Leased.as_str().into(),
    ];
    let statement = rows::bind_ids(tx.get_database_backend(), UPDATE, &ids, rest);
    let written = tx.execute_raw(statement).await?;
    Ok(expect_rows(written.rows_affected(), leased.len())?)
}

/// A new state for a handoff that was read, and locked, in the state `from`.
#[derive(Clone, Debug)]
pub struct Change {
    from: handoff::State,
    to: Handoff,
}

impl Change {
    /// Takes a handoff as it should stand.
    pub fn of(from: handoff::State, to: &Handoff) -> Self {
        Self {
            from,
            to: to.clone(),
        }
    }

    fn row(&self) -> Row<'_> {
        let Self { from, to } = self;
        Row {
            campaign_id: to.campaign_id,
            id: to.id,
            was: *from,
            state: to.state.name(),
            attempts: to.attempts,
            not_before: to.not_before,
            partner_reference: to.partner_reference.as_deref(),
            outcome_class: to.state.class(),
            native_code: to.native_code.as_deref(),
            revision: to.revision,
            dead_reason: match to.state {
                State::Dead(reason) => Some(reason),
                _ => None,
            },
            sent_at: to.sent_at,
            acknowledged_at: to.acknowledged_at,
            settled_at: to.settled_at,
            order_attempt: to.order_attempt,
            ordered_at: to.ordered_at,
            trace_context: to.trace_context.as_deref(),
            tries: to.tries,
            failures: to.failures,
            reported_at: to.reported_at,
        }
    }
}

/// A change on its way into the statement.
#[derive(Serialize)]
struct Row<'a> {
    campaign_id: CampaignId,
    id: HandoffId,
    was: handoff::State,
    state: handoff::State,
    attempts: i32,
    #[serde(serialize_with = "rows::micros")]
    not_before: Timestamp,
    partner_reference: Option<&'a str>,
    outcome_class: Option<OutcomeClass>,
    native_code: Option<&'a str>,
    revision: i64,
    dead_reason: Option<DeadReason>,
    #[serde(serialize_with = "rows::micros")]
    sent_at: Option<Timestamp>,
    #[serde(serialize_with = "rows::micros")]
    acknowledged_at: Option<Timestamp>,
    #[serde(serialize_with = "rows::micros")]
    settled_at: Option<Timestamp>,
    order_attempt: i32,
    #[serde(serialize_with = "rows::micros")]
    ordered_at: Timestamp,
    trace_context: Option<&'a str>,
    tries: i32,
    failures: i32,
    #[serde(serialize_with = "rows::micros")]
    reported_at: Option<Timestamp>,
}

const ROW: [(&str, Is); 20] = [
    ("campaign_id", Is::Uuid),
    ("id", Is::Uuid),
    ("was", Is::Text),
    ("state", Is::Text),
    ("attempts", Is::Int),
    ("not_before", Is::Big),
    ("partner_reference", Is::Text),
    ("outcome_class", Is::Text),
    ("native_code", Is::Text),
    ("revision", Is::Big),
    ("dead_reason", Is::Text),
    ("sent_at", Is::Big),
    ("acknowledged_at", Is::Big),
    ("settled_at", Is::Big),
    ("order_attempt", Is::Int),
    ("ordered_at", Is::Big),
    ("trace_context", Is::Text),
    ("tries", Is::Int),
    ("failures", Is::Int),
    ("reported_at", Is::Big),
];

/// Writes what became of handoffs; the leases that they had end.
pub async fn write(
    tx: &impl ConnectionTrait,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let sql = format!(
        "WITH {} UPDATE handoff SET state = v.state, attempts = v.attempts, not_before = v.not_before, \
         partner_reference = v.partner_reference, outcome_class = v.outcome_class, native_code = v.native_code, \
         revision = v.revision, dead_reason = v.dead_reason, \
         sent_at = v.sent_at, acknowledged_at = v.acknowledged_at, settled_at = v.settled_at, \
         order_attempt = v.order_attempt, ordered_at = v.ordered_at, trace_context = v.trace_context, updated_at = $2, \
         tries = v.tries, failures = v.failures, reported_at = v.reported_at, \
         lease_owner = NULL, lease_token = NULL, lease_expires_at = NULL \
         FROM v WHERE handoff.campaign_id = v.campaign_id AND handoff.id = v.id AND handoff.state = v.was",
        rows::table(backend, &ROW)
    );
    let rows: Vec<Row<'_>> = changes.iter().map(Change::row).collect();
    let statement = rows::bind_with(backend, sql, &rows, [now.into()]);
    let written = tx.execute_raw(statement).await?;
    Ok(expect_rows(written.rows_affected(), changes.len())?)
}
