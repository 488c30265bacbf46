//! `run_tx`: every effect happens exactly once, whatever the database answers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redress::db::entities::throttle;
use redress::db::{Db, Error, FaultRates, Outage, Process, Storage, Tx};
use redress::kernel::ids::Ids;
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set, Statement};
use uuid::Uuid;

use super::seed::{NOW, ids, insert, throttle_rows};
use crate::harness::{Database, apply, both};

const KEY: Uuid = Uuid::from_u128(7);
const WORKERS: u64 = 8;
const ROUNDS: u64 = 40;

/// Adds one to a counter, once for each id: looks whether it was done, does it, notes that it was done.
async fn add_once(tx: &Tx<'_>, id: Uuid) -> Result<(), Error> {
    let process = "codes".to_owned();
    if throttle::Entity::find_by_id((id, process.clone()))
        .one(tx)
        .await?
        .is_some()
    {
        return Ok(());
    }
    insert(tx, id).await?;
    throttle::Entity::update_many()
        .col_expr(throttle::Column::Tat, Expr::cust("tat + 1"))
        .filter(throttle::Column::Key.eq(KEY))
        .exec(tx)
        .await?;
    Ok(())
}

async fn prepare(db: &Db) {
    db.run_tx("test.prepare", |tx| Box::pin(insert(tx, KEY)))
        .await
        .unwrap();
}

/// Reads in a transaction: a plain read is not run again when the server has just killed its connection.
async fn counted(db: &Db) -> i64 {
    let read = db.run_tx("test.count", |tx| {
        Box::pin(async move {
            let key = (KEY, "codes".to_owned());
            let row = throttle::Entity::find_by_id(key).one(tx).await?;
            Ok::<_, Error>(row.map(|row| row.tat))
        })
    });
    let tat = read.await.unwrap().unwrap();
    tat.as_micros() - NOW.as_micros()
}

/// Runs many workers that each add one many times, and gives how often the work ran.
async fn storm(db: &Db, ids: &Ids) -> u64 {
    let workers = (0..WORKERS).map(|_| {
        let (db, ids) = (db.clone(), ids.clone());
        tokio::spawn(async move {
            let ran = AtomicU32::new(0);
            for _ in 0..ROUNDS {
                let id = ids.uuid();
                let ran = &ran;
                db.run_tx("test.add", |tx| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    Box::pin(add_once(tx, id))
                })
                .await
                .unwrap();
            }
            u64::from(ran.load(Ordering::Relaxed))
        })
    });
    let ran = futures::future::join_all(workers).await;
    ran.into_iter().map(Result::unwrap).sum()
}

#[apply(both)]
async fn refused_commits_are_run_again_and_count_once(database: Database) {
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.0,
        seed: 1,
    });
    let ran = storm(&db, &ids()).await;
    assert_eq!(counted(&db).await, i64::try_from(WORKERS * ROUNDS).unwrap());
    assert!(
        db.faults().serializations() > 50,
        "{}",
        db.faults().serializations()
    );
    assert!(ran >= WORKERS * ROUNDS + db.faults().serializations());
}

/// The commit happened, nobody knows: the second run finds the work done and does nothing.
#[apply(both)]
async fn lost_answers_double_nothing(database: Database) {
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    db.faults().set(FaultRates {
        serialization: 0.1,
        lost_answer: 0.3,
        seed: 2,
    });
    storm(&db, &ids()).await;
    assert_eq!(counted(&db).await, i64::try_from(WORKERS * ROUNDS).unwrap());
    assert_eq!(throttle_rows(db.read()).await, WORKERS * ROUNDS + 1);
    assert!(
        db.faults().lost_answers() > 50,
        "{}",
        db.faults().lost_answers()
    );
}

#[apply(both)]
async fn the_same_faults_come_again_from_the_same_seed(database: Database) {
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        db.faults().set(FaultRates {
            serialization: 0.3,
            lost_answer: 0.2,
            seed: 3,
        });
        let ran = AtomicU32::new(0);
        for _ in 0..20 {
            let ran = &ran;
            db.run_tx("test.count", |tx| {
                ran.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move { touch(tx).await })
            })
            .await
            .unwrap();
        }
        runs.push(ran.into_inner());
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0] > 20);
}

#[apply(both)]
async fn an_error_of_the_work_rolls_back_and_is_not_tried_again(database: Database) {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        CodeSpent,
        Storage(Error),
    }
    impl From<Error> for Refusal {
        fn from(error: Error) -> Self {
            Self::Storage(error)
        }
    }
    impl Storage for Refusal {
        fn storage(&self) -> Option<&Error> {
            match self {
                Self::Storage(error) => Some(error),
                Self::CodeSpent => None,
            }
        }
    }
    let db = database.open(Process::Codes).await;
    let ran = AtomicU32::new(0);
    let ran = &ran;
    let result: Result<(), Refusal> = db
        .run_tx("test.refuse", |tx| {
            ran.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                insert(tx, KEY).await?;
                Err(Refusal::CodeSpent)
            })
        })
        .await;
    assert_eq!(result, Err(Refusal::CodeSpent));
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    assert_eq!(throttle_rows(db.read()).await, 0);
}

