//! A database that cannot be written: named to callers, in readiness, in metrics and in the log, and over when its cause is.

use std::time::Duration;

use redress::db::{DatabaseSettings, Db, Error, Outage, Process, Tx};
use redress::kernel::fault::{Reason, reason_of};
use redress::process;
use redress::wire::redress::handoff::v1::{CreatePartnerRequest, Partner, PartnerMode};
use sea_orm::ConnectionTrait;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::harness::clients::request_id;
use crate::harness::processes::{House, Service, is_ready};
use crate::harness::tiny_disk::TinyDisk;
use crate::harness::walk::SETTLED;
use crate::harness::{Database, cluster, http, poll};

async fn write(house: &House, name: &str) -> Result<(), Status> {
    let request = CreatePartnerRequest {
        request_id: request_id(),
        partner: Some(Partner {
            name: name.to_owned(),
            mode: PartnerMode::Pull.into(),
            ..Partner::default()
        }),
    };
    house.partners().create_partner(request).await.map(drop)
}

/// The process says what is wrong, to a caller and to whoever runs it.
async fn expect_trouble(
    house: &House,
    refused: &Status,
    (reason, words, class): (Reason, &str, &str),
) {
    assert_eq!(reason_of(refused), Some(reason), "{refused:?}");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.get_details_retry_info().is_some(), "{refused:?}");
    let admin = house.address(Service::Handoff).admin;
    poll::until("the process to be unready", SETTLED, async || {
        let page = http::get(admin, "/readyz").await?;
        (page.status == 503 && page.body.contains(words)).then_some(())
    })
    .await;
    let metrics = http::get(admin, "/metrics").await.expect("metrics").body;
    let outcome = format!("outcome=\"{class}\"");
    assert!(metrics.contains(&outcome), "{metrics}");
    let log = house.log(Service::Handoff);
    assert!(log.contains(class) && log.contains(words), "{log}");
}

async fn expect_recovery(house: &House, name: &str) {
    let admin = house.address(Service::Handoff).admin;
    poll::until("the process to be ready again", SETTLED, async || {
        is_ready(admin).await
    })
    .await;
    write(house, name).await.expect("it is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_sqlite_is_named_until_there_is_room() {
    let database = Database::sqlite().await;
    let folder = database.folder().expect("a folder").to_owned();
    let Some(disk) = TinyDisk::over(&folder, 16) else {
        return;
    };
    let house = House::open(database).await;
    write(&house, "before").await.expect("there is room");
    let filler = disk.fill();
    // What the log of changes has room for already may still be written.
    let mut number = 0;
    let refused = poll::until("the disk to be full", SETTLED, async || {
        number += 1;
        write(&house, &format!("partner-{number}")).await.err()
    });
    let refused = refused.await;
    let told = (Reason::StorageFull, "its disk is full", "disk_full");
    expect_trouble(&house, &refused, told).await;
    drop(filler);
    expect_recovery(&house, "after").await;
}

/// Errors as a real server raises them, in the one place that every write of a request passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_cannot_be_written_is_named_until_it_can() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    let house = House::open(database).await;
    for (state, told) in [
        (
            "53100",
            (Reason::StorageFull, "its disk is full", "disk_full"),
        ),
        ("58030", (Reason::StorageBroken, "its files", "io_error")),
        (
            "25006",
            (Reason::StorageReadOnly, "it is read-only", "read_only"),
        ),
    ] {
        let break_it = format!(
            "CREATE FUNCTION fail_{state}() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$; \
             CREATE TRIGGER failing BEFORE INSERT ON idempotency EXECUTE FUNCTION fail_{state}()"
        );
        owner.execute_unprepared(&break_it).await.unwrap();
        // On a busy machine a call may find no connection in time first, and whoever calls tries again.
        let refused = poll::until("a write to be refused", SETTLED, async || {
            let refused = write(&house, &format!("during-{state}")).await.err()?;
            (reason_of(&refused) != Some(Reason::StorageUnavailable)).then_some(refused)
        })
        .await;
        expect_trouble(&house, &refused, told).await;
        let mend_it = "DROP TRIGGER failing ON idempotency";
        owner.execute_unprepared(mend_it).await.unwrap();
        expect_recovery(&house, &format!("after-{state}")).await;
    }
}

