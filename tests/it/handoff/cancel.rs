//! Withdrawing: never before the enrollment, and not at all where the partner never heard of it.

use std::time::Duration;

use redress::db::entities::ClosedSet as _;
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::r#type::v1::OutcomeClass;

use super::pull::drain;
use super::said::{report, status};
use super::world::{BACKOFF, LEASE, World};
use crate::harness::{Database, apply, both};

/// The enrollment is still on its way when it is withdrawn: what the partner has of it is withdrawn there.
#[apply(both)]
async fn a_cancel_waits_for_its_enroll(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666160001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    let cancel = world.cancel(enroll).await;
    // Due already, but the ENROLL may still be under way.
    assert_eq!(worker.step().await.unwrap(), 0);
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
    assert_eq!(world.outcomes(cancel).await, ["CANCELED"]);
    assert!(
        world.outcomes(enroll).await.is_empty(),
        "the enrollment hears of it once"
    );
    // The bureau reports the withdrawal by itself, too.
    assert_eq!(world.reporter().step().await.unwrap(), 1);
    assert_eq!(
        world.outcomes(enroll).await.len() + world.outcomes(cancel).await.len(),
        1
    );
}

/// Nobody tells a bureau about a person who changed her mind in time.
#[apply(both)]
async fn an_enrollment_withdrawn_in_time_is_never_sent(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    let cancel = world.cancel(enroll).await;
    let other = world.enroll(partner, "666010002").await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
    assert_eq!(world.row(enroll).await.acknowledged_at, None);
    assert_eq!(world.outcomes(enroll).await, ["CANCELED"]);
    assert!(world.outcomes(cancel).await.is_empty());
    assert_eq!(world.state(other).await, "ACCEPTED");
    assert_eq!(world.offers(), [1]);
}

/// An active enrollment is withdrawn at a partner that pulls.
#[apply(both)]
async fn a_pulling_partner_is_told_what_to_withdraw(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.puller().drain().await.unwrap();
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(enroll).await, "ACTIVE");
    let cancel = world.cancel(enroll).await;
    assert_eq!(world.puller().drain().await.unwrap(), 1);
    world.reporter().step().await.unwrap();
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
    assert_eq!(world.outcomes(cancel).await, ["CANCELED"]);
    assert_eq!(world.outcomes(enroll).await, ["ACTIVE"]);
}

/// The bureau booked and its answer was lost; that the next attempt is not sent at all does not undo it.
#[apply(both)]
async fn what_was_sent_once_is_withdrawn_at_the_partner(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666160001").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.state(enroll).await, "UNSETTLED");
    world.hand.advance(BACKOFF);
    assert_eq!(world.keyless_worker().step().await.unwrap(), 0);
    let row = world.row(enroll).await;
    assert_eq!(row.state.as_str(), "UNSETTLED");
    assert!(row.sent_at.is_some(), "the partner may have it");
    let cancel = world.cancel(enroll).await;
    world.hand.advance(BACKOFF);
    let mut worker = world.worker();
    while worker.step().await.unwrap() > 0 {}
    assert_eq!(world.booked(), [EnrollmentProgress::Canceled]);
    assert_eq!(world.offers(), [1], "asked, and not sent again");
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
}

/// Somebody leaves and comes back while nobody knows yet what the partner has of the first enrollment.
#[apply(both)]
async fn who_comes_back_waits_for_the_withdrawal(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let first = world.enroll(partner, "666160001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    let cancel = world.cancel(first).await;
    let second = world.enroll_again(first).await;
    let left_again = world.cancel(second).await;
    let third = world.enroll_again(first).await;
    let other = world.enroll(partner, "666010002").await;
    assert_eq!(worker.step().await.unwrap(), 1, "only the other person's");
    assert_eq!(world.state(other).await, "ACCEPTED");
    world.hand.advance(BACKOFF);
    for _ in 0..5 {
        worker.step().await.unwrap();
    }
    for id in [first, cancel, second, left_again] {
        assert_eq!(world.state(id).await, "CANCELED");
    }
    // Its answer was lost like that of the first.
    assert_eq!(world.state(third).await, "UNSETTLED");
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(third).await, "ACTIVE");
    assert_eq!(
        world.booked(),
        [
            EnrollmentProgress::Canceled,
            EnrollmentProgress::Active,
            EnrollmentProgress::Active
        ]
    );
}

/// A partner that pulls has the withdrawal in hand; the new enrollment comes when that is through.
#[apply(both)]
async fn a_pulling_partner_gets_the_next_enrollment_after_the_withdrawal(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let first = world.enroll(partner, "666010001").await;
    world.puller().drain().await.unwrap();
    world.reporter().step().await.unwrap();
    let cancel = world.cancel(first).await;
    let second = world.enroll_again(first).await;
    let offers = drain(&world, 0).await;
    assert_eq!(
        offers
            .iter()
            .map(|offer| offer.handoff_id.clone())
            .collect::<Vec<_>>(),
        [cancel.to_string()]
    );
    assert!(
        drain(&world, 0).await.is_empty(),
        "the withdrawal is under way"
    );
    world.hand.advance(LEASE);
    while world.puller().drain().await.unwrap() > 0 {}
    while world.reporter().step().await.unwrap() > 0 {}
    assert_eq!(
        (world.state(cancel).await, world.state(second).await),
        ("CANCELED", "ACTIVE")
    );
    assert_eq!(
        world.booked(),
        [EnrollmentProgress::Canceled, EnrollmentProgress::Active]
    );
}

/// A partner that took a withdrawal and never says that it is through is asked for it again.
#[apply(both)]
async fn a_withdrawal_that_never_ends_is_asked_for_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    world.reporter().step().await.unwrap();
    let cancel = world.cancel(enroll).await;
    let taken = status(
        &cancel.to_string(),
        EnrollmentProgress::Accepted,
        OutcomeClass::Unspecified,
    );
    report(&world, "sandbox-bureau", vec![taken]).await;
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("ACTIVE", "ACCEPTED")
    );
    world.hand.advance(Duration::from_mins(16));
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(
        (world.state(enroll).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
    assert_eq!(world.outcomes(cancel).await, ["CANCELED"]);
    assert_eq!(world.booked(), [EnrollmentProgress::Canceled]);
}
