//! Many entries, two lists at once, and what is measured.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use redress::db::entities::handoff::{Kind, Queued};
use redress::db::entities::reconciliation_entry;
use redress::handoff::reconciliation::watch;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::EnrollmentProgress::{Accepted, ActionRequired, Active};
use redress::wire::redress::handoff::v1::{DifferenceState, ListEntry, ReconciliationState};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};

use super::{entry, parts};
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

impl World {
    pub(super) async fn entries(&self) -> u64 {
        let all = reconciliation_entry::Entity::find();
        all.count(&self.owner).await.unwrap()
    }

    /// Puts so many active orders into the table.
    pub(super) async fn many_active(&self, partner: PartnerId, many: usize) -> Vec<HandoffId> {
        let first = self.enroll(partner, "666010001").await;
        let like = self.row(first).await;
        let backend = self.owner.get_database_backend();
        let queued: Vec<Queued> = (1..many)
            .map(|_| self.queued(like.clone(), (self.ids.next(), self.ids.next())))
            .collect();
        for chunk in queued.chunks(5_000) {
            let statement = Queued::statement(backend, Kind::Enroll, chunk);
            self.owner.execute_raw(statement).await.unwrap();
        }
        let active = "UPDATE handoff SET state = 'ACTIVE', sent_at = created_at, acknowledged_at = created_at, settled_at = created_at";
        self.owner.execute_unprepared(active).await.unwrap();
        let ids = queued.iter().map(|it| it.handoff_id);
        [first].into_iter().chain(ids).collect()
    }
}

#[apply(both)]
async fn twenty_thousand_entries_are_compared_at_once(database: Database) {
    const MANY: usize = 20_000;
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let ids = world.many_active(partner, MANY).await;
    world.hand.advance(Duration::from_hours(1));
    // A tenth is missing there, a tenth waits for somebody.
    let entries: Vec<ListEntry> = ids
        .iter()
        .enumerate()
        .filter(|(at, _)| at % 10 != 0)
        .map(|(at, id)| entry(*id, if at % 10 == 1 { ActionRequired } else { Active }))
        .collect();
    let started = Instant::now();
    let compared = world.reconcile(partner, &entries).await;
    let took = started.elapsed();
    assert_eq!(compared.entries, 18_000);
    assert_eq!(compared.agreed, 16_000);
    let findings: Vec<i64> = compared.findings.iter().map(|it| it.differences).collect();
    assert_eq!(findings, [2_000, 2_000]);
    assert!(took < Duration::from_secs(30), "{took:?}");
    let mut seen = HashSet::new();
    watch::measure(&world.context, &mut seen).await.unwrap();
    assert_eq!(seen.len(), 2, "a gauge for each kind that is open");
}

/// One of them is compared after the other, whichever comes first; nothing is found twice.
#[apply(both)]
async fn two_lists_at_once_are_compared_one_after_the_other(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two, three] = world.accepted(partner).await;
    world.hand.advance(Duration::from_hours(1));
    let now = world.context.clock.now();
    let list = |entries: &[ListEntry]| parts(world.header(partner, now), entries, entries.len());
    let first = list(&[entry(one, Active), entry(two, Accepted)]);
    let second = list(&[entry(one, Active), entry(three, Accepted)]);
    let (first, second) = tokio::join!(world.send(first), world.send(second));
    for compared in [first.unwrap(), second.unwrap()] {
        assert_eq!(compared.state(), ReconciliationState::Compared);
        let found: i64 = compared.findings.iter().map(|it| it.differences).sum();
        assert_eq!((compared.agreed, found), (1, 2));
    }
    let all = world.differences(DifferenceState::Unspecified).await;
    assert_eq!(all.len(), 3);
    let open = world.differences(DifferenceState::Open).await;
    assert_eq!(open.len(), 2);
    // The same list twice at once is one.
    let third = list(&[entry(one, Active)]);
    let (a, b) = tokio::join!(world.send(third.clone()), world.send(third));
    assert_eq!(a.unwrap(), b.unwrap());
}
