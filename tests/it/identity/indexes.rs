//! The indexes that a first import does without on SQLite are there again, however it ends.

use redress::db::deferred::MOST_ROWS;
use redress::identity::Error;
use redress::identity::housekeeping;
use redress::identity::roster::import::{Answer, Part, run};
use redress::identity::roster::row::RawRow;
use redress::kernel::caller::Role;
use redress::wire::redress::identity::v1::VerificationState;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

use super::house::{FILE, House, call};
use super::people::{ada, claims, somebody};
use crate::harness::{Database, apply, both};

impl House {
    /// The indexes of the blind keys as the schema has them.
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

    /// Whether an index was taken away since the statements are watched.
    fn has_dropped(&self) -> bool {
        let seen = self.context.db.statements().seen();
        seen.iter().any(|sql| sql.starts_with("DROP INDEX"))
    }

    /// Begins an import and waits until its first rows are settled.
    async fn begin(&self, rows: &[RawRow]) -> Open {
        let (parts, sent) = mpsc::channel(4);
        let (answering, answers) = mpsc::channel(4);
        let (context, call) = (self.context.clone(), call(Role::Operator, "ann"));
        let running = tokio::spawn(run(context, call, ReceiverStream::new(sent), answering));
        let mut open = Open {
            parts,
            answers,
            running,
        };
        open.parts.send(Ok(self.header(FILE))).await.unwrap();
        open.send(rows).await;
        open
    }

    async fn execute(&self, sql: &str) {
        self.owner.execute_unprepared(sql).await.unwrap();
    }
}

/// An import under way.
struct Open {
    parts: mpsc::Sender<Result<Part, Error>>,
    answers: mpsc::Receiver<Result<Answer, Error>>,
    running: JoinHandle<()>,
}

impl Open {
    /// Sends rows and waits until they are settled.
    async fn send(&mut self, rows: &[RawRow]) {
        let chunk = Part::Chunk(rows.to_vec());
        self.parts.send(Ok(chunk)).await.unwrap();
        assert!(!self.answers.recv().await.unwrap().unwrap().done);
    }

    /// Goes away without an end.
    async fn leave(self) {
        drop((self.parts, self.answers));
        self.running.await.unwrap();
    }
}

#[apply(both)]
async fn an_import_leaves_the_indexes_as_the_schema_has_them(database: Database) {
    let house = House::open(&database).await;
    let before = house.indexes().await;
    assert_eq!(before.len(), 5);
    house.context.db.statements().watch();
    house.load(FILE, &[ada(2), somebody(3)]).await;
    assert_eq!(
        house.has_dropped(),
        house.context.db.backend() == DbBackend::Sqlite
    );
    assert_eq!(house.indexes().await, before);
}

#[apply(both)]
async fn an_import_into_a_roster_with_people_keeps_the_indexes(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    house.context.db.statements().watch();
    house.load("b", &[somebody(2)]).await;
    assert!(!house.has_dropped());
}

#[apply(both)]
async fn whoever_is_on_the_roster_is_found_while_it_is_loaded(database: Database) {
    let house = House::open(&database).await;
    let open = house.begin(&[ada(2)]).await;
    let there = if house.context.db.backend() == DbBackend::Sqlite {
        1
    } else {
        5
    };
    assert_eq!(house.indexes().await.len(), there, "of the SSN at least");
    let person = house.individuals().await[0].id;
    let letter = house.enrollment(person).await;
    let verified = house.verify(Some(letter), claims()).await.unwrap();
    assert_eq!(verified.state(), VerificationState::Verified);
    house.verify(None, claims()).await.unwrap();
    open.leave().await;
    assert_eq!(house.indexes().await.len(), 5);
    house.verify(Some(letter), claims()).await.unwrap();
}

#[tokio::test]
async fn housekeeping_builds_what_a_killed_process_left_out() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    let before = house.indexes().await;
    let open = house.begin(&[ada(2), somebody(3)]).await;
    open.running.abort();
    open.running.await.unwrap_err();
    assert_eq!(house.indexes().await.len(), 1);
    for _ in 0..2 {
        housekeeping::step(&house.context).await.unwrap();
        assert_eq!(house.indexes().await, before);
    }
}

#[tokio::test]
async fn a_build_that_fails_ends_no_import_and_is_made_up_for() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    let before = house.indexes().await;
    let mut open = house.begin(&[ada(2)]).await;
    house
        .execute("CREATE TABLE individual_index_last4_dob_idx (in_the_way TEXT)")
        .await;
    open.parts.send(Ok(Part::End { rows: 1 })).await.unwrap();
    let last = open.answers.recv().await.unwrap().unwrap();
    assert!(last.done && last.totals.accepted == 1);
    open.leave().await;
    assert_eq!(house.indexes().await.len(), 4);
    housekeeping::step(&house.context).await.unwrap_err();
    house
        .execute("DROP TABLE individual_index_last4_dob_idx")
        .await;
    house.load("b", &[somebody(2)]).await;
    assert_eq!(house.indexes().await, before);
}

#[tokio::test]
async fn a_large_import_builds_the_indexes_and_goes_on_with_them() {
    let database = Database::sqlite().await;
    let house = House::open(&database).await;
    let mut open = house.begin(&[somebody(2)]).await;
    // As if so many had come before.
    let last_but_one = MOST_ROWS - 2;
    house
        .execute(&format!(
            "INSERT INTO individual_index (rowid, campaign_id, individual_id) VALUES ({last_but_one}, randomblob(16), randomblob(16))"
        ))
        .await;
    open.send(&[somebody(3)]).await;
    assert_eq!(house.indexes().await.len(), 1, "one short of the limit");
    open.send(&[somebody(4)]).await;
    assert_eq!(house.indexes().await.len(), 5);
    open.leave().await;
}
