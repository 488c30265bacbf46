//! What a letter began ends with it, when another takes its place and when it is taken back.

use futures::future::join_all;
use redress::codes::letter::revoke::{Revoke, Target};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{EnrollmentId, IndividualId, VerificationId};
use redress::process::Call;
use redress::process::request::Request;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use tokio::sync::mpsc;
use tonic::Status;
use wire::EnrollmentState::{Canceled, Started, Submitted};
use wire::ReissueReason as Why;
use wire::begin_enrollment_request::Entitlement;

use super::house::{House, NUMBER, by};
use super::reissue::why;
use crate::harness::{Database, apply, both};

const CANCELED: &str = "audit_event WHERE action = 'enrollment.canceled'";

impl House {
    /// Begins without a letter and gives the id.
    pub async fn begun_by(&self, verification: VerificationId) -> EnrollmentId {
        let entitlement = Entitlement::VerificationId(verification.to_string());
        let begun = self.begin_as(&self.request_id(), entitlement).await;
        let enrollment = begun.unwrap().enrollment.unwrap();
        enrollment.enrollment_id.parse().unwrap()
    }

    async fn state(&self, enrollment: EnrollmentId) -> wire::EnrollmentState {
        self.get(&enrollment.to_string()).await.state()
    }

    async fn cancel_by(&self, enrollment: EnrollmentId, verification: VerificationId) -> Status {
        let message = wire::CancelEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.to_string(),
            reason: wire::CancelReason::PersonAsked.into(),
            verification_id: verification.to_string(),
        };
        let asked = by(Role::CallCenter, message);
        let answer = self.handlers.cancel_enrollment(asked).await;
        answer.unwrap_err()
    }

    /// Demands that a verification of the person is worth nothing.
    async fn proves_nothing(&self, verification: VerificationId, person: IndividualId) {
        let get = wire::GetEnrollmentRequest {
            campaign: NUMBER.into(),
            which: Some(wire::get_enrollment_request::Which::VerificationId(
                verification.to_string(),
            )),
        };
        let got = self.handlers.get_enrollment(by(Role::CallCenter, get));
        let refused = got.await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::NotVerified));
        let letter = wire::ReissueCodeRequest {
            individual_id: String::new(),
            verification_id: verification.to_string(),
            ..self.reissue_of(person)
        };
        let sent = self.handlers.reissue_code(by(Role::CallCenter, letter));
        assert_eq!(
            reason_of(&sent.await.unwrap_err()),
            Some(Reason::NotVerified)
        );
        let entitlement = Entitlement::VerificationId(verification.to_string());
        let begun = self.begin_as(&self.request_id(), entitlement).await;
        assert_eq!(
            reason_of(&begun.unwrap_err()),
            Some(Reason::CodeNotAccepted)
        );
    }
}

#[apply(both)]
async fn what_the_old_letter_began_ends_with_it(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, old) = house.one_letter().await;
    let enrollment = house.begun(&old).await;
    let stolen = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let code = house.reissue(person).await.unwrap();
    let ended = house.get(&enrollment.to_string()).await;
    assert_eq!(ended.state(), Canceled);
    let cancellation = ended.cancellation.unwrap();
    assert_eq!(cancellation.actor, "operator/test");
    assert_eq!(cancellation.reason(), wire::CancelReason::Other);
    assert_eq!(house.count(CANCELED).await, 1);
    assert_eq!(
        house
            .count(&format!("{CANCELED} AND detail LIKE '%REPLACED%'"))
            .await,
        1
    );
    let completed = house.complete(house.completion(enrollment, stolen)).await;
    assert_eq!(
        reason_of(&completed.unwrap_err()),
        Some(Reason::EnrollmentState)
    );
    house.proves_nothing(stolen, person).await;
    // The person begins anew, and what the old letter proved is nothing there.
    let new = house.print(campaign, &code).await.remove(0).1;
    assert_ne!(new, old);
    let anew = house.begun(&new).await;
    assert_ne!(anew, enrollment);
    let refused = house.complete(house.completion(anew, stolen)).await;
    assert_eq!(reason_of(&refused.unwrap_err()), Some(Reason::NotVerified));
    let refused = house.cancel_by(anew, stolen).await;
    assert_eq!(reason_of(&refused), Some(Reason::NotVerified));
    let own = house.verify(campaign, person, Some(anew), "VERIFIED").await;
    house.complete(house.completion(anew, own)).await.unwrap();
    assert_eq!(
        house.lineage(campaign, person).await[0].state(),
        wire::CodeState::Redeemed
    );
    assert_eq!(why(house.reissue(person).await), Reason::CodeRedeemed);
    assert_eq!(house.state(anew).await, Submitted);
}

