//! Reading handoffs and writing what became of them.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};

use crate::db::entities::handoff::{Column, Entity, Model};
use crate::handoff::error::Error;
use crate::handoff::store::{pieces, value_rows};
use crate::handoff::vocabulary::{Kind, OutcomeClass, Stage};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, PartnerId};

use super::model::Handoff;
use super::state::State;

/// A compare-and-set that hit another number of rows than it was written for.
pub(crate) fn expect_rows(changed: u64, wanted: usize) -> Result<(), Error> {
    if changed == wanted as u64 {
        return Ok(());
    }
    Err(crate::db::Error::corrupt("handoffs changed while they were locked").into())
}

fn parsed(rows: Vec<Model>) -> Result<Vec<Handoff>, Error> {
    rows.into_iter().map(Handoff::try_from).collect()
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
    let mut found = Vec::with_capacity(ids.len());
    for piece in pieces(&ids) {
        let rows = Entity::find()
            .filter(Column::PartnerId.eq(partner))
            .filter(Column::Id.is_in(piece.iter().copied()))
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .all(tx)
            .await?;
        found.extend(parsed(rows)?);
    }
    Ok(found)
}

/// Locks the other handoff of the same enrollment: the CANCEL of an ENROLL, the ENROLL of a CANCEL.
pub async fn lock_twin(tx: &impl ConnectionTrait, of: &Handoff) -> Result<Option<Handoff>, Error> {
    let other = match of.kind {
        Kind::Enroll => Kind::Cancel,
        Kind::Cancel => Kind::Enroll,
    };
    let row = twins(&[(of.campaign_id, of.enrollment_id)], of.partner_id, other)
        .lock_exclusive()
        .one(tx)
        .await?;
    row.map(Handoff::try_from).transpose()
}

fn twins(
    enrollments: &[(CampaignId, EnrollmentId)],
    partner: PartnerId,
    kind: Kind,
) -> sea_orm::Select<Entity> {
    let mut any = Condition::any();
    for (campaign, enrollment) in enrollments {
        let one = Column::CampaignId
            .eq(*campaign)
            .and(Column::EnrollmentId.eq(*enrollment));
        any = any.add(one);
    }
    Entity::find()
        .filter(any)
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::Kind.eq(kind.as_str()))
}

/// Gives the handoffs of a kind that belong to these enrollments of one campaign.
pub async fn of_enrollments(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    campaign: CampaignId,
    enrollments: &[EnrollmentId],
    kind: Kind,
) -> Result<Vec<Handoff>, Error> {
    let mut found = Vec::new();
    for piece in pieces(enrollments) {
        let rows = Entity::find()
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::EnrollmentId.is_in(piece.iter().copied()))
            .filter(Column::PartnerId.eq(partner))
            .filter(Column::Kind.eq(kind.as_str()))
            .all(db)
            .await?;
        found.extend(parsed(rows)?);
    }
    Ok(found)
}

/// Locks one handoff.
pub async fn lock(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    id: HandoffId,
) -> Result<Option<Handoff>, Error> {
    let row = Entity::find_by_id((campaign, id))
        .lock_exclusive()
        .one(tx)
        .await?;
    row.map(Handoff::try_from).transpose()
}

/// Gets one of a partner's handoffs.
pub async fn of_partner(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    id: HandoffId,
) -> Result<Option<Handoff>, Error> {
    let row = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::Id.eq(id))
        .one(db)
        .await?;
    row.map(Handoff::try_from).transpose()
}

