//! Deleting from the audit log, which only the owner of the database can.
//!
//! No process may: a program that could delete events could hide what was done through it. So there is no setting for it either,
//! and what is too old is deleted by a command, on an operator's word.

use sea_orm::{ConnectionTrait, Statement};

use crate::kernel::clock::Timestamp;
use crate::kernel::ids;
use crate::kernel::secrets::Secret;

use super::error::Error;
use super::migrate;

/// Events in one transaction.
const BATCH: i64 = 5_000;

/// Deletes the events before an instant, and gives their number. `url` names the owner.
///
/// # Errors
/// As in [`migrate::up`]. What was deleted stays deleted.
pub async fn prune(url: &Secret<String>, before: Timestamp) -> Result<u64, Error> {
    // Ids begin with the time at which they were made: by them the rows are found, and not by a look at all of them.
    const SQL: &str = "DELETE FROM audit_event WHERE id IN \
         (SELECT id FROM audit_event WHERE id < $1 AND at < $2 ORDER BY id LIMIT $3)";
    let connection = migrate::open(url, false).await?;
    let backend = connection.get_database_backend();
    let mut deleted = 0;
    loop {
        let values = [ids::first_at(before).into(), before.into(), BATCH.into()];
        let statement = Statement::from_sql_and_values(backend, SQL, values);
        let batch = connection.execute_raw(statement).await?.rows_affected();
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            break;
        }
    }
    connection.close().await?;
    Ok(deleted)
}
