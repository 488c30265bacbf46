//! Lists that come twice, in pieces, late, or spoiled.

use std::time::Duration;

use futures::StreamExt;
use redress::handoff::reconciliation::retention;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::PartnerId;
use redress::wire::redress::bureau::v1::EnrollmentProgress::{Accepted, ActionRequired, Active};
use redress::wire::redress::handoff::v1::{
    DifferenceState, ListEntry, ListReconciliationsRequest, ReconcileRequest, Reconciliation,
    ReconciliationState,
};
use tonic::Status;
use tonic_types::StatusExt;

use super::{by_reference, entry, parts};
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

const HOUR: Duration = Duration::from_hours(1);

/// The fields that a refusal names, with what it says of each.
pub(super) fn named(refused: &Status) -> Vec<(String, String)> {
    assert_eq!(reason_of(refused), Some(Reason::InvalidRequest));
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let named = violations.into_iter().map(|it| (it.field, it.description));
    named.collect()
}

impl World {
    async fn lists(&self) -> Vec<Reconciliation> {
        let request = ListReconciliationsRequest {
            campaign: "B123456".to_owned(),
            ..ListReconciliationsRequest::default()
        };
        let answer = self.as_operator().list_reconciliations(request).await;
        answer.unwrap().into_inner().reconciliations
    }

    fn list(&self, partner: PartnerId, entries: &[ListEntry]) -> Vec<ReconcileRequest> {
        let header = self.header(partner, self.context.clock.now());
        parts(header, entries, entries.len())
    }
}

#[apply(both)]
async fn the_same_list_twice_changes_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [absent, later] = world.accepted(partner).await;
    world.hand.advance(HOUR);
    let list = world.list(partner, &[entry(later, Active)]);
    let first = world.send(list.clone()).await.unwrap();
    let found = world.differences(DifferenceState::Unspecified).await;
    assert_eq!(found.len(), 2);
    // The same call.
    assert_eq!(world.send(list.clone()).await.unwrap(), first);
    // Another call with the same content, later, when the orders stand otherwise.
    world.hand.advance(HOUR);
    world
        .bureau_reports(&[(absent, Active), (later, Active)])
        .await;
    let as_of = first.as_of_time.unwrap();
    let mut header = world.header(partner, world.context.clock.now());
    header.as_of_time = Some(as_of);
    let same = parts(header.clone(), &[entry(later, Active)], 1);
    assert_eq!(world.send(same).await.unwrap(), first);
    assert_eq!(world.differences(DifferenceState::Unspecified).await, found);
    assert_eq!(world.lists().await, [first]);
    // The same call with other content is an error.
    let other = parts(header, &[entry(absent, Active)], 1);
    assert_eq!(
        reason_of(&world.send(other).await.unwrap_err()),
        Some(Reason::RequestIdReused)
    );
}

#[apply(both)]
async fn an_older_list_than_the_newest_is_refused(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [id] = world.accepted(partner).await;
    let early = world.header(partner, world.context.clock.now());
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(id, Accepted)]).await;
    let refused = world.send(parts(early, &[], 0)).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::ReconciliationState));
    assert!(
        world
            .differences(DifferenceState::Unspecified)
            .await
            .is_empty()
    );
    let ahead = world.context.clock.now() + HOUR;
    let refused = world
        .send(parts(world.header(partner, ahead), &[], 0))
        .await;
    assert_eq!(named(&refused.unwrap_err())[0].0, "as_of_time");
}

/// A stream that ends without its end, one whose sender goes away, one that says another number.
#[apply(both)]
async fn a_list_that_is_not_whole_compares_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [id, _missing] = world.accepted(partner).await;
    world.hand.advance(HOUR);
    let entries = [entry(id, Active)];
    let mut unended = world.list(partner, &entries);
    unended.pop();
    let refused = world.send(unended.clone()).await.unwrap_err();
    assert_eq!(named(&refused)[0].0, "part");

    let stream = tokio_stream::iter(unended).chain(futures::stream::pending());
    let mut client = world.as_operator();
    let sending = tokio::spawn(async move { client.reconcile(stream).await.map(drop) });
    while world.lists().await.len() < 2 || world.lists().await[0].entries < 1 {
        tokio::task::yield_now().await;
    }
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());

    let header = world.header(partner, world.context.clock.now());
    let cut_off = world.send(parts(header, &entries, 7)).await.unwrap_err();
    let cut_off = named(&cut_off);
    assert_eq!(cut_off[0].0, "end.entries");
    assert!(
        cut_off[0].1.contains("7 entries, and 1 came"),
        "{cut_off:?}"
    );

    let lists = world.lists().await;
    assert_eq!(lists.len(), 3);
    for list in lists {
        assert_eq!(list.state(), ReconciliationState::Incomplete);
        assert_eq!((list.finish_time, list.findings.len()), (None, 0));
    }
    assert!(
        world
            .differences(DifferenceState::Unspecified)
            .await
            .is_empty()
    );
}

