//! The schema itself: made by migrators, checked by services.

use redress::db::{Db, Error, Process, migrate};
use sea_orm::ConnectionTrait;

use crate::harness::{Database, apply, both};

async fn check(database: &Database) -> Result<(), Error> {
    let db = database.open(Process::Codes).await;
    let result = db.check_schema().await;
    db.close().await;
    result
}

async fn alter(database: &Database, sql: &str) {
    let owner = database.owner().await;
    owner.execute_unprepared(sql).await.unwrap();
    owner.close().await.unwrap();
}

fn advice(result: Result<(), Error>) -> String {
    match result {
        Err(Error::Schema { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[apply(both)]
async fn every_process_finds_the_schema_it_was_built_for(database: Database) {
    for process in Process::ALL {
        let db = database.open(process).await;
        assert_eq!(db.check_schema().await, Ok(()));
        db.close().await;
    }
}

#[apply(both)]
async fn migrating_again_changes_nothing(database: Database) {
    assert_eq!(migrate::up(&database.url()).await, Ok(Vec::new()));
    let steps = migrate::status(&database.url()).await.unwrap();
    assert!(
        steps.iter().all(|step| step.applied && step.known),
        "{steps:?}"
    );
}

#[apply(both)]
async fn an_older_schema_is_refused_with_what_to_type(database: Database) {
    alter(
        &database,
        "DELETE FROM schema_version WHERE version = '0001_baseline'",
    )
    .await;
    let message = advice(check(&database).await);
    assert!(
        message.contains("redress migrate") && message.contains("0001_baseline"),
        "{message}"
    );
}

#[apply(both)]
async fn a_newer_schema_is_refused_by_services_and_migrators(database: Database) {
    alter(
        &database,
        "INSERT INTO schema_version (version, applied_at) VALUES ('9999_future', 0)",
    )
    .await;
    assert!(advice(check(&database).await).contains("newer than this program"));
    assert!(advice(migrate::up(&database.url()).await.map(drop)).contains("9999_future"));
}

#[tokio::test]
async fn a_database_without_a_schema_is_refused() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    let mut settings = database.settings(Process::Codes);
    settings.role = None;
    let db = Db::connect(&settings, Process::Codes).await.unwrap();
    assert!(advice(db.check_schema().await).contains("redress migrate"));
    let steps = migrate::status(&database.url()).await.unwrap();
    assert!(steps.iter().all(|step| !step.applied), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrators_of_one_postgres_database_take_turns() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    migrate_at_once(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrators_of_one_sqlite_file_take_turns() {
    migrate_at_once(&Database::sqlite_without_file()).await;
}

async fn migrate_at_once(database: &Database) {
    let migrators = (0..4).map(|_| {
        let url = database.url();
        tokio::spawn(async move { migrate::up(&url).await.unwrap().len() })
    });
    let applied = futures::future::join_all(migrators).await;
    let mut applied: Vec<usize> = applied.into_iter().map(Result::unwrap).collect();
    applied.sort_unstable();
    let steps = migrate::status(&database.url()).await.unwrap();
    assert_eq!(applied, [0, 0, 0, steps.len()]);
}

/// Roles belong to the cluster: the first migrators of two databases make them at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrators_of_several_databases_share_the_roles() {
    let mut databases = Vec::new();
    for _ in 0..3 {
        let Some(database) = Database::postgres_without_schema().await else {
            return;
        };
        databases.push(database);
    }
    let migrators = databases.iter().map(|database| {
        let url = database.url();
        tokio::spawn(async move { migrate::up(&url).await.map(drop) })
    });
    for result in futures::future::join_all(migrators).await {
        assert_eq!(result.unwrap(), Ok(()));
    }
}
