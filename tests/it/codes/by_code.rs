//! Agents whose caller has nothing but a letter: its code names the person, whatever became of it.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::enrollment::v1::get_enrollment_request::Which;
use tonic::Status;

use super::house::{House, NUMBER, by, limits};
use super::refusals::{STRANGER, seen};
use crate::harness::{Database, apply, both};

impl House {
    async fn list_by(&self, code: &str) -> Result<Vec<wire::LetterCode>, Status> {
        let message = wire::ListCodesRequest {
            campaign: NUMBER.into(),
            code: code.into(),
            ..Default::default()
        };
        let answer = self.handlers.list_codes(by(Role::CallCenter, message));
        Ok(answer.await?.into_inner().codes)
    }

    async fn reissue_by(&self, code: &str) -> Result<wire::LetterCode, Status> {
        let message = wire::ReissueCodeRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            reason: wire::ReissueReason::Damaged.into(),
            code: code.into(),
            ..Default::default()
        };
        let answer = self.handlers.reissue_code(by(Role::CallCenter, message));
        Ok(answer.await?.into_inner().letter_code.unwrap())
    }

    pub async fn enrollment_by(&self, role: Role, code: &str) -> Result<wire::Enrollment, Status> {
        let message = wire::GetEnrollmentRequest {
            campaign: NUMBER.into(),
            which: Some(Which::Code(code.into())),
        };
        let answer = self.handlers.get_enrollment(by(role, message));
        Ok(answer.await?.into_inner().enrollment.unwrap())
    }

    /// All three ways in which an agent gives a code, refused.
    async fn refused_by(&self, code: &str) -> [Status; 3] {
        [
            self.list_by(code).await.unwrap_err(),
            self.reissue_by(code).await.unwrap_err(),
            self.enrollment_by(Role::CallCenter, code)
                .await
                .unwrap_err(),
        ]
    }
}

#[apply(both)]
async fn a_letter_in_the_callers_hand_names_its_person_whatever_its_state(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, old) = house.one_letter().await;
    let nothing = house.enrollment_by(Role::CallCenter, &old).await;
    let nothing = nothing.unwrap_err();
    assert_eq!(reason_of(&nothing), Some(Reason::EnrollmentNotFound));
    let second = house.reissue_by(&old).await.unwrap();
    assert_eq!(second.generation, 2);
    let new = house.print(campaign, &second).await.remove(0).1;
    let begun = house.begun(&new).await;
    let verification = house
        .verify(campaign, person, Some(begun), "VERIFIED")
        .await;
    let completion = house.completion(begun, verification);
    house.complete(completion).await.unwrap();
    // One is superseded by now, the other one used.
    for code in [&old, &new] {
        let listed = house.list_by(code).await.unwrap();
        assert_eq!(listed, house.lineage(campaign, person).await);
        for role in [Role::CallCenter, Role::Operator] {
            let found = house.enrollment_by(role, code).await.unwrap();
            assert_eq!(found.enrollment_id, begun.to_string());
        }
    }
    // Whoever finds a letter reads nothing of it on a page.
    let page = house.enrollment_by(Role::Portal, &new).await.unwrap_err();
    assert_eq!(reason_of(&page), Some(Reason::InvalidRequest));
    let used = house.reissue_by(&new).await.unwrap_err();
    assert_eq!(reason_of(&used), Some(Reason::CodeRedeemed));
    assert_eq!(
        house
            .count("audit_event WHERE action = 'code.holder_found' AND subject_kind = 'individual'")
            .await,
        9
    );
    let two = wire::ListCodesRequest {
        campaign: NUMBER.into(),
        code: new.clone(),
        individual_id: person.to_string(),
        ..Default::default()
    };
    assert!(!format!("{two:?}").contains(&new), "it is redacted");
    let two = house.handlers.list_codes(by(Role::Operator, two)).await;
    assert_eq!(reason_of(&two.unwrap_err()), Some(Reason::InvalidRequest));
}

#[apply(both)]
async fn a_code_that_nobody_was_given_is_refused_as_it_is_checked(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 1).await;
    let batch = house.issue(campaign).await;
    let letters = house.export_all(&batch).await.unwrap();
    let honey = letters.iter().find(|letter| letter.seed).unwrap();
    let letter = letters.iter().find(|letter| !letter.seed).unwrap();
    house
        .run("UPDATE code SET without_code = TRUE WHERE generation = 1")
        .await;
    let checked = seen(&house.check(STRANGER).await.unwrap_err());
    // The first call reads the campaign, which is kept.
    house.refused_by(STRANGER).await;
    let statements = house.context.db.statements();
    let mut sent = Vec::new();
    for code in [STRANGER, &honey.code, &letter.code] {
        statements.watch();
        for refused in house.refused_by(code).await {
            assert_eq!(seen(&refused), checked);
        }
        sent.push(statements.seen());
    }
    assert!(sent.windows(2).all(|pair| pair[0] == pair[1]), "{sent:?}");
    for cause in ["UNKNOWN", "NOT_GIVEN"] {
        let found =
            format!("audit_event WHERE action = 'code.refused' AND detail LIKE '%\"{cause}\"%'");
        assert!(house.count(&found).await >= 3, "{cause}");
    }
    let honey = house.count("audit_event WHERE action = 'code.honey_used'");
    assert_eq!(honey.await, 3);
    for mistyped in house.refused_by("0000-0000-0000-0000-1").await {
        assert_eq!(reason_of(&mistyped), Some(Reason::CodeMistyped));
    }
}

#[apply(both)]
async fn an_agents_tries_are_charged_before_anything_is_looked_up(database: Database) {
    let house = House::open_with(&database, limits(2)).await;
    let (_, _, code) = house.one_letter().await;
    house.list_by(STRANGER).await.unwrap_err();
    house.list_by(STRANGER).await.unwrap_err();
    for refused in house.refused_by(&code).await {
        assert_eq!(reason_of(&refused), Some(Reason::Throttled));
    }
    let checked = house.check(&code).await.unwrap_err();
    assert_eq!(
        reason_of(&checked),
        Some(Reason::Throttled),
        "one allowance"
    );
}
