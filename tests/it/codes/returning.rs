//! Callers who come back: their enrollment is found by who they are.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::enrollment::v1::get_enrollment_request::Which;
use tonic::Status;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

async fn ask(house: &House, verification: &str) -> Result<wire::Enrollment, Status> {
    let message = wire::GetEnrollmentRequest {
        campaign: NUMBER.into(),
        which: Some(Which::VerificationId(verification.to_owned())),
    };
    let request = by(Role::CallCenter, message);
    let answer = house.handlers.get_enrollment(request).await?;
    Ok(answer.into_inner().enrollment.unwrap())
}

/// Whoever was verified hears of the newest enrollment, whatever its state and whoever began it.
#[apply(both)]
async fn a_verified_caller_is_told_of_the_newest_enrollment(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let lookup = async |state| {
        house
            .verify(campaign, person, None, state)
            .await
            .to_string()
    };
    let early = lookup("VERIFIED").await;
    let refused = ask(&house, &early).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::EnrollmentNotFound));
    let begun = house.begun(&code).await;
    let again = lookup("VERIFIED").await;
    assert_eq!(
        ask(&house, &again).await.unwrap().enrollment_id,
        begun.to_string()
    );
    house.cancel(&begun.to_string()).await.unwrap();
    let canceled = ask(&house, &again).await.unwrap();
    assert_eq!(canceled.state(), wire::EnrollmentState::Canceled);
    house.clock.advance(Duration::from_mins(1));
    let second = house.begun(&code).await;
    assert_ne!(second, begun);
    assert_eq!(
        ask(&house, &again).await.unwrap().enrollment_id,
        second.to_string()
    );
    house.clock.advance(Duration::from_hours(1));
    let late = ask(&house, &again).await.unwrap_err();
    assert_eq!(reason_of(&late), Some(Reason::VerificationExpired));
}

/// Who is not verified hears nothing, and neither does who asks for nothing.
#[apply(both)]
async fn nobody_else_is_told(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    house.begun(&code).await;
    for state in ["CONFIRMATION_REQUIRED", "REFERRED", "REFUSED"] {
        let id = house.verify(campaign, person, None, state).await;
        let refused = ask(&house, &id.to_string()).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::NotVerified), "{state}");
    }
    let unknown = ask(&house, &house.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::NotVerified));
    let odd = ask(&house, "canary").await.unwrap_err();
    assert_eq!(reason_of(&odd), Some(Reason::InvalidRequest));
    let nothing = wire::GetEnrollmentRequest {
        campaign: NUMBER.into(),
        which: None,
    };
    let nothing = house
        .handlers
        .get_enrollment(by(Role::Portal, nothing))
        .await;
    let nothing = nothing.unwrap_err();
    assert_eq!(reason_of(&nothing), Some(Reason::InvalidRequest));
}
