//! Checkpoints of bulk transactions on SQLite: what they wrote to the write-ahead log is copied into the database file.
//!
//! SQLite does that in the commit that finds the log long, and whoever commits waits for it. A bulk transaction leaves it
//! to another connection, which copies while the next transaction loads. A log that is written on meanwhile does not begin
//! anew (<https://www.sqlite.org/wal.html#ckpt>): once it is long, the next bulk transaction waits until all of it is copied.

use std::time::Duration;

use sea_orm::sqlx::{self, SqlitePool};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::error::Error;

/// The log is long from so many pages on, which are 256 MiB. More comes in while they are copied.
const LONG: i64 = 65_536;
/// How long a process that loads in bulk leaves the file to others between two transactions. They look for a free file more often
/// than that: see `super::sqlite`.
const GAP: Duration = Duration::from_millis(20);

/// How often a copy that another process is in the way of is tried again, a gap apart.
const TRIES: u32 = 50;

/// What a process knows of the log.
pub(super) struct Checkpoints {
    readers: SqlitePool,
    long: i64,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// The copying that was begun last; nothing comes of it where it failed.
    under_way: Option<JoinHandle<Option<Copied>>>,
    /// Whether another one was under way when it was begun.
    is_behind: bool,
    /// The pages of the log, as far as is known.
    pages: i64,
    /// When the last bulk transaction ended.
    ended_at: Option<Instant>,
}

/// What a checkpoint says.
struct Copied {
    /// The pages of the log when it began.
    pages: i64,
    /// How many of them are in the database file.
    copied: i64,
}

impl Checkpoints {
    /// Takes the connections to copy with. That they may not write changes nothing: a checkpoint is no write
    /// (<https://www.sqlite.org/pragma.html#pragma_query_only>).
    pub fn new(readers: SqlitePool) -> Self {
        Self::with(readers, LONG)
    }

    fn with(readers: SqlitePool, long: i64) -> Self {
        Self {
            readers,
            long,
            last: Mutex::default(),
        }
    }

    /// Waits until another bulk transaction may begin: others had a chance to write, copying is not two transactions behind, and the
    /// log is not long.
    pub async fn ready(&self) {
        let mut last = self.last.lock().await;
        if let Some(ended_at) = last.ended_at {
            tokio::time::sleep_until(ended_at + GAP).await;
        }
        if last.is_behind || last.pages >= self.long || last.has_arrived() {
            last.arrive().await;
        }
        if last.pages >= self.long {
            last.catch_up(&self.readers).await;
        }
    }

    /// Notes that a bulk transaction was committed, and copies what it wrote beside whatever comes next.
    pub async fn committed(&self) {
        let mut last = self.last.lock().await;
        last.ended_at = Some(Instant::now());
        if last.has_arrived() {
            last.arrive().await;
        }
        let before = last.under_way.take();
        last.is_behind = before.is_some();
        let readers = self.readers.clone();
        last.under_way = Some(tokio::spawn(async move {
            if let Some(before) = before {
                drop(before.await);
            }
            copy(&readers).await
        }));
    }
}

impl Last {
    fn has_arrived(&self) -> bool {
        self.under_way.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits for the copying that is under way. Whoever is dropped meanwhile leaves it to the next one to wait.
    async fn arrive(&mut self) {
        if let Some(under_way) = &mut self.under_way {
            if let Ok(Some(copied)) = under_way.await {
                self.pages = copied.pages;
            }
            self.under_way = None;
        }
        self.is_behind = false;
    }

    /// Copies what is left. The next transaction begins the log anew then, unless somebody still reads in it.
    async fn catch_up(&mut self, readers: &SqlitePool) {
        for _ in 0..TRIES {
            if let Some(Copied { pages, copied }) = copy(readers).await {
                self.pages = if copied < pages { pages } else { 0 };
                return;
            }
            tokio::time::sleep(GAP).await;
        }
    }
}

/// Copies as much as can be without waiting for anybody; nothing where another process is copying, or it fails.
async fn copy(readers: &SqlitePool) -> Option<Copied> {
    let said: Result<(i64, i64, i64), sqlx::Error> =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
            .fetch_one(readers)
            .await;
    match said {
        Ok((0, pages, copied)) => Some(Copied { pages, copied }),
        Ok(_) => None,
        Err(error) => {
            let class = Error::from(error).class();
            tracing::warn!(class, "the write-ahead log was not copied");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::sqlite::SqlitePoolOptions;
    use sea_orm::sqlx::{AssertSqlSafe, raw_sql};

    use super::*;
    use crate::db::settings::Process;
    use crate::db::sqlite;

    const PAGE: u64 = 4_096;
    /// What one transaction writes.
    const PAGES: u64 = 100;

    #[tokio::test]
    async fn the_log_of_a_load_does_not_grow_with_it() {
        const TRANSACTIONS: u64 = 30;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("load.db");
        let options = sqlite::writing(&path, Process::Codes).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(3);
        let pool = pool.connect_with(options).await.unwrap();
        let run = async |sql: String| {
            let mut connection = pool.acquire().await.unwrap();
            let sql = raw_sql(AssertSqlSafe(sql));
            sql.execute(&mut *connection).await.unwrap();
        };
        run("CREATE TABLE t (b BLOB)".to_owned()).await;
        let checkpoints = Checkpoints::with(pool.clone(), i64::try_from(3 * PAGES).unwrap());
        for _ in 0..TRANSACTIONS {
            checkpoints.ready().await;
            let insert = format!("INSERT INTO t VALUES (randomblob({}))", PAGES * PAGE);
            run(format!("{}; {insert}; COMMIT", sqlite::begin_sql(true))).await;
            checkpoints.committed().await;
        }
        let log = std::fs::metadata(path.with_extension("db-wal")).unwrap();
        // Long is three transactions; at most two more are written before that is known.
        assert!(log.len() < 6 * PAGES * PAGE, "{} bytes", log.len());
        checkpoints.last.lock().await.arrive().await;
        run("PRAGMA wal_checkpoint(TRUNCATE)".to_owned()).await;
        let file = std::fs::metadata(&path).unwrap();
        assert!(file.len() > TRANSACTIONS * PAGES * PAGE);
        pool.close().await;
    }
}