#[apply(both)]
async fn whatever_the_reason_the_old_letter_ends_once(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 5).await;
    let batch = house.issue(campaign).await;
    let letters = house.export(&batch).await.unwrap();
    let reasons = [
        Why::Lost,
        Why::NotReceived,
        Why::Damaged,
        Why::AddressCorrected,
        Why::Compromised,
    ];
    for ((person, code), reason) in letters.iter().zip(reasons) {
        let enrollment = house.begun(code).await;
        let before = house.count(CANCELED).await;
        let message = wire::ReissueCodeRequest {
            reason: reason.into(),
            ..house.reissue_of(person.parse().unwrap())
        };
        // The same call twice, and another one beside it.
        let other = house.reissue_of(person.parse().unwrap());
        let calls = [message.clone(), message, other].map(async |message| {
            let asked = by(Role::Operator, message);
            house.handlers.reissue_code(asked).await.unwrap()
        });
        join_all(calls).await;
        assert_eq!(house.state(enrollment).await, Canceled, "{reason:?}");
        assert_eq!(house.count(CANCELED).await, before + 1);
    }
}

#[apply(both)]
async fn what_letters_of_a_batch_began_ends_in_small_steps(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 7).await;
    let batch = house.issue(campaign).await;
    let letters = house.export(&batch).await.unwrap();
    let begun: Vec<EnrollmentId> = join_all(
        letters
            .iter()
            .map(async |(_, code)| house.begun(code).await),
    )
    .await;
    let person: IndividualId = letters[6].0.parse().unwrap();
    let verification = house
        .verify(campaign, person, Some(begun[6]), "VERIFIED")
        .await;
    let completion = house.completion(begun[6], verification);
    house.complete(completion).await.unwrap();
    house.people(campaign, 1).await;
    let other = house.issue(campaign).await;
    let other = house.export(&other).await.unwrap().remove(0).1;
    let other = house.begun(&other).await;
    let lost = house.people(campaign, 1).await[0];
    let lost = house.verify(campaign, lost, None, "VERIFIED").await;
    let lost = house.begun_by(lost).await;
    let call = Call::plain(Caller::new(Role::Operator, "test").unwrap());
    let request = Request {
        id: house.ids.request_id(),
        caller: "operator/test".into(),
        method: "RevokeCodes",
        fingerprint: uuid::Uuid::nil(),
        others: Vec::new(),
    };
    let target = (campaign, Target::Batch(batch.batch_id.parse().unwrap()));
    for _ in 0..2 {
        let revoke = Revoke::begin(&house.context, &call, &request, target, "stolen").await;
        let (sender, mut progress) = mpsc::channel(64);
        revoke.unwrap().in_chunks_of(2).run(sender).await;
        let mut last = None;
        while let Some(step) = progress.recv().await {
            last = Some(step.unwrap());
        }
        assert!(last.unwrap().done);
        for enrollment in &begun[..6] {
            assert_eq!(house.state(*enrollment).await, Canceled);
        }
        assert_eq!(house.count(CANCELED).await, 6);
    }
    assert_eq!(
        house
            .count(&format!("{CANCELED} AND detail LIKE '%REVOKED%'"))
            .await,
        6
    );
    assert_eq!(house.state(begun[6]).await, Submitted);
    assert_eq!(house.state(other).await, Started);
    assert_eq!(house.state(lost).await, Started);
}

/// Where somebody begins in the very moment, the enrollment stays open with a code that counts no more: it is worth nothing, and the
/// next one to begin gets another.
#[apply(both)]
async fn what_was_begun_in_the_very_moment_is_worth_nothing(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, old) = house.one_letter().await;
    let enrollment = house.begun(&old).await;
    let stolen = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let code = house.reissue(person).await.unwrap();
    let new = house.print(campaign, &code).await.remove(0).1;
    house
        .run(
            "UPDATE enrollment SET state = 'STARTED', settled_at = NULL, cancel_reason = NULL, canceled_by = NULL, \
             cancel_requested_at = NULL",
        )
        .await;
    let completed = house.complete(house.completion(enrollment, stolen)).await;
    assert_eq!(reason_of(&completed.unwrap_err()), Some(Reason::CodeState));
    house.proves_nothing(stolen, person).await;
    let both = join_all([house.begun(&new), house.begun(&new)]).await;
    assert_eq!(both[0], both[1]);
    assert_ne!(both[0], enrollment);
    assert_eq!(house.state(enrollment).await, Canceled);
    assert_eq!(house.state(both[0]).await, Started);
}
