//! What the stores have in common. Whatever changes a row names the state it must come from, and demands that exactly one row
//! was changed.

use std::str::FromStr;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait};

use crate::db::idempotency::{self, Known, Request};
use crate::db::{self, Tx};

use super::error::Error;

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

/// Gives the id that a request was answered with before, if it was.
pub async fn answered<T: FromStr>(tx: &Tx<'_>, request: &Request) -> Result<Option<T>, Error> {
    match idempotency::look_up(tx, request).await? {
        Known::New => Ok(None),
        Known::Conflict => Err(Error::RequestIdReused),
        Known::Done(id) => {
            let id = id
                .parse()
                .map_err(|_| db::Error::corrupt("idempotency.result"))?;
            Ok(Some(id))
        }
    }
}