#[apply(both)]
async fn a_unique_constraint_has_one_name_on_both_databases(database: Database) {
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    let result = db
        .run_tx("test.double", |tx| Box::pin(insert(tx, KEY)))
        .await;
    assert!(result.unwrap_err().is_unique("throttle_pkey"));
}

/// PostgreSQL would answer that COMMIT with a silent rollback.
#[apply(both)]
async fn a_swallowed_statement_error_is_no_commit(database: Database) {
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    let result = db
        .run_tx("test.swallow", |tx| {
            Box::pin(async move {
                let _ = insert(tx, KEY).await;
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(result, Err(Error::Corrupt { .. })), "{result:?}");
}

#[apply(both)]
async fn a_transaction_ends_with_its_time_limit(database: Database) {
    let mut settings = database.settings(Process::Codes);
    settings.tx_timeout = Duration::from_millis(200);
    let db = Db::connect(&settings, Process::Codes).await.unwrap();
    let result = db
        .run_tx("test.hang", |tx| {
            Box::pin(async move {
                insert(tx, KEY).await?;
                std::future::pending::<Result<(), Error>>().await
            })
        })
        .await;
    assert_eq!(result, Err(Error::Unavailable(Outage::TimedOut)));
    // The connection that writes is free again, and nothing was kept.
    prepare(&db).await;
    assert_eq!(throttle_rows(db.read()).await, 1);
}

/// A client hung up: the handler's future is gone in the middle of its transaction.
#[apply(both)]
async fn a_dropped_handler_leaves_nothing_behind(database: Database) {
    let db = database.open(Process::Codes).await;
    for _ in 0..20 {
        let hanging = db.run_tx("test.drop", |tx| {
            Box::pin(async move {
                insert(tx, KEY).await?;
                std::future::pending::<Result<(), Error>>().await
            })
        });
        assert!(
            tokio::time::timeout(Duration::from_millis(20), hanging)
                .await
                .is_err()
        );
    }
    prepare(&db).await;
    assert_eq!(throttle_rows(db.read()).await, 1);
}

#[apply(both)]
async fn a_pool_that_is_closed_says_so_at_once(database: Database) {
    let db = database.open(Process::Codes).await;
    db.close().await;
    let result = db.run_tx("test.late", |tx| Box::pin(insert(tx, KEY))).await;
    assert_eq!(result, Err(Error::Unavailable(Outage::Closed)));
}

/// Writes something, whatever is there.
async fn touch(tx: &Tx<'_>) -> Result<(), Error> {
    let row = throttle::ActiveModel {
        key: Set(KEY),
        process: Set("codes".to_owned()),
        tat: Set(NOW),
    };
    let again = OnConflict::columns([throttle::Column::Key, throttle::Column::Process])
        .update_column(throttle::Column::Tat)
        .to_owned();
    throttle::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// PostgreSQL restarts, or fails over: connections die at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_kills_are_replaced() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let db = database.open(Process::Codes).await;
    prepare(&db).await;
    let owner = database.owner().await;
    let watched = db.clone();
    let killer = tokio::spawn(async move {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND application_name = 'redress-codes'";
        // After every tenth of the work, and once before any of it.
        let all = i64::try_from(WORKERS * ROUNDS).unwrap();
        for tenth in 0..10 {
            while counted(&watched).await < all * tenth / 10 {}
            owner.execute_unprepared(kill).await.unwrap();
        }
    });
    storm(&db, &ids()).await;
    killer.await.unwrap();
    assert_eq!(counted(&db).await, i64::try_from(WORKERS * ROUNDS).unwrap());
}

/// A plan made for the values of one call is not the one that the tests of plans look at.
#[tokio::test]
async fn statements_are_planned_for_whatever_values() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let db = database.open(Process::Codes).await;
    let planned = db.run_tx("test.plans", |tx| {
        Box::pin(async move {
            let key = (KEY, "codes".to_owned());
            throttle::Entity::find_by_id(key).one(tx).await?;
            let sql = "SELECT CAST(sum(generic_plans) AS BIGINT) AS generic, \
                CAST(sum(custom_plans) AS BIGINT) AS custom FROM pg_prepared_statements \
                WHERE statement LIKE '%throttle%' AND statement NOT LIKE '%pg_prepared%'";
            let sent = Statement::from_string(tx.backend(), sql);
            let row = tx.query_one_raw(sent).await?.unwrap();
            Ok::<(i64, i64), Error>((row.try_get("", "generic")?, row.try_get("", "custom")?))
        })
    });
    assert_eq!(planned.await.unwrap(), (1, 0));
}
