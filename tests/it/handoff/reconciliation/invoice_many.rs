//! An invoice of many lines.

use std::time::{Duration, Instant};

use redress::kernel::ids::HandoffId;
use sea_orm::ConnectionTrait;

use super::invoices::{DAY, bill, day};
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

/// Many lines are judged at once, without one of them in memory.
#[apply(both)]
async fn twenty_thousand_lines_are_checked_at_once(database: Database) {
    const MANY: usize = 20_000;
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let ids = world.many_active(partner, MANY).await;
    world.all_active_since_created().await;
    world.hand.advance(DAY * 40);
    let mut entries = bill(&ids[1_000..]);
    entries.extend(bill(&ids[2_000..3_000]));
    let unknown: Vec<HandoffId> = (0..1_000).map(|_| world.ids.next()).collect();
    entries.extend(bill(&unknown));
    let header = world.invoice(partner, "2015-08", (day(8, 1), day(8, 31)));
    let started = Instant::now();
    let checked = world.checked(header, &entries).await;
    let payable = checked.payable.unwrap().entries;
    assert_eq!(payable.unsigned_abs(), MANY as u64 - 1_000);
    assert_eq!(checked.not_billed, 1_000);
    let sums: Vec<i64> = (checked.not_payable.iter())
        .map(|it| it.sum.unwrap().entries)
        .collect();
    assert_eq!(sums, [1_000, 1_000]);
    // Another invoice bills everybody again.
    let header = world.invoice(partner, "2015-08b", (day(8, 31), day(9, 5)));
    let second = world.checked(header, &bill(&ids)).await;
    let took = started.elapsed();
    assert_eq!(
        (second.payable.unwrap().entries, second.not_billed),
        (1_000, 0)
    );
    let before = second.not_payable[0].sum.unwrap().entries;
    assert_eq!(before.unsigned_abs(), MANY as u64 - 1_000);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

impl World {
    /// Has the codes process know of every order that it is active since it was made.
    async fn all_active_since_created(&self) {
        let sql = "INSERT INTO coverage (campaign_id, id, enrollment_id, partner_id, product_code, term_months, handoff_id, state, \
             revision, activated_at, term_ends_on) SELECT campaign_id, coverage_id, enrollment_id, partner_id, product_code, term_months, id, \
             'ACTIVE', 0, created_at, '2017-07-31' FROM handoff";
        self.owner.execute_unprepared(sql).await.unwrap();
    }
}
