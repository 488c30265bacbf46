//! The queue of a measurement, filled and counted by SQL: who enrolled the people in it does not matter there.

use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, SqliteConnection};
use uuid::Uuid;

use super::databases::{Databases, Side, failed};
use crate::client::problem::Problem;
use crate::db::{self, Process};
use crate::kernel::clock::Timestamp;

/// Orders to put into the queue.
#[derive(Clone, Copy, Debug)]
pub struct Fill<'a> {
    /// The id of the partner.
    pub partner: &'a str,
    /// The product, by which the orders are found again.
    pub product: &'a str,
    /// An order for everybody on the roster, but no more than this.
    pub most: u64,
    /// When they are due.
    pub due_at: Timestamp,
}

/// Queues orders; gives how many.
pub async fn fill(databases: &Databases, fill: &Fill<'_>) -> Result<u64, Problem> {
    let Fill {
        partner,
        product,
        most,
        due_at,
    } = *fill;
    let at = due_at.as_micros();
    let partner: Uuid = partner.parse().unwrap_or_default();
    let (id, partner) = match databases {
        Databases::Postgres(_) => ("gen_random_uuid()", format!("'{partner}'")),
        Databases::Sqlite(_) => ("randomblob(16)", format!("x'{}'", partner.simple())),
    };
    let sql = format!(
        "INSERT INTO handoff (campaign_id, id, enrollment_id, coverage_id, individual_id, partner_id, kind, product_code, term_months, \
         order_attempt, state, attempts, not_before, revision, created_at, updated_at, ordered_at, tries, failures) \
         SELECT campaign_id, {id}, {id}, {id}, id, {partner}, 'ENROLL', '{product}', 24, 1, 'QUEUED', 0, {at}, 0, {at}, {at}, {at}, 0, 0 \
         FROM individual LIMIT {most}"
    );
    let filled = execute(databases, &sql).await?;
    // So many rows never come at once otherwise, and the database counts a table every minute: without that its plans are for an empty one.
    execute(databases, "ANALYZE handoff").await?;
    Ok(filled)
}

/// Counts the orders of a product that no bureau has taken. By the index over the queues: it is asked while they empty, and reads no more than
/// is left in them.
pub async fn count_waiting(databases: &Databases, product: &str) -> Result<u64, Problem> {
    let sql = format!(
        "SELECT COUNT(*) FROM campaign c JOIN partner p ON 1 = 1 JOIN handoff h ON h.campaign_id = c.id AND h.partner_id = p.id \
         WHERE h.product_code = '{product}' AND h.state IN ('QUEUED', 'LEASED', 'UNSETTLED')"
    );
    count(databases, &sql).await
}

/// Gives when the orders were given that a bureau has taken since then, in the order in which it took them.
pub async fn given_in_order_taken(
    databases: &Databases,
    product: &str,
    since: Timestamp,
) -> Result<Vec<i64>, Problem> {
    let sql = format!(
        "SELECT created_at FROM handoff WHERE product_code = '{product}' AND acknowledged_at >= {} ORDER BY acknowledged_at, created_at",
        since.as_micros()
    );
    let sql = AssertSqlSafe(sql);
    let found = match databases {
        Databases::Postgres(server) => {
            let mut connection = Databases::connect(server, Side::System).await?;
            sqlx::query_scalar(sql).fetch_all(&mut connection).await
        }
        Databases::Sqlite(_) => {
            let mut connection = open(databases).await?;
            sqlx::query_scalar(sql).fetch_all(&mut connection).await
        }
    };
    found.map_err(|error| failed(&error))
}

/// Leases all these orders in batches by one statement each, and nothing else; gives how long that took, and takes them out again.
pub async fn lease_alone(
    databases: &Databases,
    orders: &Fill<'_>,
    batch: u64,
) -> Result<Duration, Problem> {
    let Fill {
        partner, product, ..
    } = *orders;
    let uuid = |id: Uuid| match databases {
        Databases::Postgres(_) => format!("'{id}'"),
        Databases::Sqlite(_) => format!("x'{}'", id.simple()),
    };
    let lock = match databases {
        Databases::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        Databases::Sqlite(_) => "",
    };
    let partner = uuid(partner.parse().unwrap_or_default());
    let token = uuid(Uuid::from_u128(1));
    let lease = format!(
        "WITH due AS MATERIALIZED (SELECT campaign_id, id FROM handoff WHERE campaign_id = (SELECT campaign_id FROM individual LIMIT 1) \
         AND partner_id = {partner} AND state = 'QUEUED' AND product_code = '{product}' ORDER BY not_before, id LIMIT {batch} {lock}) \
         UPDATE handoff SET state = 'LEASED', attempts = attempts + 1, sent_at = not_before, not_before = not_before + 60000000, \
         lease_expires_at = not_before + 60000000, lease_token = {token}, lease_owner = 'bench' FROM due WHERE handoff.campaign_id = due.campaign_id AND handoff.id = due.id"
    );
    let begun_at = Instant::now();
    while execute(databases, &lease).await? > 0 {}
    let took = begun_at.elapsed();
    let remove = format!("DELETE FROM handoff WHERE product_code = '{product}'");
    execute(databases, &remove).await?;
    Ok(took)
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
    // The processes are at work, and one writes at a time.
    let options = db::writing(&databases.file(Side::System), Process::Handoff)
        .busy_timeout(Duration::from_mins(1));
    let opened = SqliteConnection::connect_with(&options).await;
    opened.map_err(|error| failed(&error))
}
