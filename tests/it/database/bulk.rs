//! Bulk loads: all of it or nothing, once, and with whatever belongs to it.

use redress::db::entities::{code, individual, throttle};
use redress::db::{Bulk, Cell, Db, Error, FaultRates, Process, Tx};
use redress::kernel::ids::{BatchId, CampaignId, IndividualId};
use sea_orm::{EntityTrait, PaginatorTrait, Set};
use uuid::Uuid;

use super::seed::{NOW, ids};
use crate::harness::{Database, apply, both};

/// A load and the row that says that it was done.
struct Load {
    campaign: CampaignId,
    batch: BatchId,
    macs: Vec<Uuid>,
    marker: Uuid,
}

impl Load {
    fn new(rows: u128) -> Self {
        let ids = ids();
        let macs = (0..rows).map(|row| Uuid::from_u128(row * 3)).collect();
        Self {
            campaign: ids.next(),
            batch: ids.next(),
            macs,
            marker: ids.uuid(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = [Cell<'static>; 4]> {
        self.macs.iter().map(|mac| {
            let individual = IndividualId::from_uuid(*mac);
            [(*mac).into(), individual.into(), 1.into(), "ISSUED".into()]
        })
    }

    async fn run(&self, db: &Db) -> Result<u64, Error> {
        db.run_bulk("test.load", |tx| Box::pin(self.once(tx))).await
    }

    async fn once(&self, tx: &Tx<'_>) -> Result<u64, Error> {
        let key = (self.marker, tx.process().as_str().to_owned());
        if throttle::Entity::find_by_id(key.clone())
            .one(tx)
            .await?
            .is_some()
        {
            return Ok(0);
        }
        let bulk = Bulk {
            table: "code",
            same: &[
                ("campaign_id", self.campaign.into()),
                ("proof_days", 21.into()),
                ("batch_id", self.batch.into()),
            ],
            columns: ["mac", "individual_id", "generation", "state"],
        };
        let loaded = tx.copy_in(bulk, self.rows()).await?;
        let marker = throttle::ActiveModel {
            key: Set(key.0),
            process: Set(key.1),
            tat: Set(NOW),
        };
        throttle::Entity::insert(marker)
            .exec_without_returning(tx)
            .await?;
        Ok(loaded)
    }
}

async fn codes(db: &Db) -> u64 {
    code::Entity::find().count(db.read()).await.unwrap()
}

#[apply(both)]
async fn rows_arrive_as_they_were_sent(database: Database) {
    let db = database.open(Process::Codes).await;
    let load = Load::new(1_234);
    assert_eq!(load.run(&db).await, Ok(1_234));
    assert_eq!(codes(&db).await, 1_234);
    let row = code::Entity::find_by_id((load.campaign, load.macs[100]))
        .one(db.read())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.batch_id, row.generation, row.state),
        (load.batch, 1, code::State::Issued)
    );
    assert_eq!(
        (row.proof_days, row.settled_at, row.enrollment_id),
        (21, None, None)
    );
}

#[apply(both)]
async fn a_load_that_is_run_again_changes_nothing(database: Database) {
    let db = database.open(Process::Codes).await;
    let load = Load::new(500);
    assert_eq!(load.run(&db).await, Ok(500));
    assert_eq!(load.run(&db).await, Ok(0));
    assert_eq!(codes(&db).await, 500);
}

#[apply(both)]
async fn a_load_survives_refused_and_lost_commits(database: Database) {
    let db = database.open(Process::Codes).await;
    db.faults().set(FaultRates {
        serialization: 0.4,
        lost_answer: 0.4,
        seed: 5,
    });
    Load::new(700).run(&db).await.unwrap();
    assert!(db.faults().serializations() + db.faults().lost_answers() > 0);
    assert_eq!(codes(&db).await, 700);
}

#[apply(both)]
async fn one_row_that_is_there_already_fails_the_whole_load(database: Database) {
    let db = database.open(Process::Codes).await;
    let mut load = Load::new(300);
    let first = load.macs[0];
    load.macs.push(first);
    let result = load.run(&db).await;
    assert!(result.unwrap_err().is_unique("code_pkey"));
    assert_eq!(codes(&db).await, 0);
    // The connection is good for more.
    load.macs.pop();
    assert_eq!(load.run(&db).await, Ok(300));
}

#[apply(both)]
async fn every_kind_of_cell_arrives(database: Database) {
    let db = database.open(Process::Identity).await;
    let ids = ids();
    let (campaign, person): (CampaignId, IndividualId) = (ids.next(), ids.next());
    let sealed = vec![0_u8, 1, 0xff, b'\n', b'\\'];
    let sealed = &sealed;
    db.run_bulk("test.kinds", |tx| {
        Box::pin(async move {
            let row: [Cell<'_>; 12] = [
                campaign.into(),
                person.into(),
                vec![7_u8; 16].into(),
                sealed.as_slice().into(),
                3.into(),
                "ADULT".into(),
                "Île-de-France\t\\N".to_owned().into(),
                "".into(),
                true.into(),
                false.into(),
                NOW.into(),
                None::<i64>.into(),
            ];
            let columns = [
                "campaign_id",
                "id",
                "salt",
                "sealed",
                "key_version",
                "population",
                "region",
                "country",
                "mailable",
                "has_contact",
                "created_at",
                "erased_at",
            ];
            let bulk = Bulk {
                table: "individual",
                same: &[],
                columns,
            };
            tx.copy_in(bulk, [row]).await
        })
    })
    .await
    .unwrap();
    let row = individual::Entity::find_by_id((campaign, person))
        .one(db.read())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.salt, row.sealed.as_deref()),
        (Some(vec![7; 16]), Some(sealed.as_slice()))
    );
    assert_eq!(
        (row.region.as_str(), row.country.as_str()),
        ("Île-de-France\t\\N", "")
    );
    assert_eq!(
        (row.mailable, row.has_contact, row.created_at, row.erased_at),
        (true, false, NOW, None)
    );
}

#[apply(both)]
async fn no_rows_are_no_error(database: Database) {
    let db = database.open(Process::Codes).await;
    assert_eq!(Load::new(0).run(&db).await, Ok(0));
}

/// The role's rights hold for COPY as for everything else.
#[tokio::test]
async fn copy_runs_under_the_process_role() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let db = database.open(Process::Handoff).await;
    let result = Load::new(3).run(&db).await;
    assert!(matches!(result, Err(Error::Denied(_))), "{result:?}");
}
