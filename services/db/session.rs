//! One pooled connection on loan, of either database.

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Executor, Postgres, Sqlite};
use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;

use super::error::Error;

/// A connection taken from a pool. Dropped, it goes back there; [`Session::discard`] closes it instead.
pub(super) enum Session {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

impl Session {
    pub fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// Runs statements without parameters, several separated by semicolons, in one round trip.
    pub async fn run(&mut self, sql: String) -> Result<(), Error> {
        self.execute_plain(sql).await.map(drop).map_err(Error::from)
    }

    pub async fn execute_plain(&mut self, sql: String) -> Result<ExecResult, DbErr> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Postgres(conn) => conn.execute(sql).await.map(ExecResult::from),
            Self::Sqlite(conn) => conn.execute(sql).await.map(ExecResult::from),
        }
        .map_err(wrap)
    }

    pub async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (sql, values) = parts(statement);
        match self {
            Self::Postgres(conn) => conn
                .execute(sqlx::query_with(sql, values))
                .await
                .map(ExecResult::from),
            Self::Sqlite(conn) => conn
                .execute(sqlx::query_with(sql, values))
                .await
                .map(ExecResult::from),
        }
        .map_err(wrap)
    }

    pub async fn fetch_optional(
        &mut self,
        statement: Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        match self {
            Self::Postgres(conn) => conn
                .fetch_optional(sqlx::query_with(sql, values))
                .await
                .map(|row| row.map(QueryResult::from)),
            Self::Sqlite(conn) => conn
                .fetch_optional(sqlx::query_with(sql, values))
                .await
                .map(|row| row.map(QueryResult::from)),
        }
        .map_err(wrap)
    }

    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = parts(statement);
        match self {
            Self::Postgres(conn) => conn
                .fetch_all(sqlx::query_with(sql, values))
                .await
                .map(|rows| rows.into_iter().map(QueryResult::from).collect()),
            Self::Sqlite(conn) => conn
                .fetch_all(sqlx::query_with(sql, values))
                .await
                .map(|rows| rows.into_iter().map(QueryResult::from).collect()),
        }
        .map_err(wrap)
    }

    /// Closes the connection instead of giving it back.
    pub fn discard(mut self) {
        match &mut self {
            Self::Postgres(conn) => conn.close_on_drop(),
            Self::Sqlite(conn) => conn.close_on_drop(),
        }
    }
}

fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    let values = statement
        .values
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    (AssertSqlSafe(statement.sql), SqlxValues(values))
}

fn wrap(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
