//! Coverages that are ordered again: who may, when, and what an answer to the earlier order is worth.

use futures::future::join_all;
use redress::codes::enrollment::outcomes;
use redress::db::entities::outcome::{self, OutcomeClass, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::r#type::v1::OutcomeClass as Class;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::Status;
use wire::begin_enrollment_request::Entitlement;
use wire::{CoverageState as Covered, EnrollmentState as State};

use super::house::{House, NUMBER, by};
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

impl House {
    pub fn again(&self, enrollment: &str) -> wire::ResubmitEnrollmentRequest {
        wire::ResubmitEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.into(),
            coverage_ids: Vec::new(),
            verification_id: String::new(),
        }
    }

    pub async fn resubmit(
        &self,
        role: Role,
        message: wire::ResubmitEnrollmentRequest,
    ) -> Result<wire::Enrollment, Status> {
        let answer = self.handlers.resubmit_enrollment(by(role, message)).await?;
        Ok(answer.into_inner().enrollment.unwrap())
    }

    /// Applies what a partner reports about the one coverage of an enrollment.
    pub async fn reported(
        &self,
        campaign: CampaignId,
        enrollment: &wire::Enrollment,
        (result, outcome_class, attempt): (OutcomeResult, Option<OutcomeClass>, i32),
    ) -> wire::Enrollment {
        let row = outcome::Model {
            campaign_id: campaign,
            id: self.ids.next(),
            enrollment_id: enrollment.enrollment_id.parse().unwrap(),
            coverage_id: enrollment.coverage().coverage_id.parse().unwrap(),
            handoff_id: enrollment.handoff().parse().unwrap(),
            result,
            outcome_class,
            native_code: None,
            revision: 0,
            order_attempt: attempt,
            effective_at: self.now(),
            term_ends_on: None,
            created_at: self.now(),
        };
        let row = outcome::ActiveModel::from(row).reset_all();
        outcome::Entity::insert(row)
            .exec_without_returning(&self.owner)
            .await
            .unwrap();
        assert_eq!(outcomes::step(&self.context).await.unwrap(), 1);
        self.get(&enrollment.enrollment_id).await
    }

    /// Somebody who has completed on a page, after an agent had gone on with it too.
    pub async fn shared(&self) -> (CampaignId, wire::Enrollment) {
        let submitted = self.submitted().await;
        self.run("UPDATE enrollment SET continued_by = 'call-center/test'")
            .await;
        submitted
    }

    /// Somebody whose one coverage a partner refused, or wants something for.
    async fn unhappy(&self, class: OutcomeClass) -> (CampaignId, wire::Enrollment) {
        let (campaign, enrollment) = self.shared().await;
        let refused = (OutcomeResult::Refused, Some(class), 1);
        let enrollment = self.reported(campaign, &enrollment, refused).await;
        assert_eq!(enrollment.state(), State::Refused);
        (campaign, enrollment)
    }
}

const WAITING: &str = "resubmission r JOIN coverage c ON c.handoff_id = r.handoff_id AND c.order_attempt = r.order_attempt";

#[apply(both)]
async fn a_refused_coverage_is_ordered_again_and_becomes_active(database: Database) {
    let house = House::open(&database).await;
    let (campaign, refused) = house.unhappy(OutcomeClass::NoHit).await;
    let again = house.again(&refused.enrollment_id);
    let ordered = house.resubmit(Role::Portal, again.clone()).await.unwrap();
    assert_eq!(ordered.state(), State::Submitted);
    let coverage = ordered.coverage();
    assert_eq!(
        (coverage.state(), coverage.attempt),
        (Covered::Submitted, 2)
    );
    assert_eq!(coverage.outcome_class(), Class::Unspecified);
    assert_eq!(house.count(WAITING).await, 1);
    let repeated = house.resubmit(Role::Portal, again).await.unwrap();
    assert_eq!(repeated, ordered, "the same call orders once");
    assert_eq!(house.count(WAITING).await, 1);
    let audited = "audit_event WHERE action = 'enrollment.resubmitted'";
    assert_eq!(house.count(audited).await, 1);
    // An answer to the first order comes late: it needs nobody's attention any more.
    let late = (OutcomeResult::Refused, Some(OutcomeClass::NoHit), 1);
    let still = house.reported(campaign, &refused, late).await;
    assert_eq!(still.state(), State::Submitted);
    assert_eq!(still.coverage().attempt, 2);
    let active = (OutcomeResult::Active, None, 2);
    let active = house.reported(campaign, &refused, active).await;
    assert_eq!(active.state(), State::Active);
    assert!(active.term_end().is_some());
}

