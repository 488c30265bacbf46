//! Beginning: the uniform refusal, the throttles, two at once.

use std::time::Duration;

use futures::future::join_all;
use redress::codes::throttles::Throttles;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use tonic::Status;

use super::house::{House, NUMBER, by};
use crate::harness::both;

/// A code with good check symbols that nobody has.
const STRANGER: &str = "0000-0000-0000-0168";

fn bytes(status: &Status) -> (i32, String, Vec<u8>) {
    (
        status.code().into(),
        status.message().to_owned(),
        status.details().to_vec(),
    )
}

both! {
    async fn the_same_code_gives_the_same_enrollment(database: Database) {
        let house = House::open(&database).await;
        let (_, _, code) = house.one_letter().await;
        let first = house.begin(&code).await.unwrap();
        let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
        let second = house.begin(&typed).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(first.enrollment.as_ref().unwrap().state(), wire::EnrollmentState::Started);
        assert_eq!(first.consent_version, "2015-07");
        assert!(first.proof_expire_time.is_some());
        assert_eq!(house.count("enrollment").await, 1);
    }

    async fn sixty_four_who_begin_at_once_begin_one_enrollment(database: Database) {
        let house = House::open(&database).await;
        let (_, _, code) = house.one_letter().await;
        let answers = join_all((0..64).map(|_| house.begin(&code))).await;
        let first = answers[0].as_ref().unwrap().enrollment.clone();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().enrollment == first));
        assert_eq!(house.count("enrollment").await, 1);
    }

    async fn a_mistyped_code_is_told_before_any_database_work(database: Database) {
        let house = House::open(&database).await;
        house.ctx.db.close().await;
        let refused = house.begin("0000-0000-0000-0001").await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::CodeMistyped));
    }

    async fn every_refusal_has_the_same_bytes(database: Database) {
        let house = House::open(&database).await;
        let campaign = house.campaign().await;
        house.people(campaign, 4).await;
        house.person(campaign, "DECEASED", "IN", true).await;
        house.person(campaign, "MINOR", "IN", true).await;
        let batch = house.issue(campaign).await;
        let codes: Vec<String> = house.export(&batch).await.unwrap().into_iter().map(|(_, code)| code).collect();
        let enrollment = house.begun(&codes[0]).await;
        let person = house.row("SELECT individual_id FROM enrollment").await.try_get("", "individual_id").unwrap();
        let verification = house.verify(campaign, person, Some(enrollment), "VERIFIED").await;
        house.complete(house.completion(enrollment, verification)).await.unwrap();
        house.run(
            "UPDATE code SET state = 'REVOKED', settled_at = 1 WHERE individual_id = \
             (SELECT id FROM individual WHERE population = 'ADULT' ORDER BY id DESC LIMIT 1)",
        ).await;
        let mut refusals = Vec::new();
        for code in [&codes[0], &codes[3], &codes[4], &codes[5], &STRANGER.to_owned()] {
            refusals.push(house.begin(code).await.unwrap_err());
        }
        refusals.push(house.begin_as(&house.request_id(), Entitlement::VerificationId(house.request_id())).await.unwrap_err());
        let nowhere = wire::BeginEnrollmentRequest {
            request_id: house.request_id(),
            engagement_number: "Z999999".into(),
            entitlement: Some(Entitlement::Code(codes[1].clone())),
            channel: 0,
        };
        refusals.push(house.handlers.begin_enrollment(by(Role::Portal, nowhere)).await.unwrap_err());
        house.clock.advance(Duration::from_hours(24 * 365));
        refusals.push(house.begin(&codes[1]).await.unwrap_err());
        let check = wire::CheckCodeRequest { engagement_number: NUMBER.into(), code: codes[1].clone() };
        refusals.push(house.handlers.check_code(by(Role::Portal, check)).await.unwrap_err());
        assert_eq!(reason_of(&refusals[0]), Some(Reason::CodeNotAccepted));
        for refusal in &refusals {
            assert_eq!(bytes(refusal), bytes(&refusals[0]));
        }
        // Reviewers see the causes.
        for cause in ["REDEEMED", "REVOKED", "DECEASED", "NO_PRODUCT", "UNKNOWN", "UNKNOWN_CAMPAIGN", "ENROLL_BY_PASSED"] {
            let found = house.count(&format!("audit_event WHERE action = 'code.refused' AND detail LIKE '%\"{cause}\"%'")).await;
            assert!(found >= 1, "{cause}");
        }
    }

    async fn tries_are_counted_whatever_they_find(database: Database) {
        let limits = Throttles { caller: 1_000, agent: 1_000, network: 1_000, campaign: 3 };
        let house = House::open_with(&database, limits).await;
        let (_, _, code) = house.one_letter().await;
        for typed in [STRANGER, &code, STRANGER] {
            let _ = house.begin(typed).await;
        }
        let refused = house.begin(&code).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::Throttled));
        assert!(retry_after_of(&refused).unwrap() <= Duration::from_secs(20));
        house.clock.advance(Duration::from_secs(20));
        house.begin(&code).await.unwrap();
    }

    async fn a_throttle_that_cannot_be_asked_refuses(database: Database) {
        let house = House::open(&database).await;
        let (_, _, code) = house.one_letter().await;
        house.run("ALTER TABLE throttle RENAME TO gone").await;
        assert!(house.begin(&code).await.is_err());
        assert_eq!(house.count("enrollment").await, 0);
    }

    async fn a_lost_letter_is_begun_by_a_verification(database: Database) {
        let house = House::open(&database).await;
        let (campaign, person, code) = house.one_letter().await;
        let verification = house.verify(campaign, person, None, "VERIFIED").await;
        let entitlement = Entitlement::VerificationId(verification.to_string());
        let begun = house.begin_as(&house.request_id(), entitlement).await.unwrap();
        assert_eq!(begun.proof_expire_time, None);
        let enrollment = begun.enrollment.unwrap().enrollment_id.parse().unwrap();
        house.complete(house.completion(enrollment, verification)).await.unwrap();
        // The lost letter is worthless from now on.
        assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 1);
        assert_eq!(reason_of(&house.begin(&code).await.unwrap_err()), Some(Reason::CodeNotAccepted));
    }

    async fn a_letter_that_turns_up_goes_on_with_what_was_begun(database: Database) {
        let house = House::open(&database).await;
        let (campaign, person, code) = house.one_letter().await;
        let verification = house.verify(campaign, person, None, "VERIFIED").await;
        let entitlement = Entitlement::VerificationId(verification.to_string());
        let first = house.begin_as(&house.request_id(), entitlement).await.unwrap().enrollment.unwrap();
        let second = house.begin(&code).await.unwrap();
        assert_eq!(second.enrollment.unwrap().enrollment_id, first.enrollment_id);
        assert!(second.proof_expire_time.is_some());
    }

    async fn a_check_changes_nothing(database: Database) {
        let house = House::open(&database).await;
        let (_, _, code) = house.one_letter().await;
        let check = wire::CheckCodeRequest { engagement_number: NUMBER.into(), code };
        let answer = house.handlers.check_code(by(Role::Portal, check)).await.unwrap().into_inner();
        assert_eq!(answer.expire_time.unwrap().seconds, 1_454_302_800);
        assert_eq!(house.count("enrollment").await, 0);
        assert_eq!(house.count("code WHERE state = 'ISSUED' AND generation > 0").await, 1);
    }
}