async fn fill(tx: &Tx<'_>) -> Result<(), Error> {
    let sql = "INSERT INTO idempotency (request_id, process, caller, method, fingerprint, result, created_at) \
         SELECT gen_random_uuid(), 'codes', 'operator/one', 'Fill', gen_random_uuid(), repeat('x', 1000), 0 \
         FROM generate_series(1, 20000)";
    tx.execute_unprepared(sql).await?;
    Ok(())
}

/// A tablespace of its own on a small disk: PostgreSQL meets ENOSPC itself, and the probe finds no room either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_postgres_is_named_until_there_is_room() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let cluster = cluster::get().await.expect("a cluster");
    let folder = cluster::folder();
    let Some(_disk) = TinyDisk::over(folder.path(), 4) else {
        return;
    };
    let place = folder.path().display();
    cluster
        .run(format!("CREATE TABLESPACE tiny LOCATION '{place}'"))
        .await;
    let owner = database.owner().await;
    let run = async |sql: &str| owner.execute_unprepared(sql).await.unwrap();
    run("ALTER TABLE idempotency SET TABLESPACE tiny").await;
    let db = database.open(Process::Codes).await;
    let ready = process::ready(&db);
    assert_eq!(ready().await, Ok(()));
    let full = db
        .run_tx("fill", |tx| Box::pin(fill(tx)))
        .await
        .unwrap_err();
    let Error::Unavailable(Outage::Full(_)) = full else {
        panic!("{full}");
    };
    let unready = ready().await.unwrap_err();
    assert!(unready.contains("its disk is full"), "{unready}");
    // Moved away from the small disk, the table has room.
    run("ALTER TABLE idempotency SET TABLESPACE pg_default").await;
    assert_eq!(ready().await, Ok(()));
    db.close().await;
    cluster.run("DROP TABLESPACE tiny".to_owned()).await;
}

/// Nothing is written to find out whether it can be, for as long as everything works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_works_writes_nothing_for_its_readiness() {
    let database = Database::sqlite().await;
    let db = database.open(Process::Codes).await;
    let statements = db.statements().clone();
    statements.watch();
    assert_eq!(process::ready(&db)().await, Ok(()));
    let sent = statements.seen();
    assert!(sent.iter().all(|sql| sql.starts_with("SELECT")), "{sent:?}");
}

/// An owner who is no superuser is told all that is missing at once, and is enough once it is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_lacks_rights_is_told_which() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    // The roles of the processes belong to the cluster.
    let Some(_other) = Database::postgres().await else {
        return;
    };
    let cluster = cluster::get().await.expect("a cluster");
    cluster.run("CREATE ROLE modest LOGIN".to_owned()).await;
    let url = database.url();
    let name = url.expose().rsplit('/').next().unwrap().to_owned();
    let url = redress::kernel::secrets::Secret::new(cluster.url_for("modest", &name));
    let told = redress::db::migrate::up(&url)
        .await
        .unwrap_err()
        .to_string();
    let owner = format!("ALTER DATABASE {name} OWNER TO modest");
    assert!(
        told.contains(&owner) && told.contains("GRANT CREATE ON SCHEMA"),
        "{told}"
    );
    cluster.run(owner).await;
    redress::db::migrate::up(&url).await.unwrap();
    let told = redress::db::migrate::check_member(&url)
        .await
        .unwrap_err()
        .to_string();
    let grant = "GRANT redress_identity, redress_codes, redress_handoff TO modest";
    assert!(told.contains(grant), "{told}");
    cluster.run(grant.to_owned()).await;
    redress::db::migrate::check_member(&url).await.unwrap();
    let settings = DatabaseSettings {
        acquire_timeout: Duration::from_secs(5),
        ..DatabaseSettings::new(url, Process::Handoff)
    };
    let db = Db::connect(&settings, Process::Handoff).await.unwrap();
    assert_eq!(db.check_usable().await, Ok(()));
    db.close().await;
}
