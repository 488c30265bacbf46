//! Reading and writing checks of invoices and their lines.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::entities::invoice_check::{Column, Entity, Model, State};
use crate::db::entities::invoice_line::{self, Verdict};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, InvoiceCheckId, PartnerId};

/// Names a check.
pub type Key = (CampaignId, InvoiceCheckId);

/// Adds an invoice that begins to come in.
pub async fn add(tx: &impl ConnectionTrait, check: Model) -> Result<(), Error> {
    if get(tx, (check.campaign_id, check.id)).await?.is_none() {
        Entity::insert(check.into_active_model())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Adds lines, and notes how many the invoice has by now.
pub async fn add_lines(
    tx: &impl ConnectionTrait,
    (campaign, id): Key,
    (lines, in_all): (&[invoice_line::Model], i64),
) -> Result<(), Error> {
    let insert = invoice_line::Model::insert(tx.get_database_backend(), lines);
    tx.execute_raw(insert).await?;
    Entity::update_many()
        .col_expr(Column::Lines, Expr::value(in_all))
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gets a check.
pub async fn get(db: &impl ConnectionTrait, key: Key) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(key).one(db).await?)
}

/// Locks all checks of a partner, so that one invoice is checked at a time, and gives them in the order of their ids.
pub async fn lock_all(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    partner: PartnerId,
) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::PartnerId.eq(partner))
        .order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx).await?)
}

/// Writes what a check came to.
pub async fn write_checked(tx: &impl ConnectionTrait, check: &Model) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(check.state))
        .col_expr(Column::Sums, Expr::value(check.sums.clone()))
        .col_expr(
            Column::ContentSha256,
            Expr::value(check.content_sha256.clone()),
        )
        .col_expr(Column::FinishedAt, Expr::value(check.finished_at))
        .filter(Column::CampaignId.eq(check.campaign_id))
        .filter(Column::Id.eq(check.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Has a check make room for another one of the same number.
pub async fn set_replaced(tx: &impl ConnectionTrait, (campaign, id): Key) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Replaced))
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Checked))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes lines of an invoice, those whose places are less.
pub async fn delete_lines(
    tx: &impl ConnectionTrait,
    (campaign, id): Key,
    below: i64,
) -> Result<(), Error> {
    invoice_line::Entity::delete_many()
        .filter(invoice_line::Column::CampaignId.eq(campaign))
        .filter(invoice_line::Column::InvoiceCheckId.eq(id))
        .filter(invoice_line::Column::Position.lt(below))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes an invoice that was not checked and whose lines are gone.
pub async fn delete(tx: &impl ConnectionTrait, (campaign, id): Key) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Incomplete))
        .exec(tx)
        .await?;
    Ok(())
}

/// Lists the checks of a campaign, of one partner or of all, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, Option<PartnerId>),
    before: Option<InvoiceCheckId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(partner) = partner {
        query = query.filter(Column::PartnerId.eq(partner));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let query = query.order_by_desc(Column::Id).limit(limit);
    Ok(query.all(db).await?)
}

/// Lists lines in their order, of one verdict or of all.
pub async fn lines(
    db: &impl ConnectionTrait,
    (campaign, id): Key,
    verdict: Option<Verdict>,
    (after, limit): (Option<i64>, u64),
) -> Result<Vec<invoice_line::Model>, Error> {
    use invoice_line::Column;
    let mut query = invoice_line::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::InvoiceCheckId.eq(id));
    if let Some(verdict) = verdict {
        query = query.filter(Column::Verdict.eq(verdict));
    }
    if let Some(after) = after {
        query = query.filter(Column::Position.gt(after));
    }
    let query = query.order_by_asc(Column::Position).limit(limit);
    Ok(query.all(db).await?)
}

/// Gives invoices that began to come in before an instant and were never checked.
pub async fn broken_off(db: &impl ConnectionTrait, before: Timestamp) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::State.eq(State::Incomplete))
        .filter(Column::StartedAt.lt(before))
        .order_by_asc(Column::Id);
    Ok(query.all(db).await?)
}
