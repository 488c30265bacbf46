//! The queue of the measurement, filled and counted by SQL.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, SqliteConnection};
use uuid::Uuid;

use crate::client::problem::Problem;
use crate::db::{self, Process};
use crate::kernel::clock::Timestamp;
use crate::lab::bench::databases::{Databases, Side, failed};

/// Queues an order for everybody on the roster, as of the beginning of a day; gives how many.
pub async fn fill(databases: &Databases, partner: &str, day: Date) -> Result<u64, Problem> {
    let begins = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    let begins = begins.map_err(|error| Problem::usage(error.to_string()))?;
    let at = Timestamp::from_jiff(begins).as_micros();
    let partner: Uuid = partner.parse().unwrap_or_default();
    let (id, partner) = match databases {
        Databases::Postgres(_) => ("gen_random_uuid()", format!("'{partner}'")),
        Databases::Sqlite(_) => ("randomblob(16)", format!("x'{}'", partner.simple())),
    };
    let sql = format!(
        "INSERT INTO handoff (campaign_id, id, enrollment_id, coverage_id, individual_id, partner_id, kind, product_code, term_months, \
         order_attempt, state, attempts, not_before, revision, created_at, updated_at, ordered_at, tries, failures) \
         SELECT campaign_id, {id}, {id}, {id}, id, {partner}, 'ENROLL', 'CM3B', 24, 1, 'QUEUED', 0, {at}, 0, {at}, {at}, {at}, 0, 0 \
         FROM individual"
    );
    execute(databases, &sql).await
}

/// Counts the orders that do not stand in one of these states, each with how many should.
pub async fn count_otherwise(databases: &Databases, ends: &[(&str, u64)]) -> Result<u64, Problem> {
    let mut otherwise = 0;
    for (state, expected) in ends {
        let sql = format!("SELECT COUNT(*) FROM handoff WHERE state = '{state}'");
        otherwise += count(databases, &sql).await?.abs_diff(*expected);
    }
    Ok(otherwise)
}

async fn execute(databases: &Databases, sql: &str) -> Result<u64, Problem> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    let done = match databases {
        Databases::Postgres(server) => {
            let mut connection = Databases::connect(server, Side::System).await?;
            sql.execute(&mut connection)
                .await
                .map(|done| done.rows_affected())
        }
        Databases::Sqlite(_) => {
            let mut connection = open(databases).await?;
            sql.execute(&mut connection)
                .await
                .map(|done| done.rows_affected())
        }
    };
    done.map_err(|error| failed(&error))
}

async fn count(databases: &Databases, sql: &str) -> Result<u64, Problem> {
    let sql = AssertSqlSafe(sql.to_owned());
    let found: Result<i64, sqlx::Error> = match databases {
        Databases::Postgres(server) => {
            let mut connection = Databases::connect(server, Side::System).await?;
            sqlx::query_scalar(sql).fetch_one(&mut connection).await
        }
        Databases::Sqlite(_) => {
            let mut connection = open(databases).await?;
            sqlx::query_scalar(sql).fetch_one(&mut connection).await
        }
    };
    let found = found.map_err(|error| failed(&error))?;
    Ok(u64::try_from(found).unwrap_or_default())
}

async fn open(databases: &Databases) -> Result<SqliteConnection, Problem> {
    let options = db::writing(&databases.file(Side::System), Process::Handoff);
    let opened = SqliteConnection::connect_with(&options).await;
    opened.map_err(|error| failed(&error))
}