/// The bureau activated by itself what it had refused: that holds, whichever order it answers.
#[apply(both)]
async fn that_a_coverage_runs_holds_whichever_order_it_was(database: Database) {
    let house = House::open(&database).await;
    let (campaign, refused) = house.unhappy(OutcomeClass::FileFrozen).await;
    let again = house.again(&refused.enrollment_id);
    house.resubmit(Role::CallCenter, again).await.unwrap();
    let active = (OutcomeResult::Active, None, 1);
    let active = house.reported(campaign, &refused, active).await;
    assert_eq!(active.state(), State::Active);
    assert_eq!(active.coverage().attempt, 2);
}

/// The bureau had activated it by itself, so that the second order was not sent: what it says of the first one holds from then on, and the
/// row that nobody took is replaced by the next.
#[apply(both)]
async fn an_order_that_was_not_needed_leaves_the_coverage_open_for_the_partner(database: Database) {
    let house = House::open(&database).await;
    let (campaign, submitted) = house.submitted().await;
    let asks = |class| (OutcomeResult::ActionRequired, Some(class), 1);
    let frozen = asks(OutcomeClass::FileFrozen);
    house.reported(campaign, &submitted, frozen).await;
    let again = || house.again(&submitted.enrollment_id);
    house.resubmit(Role::Operator, again()).await.unwrap();
    let suspended = (OutcomeResult::Suspended, None, 1);
    let suspended = house.reported(campaign, &submitted, suspended).await;
    assert_eq!(suspended.state(), State::Suspended);
    let no_hit = asks(OutcomeClass::NoHit);
    let waits = house.reported(campaign, &submitted, no_hit).await;
    assert_eq!(waits.state(), State::ActionRequired);
    let third = house.resubmit(Role::Operator, again()).await.unwrap();
    assert_eq!(third.coverage().attempt, 3);
    assert_eq!(house.count(WAITING).await, 1);
    assert_eq!(house.count("resubmission").await, 1);
}

/// Two products, one refused: who has withdrawn is not ordered anything again.
#[apply(both)]
async fn who_withdrew_in_part_is_not_ordered_again(database: Database) {
    let house = House::open(&database).await;
    let (_, refused) = house.unhappy(OutcomeClass::NoHit).await;
    house
        .run("UPDATE enrollment SET cancel_reason = 'PERSON_ASKED', canceled_by = 'portal/one', cancel_requested_at = 1")
        .await;
    let again = house.again(&refused.enrollment_id);
    let withdrawn = house.resubmit(Role::Operator, again).await.unwrap_err();
    assert_eq!(reason_of(&withdrawn), Some(Reason::EnrollmentState));
}

#[apply(both)]
async fn who_may_order_again_follows_from_the_reason(database: Database) {
    let house = House::open(&database).await;
    let (campaign, submitted) = house.shared().await;
    let mut attempt = 1;
    for (class, roles) in [
        (OutcomeClass::ThinFile, &[][..]),
        (OutcomeClass::SsnMismatch, &[Role::Operator][..]),
        (
            OutcomeClass::IdentityNotConfirmed,
            &[Role::CallCenter, Role::Operator][..],
        ),
    ] {
        let asks = (OutcomeResult::ActionRequired, Some(class), attempt);
        house.reported(campaign, &submitted, asks).await;
        for role in [Role::Portal, Role::CallCenter, Role::Operator] {
            let again = house.again(&submitted.enrollment_id);
            let answer = house.resubmit(role, again).await;
            if roles.contains(&role) {
                let ordered = answer.unwrap();
                assert_eq!(ordered.state(), State::Submitted, "{class:?} {role}");
                house.run("DELETE FROM resubmission").await;
                attempt += 1;
                break;
            }
            let reason = reason_of(&answer.unwrap_err());
            assert_eq!(reason, Some(Reason::CoverageState), "{class:?} {role}");
            let now = house.get(&submitted.enrollment_id).await;
            assert_eq!(now.state(), State::ActionRequired, "nothing was ordered");
        }
    }
    assert_eq!(attempt, 3);
}