/// Everything that is wrong is named by its place in the whole list, with the way out, and nothing is compared.
#[apply(both)]
async fn what_stands_twice_or_cannot_be_read_is_named(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [one, two] = world.accepted(partner).await;
    let reference = world.row(two).await.partner_reference.unwrap();
    world.hand.advance(HOUR);
    let mut entries = vec![by_reference("X", Active); 1_003];
    for (number, entry) in entries.iter_mut().enumerate() {
        entry.partner_reference = format!("X-{number}");
    }
    entries[4] = entry(one, Active);
    entries[900] = entry(two, Active);
    // By its own reference it is the one that stands there before; the others say the same twice.
    entries[1_000] = by_reference(&reference, Active);
    entries[1_001] = entry(one, Active);
    entries[1_002] = by_reference("X-7", Active);
    let refused = world.send(world.list(partner, &entries)).await.unwrap_err();
    let named_twice = named(&refused);
    let places: Vec<&str> = named_twice
        .iter()
        .map(|(field, _)| field.as_str())
        .collect();
    assert_eq!(places, ["entries[1000]", "entries[1001]", "entries[1002]"]);
    for ((_, rule), first) in named_twice.iter().zip([900, 4, 7]) {
        assert!(rule.contains(&format!("entries[{first}]")), "{rule}");
    }

    let mut spoiled = vec![entry(one, Active); 4];
    spoiled[0].handoff_id = "4711".to_owned();
    spoiled[1].progress = 99;
    spoiled[2].handoff_id.clear();
    spoiled[3].partner_reference = "x".repeat(65);
    let mut list = world.list(partner, &entries[..1]);
    let second = world.list(partner, &spoiled);
    list.splice(2..2, [second[1].clone()]);
    let refused = world.send(list).await.unwrap_err();
    let places: Vec<String> = named(&refused)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(
        places,
        [
            "entries[1].handoff_id",
            "entries[2].progress",
            "entries[3]",
            "entries[4].partner_reference"
        ]
    );
    assert!(
        world
            .differences(DifferenceState::Unspecified)
            .await
            .is_empty()
    );
    for list in world.lists().await {
        assert_eq!(list.state(), ReconciliationState::Incomplete);
    }
}

/// Lists go after their time, with their entries, and so does what is resolved; the newest one is remembered.
#[apply(both)]
async fn lists_of_long_ago_are_deleted(database: Database) {
    let keep = Duration::from_hours(24 * 30);
    let world = World::with_rules(database, |rules| rules.list_retention = keep).await;
    let partner = world.pull_partner().await;
    let [resolved, open] = world.accepted(partner).await;
    world
        .bureau_reports(&[(resolved, Active), (open, Active)])
        .await;
    world.hand.advance(HOUR);
    let first = [entry(resolved, ActionRequired), entry(open, ActionRequired)];
    world.reconcile(partner, &first).await;
    world.hand.advance(HOUR);
    let second = [entry(resolved, Active), entry(open, ActionRequired)];
    let newest = world.reconcile(partner, &second).await;
    world.hand.advance(HOUR * 2);
    retention::prune(&world.context).await.unwrap();
    assert_eq!(world.lists().await.len(), 2, "too young");
    world.hand.advance(keep);
    retention::prune(&world.context).await.unwrap();
    assert_eq!(world.lists().await, [newest]);
    assert_eq!(world.entries().await, 0);
    let left = world.differences(DifferenceState::Unspecified).await;
    let left: Vec<&str> = left.iter().map(|it| it.handoff_id.as_str()).collect();
    assert_eq!(left, [open.to_string()]);
}
