//! What a person mends after the coverage runs: its partner is told, by one handoff that is ordered again each time.

use redress::db::entities::outcome::{OutcomeClass, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use wire::{CoverageState as Covered, EnrollmentState as State};

use super::coverages::Said;
use super::house::House;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

const TOLD: &str = "handoff WHERE kind = 'UPDATE_PERSON'";
const AGAIN: &str = "resubmission r JOIN handoff h ON h.id = r.handoff_id AND h.kind = 'UPDATE_PERSON' \
    WHERE r.order_attempt = h.order_attempt + 1";

/// Somebody whose one coverage runs.
async fn active(house: &House) -> wire::Enrollment {
    let (campaign, submitted) = house.shared().await;
    let active = (OutcomeResult::Active, None, 1);
    house.reported(campaign, &submitted, active).await
}

#[apply(both)]
async fn the_partner_of_what_runs_is_told_and_the_coverage_stays_as_it_is(database: Database) {
    let house = House::open(&database).await;
    let before = active(&house).await;
    for role in [Role::Portal, Role::CallCenter, Role::Operator] {
        house
            .run("DELETE FROM handoff WHERE kind = 'UPDATE_PERSON'")
            .await;
        let again = house.again(&before.enrollment_id);
        let told = house.resubmit(role, again).await.unwrap();
        assert_eq!(told.state(), State::Active, "{role}");
        assert_eq!(house.get(&before.enrollment_id).await, before, "{role}");
        let queued = "handoff WHERE kind = 'UPDATE_PERSON' AND state = 'QUEUED' AND order_attempt = 1 AND extends_to_months = 0 \
             AND term_months = 24 AND cancel_reason IS NULL";
        assert_eq!(house.count(queued).await, 1);
    }
    assert_eq!(house.count("resubmission").await, 0);
}

#[apply(both)]
async fn the_next_correction_has_the_same_handoff_ordered_again(database: Database) {
    let house = House::open(&database).await;
    let person = active(&house).await.enrollment_id;
    let first = house.again(&person);
    for _ in 0..2 {
        // The same call tells once.
        house.resubmit(Role::Operator, first.clone()).await.unwrap();
        assert_eq!(house.count(TOLD).await, 1);
        assert_eq!(house.count("resubmission").await, 0);
    }
    for _ in 0..2 {
        // What was not taken yet is not ordered twice.
        let next = house.again(&person);
        house.resubmit(Role::Operator, next).await.unwrap();
        assert_eq!(house.count(TOLD).await, 1);
        assert_eq!(house.count("resubmission").await, 1);
        assert_eq!(house.count(AGAIN).await, 1);
    }
    let audited = "audit_event WHERE action = 'enrollment.resubmitted'";
    assert_eq!(house.count(audited).await, 3);
}

#[apply(both)]
async fn what_its_partner_has_stopped_is_told_too_and_what_is_over_is_not(database: Database) {
    let house = House::open(&database).await;
    let (campaign, submitted) = house.shared().await;
    let person = submitted.enrollment_id.as_str();
    let told = async || house.resubmit(Role::Operator, house.again(person)).await;
    let waits = told().await.unwrap_err();
    assert_eq!(reason_of(&waits), Some(Reason::CoverageState));
    let reported = async |result| {
        let said = (result, None, 1);
        house.reported(campaign, &submitted, said).await
    };
    reported(OutcomeResult::Suspended).await;
    let suspended = told().await.unwrap();
    assert_eq!(suspended.state(), State::Suspended);
    assert_eq!(house.count(TOLD).await, 1);
    reported(OutcomeResult::Ended).await;
    let over = told().await.unwrap_err();
    assert_eq!(reason_of(&over), Some(Reason::EnrollmentState));
    assert_eq!(house.count("resubmission").await, 0);
}

/// A coverage that is named is told of by itself; one that neither runs nor can be ordered again is refused, and nothing is done.
#[apply(both)]
async fn the_coverage_that_runs_can_be_named(database: Database) {
    let house = House::open(&database).await;
    let before = active(&house).await;
    let named = |coverages: Vec<String>| wire::ResubmitEnrollmentRequest {
        coverage_ids: coverages,
        ..house.again(&before.enrollment_id)
    };
    let own = before.coverage().coverage_id.clone();
    let unknown = named(vec![own.clone(), house.request_id()]);
    let refused = house.resubmit(Role::Operator, unknown).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CoverageState));
    assert_eq!(house.count(TOLD).await, 0);
    house
        .resubmit(Role::Portal, named(vec![own]))
        .await
        .unwrap();
    assert_eq!(house.count(TOLD).await, 1);
}

/// One bureau of three has started, one wants something, one works on it still.
#[apply(both)]
async fn what_runs_is_told_and_what_does_not_is_ordered_again(database: Database) {
    let house = House::open(&database).await;
    let (campaign, covered) = house.covered().await;
    let said = [
        Said(0, OutcomeResult::Active, None, 0),
        Said(1, OutcomeResult::Refused, Some(OutcomeClass::NoHit), 0),
    ];
    assert_eq!(
        house.say(campaign, &covered, &said).await,
        State::PartlyActive
    );
    let id = covered.enrollment_id.as_str();
    let both = house
        .resubmit(Role::Operator, house.again(id))
        .await
        .unwrap();
    let states: Vec<(Covered, i32)> = both
        .coverages
        .iter()
        .map(|it| (it.state(), it.attempt))
        .collect();
    assert_eq!(
        states,
        [
            (Covered::Active, 1),
            (Covered::Submitted, 2),
            (Covered::Submitted, 1)
        ]
    );
    assert_eq!(house.count(TOLD).await, 1);
    assert_eq!(house.count("resubmission").await, 1);
}
