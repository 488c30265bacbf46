//! What a person repudiated ends.

use redress::codes::enrollment::repudiations;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;

use super::house::House;
use crate::harness::{Database, apply, both};

/// What the identity process writes.
const REPUDIATED: &str =
    "UPDATE verification SET state = 'REFUSED', repudiated_at = 1, repudiated_by = 'portal/test'";

#[apply(both)]
async fn what_was_ordered_with_a_repudiated_verification_is_canceled(database: Database) {
    let house = House::open(&database).await;
    let (_, enrollment) = house.submitted().await;
    assert_eq!(repudiations::step(&house.context).await.unwrap(), 0);
    house.run(REPUDIATED).await;
    assert_eq!(repudiations::step(&house.context).await.unwrap(), 1);
    let canceled = house.get(&enrollment.enrollment_id).await;
    assert_eq!(canceled.state(), wire::EnrollmentState::CancelPending);
    let fraud = "enrollment WHERE cancel_reason = 'FRAUD'";
    assert_eq!(house.count(fraud).await, 1);
    let asked = "handoff WHERE kind = 'CANCEL' AND state = 'QUEUED'";
    assert_eq!(house.count(asked).await, 1);
    let events =
        "audit_event WHERE action = 'enrollment.canceled' AND actor = 'service/enrollment-codes'";
    assert_eq!(house.count(events).await, 1);
    assert_eq!(repudiations::step(&house.context).await.unwrap(), 0);
}

#[apply(both)]
async fn nothing_is_completed_with_a_repudiated_verification(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house.run(REPUDIATED).await;
    let completion = house.completion(enrollment, verification);
    let refused = house.complete(completion).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::NotVerified));
    assert_eq!(repudiations::step(&house.context).await.unwrap(), 0);
}
