//! Beginning: what begins an enrollment, and two at once.

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn the_same_code_gives_the_same_enrollment(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let first = house.begin(&code).await.unwrap();
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    let second = house.begin(&typed).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(
        first.enrollment.as_ref().unwrap().state(),
        wire::EnrollmentState::Started
    );
    assert_eq!(first.consent_text.unwrap().version, "2015-07");
    assert!(first.proof_expire_time.is_some());
    assert_eq!(house.count("enrollment").await, 1);
}

#[apply(both)]
async fn sixty_four_who_begin_at_once_begin_one_enrollment(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let answers = join_all((0..64).map(|_| house.begin(&code))).await;
    let first = answers[0].as_ref().unwrap().enrollment.clone();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap().enrollment == first)
    );
    assert_eq!(house.count("enrollment").await, 1);
}

#[apply(both)]
async fn a_mistyped_code_is_told_before_any_database_work(database: Database) {
    let house = House::open(&database).await;
    house.context.db.close().await;
    let refused = house.begin("0000-0000-0000-0001").await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CodeMistyped));
}

#[apply(both)]
async fn a_lost_letter_is_begun_by_a_verification(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let verification = house.verify(campaign, person, None, "VERIFIED").await;
    let entitlement = Entitlement::VerificationId(verification.to_string());
    let begun = house
        .begin_as(&house.request_id(), entitlement)
        .await
        .unwrap();
    assert_eq!(begun.proof_expire_time, None);
    let enrollment = begun.enrollment.unwrap().enrollment_id.parse().unwrap();
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
    // The lost letter is worthless from now on.
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 1);
    assert_eq!(
        reason_of(&house.begin(&code).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
}

#[apply(both)]
async fn a_letter_that_turns_up_goes_on_with_what_was_begun(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let verification = house.verify(campaign, person, None, "VERIFIED").await;
    let entitlement = Entitlement::VerificationId(verification.to_string());
    let first = house
        .begin_as(&house.request_id(), entitlement)
        .await
        .unwrap()
        .enrollment
        .unwrap();
    let second = house.begin(&code).await.unwrap();
    assert_eq!(
        second.enrollment.unwrap().enrollment_id,
        first.enrollment_id
    );
    assert!(second.proof_expire_time.is_some());
}

#[apply(both)]
async fn a_check_changes_nothing(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let check = wire::CheckCodeRequest {
        campaign: NUMBER.into(),
        code,
    };
    let answer = house
        .handlers
        .check_code(by(Role::Portal, check))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.expire_time.unwrap().seconds, 1_454_302_800);
    assert_eq!(house.count("enrollment").await, 0);
    assert_eq!(
        house
            .count("code WHERE state = 'ISSUED' AND generation > 0")
            .await,
        1
    );
}