#[apply(both)]
async fn a_coverage_is_named_or_all_are_meant(database: Database) {
    let house = House::open(&database).await;
    let (_, refused) = house.unhappy(OutcomeClass::NoHit).await;
    let ask = async |coverages: Vec<String>| {
        let message = wire::ResubmitEnrollmentRequest {
            coverage_ids: coverages,
            ..house.again(&refused.enrollment_id)
        };
        house.resubmit(Role::Operator, message).await
    };
    let own = refused.coverage().coverage_id.clone();
    let odd = ask(vec!["canary".into()]).await.unwrap_err();
    assert_eq!(reason_of(&odd), Some(Reason::InvalidRequest));
    let unknown = ask(vec![own.clone(), house.request_id()]).await;
    assert_eq!(
        reason_of(&unknown.unwrap_err()),
        Some(Reason::CoverageState)
    );
    assert_eq!(house.count("resubmission").await, 0, "all or nothing");
    ask(vec![own.clone()]).await.unwrap();
    let twice = ask(vec![own]).await.unwrap_err();
    assert_eq!(reason_of(&twice), Some(Reason::CoverageState));
}

#[apply(both)]
async fn an_enrollment_that_is_canceled_replaced_or_not_submitted_orders_nothing(
    database: Database,
) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let begun = house.begun(&code).await;
    let wrong = async |id: &str| {
        let refused = house.resubmit(Role::Operator, house.again(id)).await;
        reason_of(&refused.unwrap_err())
    };
    let state = Some(Reason::EnrollmentState);
    assert_eq!(wrong(&begun.to_string()).await, state);
    let unknown = wrong(&house.request_id()).await;
    assert_eq!(unknown, Some(Reason::EnrollmentNotFound));
    let verified = house
        .verify(campaign, person, Some(begun), "VERIFIED")
        .await;
    let done = house.complete(house.completion(begun, verified)).await;
    let done = done.unwrap();
    let under_way = wrong(&done.enrollment_id).await;
    assert_eq!(under_way, Some(Reason::CoverageState));
    let refused = (OutcomeResult::Refused, Some(OutcomeClass::NoHit), 1);
    house.reported(campaign, &done, refused).await;
    // The person has begun another one since, by a verification.
    let lookup = house.verify(campaign, person, None, "VERIFIED").await;
    let other = wire::BeginEnrollmentRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        entitlement: Some(Entitlement::VerificationId(lookup.to_string())),
        ..Default::default()
    };
    let other = house.handlers.begin_enrollment(by(Role::CallCenter, other));
    let other = other.await.unwrap().into_inner().enrollment.unwrap();
    let other = other.enrollment_id;
    assert_eq!(wrong(&done.enrollment_id).await, state);
    house.cancel(&other).await.unwrap();
    assert_eq!(wrong(&other).await, state);
    let again = house.again(&done.enrollment_id);
    house.resubmit(Role::Operator, again).await.unwrap();
    let canceled = house.cancel(&done.enrollment_id).await.unwrap();
    assert_eq!(canceled.state(), State::CancelPending);
    assert_eq!(wrong(&done.enrollment_id).await, state);
}

#[apply(both)]
async fn of_many_callers_at_once_one_orders_again(database: Database) {
    let house = House::open(&database).await;
    let (_, refused) = house.unhappy(OutcomeClass::NoHit).await;
    let calls = (0..8).map(|_| {
        let again = house.again(&refused.enrollment_id);
        house.resubmit(Role::CallCenter, again)
    });
    let answers = join_all(calls).await;
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won, 1);
    for lost in answers.into_iter().filter_map(Result::err) {
        assert_eq!(reason_of(&lost), Some(Reason::CoverageState));
    }
    assert_eq!(house.count("resubmission").await, 1);
    let coverage = house.get(&refused.enrollment_id).await;
    assert_eq!(coverage.coverage().attempt, 2);
}

#[apply(both)]
async fn a_coverage_is_ordered_ten_times_at_most(database: Database) {
    let house = House::open(&database).await;
    let (campaign, refused) = house.unhappy(OutcomeClass::NoHit).await;
    for attempt in 2..=10 {
        let again = house.again(&refused.enrollment_id);
        let ordered = house.resubmit(Role::Operator, again).await.unwrap();
        assert_eq!(ordered.coverage().attempt, attempt);
        // The handoff process takes the row.
        house.run("DELETE FROM resubmission").await;
        let no_hit = (OutcomeResult::Refused, Some(OutcomeClass::NoHit), attempt);
        house.reported(campaign, &refused, no_hit).await;
    }
    let again = house.again(&refused.enrollment_id);
    let refused = house.resubmit(Role::Operator, again).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CoverageState));
}
