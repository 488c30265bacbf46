//! Batches of codes and their wrapped secrets.

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    UpdateMany,
};

use crate::codes::store::exactly_one;
use crate::db::entities::code_batch::{ActiveModel, Column, Entity, Model, State};
use crate::db::entities::wave::{self, Kind};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, WaveId};

crate::codes::keyed::keyed!(BatchId);

/// Finds the newest batch of a wave, or of any wave of a kind, to which codes can still be added.
pub async fn unfinished(
    tx: &Tx<'_>,
    campaign: CampaignId,
    of: Of,
) -> Result<Option<Model>, db::Error> {
    let mut query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::CompletedAt.is_null())
        .filter(Column::State.eq(State::Open))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(1);
    query = match of {
        Of::Wave(wave) => query.filter(Column::WaveId.eq(wave)),
        Of::Kind(kind) => query.filter(
            Column::WaveId.in_subquery(
                Query::select()
                    .column(wave::Column::Id)
                    .from(wave::Entity)
                    .and_where(Expr::col(wave::Column::CampaignId).eq(campaign))
                    .and_where(Expr::col(wave::Column::Kind).eq(kind))
                    .to_owned(),
            ),
        ),
    };
    Ok(query.one(tx).await?)
}

/// Finds the newest batch of reissues of a wave with this last instant that takes codes, and is none of these; locks it. A wave of
/// reissues that does not know what it replaces is found by its last instant alone.
pub async fn open_reissue(
    tx: &Tx<'_>,
    campaign: CampaignId,
    (origin, enroll_by_at): (Option<WaveId>, Timestamp),
    not: &[BatchId],
) -> Result<Option<Model>, db::Error> {
    let waves = Query::select()
        .column(wave::Column::Id)
        .from(wave::Entity)
        .and_where(Expr::col(wave::Column::CampaignId).eq(campaign))
        .and_where(Expr::col(wave::Column::Kind).eq(Kind::Reissue))
        .and_where(Expr::col(wave::Column::EnrollByAt).eq(enroll_by_at))
        .and_where(
            Expr::col(wave::Column::ReissueOf)
                .is_null()
                .or(Expr::col(wave::Column::ReissueOf).eq(origin)),
        )
        .to_owned();
    Ok(Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::CompletedAt.is_null())
        .filter(Column::State.eq(State::Open))
        .filter(Column::WaveId.in_subquery(waves))
        .filter(Column::Id.is_not_in(not.iter().copied()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(1)
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?)
}

/// Which batches are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of one wave.
    Wave(WaveId),
    /// Those of all waves of a kind.
    Kind(Kind),
}

/// Begins the change of a batch that is open.
fn open(campaign: CampaignId, id: BatchId) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Open))
}

/// Adds to the number of codes of an open batch.
pub async fn grow(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    codes: i64,
) -> Result<(), db::Error> {
    let result = open(campaign, id)
        .col_expr(Column::Codes, Expr::col(Column::Codes).add(codes))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a batch that is not open grew; lock and ask its state first",
    )
}

/// Ends the adding of codes to an open batch.
pub async fn complete(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    now: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        completed_at: Set(Some(now)),
        ..Default::default()
    };
    let result = open(campaign, id)
        .set(update)
        .filter(Column::CompletedAt.is_null())
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a batch was completed twice; lock and ask first",
    )
}

/// Gives the batches of a campaign that are still to be exported for the first time. Under the campaign's lock they stay so.
pub async fn unprinted(tx: &Tx<'_>, campaign: CampaignId) -> Result<Vec<BatchId>, db::Error> {
    let query = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(State::Open))
        .filter(Column::FirstExportedAt.is_null());
    Ok(query.into_tuple().all(tx).await?)
}

/// Adds to the number of codes of a batch that get no letter.
pub async fn withhold(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    codes: i64,
) -> Result<(), db::Error> {
    let result = open(campaign, id)
        .col_expr(Column::Withheld, Expr::col(Column::Withheld).add(codes))
        .filter(Column::FirstExportedAt.is_null())
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a code of a batch that was exported or sealed was withheld; lock the campaign and ask first",
    )
}

/// Records that an open batch is exported for the first time.
pub async fn first_export(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    now: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        first_exported_at: Set(Some(now)),
        ..Default::default()
    };
    let result = open(campaign, id)
        .set(update)
        .filter(Column::FirstExportedAt.is_null())
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a batch was exported for the first time twice; lock and ask first",
    )
}

/// Destroys the secret of an open batch.
pub async fn seal(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    now: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        state: Set(State::Sealed),
        wrapped_secret: Set(None),
        sealed_at: Set(Some(now)),
        ..Default::default()
    };
    let result = open(campaign, id).set(update).exec(tx).await?;
    exactly_one(
        result.rows_affected,
        "a batch that is not open was sealed; lock and ask its state first",
    )
}

/// Reads open batches whose secret an older key wraps than this version, by id after `after`, so many.
pub async fn wrapped_before(
    connection: &impl ConnectionTrait,
    version: i32,
    (after, count): (BatchId, u64),
) -> Result<Vec<Model>, db::Error> {
    let batches = Entity::find()
        .filter(Column::KeyVersion.lt(version))
        .filter(Column::WrappedSecret.is_not_null())
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(count);
    Ok(batches.all(connection).await?)
}

/// A batch's secret under another key.
pub struct Rewrapped {
    /// The version of that key.
    pub key_version: i32,
    /// The secret under it.
    pub wrapped_secret: Vec<u8>,
}

/// Replaces the wrapped secret of a batch that is as it was read, and gives how many that was: none where it was sealed or wrapped anew
/// meanwhile.
pub async fn rewrap(tx: &Tx<'_>, batch: &Model, fresh: &Rewrapped) -> Result<u64, db::Error> {
    let update = ActiveModel {
        key_version: Set(fresh.key_version),
        wrapped_secret: Set(Some(fresh.wrapped_secret.clone())),
        ..Default::default()
    };
    let rewrapped = open(batch.campaign_id, batch.id)
        .set(update)
        .filter(Column::KeyVersion.eq(batch.key_version));
    Ok(rewrapped.exec(tx).await?.rows_affected)
}
