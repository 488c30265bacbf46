//! What a reviewer denied stays denied.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ReferralState as Decision;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use sea_orm::ConnectionTrait;

use super::house::{House, by};
use super::people::{claims, date};
use crate::harness::{Database, apply, both};

/// The same claim again is refused like any other, until an agent sees something new; and what a stranger was denied without the letter
/// does not stop whoever holds it.
#[apply(both)]
async fn what_was_denied_is_looked_at_again_only_before_an_agent(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let swapped = || wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    let referred = wire::VerificationState::Referred;
    let unseen = wire::VerificationState::ConfirmationRequired;
    let first = house.verify_alone(swapped()).await.unwrap();
    assert_eq!(first.state(), unseen);
    let case = house.referrals(0, "").await.referrals.remove(0);
    let denial = house.decision(&case.referral_id, Decision::Denied);
    house.decide("ann", denial).await.unwrap();
    let again = house.verify_alone(swapped()).await.unwrap();
    assert_eq!(again.state(), unseen);
    let refused = "SELECT COUNT(*) FROM verification WHERE state = 'REFUSED'";
    assert_eq!(house.number(refused).await, 2);
    assert!(house.referrals(0, "").await.referrals.is_empty());
    let attended = house.asked(None, swapped());
    let attended = house
        .handlers
        .verify_identity(by(Role::CallCenter, attended))
        .await;
    let attended = attended.unwrap().into_inner().verification.unwrap();
    assert_eq!(attended.state(), referred);
    let by_letter = house.verify(Some(letter), swapped()).await.unwrap();
    assert_eq!(by_letter.state(), referred);
    // What is right is right all the same.
    let right = house.verify(None, claims()).await.unwrap();
    assert_eq!(right.state(), wire::VerificationState::ConfirmationRequired);
}

/// What was denied with one letter is open with the next one.
#[apply(both)]
async fn a_denial_holds_for_the_letter_that_it_was_about(database: Database) {
    let (house, _) = House::with_letter(&database).await;
    let person = house.individuals().await[0].id;
    let swapped = || wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    // Another letter begins another enrollment.
    let next_letter = async || {
        let over = "UPDATE enrollment SET state = 'CANCELED', settled_at = 1, cancel_reason = 'PERSON_ASKED', \
            canceled_by = 'portal/one', cancel_requested_at = 1";
        house.owner.execute_unprepared(over).await.unwrap();
        let letter = house.enrollment(person).await;
        let sql = format!(
            "UPDATE enrollment SET code_mac = {0} WHERE id = {0}",
            house.literal(letter.as_uuid())
        );
        house.owner.execute_unprepared(&sql).await.unwrap();
        letter
    };
    let letter = next_letter().await;
    house.verify(Some(letter), swapped()).await.unwrap();
    let case = house.referrals(0, "").await.referrals.remove(0);
    let denial = house.decision(&case.referral_id, Decision::Denied);
    house.decide("ann", denial).await.unwrap();
    let again = house.verify(Some(letter), swapped()).await.unwrap_err();
    assert_eq!(reason_of(&again), Some(Reason::VerificationRefused));
    let right = house.verify(Some(letter), claims()).await.unwrap();
    assert_eq!(right.state(), wire::VerificationState::Verified);
    let letter = next_letter().await;
    let open = house.verify(Some(letter), swapped()).await.unwrap();
    assert_eq!(open.state(), wire::VerificationState::Referred);
}