/// Lists a campaign's handoffs in the order of their ids, which is the order in which they were made.
pub async fn page(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    stage: Option<Stage>,
    after: Option<HandoffId>,
    limit: u64,
) -> Result<Vec<Handoff>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(stage) = stage {
        query = query.filter(Column::State.eq(stage.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query.order_by_asc(Column::Id).limit(limit).all(db).await?;
    parsed(rows)
}

/// Counts what one stream or worker holds under leases that run.
pub async fn held_by(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    owner: &str,
    now: Timestamp,
) -> Result<u64, Error> {
    let held: Option<i64> = Entity::find()
        .select_only()
        .column_as(Expr::col(Column::Id).count(), "held")
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.eq(Stage::Leased.as_str()))
        .filter(Column::NotBefore.gt(now))
        .filter(Column::LeaseOwner.eq(owner))
        .into_tuple()
        .one(db)
        .await?;
    Ok(held.and_then(|held| u64::try_from(held).ok()).unwrap_or(0))
}

/// Takes the ACCEPTED handoffs of a partner whose outcome is overdue, and sets when each is asked after next.
///
/// There is no lease: two workers that ask the same question harm nobody, and the new `not_before` makes it rare.
pub async fn take_overdue(
    tx: &impl ConnectionTrait,
    partner: PartnerId,
    now: Timestamp,
    next: Timestamp,
    most: u64,
) -> Result<Vec<Handoff>, Error> {
    let rows = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.eq(Stage::Accepted.as_str()))
        .filter(Column::NotBefore.lte(now))
        .order_by_asc(Column::NotBefore)
        .order_by_asc(Column::Id)
        .limit(most)
        .lock_with_behavior(
            sea_orm::sea_query::LockType::Update,
            sea_orm::sea_query::LockBehavior::SkipLocked,
        )
        .all(tx)
        .await?;
    let mut overdue = parsed(rows)?;
    let changes: Vec<Change> = overdue
        .iter_mut()
        .map(|handoff| {
            handoff.not_before = next;
            Change::of(Stage::Accepted, handoff)
        })
        .collect();
    write(tx, &changes).await?;
    Ok(overdue)
}

/// Tells whether any outcome is overdue, without writing.
pub async fn is_overdue(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    now: Timestamp,
) -> Result<bool, Error> {
    let first: Option<HandoffId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.eq(Stage::Accepted.as_str()))
        .filter(Column::NotBefore.lte(now))
        // In the index's order: any row would do, and the planner might look for one in the table.
        .order_by_asc(Column::NotBefore)
        .order_by_asc(Column::Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(first.is_some())
}

/// A new state for a handoff that was read, and locked, in the state `from`.
#[derive(Clone, Debug)]
pub struct Change {
    from: Stage,
    to: Handoff,
}

impl Change {
    /// Takes a handoff as it should stand.
    pub fn of(from: Stage, to: &Handoff) -> Self {
        Self {
            from,
            to: to.clone(),
        }
    }

    fn values(&self) -> [Value; 11] {
        let Self { from, to } = self;
        let dead = match to.state {
            State::Dead(reason) => Some(reason.as_str()),
            _ => None,
        };
        [
            to.campaign_id.into(),
            to.id.into(),
            from.as_str().into(),
            to.state.stage().as_str().into(),
            to.not_before.into(),
            to.partner_reference.clone().into(),
            to.state.class().map(OutcomeClass::as_str).into(),
            dead.into(),
            to.sent_at.into(),
            to.acknowledged_at.into(),
            to.settled_at.into(),
        ]
    }
}

/// Writes what became of handoffs; whatever lease they had ends.
pub async fn write(tx: &impl ConnectionTrait, changes: &[Change]) -> Result<(), Error> {
    for piece in pieces(changes) {
        let sql = format!(
            "WITH new(campaign_id, id, was, state, not_before, partner_reference, outcome_class, dead_reason, sent_at, \
             acknowledged_at, settled_at) AS (VALUES {}) \
             UPDATE handoff SET state = new.state, not_before = new.not_before, \
             partner_reference = new.partner_reference, outcome_class = new.outcome_class, \
             dead_reason = new.dead_reason, sent_at = new.sent_at, acknowledged_at = new.acknowledged_at, \
             settled_at = new.settled_at, lease_owner = NULL, lease_token = NULL, lease_expires_at = NULL \
             FROM new WHERE handoff.campaign_id = new.campaign_id AND handoff.id = new.id AND handoff.state = new.was",
            value_rows(piece.len(), 11)
        );
        let values: Vec<Value> = piece.iter().flat_map(Change::values).collect();
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let hit = tx.execute_raw(statement).await?.rows_affected();
        expect_rows(hit, piece.len())?;
    }
    Ok(())
}
