//! Several processes, one SQLite file.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use redress::db::entities::throttle;
use redress::db::{Db, Error, Process};
use redress::kernel::ids::Ids;
use sea_orm::{EntityTrait, Set};
use tokio::sync::{Notify, watch};

use super::seed::{NOW, ids, insert, throttle_rows};
use crate::harness::Database;
use crate::harness::poll;

const ROUNDS: u64 = 150;
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

async fn write(db: Db, ids: Ids, rounds: u64) -> Result<(), Error> {
    for _ in 0..rounds {
        let key = ids.uuid();
        db.run_tx("test.write", |tx| {
            Box::pin(async move {
                let process = tx.process().as_str().to_owned();
                // Reads before it writes: a DEFERRED transaction would fail here with SQLITE_BUSY_SNAPSHOT.
                assert!(
                    throttle::Entity::find_by_id((key, process))
                        .one(tx)
                        .await?
                        .is_none()
                );
                insert(tx, key).await
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
        writers.push(tokio::spawn(write(db, ids.clone(), ROUNDS)));
    }
    for writer in writers {
        assert_eq!(writer.await.unwrap(), Ok(()));
    }
    assert_eq!(throttle_rows(handles[0].read()).await, 3 * ROUNDS);
    for db in handles {
        db.close().await;
    }
}

/// One transaction of the load follows the other, each held until somebody has asked for the file in vain, several times; whoever asks
/// gets it between two of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_write_between_the_transactions_of_a_bulk_load() {
    const ASKS: usize = 4;
    const ROUNDS: usize = 15;
    let database = Database::sqlite().await;
    let loader = database.open(Process::Identity).await;
    let other = database.open(Process::Codes).await;
    let (ids, load_into) = (ids(), loader.clone());
    let keys = ids.clone();
    let (begun, mut begins) = watch::channel(());
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let load = tokio::spawn(async move {
        loop {
            let (key, begun, released) = (keys.uuid(), &begun, &released);
            let done = load_into.run_bulk("test.load", |tx| {
                Box::pin(async move {
                    insert(tx, key).await?;
                    begun.send_replace(());
                    released.notified().await;
                    Ok::<_, Error>(())
                })
            });
            done.await.unwrap();
        }
    });
    let asking = other.statements();
    let in_vain = async || {
        let mut asks = 0;
        asking.watch();
        poll::until("somebody to ask", PATIENCE, async || {
            asks += asking.seen().len();
            asking.watch();
            (asks >= ASKS).then_some(())
        })
        .await;
    };
    for _ in 0..ROUNDS {
        begins.changed().await.unwrap();
        let mut writing = pin!(write(other.clone(), ids.clone(), 1));
        let written = loop {
            tokio::select! {
                written = &mut writing => break written,
                () = in_vain() => release.notify_one(),
            }
        };
        assert_eq!(written, Ok(()));
    }
    load.abort();
    assert!(load.await.unwrap_err().is_cancelled());
    other.close().await;
    loader.close().await;
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
    write(db.clone(), ids(), ROUNDS).await.unwrap();
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
    db.run_tx("test.write", |tx| Box::pin(insert(tx, key)))
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
