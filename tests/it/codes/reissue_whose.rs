//! Another letter for whoever a verification found or an enrollment belongs to.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::fault::Reason;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;

use super::house::{House, NUMBER, by};
use super::reissue::why;
use crate::harness::{Database, apply, both};

/// A caller who was verified, or whose enrollment is at hand, needs no number of the individual.
#[apply(both)]
async fn a_letter_is_sent_again_by_verification_or_by_enrollment(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house.verify(campaign, person, None, "VERIFIED").await;
    let referred = house.verify(campaign, person, None, "REFERRED").await;
    let ask = async |verification_id: String, enrollment_id: String| {
        let message = wire::ReissueCodeRequest {
            individual_id: String::new(),
            verification_id,
            enrollment_id,
            ..house.reissue_of(person)
        };
        let answer = house.handlers.reissue_code(by(Role::Operator, message));
        Ok(answer.await?.into_inner().letter_code.unwrap())
    };
    let none = String::new;
    assert_eq!(why(ask(none(), none()).await), Reason::InvalidRequest);
    let both = ask(verification.to_string(), enrollment.to_string()).await;
    assert_eq!(why(both), Reason::InvalidRequest);
    let unverified = ask(referred.to_string(), none()).await;
    assert_eq!(why(unverified), Reason::NotVerified);
    let unknown = ask(none(), house.request_id()).await;
    assert_eq!(why(unknown), Reason::EnrollmentNotFound);
    let first: wire::LetterCode = ask(verification.to_string(), none()).await.unwrap();
    assert_eq!(first.generation, 2);
    house.print(campaign, &first).await;
    let second = ask(none(), enrollment.to_string()).await.unwrap();
    assert_eq!(second.generation, 3);
    let message = wire::ListCodesRequest {
        campaign: NUMBER.into(),
        enrollment_id: enrollment.to_string(),
        ..Default::default()
    };
    let listed = house.handlers.list_codes(by(Role::CallCenter, message));
    let listed = listed.await.unwrap().into_inner().codes;
    assert_eq!(listed, house.lineage(campaign, person).await);
    // The same call is the same call, also after the verification has run out.
    let message = wire::ReissueCodeRequest {
        individual_id: String::new(),
        verification_id: verification.to_string(),
        ..house.reissue_of(person)
    };
    let call = async || {
        let request = by(Role::Operator, message.clone());
        house.handlers.reissue_code(request).await
    };
    let before = call().await.unwrap().into_inner();
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(call().await.unwrap().into_inner(), before);
    let late = ask(verification.to_string(), none()).await;
    assert_eq!(why(late), Reason::VerificationExpired);
}
