//! Two calls about one person: neither holds what the other waits for.

use std::time::Duration;

use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::r#type::v1::OutcomeClass;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use super::pull::{acknowledge, drain};
use super::said::{report, status};
use super::world::World;
use crate::harness::{Database, poll};

/// The report of a cancellation waits for the enrollment, which comes first in the order of ids, before it holds the cancellation: a report of
/// the enrollment at the same time cannot be waiting for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_and_a_report_lock_in_one_order() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    for _ in 0..2 {
        let offers = drain(&world, 0).await;
        let request = acknowledge(&world, &offers);
        let mut client = world.as_partner("sandbox-bureau");
        client.acknowledge_handoffs(request).await.unwrap();
        if world.state(enroll).await == "ACCEPTED" {
            break;
        }
    }
    let cancel = world.cancel(enroll).await;
    assert!(enroll < cancel);
    let lock = |id: redress::kernel::ids::HandoffId, how: &str| {
        let sql = format!("SELECT 1 FROM handoff WHERE id = $1 FOR UPDATE {how}");
        let backend = world.owner.get_database_backend();
        Statement::from_sql_and_values(backend, sql, [id.into()])
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "somebody else's transaction, which holds a lock"
    )]
    let holder = world.owner.begin().await.unwrap();
    holder.execute_raw(lock(enroll, "")).await.unwrap();
    let canceled = (EnrollmentProgress::Canceled, OutcomeClass::Unspecified);
    let said = status(&cancel.to_string(), canceled.0, canceled.1);
    let reporting = report(&world, "sandbox-bureau", vec![said]);
    let looking = async {
        const WAITS: &str = "SELECT 1 AS one FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waits = Statement::from_string(world.owner.get_database_backend(), WAITS);
        poll::until("a lock", Duration::from_secs(10), async || {
            let found = world.owner.query_one_raw(waits.clone()).await;
            found.unwrap().map(|_| ())
        })
        .await;
        let free = holder.execute_raw(lock(cancel, "NOWAIT")).await;
        holder.rollback().await.unwrap();
        free.is_ok()
    };
    let (verdicts, was_free) = tokio::join!(reporting, looking);
    assert!(was_free, "it held one and waited for the other");
    assert_eq!(verdicts, ["APPLIED"]);
    assert!(world.all_are(&[enroll, cancel], "CANCELED").await);
}
