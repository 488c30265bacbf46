//! Several processes, one SQLite file.

use redress::db::entities::throttle;
use redress::db::{Db, Error, Process};
use redress::kernel::ids::Ids;
use sea_orm::{EntityTrait, Set};

use super::seed::{NOW, ids, throttle_rows};
use crate::harness::Database;

const ROUNDS: u64 = 150;

async fn write(db: Db, ids: Ids) -> Result<(), Error> {
    for _ in 0..ROUNDS {
        let key = ids.uuid();
        db.run_tx("test.write", |tx| {
            Box::pin(async move {
                let process = tx.process().as_str().to_owned();
                // Reads before it writes: a DEFERRED transaction would fail here with SQLITE_BUSY_SNAPSHOT.
                assert!(
                    throttle::Entity::find_by_id((key, process.clone()))
                        .one(tx)
                        .await?
                        .is_none()
                );
                let row = throttle::ActiveModel {
                    key: Set(key),
                    process: Set(process),
                    tat: Set(NOW),
                };
                throttle::Entity::insert(row)
                    .exec_without_returning(tx)
                    .await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_write_to_one_file_without_an_error() {
    let database = Database::sqlite().await;
    let ids = ids();
    let mut writers = Vec::new();
    let mut handles = Vec::new();
    for process in Process::ALL {
        let db = database.open(process).await;
        handles.push(db.clone());
        writers.push(tokio::spawn(write(db, ids.clone())));
    }
    for writer in writers {
        assert_eq!(writer.await.unwrap(), Ok(()));
    }
    assert_eq!(throttle_rows(handles[0].read()).await, 3 * ROUNDS);
    for db in handles {
        db.close().await;
    }
}

#[tokio::test]
async fn the_reading_connections_refuse_to_write() {
    let database = Database::sqlite().await;
    let db = database.open(Process::Codes).await;
    let row = throttle::ActiveModel {
        key: Set(ids().uuid()),
        process: Set("codes".to_owned()),
        tat: Set(NOW),
    };
    let result = throttle::Entity::insert(row)
        .exec_without_returning(db.read())
        .await;
    assert!(result.is_err());
    assert_eq!(throttle_rows(db.read()).await, 0);
}

#[tokio::test]
async fn closing_folds_the_log_into_the_file() {
    let database = Database::sqlite().await;
    let db = database.open(Process::Codes).await;
    write(db.clone(), ids()).await.unwrap();
    let path = database
        .url()
        .expose()
        .trim_start_matches("sqlite:")
        .to_owned();
    assert!(std::fs::exists(format!("{path}-wal")).unwrap());
    db.close().await;
    assert!(!std::fs::exists(format!("{path}-wal")).unwrap());
    assert!(!std::fs::exists(format!("{path}-shm")).unwrap());
}

#[tokio::test]
async fn what_is_erased_is_gone_from_the_file() {
    const CANARY: [u8; 16] = *b"canary-canary-42";
    let database = Database::sqlite().await;
    let db = database.open(Process::Codes).await;
    let key = uuid::Uuid::from_bytes(CANARY);
    db.run_tx("test.write", |tx| {
        Box::pin(async move {
            let row = throttle::ActiveModel {
                key: Set(key),
                process: Set("codes".to_owned()),
                tat: Set(NOW),
            };
            throttle::Entity::insert(row)
                .exec_without_returning(tx)
                .await?;
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
    db.run_tx("test.erase", |tx| {
        Box::pin(async move {
            throttle::Entity::delete_by_id((key, "codes".to_owned()))
                .exec(tx)
                .await?;
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
    db.close().await;
    let bytes = std::fs::read(database.url().expose().trim_start_matches("sqlite:")).unwrap();
    assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY));
}
