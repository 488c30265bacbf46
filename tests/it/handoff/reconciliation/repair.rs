//! Repairing, as an operator asks.

use std::time::Duration;

use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::EnrollmentProgress::{
    Accepted, ActionRequired, Active, Canceled,
};
use redress::wire::redress::handoff::v1::RepairDifferencesRequest;

use super::{entry, words};
use crate::handoff::pull::drain;
use crate::handoff::said::word;
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

const HOUR: Duration = Duration::from_hours(1);

impl World {
    async fn repairing(&self, ids: &[HandoffId]) -> RepairDifferencesRequest {
        let mut difference_ids = Vec::new();
        for id in ids {
            difference_ids.push(self.difference(*id).await.difference_id);
        }
        RepairDifferencesRequest {
            request_id: self.request_id(),
            campaign: "B123456".to_owned(),
            difference_ids,
        }
    }

    async fn repair(&self, request: RepairDifferencesRequest) -> Vec<&'static str> {
        let answer = self.as_operator().repair_differences(request).await;
        let verdicts = answer.unwrap().into_inner().verdicts;
        verdicts.iter().map(word).collect()
    }
}

/// What the partner lacks goes out again under its id; what it tells later is taken as its report; all else is somebody's.
#[apply(both)]
async fn what_they_lack_is_sent_again_and_later_news_is_taken(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [lost, gone, later, canceled, person] = world.accepted(partner).await;
    world
        .bureau_reports(&[(gone, Active), (canceled, Active), (person, Active)])
        .await;
    let never_sent = world.enroll(partner, "666010001").await;
    world.hand.advance(HOUR);
    let mut said = entry(later, ActionRequired);
    said.outcome_class = redress::wire::redress::r#type::v1::OutcomeClass::NoHit.into();
    let entries = [
        said,
        entry(canceled, Canceled),
        entry(person, ActionRequired),
        entry(never_sent, Active),
    ];
    world.reconcile(partner, &entries).await;
    let all = [lost, gone, later, canceled, never_sent, person];
    let request = world.repairing(&all).await;
    let verdicts = world.repair(request.clone()).await;
    let expected = [
        "APPLIED",
        "APPLIED",
        "APPLIED",
        "APPLIED",
        "APPLIED",
        "NOT_REPAIRABLE",
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(world.repair(request.clone()).await, expected, "repeated");
    assert!(world.all_are(&[lost, gone], "QUEUED").await);
    assert_eq!(world.state(later).await, "ACTION_REQUIRED");
    assert_eq!(world.outcomes(later).await, ["ACTION_REQUIRED NO_HIT"]);
    assert_eq!(world.state(canceled).await, "CANCELED");
    assert_eq!(world.outcomes(canceled).await, ["ACTIVE", "CANCELED"]);
    assert_eq!(world.state(never_sent).await, "ACTIVE");
    assert_eq!(world.state(person).await, "ACTIVE");
    // Every repair is audited, of the order and of the difference.
    assert_eq!(
        world.audited(lost).await,
        ["handoff.replayed", "difference.repaired"]
    );
    let again = RepairDifferencesRequest {
        request_id: world.request_id(),
        ..request
    };
    let second = world.repair(again).await;
    assert_eq!(second[..5], ["UNCHANGED"; 5]);

    // The partner gets what it lacked, and nothing else; then both books agree.
    let offers = drain(&world, 0).await;
    let mut offered: Vec<&str> = offers.iter().map(|it| it.handoff_id.as_str()).collect();
    offered.sort_unstable();
    assert_eq!(offered, [lost.to_string(), gone.to_string()]);
    let request = super::acknowledge(&world, &offers);
    let mut bureau = world.as_partner(super::BUREAU);
    bureau.acknowledge_handoffs(request).await.unwrap();
    world.hand.advance(HOUR);
    let entries = [
        entry(lost, Accepted),
        entry(gone, Active),
        entry(later, ActionRequired),
        entry(canceled, Canceled),
        entry(person, Active),
        entry(never_sent, Active),
    ];
    let compared = world.reconcile(partner, &entries).await;
    assert_eq!(compared.findings.len(), 1, "{compared:?}");
    assert_eq!(
        words(&world.difference(gone).await),
        ["STATES_DIFFER", "OPEN", "CORRECT_HERE"]
    );
    assert_eq!(
        world.repair(world.repairing(&[gone]).await).await,
        ["APPLIED"]
    );
    world.hand.advance(HOUR);
    let compared = world.reconcile(partner, &entries).await;
    assert_eq!((compared.agreed, compared.findings.len()), (6, 0));
}

/// News that came after the list is not overwritten by it.
#[apply(both)]
async fn what_has_changed_since_the_list_is_left_alone(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [lost, told] = world.accepted(partner).await;
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(told, Active)]).await;
    let request = world.repairing(&[lost, told]).await;
    world.hand.advance(HOUR);
    world
        .bureau_reports(&[(lost, Active), (told, Canceled)])
        .await;
    assert_eq!(world.repair(request).await, ["CONTRADICTS", "CONTRADICTS"]);
    assert_eq!(world.state(lost).await, "ACTIVE");
    assert_eq!(world.state(told).await, "CANCELED");
    let mut unknown = world.repairing(&[lost]).await;
    unknown.difference_ids = vec![world.ids.uuid().to_string(), "x".to_owned()];
    assert_eq!(
        world.repair(unknown).await,
        ["UNKNOWN_DIFFERENCE", "MALFORMED"]
    );
}
