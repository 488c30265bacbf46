//! Reports that come late, that bear an odd time, and that say something else than was asked.

use std::time::Duration;

use redress::db::entities::ClosedSet;
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::{EnrollmentProgress, EnrollmentStatus};
use redress::wire::redress::r#type::v1::OutcomeClass;

use super::pull::{acknowledge, drain};
use super::running::Running;
use super::said::{report, status};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

const WELL: OutcomeClass = OutcomeClass::Unspecified;
const DAY: Duration = Duration::from_hours(24);

/// What a partner reports of a handoff, since an instant.
fn since(
    id: HandoffId,
    (progress, class): (EnrollmentProgress, OutcomeClass),
    at: Timestamp,
) -> EnrollmentStatus {
    EnrollmentStatus {
        partner_reference: String::new(),
        effective_time: Some(at.to_proto()),
        ..status(&id.to_string(), progress, class)
    }
}

impl World {
    async fn reported(&self, said: EnrollmentStatus) -> &'static str {
        report(self, "sandbox-bureau", vec![said]).await[0]
    }
}

/// An order of a partner that calls us, which it has taken.
async fn taken(database: Database) -> (World, HandoffId) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let offers = drain(&world, 0).await;
    let request = acknowledge(&world, &offers);
    let mut client = world.as_partner("sandbox-bureau");
    client.acknowledge_handoffs(request).await.unwrap();
    world.hand.advance(Duration::from_hours(1));
    (world, id)
}

/// The partner took the withdrawal and says that the coverage runs on: an operator is told, and the person can enroll anew.
#[apply(both)]
async fn a_withdrawal_that_a_partner_does_not_carry_out_blocks_nobody(database: Database) {
    let (world, first) = taken(database).await;
    let now = || world.context.clock.now();
    let active = (EnrollmentProgress::Active, WELL);
    world.reported(since(first, active, now())).await;
    let cancel = world.cancel(first).await;
    let offers = drain(&world, 0).await;
    let request = acknowledge(&world, &offers);
    let mut client = world.as_partner("sandbox-bureau");
    client.acknowledge_handoffs(request).await.unwrap();
    let second = world.enroll_again(first).await;
    assert!(drain(&world, 0).await.is_empty(), "it is under way");
    assert_eq!(
        world.reported(since(cancel, active, now())).await,
        "APPLIED"
    );
    assert_eq!(world.state(cancel).await, "DEAD");
    let reason = world.row(cancel).await.dead_reason.map(ClosedSet::as_str);
    assert_eq!(reason, Some("NOT_CANCELED"));
    assert!(
        world
            .audited(cancel)
            .await
            .contains(&"handoff.dead".to_owned())
    );
    let offers = drain(&world, 0).await;
    assert_eq!(offers[0].handoff_id, second.to_string());
    assert_eq!(world.state(first).await, "ACTIVE", "what it said stands");
    // It says later that it is canceled after all.
    let canceled = (EnrollmentProgress::Canceled, WELL);
    assert_eq!(
        world.reported(since(cancel, canceled, now())).await,
        "APPLIED"
    );
    assert!(world.all_are(&[first, cancel], "CANCELED").await);
}

/// What ended by itself needs no withdrawal any more.
#[apply(both)]
async fn a_withdrawal_of_what_has_ended_is_through(database: Database) {
    let (world, first) = taken(database).await;
    let cancel = world.cancel(first).await;
    let ended = (EnrollmentProgress::Ended, WELL);
    let now = world.context.clock.now();
    assert_eq!(world.reported(since(cancel, ended, now)).await, "APPLIED");
    assert_eq!(world.state(cancel).await, "CANCELED");
}

/// Somebody has been the bureau's customer for a year: the bureau says so, and is believed.
#[apply(both)]
async fn who_has_been_enrolled_for_a_year_is_known_as_such(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666240001").await;
    let running = Running::of(world.worker());
    let minute = Duration::from_mins(1);
    world
        .pass_until(minute, async || world.state(id).await == "ACCEPTED")
        .await;
    // Nobody reports: the worker asks when the outcome is overdue.
    world.hand.advance(Duration::from_mins(16));
    world
        .pass_until(minute, async || world.state(id).await == "REFUSED")
        .await;
    running.stop().await;
    assert_eq!(world.outcomes(id).await, ["REFUSED ALREADY_ENROLLED"]);
    assert_eq!(world.reporter().step().await.unwrap(), 1, "known");
}

