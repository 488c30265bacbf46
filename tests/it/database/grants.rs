//! What each process may do on PostgreSQL, tried with the statements themselves.

use std::collections::BTreeSet;

use redress::db::entities::{audit_event, throttle};
use redress::db::grants::{GRANTS, PER_PROCESS};
use redress::db::{DatabaseSettings, Db, Error, Process};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, Set,
};
use sea_orm::{DbBackend, Statement};

use super::seed::{NOW, ids, throttle_rows};
use crate::harness::{Database, cluster};

const RIGHTS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

async fn names(owner: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = owner
        .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

async fn tables(owner: &DatabaseConnection) -> Vec<String> {
    names(
        owner,
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    )
    .await
}

async fn columns(owner: &DatabaseConnection, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 \
         AND NOT attisdropped ORDER BY attnum"
    );
    names(owner, &sql).await
}

/// Tells whether the table of grants allows a statement on a column.
fn allows(process: Process, table: &str, right: &str, column: &str) -> bool {
    GRANTS.iter().any(|grant| {
        grant.process == process
            && grant.table == table
            && grant.rights.split(", ").any(|word| word == right)
            && (grant.columns.is_empty() || grant.columns.contains(&column))
    })
}

/// A statement that touches no row, for one right on one column.
fn statement(table: &str, right: &str, column: &str) -> String {
    match right {
        "SELECT" => format!("SELECT {column} FROM {table} WHERE false"),
        "INSERT" => format!("INSERT INTO {table} ({column}) SELECT NULL::record WHERE false")
            .replace("NULL::record", "NULL"),
        "UPDATE" => format!("UPDATE {table} SET {column} = NULL WHERE false"),
        _ => format!("DELETE FROM {table} WHERE false"),
    }
}

/// Each process opens the database with its own defaults: one that took no role would have the owner's rights here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_may_do_exactly_what_the_table_says() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    let mut wrong = Vec::new();
    for process in Process::ALL {
        let db = database.open(process).await;
        for table in tables(&owner).await {
            for column in columns(&owner, &table).await {
                for right in RIGHTS {
                    let expected = allows(process, &table, right, &column);
                    if may(&db, &statement(&table, right, &column)).await != expected {
                        wrong.push(format!(
                            "{process} {right} {table}.{column}: not {expected}"
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn may(db: &Db, sql: &str) -> bool {
    let result = db
        .run_tx("test.try", |tx| {
            Box::pin(async move {
                tx.execute_unprepared(sql).await?;
                Ok::<_, Error>(())
            })
        })
        .await;
    match result {
        Ok(()) => true,
        Err(Error::Denied(state)) => {
            assert_eq!(state.as_str(), "42501");
            false
        }
        Err(other) => panic!("{sql}: {other}"),
    }
}

#[tokio::test]
async fn every_table_has_a_writer_and_every_grant_a_table() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tables: BTreeSet<String> = tables(&database.owner().await).await.into_iter().collect();
    let granted: BTreeSet<String> = GRANTS.iter().map(|grant| grant.table.to_owned()).collect();
    assert_eq!(tables, granted);
    let of_the_migrator = ["schema_version", "schema_support"];
    for table in tables
        .iter()
        .filter(|table| !of_the_migrator.contains(&table.as_str()))
    {
        let inserts = GRANTS
            .iter()
            .filter(|grant| grant.table == table && grant.rights.contains("INSERT"))
            .count();
        // Every process notes the keys that it starts with, and compares them with those of its peers.
        let wanted = if PER_PROCESS.contains(&table.as_str()) || table == "key_fingerprint" {
            3
        } else {
            1
        };
        assert_eq!(inserts, wanted, "{table}");
    }
}

#[tokio::test]
async fn no_process_makes_or_changes_a_table() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    for process in Process::ALL {
        let db = database.open(process).await;
        for sql in [
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "TRUNCATE campaign",
            "CREATE SCHEMA mine",
            "ALTER TABLE audit_event DISABLE ROW LEVEL SECURITY",
        ] {
            assert!(!may(&db, sql).await, "{process}: {sql}");
        }
    }
}

/// Row-level security: the shared tables are three tables in truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_sees_and_writes_its_own_rows_only() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let ids = ids();
    for process in Process::ALL {
        let db = database.open(process).await;
        assert_eq!(write(&db, process, ids.uuid()).await, Ok(()));
        for other in Process::ALL.into_iter().filter(|other| *other != process) {
            assert!(matches!(
                write(&db, other, ids.uuid()).await,
                Err(Error::Denied(_))
            ));
        }
        assert_eq!(throttle_rows(db.read()).await, 1);
        let stolen = db.run_tx("test.steal", |tx| {
            Box::pin(async move {
                let all = throttle::Entity::delete_many()
                    .filter(throttle::Column::Process.ne(process.as_str()));
                Ok::<_, Error>(all.exec(tx).await?.rows_affected)
            })
        });
        assert_eq!(stolen.await, Ok(0));
        assert_eq!(audit_event::Entity::find().count(db.read()).await, Ok(0));
    }
    assert_eq!(throttle_rows(&database.owner().await).await, 3);
}

async fn write(db: &Db, process: Process, key: uuid::Uuid) -> Result<(), Error> {
    db.run_tx("test.write", |tx| {
        Box::pin(async move {
            let row = throttle::ActiveModel {
                key: Set(key),
                process: Set(process.to_string()),
                tat: Set(NOW),
            };
            throttle::Entity::insert(row)
                .exec_without_returning(tx)
                .await?;
            Ok(())
        })
    })
    .await
}

/// Production: a login of its own for each process, a member of the group role and nothing else.
#[tokio::test]
async fn a_login_that_is_a_member_of_the_role_needs_nothing_more() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let Some(cluster) = cluster::get().await else {
        return;
    };
    cluster
        .run(
            "CREATE ROLE service_of_codes LOGIN; GRANT redress_codes TO service_of_codes"
                .to_owned(),
        )
        .await;
    let name = database
        .url()
        .expose()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let url = cluster.url_for("service_of_codes", &name);
    let ids = ids();
    for role in [Some("redress_codes".to_owned()), None] {
        let settings = DatabaseSettings {
            role,
            ..DatabaseSettings::new(url.as_str(), Process::Codes)
        };
        let db = Db::connect(&settings, Process::Codes).await.unwrap();
        assert_eq!(db.check_schema().await, Ok(()));
        assert_eq!(write(&db, Process::Codes, ids.uuid()).await, Ok(()));
        assert!(matches!(
            write(&db, Process::Handoff, ids.uuid()).await,
            Err(Error::Denied(_))
        ));
        db.close().await;
    }
}

#[tokio::test]
async fn strangers_may_not_even_connect() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let Some(cluster) = cluster::get().await else {
        return;
    };
    cluster.run("CREATE ROLE outsider LOGIN".to_owned()).await;
    let name = database
        .url()
        .expose()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let settings = DatabaseSettings::new(cluster.url_for("outsider", &name), Process::Codes);
    assert!(matches!(
        Db::connect(&settings, Process::Codes).await,
        Err(Error::Connect { .. })
    ));
}
