//! What every table has that is keyed by a campaign and an id of its own.

/// Writes `get`, `lock` and `page` for the entity whose module's names are in scope.
macro_rules! keyed {
    ($id:ty) => {
        /// Finds a row.
        pub async fn get(
            connection: &impl sea_orm::ConnectionTrait,
            campaign: crate::kernel::ids::CampaignId,
            id: $id,
        ) -> Result<Option<Model>, crate::db::Error> {
            use sea_orm::EntityTrait;
            Ok(Entity::find_by_id((campaign, id)).one(connection).await?)
        }

        /// Finds a row and locks it until the transaction ends.
        pub async fn lock(
            tx: &crate::db::Tx<'_>,
            campaign: crate::kernel::ids::CampaignId,
            id: $id,
        ) -> Result<Option<Model>, crate::db::Error> {
            use sea_orm::{EntityTrait, QuerySelect};
            Ok(Entity::find_by_id((campaign, id))
                .lock(sea_orm::sea_query::LockType::NoKeyUpdate)
                .one(tx)
                .await?)
        }

        /// Lists a campaign's rows, newest first, older than `before`.
        pub async fn page(
            connection: &impl sea_orm::ConnectionTrait,
            campaign: crate::kernel::ids::CampaignId,
            before: Option<$id>,
            limit: u64,
        ) -> Result<Vec<Model>, crate::db::Error> {
            use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
            let mut query = Entity::find()
                .filter(Column::CampaignId.eq(campaign))
                .order_by_desc(Column::Id)
                .limit(limit);
            if let Some(before) = before {
                query = query.filter(Column::Id.lt(before));
            }
            Ok(query.all(connection).await?)
        }
    };
}
pub(crate) use keyed;