/// A term that is owed does not begin before it was ordered.
#[apply(both)]
async fn coverage_does_not_begin_before_it_was_ordered(database: Database) {
    let (world, id) = taken(database).await;
    let now = world.context.clock.now();
    let active = (EnrollmentProgress::Active, WELL);
    let long_ago = now - 365 * DAY;
    assert_eq!(world.reported(since(id, active, long_ago)).await, "APPLIED");
    let outcome = world.outcome(id).await;
    assert_eq!(outcome.effective_at, world.row(id).await.created_at);
}

/// The partner's clock is two days ahead: what it says happened, but it has not happened later than now.
#[apply(both)]
async fn a_partner_whose_clock_is_ahead_is_believed(database: Database) {
    let (world, id) = taken(database).await;
    let now = world.context.clock.now();
    let active = (EnrollmentProgress::Active, WELL);
    assert_eq!(
        world.reported(since(id, active, now + 2 * DAY)).await,
        "APPLIED"
    );
    assert_eq!(world.outcome(id).await.effective_at, now);
    assert_eq!(world.state(id).await, "ACTIVE");
}

/// Without revisions the partner's own times tell what is newer.
#[apply(both)]
async fn what_is_older_than_what_is_known_changes_nothing(database: Database) {
    let (world, id) = taken(database).await;
    let now = world.context.clock.now();
    let minute = Duration::from_mins(1);
    let frozen = (EnrollmentProgress::ActionRequired, OutcomeClass::FileFrozen);
    let no_hit = (EnrollmentProgress::ActionRequired, OutcomeClass::NoHit);
    let active = (EnrollmentProgress::Active, WELL);
    assert_eq!(world.reported(since(id, no_hit, now)).await, "APPLIED");
    let late = since(id, frozen, now - minute);
    assert_eq!(world.reported(late).await, "UNCHANGED");
    let seen_before = EnrollmentStatus {
        observed_time: Some((now - minute).to_proto()),
        ..since(id, active, now - minute)
    };
    assert_eq!(world.reported(seen_before).await, "UNCHANGED");
    assert_eq!(world.outcomes(id).await, ["ACTION_REQUIRED NO_HIT"]);
    world.hand.advance(minute);
    assert_eq!(
        world.reported(since(id, frozen, now + minute)).await,
        "APPLIED"
    );
    assert_eq!(world.outcomes(id).await.len(), 2);
    // A number counts more than a time.
    let numbered = EnrollmentStatus {
        revision: 1,
        ..since(id, active, now - minute)
    };
    assert_eq!(world.reported(numbered).await, "APPLIED");
}

/// The report that monitoring began comes after the withdrawal: late, and no contradiction.
#[apply(both)]
async fn a_late_activation_after_a_withdrawal_contradicts_nothing(database: Database) {
    let (world, id) = taken(database).await;
    let begun = world.context.clock.now();
    world.hand.advance(BACKOFF);
    let now = world.context.clock.now();
    let canceled = (EnrollmentProgress::Canceled, WELL);
    let active = (EnrollmentProgress::Active, WELL);
    assert_eq!(world.reported(since(id, canceled, now)).await, "APPLIED");
    assert_eq!(world.reported(since(id, active, begun)).await, "UNCHANGED");
    assert!(
        !world
            .audited(id)
            .await
            .contains(&"handoff.contradicted".to_owned())
    );
    world.hand.advance(BACKOFF);
    let later = world.context.clock.now();
    assert_eq!(
        world.reported(since(id, active, later)).await,
        "CONTRADICTS"
    );
    assert_eq!(world.state(id).await, "CANCELED");
}

/// The same where the cancellation was an order of its own: the enrollment ended with it.
#[apply(both)]
async fn a_late_activation_after_an_ordered_withdrawal_contradicts_nothing(database: Database) {
    let (world, id) = taken(database).await;
    let begun = world.context.clock.now();
    world.hand.advance(BACKOFF);
    let cancel = world.cancel(id).await;
    let canceled = (EnrollmentProgress::Canceled, WELL);
    let active = (EnrollmentProgress::Active, WELL);
    let now = world.context.clock.now();
    assert_eq!(
        world.reported(since(cancel, canceled, now)).await,
        "APPLIED"
    );
    assert!(world.all_are(&[id, cancel], "CANCELED").await);
    assert_eq!(world.reported(since(id, active, begun)).await, "UNCHANGED");
    let audited = world.audited(id).await;
    assert!(!audited.contains(&"handoff.contradicted".to_owned()));
}
