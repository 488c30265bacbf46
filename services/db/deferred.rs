//! Indexes that SQLite builds after the first load instead of row by row.
//!
//! A row of a roster changes pages all over an index of keyed hashes, and every commit of the load writes nearly all of them
//! anew. Built when the rows are there, such an index is sorted first and each of its pages written once. So a load into an empty
//! table goes without those indexes that it does not itself look up by. Whoever looks somebody up meanwhile reads the whole table:
//! the answer is the same, later. PostgreSQL keeps its indexes: services may not change the schema there.
//!
//! An index that is missing costs time and nothing else. So a build that fails ends no import: the next import or the housekeeping,
//! which also meets what a killed process left, builds it. Where the housekeeping comes in the middle of a load, the rest of that goes
//! on with the indexes. Sorting takes a temporary file.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::connect::Db;
use super::error::Error;
use super::names;
use super::sqlite;
use super::tx::Tx;

/// The rows with which the indexes are built and a load goes on with them. One takes about half a second then; whoever else wants to
/// write gives up after three at the earliest.
pub const MOST_ROWS: i64 = 1_000_000;

const TABLE: &str = "individual_index";
/// The columns of [`TABLE`] whose indexes a load can do without: it looks people up by their SSN.
const COLUMNS: [&str; 4] = ["name_dob", "name_postal", "dob_postal", "last4_dob"];

/// Takes the indexes away if the table is empty.
pub async fn put_off(tx: &Tx<'_>) -> Result<(), Error> {
    if tx.backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let sql = format!("SELECT 1 FROM {TABLE} LIMIT 1");
    let first = tx.query_one_raw(Statement::from_string(tx.backend(), sql));
    if first.await?.is_some() {
        return Ok(());
    }
    for column in COLUMNS {
        let sql = format!("DROP INDEX IF EXISTS {}", name(column));
        tx.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Builds them if the table has become large.
pub async fn build_if_large(db: &Db) -> Result<(), Error> {
    if db.backend() != DbBackend::Sqlite {
        return Ok(());
    }
    // Rows are numbered as they come, so that nothing need be counted.
    let sql = format!("SELECT COALESCE(MAX(rowid), 0) AS n FROM {TABLE}");
    let row = db
        .read()
        .query_one_raw(Statement::from_string(db.backend(), sql));
    let rows = row.await?.map_or(Ok(0), |row| row.try_get("", "n"))?;
    if MOST_ROWS <= rows {
        build(db).await
    } else {
        Ok(())
    }
}

/// Builds those indexes that are not there, one a transaction, so that others can write in between.
pub async fn build(db: &Db) -> Result<(), Error> {
    if db.backend() != DbBackend::Sqlite {
        return Ok(());
    }
    for column in missing(db.read()).await? {
        let sql = sqlite::sorting(&format!(
            "CREATE INDEX IF NOT EXISTS {} ON {TABLE} ({column})",
            name(column)
        ));
        db.run_bulk("build_index", |tx| {
            let sql = sql.clone();
            Box::pin(async move {
                tx.execute_unprepared(&sql).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    }
    Ok(())
}

async fn missing(read: &impl ConnectionTrait) -> Result<Vec<&'static str>, Error> {
    let sql =
        format!("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = '{TABLE}'");
    let rows = read
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    let there: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", "name"))
        .collect::<Result<_, _>>()?;
    let is_missing = |column: &&str| !there.contains(&name(column));
    Ok(COLUMNS.into_iter().filter(is_missing).collect())
}

fn name(column: &str) -> String {
    names::index_name(TABLE, &[column])
}
