//! What in a database still needs a key.

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};

use crate::kernel::keyring::Purpose;
use crate::kernel::secrets::Secret;

use super::entities::{campaign, campaign_key, code_batch, individual};
use super::error::Error;
use super::{migrate, schema};

/// Rows that need a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// How many.
    pub rows: u64,
    /// What they are.
    pub what: &'static str,
    /// What must happen before they need it no more.
    pub until: &'static str,
}

/// Lists what needs a key; nothing does where the list is empty. The database's owner may ask, and every process that holds the key.
///
/// # Errors
/// [`Error::Connect`] with what to do, [`Error::Schema`] where the database is not of this program.
pub async fn of(
    url: &Secret<String>,
    purpose: Purpose,
    version: i32,
) -> Result<Vec<KeyUse>, Error> {
    let connection = migrate::open(url, false).await?;
    let counted = match schema::check(&connection).await {
        Ok(()) => count(&connection, purpose, version).await,
        Err(error) => Err(error),
    };
    connection.close().await?;
    let mut uses = counted?;
    uses.retain(|it| it.rows > 0);
    Ok(uses)
}

async fn count(
    connection: &DatabaseConnection,
    purpose: Purpose,
    version: i32,
) -> Result<Vec<KeyUse>, Error> {
    match purpose {
        Purpose::Code => codes(connection, version).await,
        Purpose::Person => campaign_keys(connection, version).await,
        Purpose::Index => people(connection).await,
    }
}

async fn codes(connection: &DatabaseConnection, version: i32) -> Result<Vec<KeyUse>, Error> {
    let campaigns = campaign::Entity::find()
        .filter(campaign::Column::CodeKeyVersion.eq(version))
        .count(connection);
    let batches = code_batch::Entity::find()
        .filter(code_batch::Column::KeyVersion.eq(version))
        .filter(code_batch::Column::WrappedSecret.is_not_null())
        .count(connection);
    Ok(vec![
        KeyUse {
            rows: campaigns.await?,
            what: "campaigns whose codes are stored as keyed hashes under it",
            until: "a hash cannot be made again without the code: the key stays as long as these campaigns",
        },
        KeyUse {
            rows: batches.await?,
            what: "open batches whose secrets it wraps",
            until: "enrollment-codes wraps them anew within ten minutes of its start with the new key",
        },
    ])
}

async fn campaign_keys(
    connection: &DatabaseConnection,
    version: i32,
) -> Result<Vec<KeyUse>, Error> {
    let keys = campaign_key::Entity::find()
        .filter(campaign_key::Column::KeyVersion.eq(version))
        .filter(campaign_key::Column::Wrapped.is_not_null())
        .count(connection);
    Ok(vec![KeyUse {
        rows: keys.await?,
        what: "campaigns whose data keys it wraps",
        until: "identity-verification wraps them anew within ten minutes of its start with the new key",
    }])
}

async fn people(connection: &DatabaseConnection) -> Result<Vec<KeyUse>, Error> {
    Ok(vec![KeyUse {
        rows: individual::Entity::find().count(connection).await?,
        what: "people who are found by keyed hashes",
        until: "the rows do not tell under which version: the key stays as long as there are people",
    }])
}
