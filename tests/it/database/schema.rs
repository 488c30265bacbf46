//! The schema itself: made by migrators, checked by services.

use redress::db::entities::{individual_entity, individual_index};
use redress::db::{Db, Error, Process, migrate};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder};

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
        "DELETE FROM schema_version WHERE version = '0006_commons'",
    )
    .await;
    let message = advice(check(&database).await);
    assert!(
        message.contains("redress migrate") && message.contains("0006_commons"),
        "{message}"
    );
}

#[apply(both)]
async fn rows_stay_when_their_tables_get_other_keys(database: Database) {
    let owner = database.owner().await;
    let is_sqlite = owner.get_database_backend() == DbBackend::Sqlite;
    let form = if is_sqlite { "WITHOUT ROWID" } else { "" };
    let id = |n: u8| {
        if is_sqlite {
            format!("x'{n:032x}'")
        } else {
            format!("'{}'", uuid::Uuid::from_u128(n.into()))
        }
    };
    for sql in [
        "DELETE FROM schema_version WHERE version = '0012_keyed_hashes'".to_owned(),
        "DROP TABLE individual_index".to_owned(),
        "DROP TABLE individual_entity".to_owned(),
        format!(
            "CREATE TABLE individual_index (campaign_id uuid NOT NULL, individual_id uuid NOT NULL, ssn bigint, name_dob bigint, \
             name_postal bigint, dob_postal bigint, last4_dob bigint, PRIMARY KEY (campaign_id, individual_id)) {form}"
        ),
        format!(
            "CREATE TABLE individual_entity (campaign_id uuid NOT NULL, covered_entity_id uuid NOT NULL, ref_mac uuid NOT NULL, \
             individual_id uuid NOT NULL, row_mac uuid NOT NULL, import_id uuid NOT NULL, \
             PRIMARY KEY (campaign_id, covered_entity_id, ref_mac)) {form}"
        ),
        "CREATE INDEX individual_entity_individual_id_idx ON individual_entity (campaign_id, individual_id)".to_owned(),
        format!("INSERT INTO individual_index VALUES ({}, {}, 7, NULL, -8, 9, 10)", id(1), id(2)),
        format!("INSERT INTO individual_index VALUES ({}, {}, NULL, 3, 4, 5, 6)", id(1), id(3)),
        format!(
            "INSERT INTO individual_entity VALUES ({}, {}, {}, {}, {}, {})",
            id(1), id(4), id(5), id(2), id(6), id(7)
        ),
    ] {
        owner.execute_unprepared(&sql).await.unwrap();
    }
    for column in ["ssn", "name_dob", "name_postal", "dob_postal", "last4_dob"] {
        let sql = format!(
            "CREATE INDEX individual_index_{column}_idx ON individual_index (campaign_id, {column})"
        );
        owner.execute_unprepared(&sql).await.unwrap();
    }
    assert_eq!(
        migrate::up(&database.url()).await,
        Ok(vec!["0012_keyed_hashes".to_owned()])
    );
    let db = database.open(Process::Identity).await;
    let keys =
        individual_index::Entity::find().order_by_asc(individual_index::Column::IndividualId);
    let keys = keys.all(db.read()).await.unwrap();
    let keys: Vec<_> = keys
        .iter()
        .map(|row| {
            (
                row.ssn,
                row.name_dob,
                row.name_postal,
                row.dob_postal,
                row.last4_dob,
            )
        })
        .collect();
    assert_eq!(
        keys,
        [
            (Some(7), None, Some(-8), Some(9), Some(10)),
            (None, Some(3), Some(4), Some(5), Some(6))
        ]
    );
    let [link] = &individual_entity::Entity::find()
        .all(db.read())
        .await
        .unwrap()[..]
    else {
        panic!("one row")
    };
    let link = [
        link.campaign_id.into(),
        link.covered_entity_id.into(),
        link.ref_mac,
        link.individual_id.into(),
        link.row_mac,
        link.import_id.into(),
    ];
    assert_eq!(link, [1, 4, 5, 2, 6, 7].map(uuid::Uuid::from_u128));
    // Another row with the reference is refused by the new key, whatever its entity.
    let again = format!(
        "INSERT INTO individual_entity VALUES ({}, {}, {}, {}, {}, {})",
        id(1),
        id(8),
        id(5),
        id(3),
        id(6),
        id(7)
    );
    owner.execute_unprepared(&again).await.unwrap_err();
    owner.close().await.unwrap();
    db.close().await;
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
