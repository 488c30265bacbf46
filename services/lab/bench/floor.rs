//! The least that the same rows cost: loaded into empty tables with the same indexes by the database alone, and read back.
//!
//! On PostgreSQL the rows come from a binary COPY file in the order of the system's tables: one COPY and one commit a table, on
//! one connection. On SQLite they come in the order of their people by prepared INSERTs: one transaction a step, on a connection
//! with the settings of the process whose step it is; reading the rows from the system's file is not timed. Indexes are kept
//! row by row.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures::TryStreamExt;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Row, Sqlite, TypeInfo, ValueRef};

use super::databases::{Databases, Side, failed};
use crate::client::problem::Problem;
use crate::db::{self, Process, VALUES_AN_INSERT};

/// What an import writes.
const ROSTER: [&str; 3] = ["individual", "individual_index", "individual_entity"];
/// What an issue writes.
const CODES: [&str; 1] = ["code"];
/// What an export reads.
const LETTERS: [&str; 3] = ["individual", "individual_entity", "code"];

/// A prepared INSERT with its rows.
type Insert<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Seconds of each step.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// Loading the roster's tables.
    pub import: f64,
    /// Loading the codes.
    pub issue: f64,
    /// Reading what the letters need.
    pub export: f64,
}

/// Measures the floor for the rows of the system's database, while no process works on it.
pub async fn measure(databases: &Databases, dir: &Path) -> Result<Floor, Problem> {
    match databases {
        Databases::Postgres(server) => on_postgres(server, dir).await,
        Databases::Sqlite(_) => {
            on_sqlite(&databases.file(Side::System), &databases.file(Side::Floor))
                .await
                .map_err(|error| failed(&error))
        }
    }
}

async fn on_postgres(server: &PgConnectOptions, dir: &Path) -> Result<Floor, Problem> {
    let mut system = Databases::connect(server, Side::System).await?;
    let mut floor = Databases::connect(server, Side::Floor).await?;
    for table in ROSTER.iter().chain(&CODES) {
        save(&mut system, table, &file(dir, table)).await?;
    }
    let measured = Floor {
        import: load_all(&mut floor, &ROSTER, dir).await?,
        issue: load_all(&mut floor, &CODES, dir).await?,
        export: read_all(&mut system).await?,
    };
    for table in ROSTER.iter().chain(&CODES) {
        let _ = std::fs::remove_file(file(dir, table));
    }
    for connection in [system, floor] {
        connection.close().await.map_err(|error| failed(&error))?;
    }
    Ok(measured)
}

fn file(dir: &Path, table: &str) -> PathBuf {
    dir.join(table).with_extension("copy")
}

async fn save(connection: &mut PgConnection, table: &str, path: &Path) -> Result<(), Problem> {
    let wrong = |error: std::io::Error| Problem::file(path, &error);
    let mut file = std::fs::File::create(path).map_err(wrong)?;
    copy_out(connection, table, |piece| {
        file.write_all(piece).map_err(wrong)
    })
    .await
}

