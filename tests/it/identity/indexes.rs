//! The indexes that a first import does without on SQLite are there again when it ends, and when it breaks off.

use redress::db::deferred::MOST_ROWS;
use redress::identity::housekeeping;
use redress::identity::roster::import::Part;
use redress::identity::roster::row::RawRow;
use redress::wire::redress::identity::v1::VerificationState;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::house::{FILE, House, feed};
use super::people::{ada, claims, somebody};
use crate::harness::{Database, both};

impl House {
    /// The indexes of the blind keys as the schema knows them.
    async fn indexes(&self) -> Vec<String> {
        let sql = match self.owner.get_database_backend() {
            DbBackend::Sqlite => {
                "SELECT sql FROM sqlite_schema WHERE tbl_name = 'individual_index' AND sql LIKE 'CREATE INDEX%' ORDER BY 1"
            }
            _ => {
                "SELECT indexdef FROM pg_indexes WHERE tablename = 'individual_index' \
                 AND indexname LIKE '%_idx' AND schemaname = current_schema() ORDER BY 1"
            }
        };
        let statement = Statement::from_string(self.owner.get_database_backend(), sql);
        let rows = self.owner.query_all_raw(statement).await.unwrap();
        let texts = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
        texts.collect()
    }

    /// Sends the header and some rows, and goes.
    async fn break_off(&self, rows: &[RawRow]) {
        let parts = vec![self.header(FILE), Part::Chunk(rows.to_vec())];
        for answer in feed(&self.ctx, parts).await {
            assert!(!answer.unwrap().done);
        }
    }

    /// Whether those who read the statements see an index go.
    fn has_dropped(&self) -> bool {
        let seen = self.ctx.db.statements().seen();
        seen.iter().any(|sql| sql.starts_with("DROP INDEX"))
    }
}

both! {
    async fn an_import_leaves_the_indexes_as_the_schema_has_them(database: Database) {
        let house = House::open(&database).await;
        let before = house.indexes().await;
        assert_eq!(before.len(), 5);
        house.ctx.db.statements().watch();
        house.load(FILE, &[ada(2), somebody(3)]).await;
        assert_eq!(house.has_dropped(), house.ctx.db.backend() == DbBackend::Sqlite);
        assert_eq!(house.indexes().await, before);
    }

    async fn an_import_into_a_roster_with_people_keeps_the_indexes(database: Database) {
        let house = House::open(&database).await;
        house.load(FILE, &[ada(2)]).await;
        house.ctx.db.statements().watch();
        house.load("b", &[somebody(2)]).await;
        assert!(!house.has_dropped());
        assert_eq!(house.indexes().await.len(), 5);
    }

    async fn whoever_is_on_the_roster_is_found_while_it_is_loaded(database: Database) {
        let house = House::open(&database).await;
        house.break_off(&[ada(2)]).await;
        let person = house.individuals().await[0].id;
        let letter = house.enrollment(person).await;
        let verified = house.verify(Some(letter), claims()).await.unwrap();
        assert_eq!(verified.state(), VerificationState::Verified);
        house.verify(None, claims()).await.unwrap();
    }
}

/// How many indexes are there while an import is broken off.
async fn broken_off(house: &House) -> usize {
    house.break_off(&[ada(2), somebody(3)]).await;
    house.indexes().await.len()
}

#[tokio::test]
async fn housekeeping_builds_what_an_import_left_out_that_broke_off() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    let before = house.indexes().await;
    assert_eq!(broken_off(&house).await, 1, "people are looked up by SSN");
    for _ in 0..2 {
        housekeeping::step(&house.ctx).await.unwrap();
        assert_eq!(house.indexes().await, before);
    }
}

#[tokio::test]
async fn an_import_that_goes_on_builds_what_was_left_out() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    let before = house.indexes().await;
    assert_eq!(broken_off(&house).await, 1);
    house.load(FILE, &[ada(2), somebody(3), somebody(4)]).await;
    assert_eq!(house.indexes().await, before);
}

#[tokio::test]
async fn a_large_import_builds_the_indexes_and_goes_on_with_them() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    // As if another file of the campaign had brought so many.
    let sql = format!(
        "INSERT INTO roster_import (campaign_id, id, file_sha256, rows, accepted, merged, unchanged, rejected, state, started_at) \
         VALUES (x'{}', randomblob(16), '', 0, {}, 0, 0, 0, 'RUNNING', 0)",
        house.campaign.as_uuid().simple(),
        MOST_ROWS - 2
    );
    house.owner.execute_unprepared(&sql).await.unwrap();
    house.break_off(&[somebody(2)]).await;
    assert_eq!(
        house.indexes().await.len(),
        1,
        "one person short of the limit"
    );
    let more = vec![
        house.header(FILE),
        Part::Chunk(vec![somebody(2), somebody(3)]),
    ];
    feed(&house.ctx, more).await;
    assert_eq!(house.indexes().await.len(), 5);
}
