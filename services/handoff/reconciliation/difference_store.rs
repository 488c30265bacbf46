//! Reading differences, and writing what was done about them.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::entities::reconciliation_difference::{
    CloseReason, Column, Entity, Kind, Model, State,
};
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, DifferenceId, PartnerId, ReconciliationId};

/// Which differences are listed.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The campaign.
    pub campaign: CampaignId,
    /// Only this partner.
    pub partner: Option<PartnerId>,
    /// Only this state.
    pub state: Option<State>,
    /// Only this kind.
    pub kind: Option<Kind>,
}

/// Lists differences in the order of their ids.
pub async fn page(
    db: &impl ConnectionTrait,
    filter: Filter,
    after: Option<DifferenceId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(filter.campaign));
    if let Some(partner) = filter.partner {
        query = query.filter(Column::PartnerId.eq(partner));
    }
    if let Some(state) = filter.state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(Column::Kind.eq(kind));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let query = query.order_by_asc(Column::Id).limit(limit);
    Ok(query.all(db).await?)
}

/// Locks one difference.
pub async fn lock(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    id: DifferenceId,
) -> Result<Option<Model>, Error> {
    let query = Entity::find_by_id((campaign, id)).lock_exclusive();
    Ok(query.one(tx).await?)
}

/// Locks differences, in the order of their ids.
pub async fn lock_all(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[DifferenceId],
) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx).await?)
}

/// A closing of a difference.
#[derive(Clone, Debug)]
pub struct Closing {
    /// Why.
    pub reason: CloseReason,
    /// What else there is to say.
    pub note: Option<String>,
    /// Who closes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Closes a difference that is locked.
pub async fn close(
    tx: &impl ConnectionTrait,
    difference: &Model,
    closing: Closing,
) -> Result<Model, Error> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Closed))
        .col_expr(Column::ClosedAt, Expr::value(closing.at))
        .col_expr(Column::ClosedBy, Expr::value(closing.by.clone()))
        .col_expr(Column::CloseReason, Expr::value(closing.reason))
        .col_expr(Column::CloseNote, Expr::value(closing.note.clone()))
        .filter(Column::CampaignId.eq(difference.campaign_id))
        .filter(Column::Id.eq(difference.id))
        .exec(tx)
        .await?;
    Ok(Model {
        state: State::Closed,
        closed_at: Some(closing.at),
        closed_by: Some(closing.by),
        close_reason: Some(closing.reason),
        close_note: closing.note,
        ..difference.clone()
    })
}

/// Notes that differences were repaired.
pub async fn set_repaired(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[DifferenceId],
    now: Timestamp,
) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let sql = format!(
        "UPDATE reconciliation_difference SET state = 'REPAIRED', repaired_at = $3 WHERE campaign_id = $2 AND id {}",
        rows::among(backend, Is::Uuid)
    );
    let statement = rows::bind_with(backend, sql, ids, [campaign.into(), now.into()]);
    tx.execute_raw(statement).await?;
    Ok(())
}

/// Deletes what a later list resolved and nobody closed, last shown by a list from before this one.
pub async fn delete_resolved(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    before: ReconciliationId,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(State::Resolved))
        .filter(Column::ClosedAt.is_null())
        .filter(Column::ReconciliationId.lt(before))
        .exec(tx)
        .await?;
    Ok(())
}