/// Reads a table piece by piece.
async fn copy_out(
    connection: &mut PgConnection,
    table: &str,
    mut take: impl FnMut(&[u8]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let sql = format!("COPY {table} TO STDOUT (FORMAT binary)");
    let mut pieces = connection
        .copy_out_raw(&sql)
        .await
        .map_err(|error| failed(&error))?;
    while let Some(piece) = pieces.try_next().await.map_err(|error| failed(&error))? {
        take(&piece)?;
    }
    Ok(())
}

async fn load_all(
    connection: &mut PgConnection,
    tables: &[&str],
    dir: &Path,
) -> Result<f64, Problem> {
    let mut seconds = 0.0;
    for table in tables {
        let path = file(dir, table);
        let begun_at = Instant::now();
        load(connection, table, &path).await?;
        seconds += begun_at.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

async fn load(connection: &mut PgConnection, table: &str, path: &Path) -> Result<(), Problem> {
    let wrong = |error: std::io::Error| Problem::file(path, &error);
    let mut file = std::fs::File::open(path).map_err(wrong)?;
    let sql = format!("COPY {table} FROM STDIN (FORMAT binary)");
    let mut copy = connection
        .copy_in_raw(&sql)
        .await
        .map_err(|error| failed(&error))?;
    let mut piece = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut piece).map_err(wrong)?;
        if length == 0 {
            break;
        }
        copy.send(&piece[..length])
            .await
            .map_err(|error| failed(&error))?;
    }
    copy.finish().await.map_err(|error| failed(&error))?;
    Ok(())
}

async fn read_all(connection: &mut PgConnection) -> Result<f64, Problem> {
    let begun_at = Instant::now();
    for table in LETTERS {
        copy_out(connection, table, |_| Ok(())).await?;
    }
    Ok(begun_at.elapsed().as_secs_f64())
}

async fn on_sqlite(system: &Path, floor: &Path) -> Result<Floor, sqlx::Error> {
    let mut source = open_sqlite(system, Process::Codes).await?;
    let mut roster = open_sqlite(floor, Process::Identity).await?;
    let import = insert_all(&mut source, &mut roster, &ROSTER).await?;
    roster.close().await?;
    let mut codes = open_sqlite(floor, Process::Codes).await?;
    let issue = insert_all(&mut source, &mut codes, &CODES).await?;
    codes.close().await?;
    let export = select_all(&mut source).await?;
    source.close().await?;
    Ok(Floor {
        import,
        issue,
        export,
    })
}

async fn open_sqlite(path: &Path, process: Process) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&db::writing(path, process)).await
}

/// Inserts the rows of some tables in one transaction, in the order in which their people came.
async fn insert_all(
    source: &mut SqliteConnection,
    target: &mut SqliteConnection,
    tables: &[&str],
) -> Result<f64, sqlx::Error> {
    let mut seconds = timed(sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *target)).await?;
    for table in tables {
        let person = if *table == "individual" {
            "id"
        } else {
            "individual_id"
        };
        let sql = format!("SELECT * FROM {table} ORDER BY {person}");
        let columns: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pragma_table_info($1)")
            .bind(table)
            .fetch_one(&mut *source)
            .await?;
        let rows_an_insert = VALUES_AN_INSERT / usize::try_from(columns).unwrap_or(1);
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .fetch(&mut *source)
            .try_chunks(rows_an_insert);
        while let Some(rows) = rows.try_next().await.map_err(|error| error.1)? {
            let insert = insert(table, &rows)?;
            seconds += timed(insert.execute(&mut *target)).await?;
        }
    }
    Ok(seconds + timed(sqlx::raw_sql("COMMIT").execute(target)).await?)
}

/// Binds rows as they were read to a prepared INSERT.
fn insert<'q>(table: &str, rows: &[SqliteRow]) -> Result<Insert<'q>, sqlx::Error> {
    let columns = rows.first().map_or(0, |row| row.columns().len());
    let row = format!("({})", vec!["?"; columns].join(","));
    let all = vec![row; rows.len()].join(",");
    let sql = format!("INSERT OR FAIL INTO {table} VALUES {all}");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for row in rows {
        for column in 0..columns {
            let value = row.try_get_raw(column)?;
            query = match value.type_info().name() {
                _ if value.is_null() => query.bind(None::<i64>),
                "INTEGER" | "BOOLEAN" => query.bind(row.try_get_unchecked::<i64, _>(column)?),
                "TEXT" => query.bind(row.try_get_unchecked::<String, _>(column)?),
                _ => query.bind(row.try_get_unchecked::<Vec<u8>, _>(column)?),
            };
        }
    }
    Ok(query)
}

async fn timed<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<f64, sqlx::Error> {
    let begun_at = Instant::now();
    work.await?;
    Ok(begun_at.elapsed().as_secs_f64())
}

/// Reads every column of every row without a client: the sum of their lengths is one row.
async fn select_all(connection: &mut SqliteConnection) -> Result<f64, sqlx::Error> {
    let begun_at = Instant::now();
    for sql in [
        "SELECT sum(length(salt) + length(sealed) + length(population) + length(language)) FROM individual",
        "SELECT sum(length(individual_id) + length(covered_entity_id)) FROM individual_entity",
        "SELECT sum(length(individual_id) + generation) FROM code",
    ] {
        sqlx::query(sql).fetch_one(&mut *connection).await?;
    }
    Ok(begun_at.elapsed().as_secs_f64())
}
