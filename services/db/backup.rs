//! Copying an SQLite database while it is used.

use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::kernel::secrets::Secret;

use super::error::Error;
use super::migrate;

/// Copies the database as it stands at one moment into an empty file, and checks the copy.
///
/// # Errors
/// [`Error::Connect`] where the database is not SQLite, or the storage error. The file holds nothing of use then.
pub async fn copy(url: &Secret<String>, file: &Path) -> Result<(), Error> {
    let connection = migrate::open(url, false).await?;
    if connection.get_database_backend() != DbBackend::Sqlite {
        return Err(Error::Connect {
            message: "PostgreSQL is backed up with its own tools: `pg_dump --format=custom`, or pg_basebackup".to_owned(),
        });
    }
    let path = file.display().to_string();
    let vacuum =
        Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [path.clone().into()]);
    connection.execute_raw(vacuum).await?;
    connection.close().await?;
    let copy = migrate::open(&Secret::new(format!("sqlite:{path}")), false).await?;
    let checked = copy
        .query_one_raw(Statement::from_string(
            DbBackend::Sqlite,
            "PRAGMA quick_check(1)",
        ))
        .await?;
    let told: Option<String> = checked.map(|row| row.try_get_by_index(0)).transpose()?;
    copy.close().await?;
    if told.as_deref() == Some("ok") {
        Ok(())
    } else {
        Err(Error::corrupt("the copy of the database is damaged"))
    }
}
