//! The text that a person consents to, in their language, and who consents.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::r#type::v1::{Authority, Relationship};

use super::house::{House, by};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_person_hears_and_consents_to_the_text_in_their_language(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.three(false).await;
    let people = house.people(campaign, 1).await;
    let batch = house.issue(campaign).await;
    let code = house.export(&batch).await.unwrap().remove(0).1;
    let begin = |language: &str| wire::BeginEnrollmentRequest {
        request_id: house.request_id(),
        campaign: campaign.to_string(),
        entitlement: Some(wire::begin_enrollment_request::Entitlement::Code(
            code.clone(),
        )),
        language_code: language.into(),
        ..Default::default()
    };
    let begun = async |language: &str| {
        let answer = house
            .handlers
            .begin_enrollment(by(Role::Portal, begin(language)));
        answer.await.unwrap().into_inner()
    };
    let wrong = house
        .handlers
        .begin_enrollment(by(Role::Portal, begin("Spanish")));
    assert_eq!(
        reason_of(&wrong.await.unwrap_err()),
        Some(Reason::InvalidRequest)
    );
    assert_eq!(begun("").await.consent_text.unwrap().language_code, "en");
    assert_eq!(begun("fr").await.consent_text.unwrap().language_code, "en");
    let spanish = begun("es-MX").await;
    let text = spanish.consent_text.unwrap();
    assert_eq!(
        (text.language_code.as_str(), text.version.as_str()),
        ("es", "2015-08")
    );
    let enrollment = spanish.enrollment.unwrap();
    assert!(
        enrollment
            .next_step
            .unwrap()
            .person_text
            .starts_with("D\u{ed}ganos")
    );
    let id = enrollment.enrollment_id.parse().unwrap();
    let verified = house
        .verify(campaign, people[0], Some(id), "VERIFIED")
        .await;
    let mut completion = house.completion(id, verified);
    let consent = wire::Consent {
        language_code: text.language_code,
        version: text.version,
        text_sha256: text.sha256,
        agreed: true,
        relationship: Relationship::Guardian.into(),
        ..Default::default()
    };
    completion.consent = Some(consent.clone());
    let refused = house.complete(completion.clone()).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    completion.request_id = house.request_id();
    completion.consent = Some(wire::Consent {
        authority: Authority::CourtOrder.into(),
        ..consent
    });
    // The verification names the person, and somebody else consents.
    let stranger = house.complete(completion.clone()).await.unwrap_err();
    assert_eq!(reason_of(&stranger), Some(Reason::ConsenterNotVerified));
    let acting = "representative_relationship = 'GUARDIAN', representative_authority";
    for other in ["POWER_OF_ATTORNEY", "COURT_ORDER"] {
        house
            .run(&format!("UPDATE verification SET {acting} = '{other}'"))
            .await;
        if other != "COURT_ORDER" {
            let other = house.complete(completion.clone()).await.unwrap_err();
            assert_eq!(reason_of(&other), Some(Reason::ConsenterNotVerified));
        }
    }
    let done = house.complete(completion).await.unwrap();
    assert_eq!(done.language_code, "es");
    assert_eq!(done.consenter_relationship(), Relationship::Guardian);
    let kept =
        "consent WHERE language = 'es' AND relationship = 'GUARDIAN' AND authority = 'COURT_ORDER'";
    assert_eq!(house.count(kept).await, 1);
}
