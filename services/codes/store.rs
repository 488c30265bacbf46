//! What the stores have in common. Whatever changes a row names the state it must come from, and demands that exactly one row
//! was changed.

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait};

use crate::db::{self, Tx};

/// Writes a new row.
///
/// # Errors
/// `db::Error::Unique` where a constraint of the table is broken.
pub async fn insert<M>(tx: &Tx<'_>, row: &M) -> Result<(), db::Error>
where
    M: ModelTrait + Sync + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let row = row.clone().into_active_model().reset_all();
    M::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Demands that one row was changed. The rows are locked before, so another number is a defect.
pub fn exactly_one(changed: u64, what: &'static str) -> Result<(), db::Error> {
    if changed == 1 {
        Ok(())
    } else {
        Err(db::Error::corrupt(what))
    }
}

/// Demands that so many rows were changed. They are locked before, so another number is a defect.
pub fn exactly(wanted: usize, changed: u64) -> Result<(), db::Error> {
    if changed == wanted as u64 {
        Ok(())
    } else {
        Err(db::Error::corrupt("a row was changed without its lock"))
    }
}
