//! What a portal or a call center reaches: what it began, what it can show the code or a verification for, and nothing else.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService as _;
use sea_orm::DbBackend;
use tonic::Status;
use wire::EnrollmentState as State;
use wire::begin_enrollment_request::Entitlement;
use wire::get_enrollment_request::Which;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

impl House {
    async fn read(&self, role: Role, enrollment: EnrollmentId) -> Result<wire::Enrollment, Status> {
        let message = wire::GetEnrollmentRequest {
            campaign: NUMBER.into(),
            which: Some(Which::EnrollmentId(enrollment.to_string())),
        };
        let answer = self.handlers.get_enrollment(by(role, message)).await?;
        Ok(answer.into_inner().enrollment.unwrap())
    }

    async fn withdraw(
        &self,
        role: Role,
        enrollment: EnrollmentId,
        shown: Option<VerificationId>,
    ) -> Result<State, Status> {
        let message = wire::CancelEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.to_string(),
            reason: wire::CancelReason::PersonAsked.into(),
            verification_id: shown.map(|id| id.to_string()).unwrap_or_default(),
        };
        let answer = self.handlers.cancel_enrollment(by(role, message)).await?;
        Ok(answer.into_inner().enrollment.unwrap().state())
    }

    /// A verification that this caller asked for.
    async fn verified_by(
        &self,
        caller: &str,
        (campaign, person): (CampaignId, IndividualId),
    ) -> VerificationId {
        let id = self.verify(campaign, person, None, "VERIFIED").await;
        self.run(&format!(
            "UPDATE verification SET requested_by = '{caller}' WHERE id = {}",
            self.literal(id)
        ))
        .await;
        id
    }

    fn literal(&self, id: VerificationId) -> String {
        match self.owner.get_database_backend() {
            DbBackend::Sqlite => format!("x'{}'", id.as_uuid().simple()),
            _ => format!("'{id}'"),
        }
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> Option<Reason> {
    reason_of(&result.unwrap_err())
}

#[apply(both)]
async fn a_front_reaches_what_it_began_or_went_on_with(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    assert!(house.read(Role::Portal, enrollment).await.is_ok());
    assert!(house.read(Role::Operator, enrollment).await.is_ok());
    let foreign = house.read(Role::CallCenter, enrollment).await;
    assert_eq!(refused(foreign), Some(Reason::EnrollmentNotFound));
    let foreign = house.withdraw(Role::CallCenter, enrollment, None).await;
    assert_eq!(refused(foreign), Some(Reason::EnrollmentNotFound));

    // The person calls, and reads the letter's code to the agent.
    let message = wire::BeginEnrollmentRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        entitlement: Some(Entitlement::Code(code)),
        ..Default::default()
    };
    let went_on = house
        .handlers
        .begin_enrollment(by(Role::CallCenter, message));
    let went_on = went_on.await.unwrap().into_inner().enrollment.unwrap();
    assert_eq!(went_on.enrollment_id, enrollment.to_string());
    assert!(house.read(Role::CallCenter, enrollment).await.is_ok());
    assert!(
        house.read(Role::Portal, enrollment).await.is_ok(),
        "who began it still does"
    );
    let canceled = house.withdraw(Role::CallCenter, enrollment, None).await;
    assert_eq!(
        canceled.unwrap(),
        State::Canceled,
        "nothing was ordered yet"
    );
}

#[apply(both)]
async fn what_was_ordered_is_canceled_with_the_proof_that_ordering_needed(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
    let unproven = house.withdraw(Role::Portal, enrollment, None).await;
    assert_eq!(refused(unproven), Some(Reason::NotVerified));

    let stranger = house.people(campaign, 1).await[0];
    let of_portal = house.verified_by("portal/test", (campaign, person)).await;
    let of_stranger = house.verified_by("portal/test", (campaign, stranger)).await;
    let of_other_portal = house.verified_by("portal/other", (campaign, person)).await;
    for wrong in [of_stranger, of_other_portal, verification] {
        let unproven = house.withdraw(Role::Portal, enrollment, Some(wrong)).await;
        assert_eq!(refused(unproven), Some(Reason::NotVerified));
    }
    house.run("UPDATE verification SET expires_at = 1").await;
    let late = house
        .withdraw(Role::Portal, enrollment, Some(of_portal))
        .await;
    assert_eq!(refused(late), Some(Reason::VerificationExpired));

    // An agent who has just verified the person reaches what the page began.
    let fresh = house
        .verified_by("call-center/test/a-17", (campaign, person))
        .await;
    let canceled = house
        .withdraw(Role::CallCenter, enrollment, Some(fresh))
        .await;
    assert_eq!(canceled.unwrap(), State::CancelPending);
}

#[apply(both)]
async fn nobody_begins_or_completes_by_a_verification_of_somebody_else(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let lost = house.verified_by("portal/other", (campaign, person)).await;
    let (id, entitlement) = (
        house.request_id(),
        Entitlement::VerificationId(lost.to_string()),
    );
    let begun = house.begin_as(&id, entitlement);
    assert_eq!(refused(begun.await), Some(Reason::CodeNotAccepted));
    let enrollment = house.begun(&code).await;
    let completed = house.complete(house.completion(enrollment, lost)).await;
    assert_eq!(refused(completed), Some(Reason::NotVerified));
    let own = house
        .verified_by("call-center/test/a-17", (campaign, person))
        .await;
    let completed = house.complete(house.completion(enrollment, own)).await;
    assert_eq!(completed.unwrap().state(), State::Submitted);
}
