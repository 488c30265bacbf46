//! Enrollments with several coverages: each has a handoff of its own, and the enrollment stands as they do together.

use std::time::Duration;

use redress::codes::enrollment::outcomes;
use redress::codes::housekeeping;
use redress::db::entities::outcome::{self, OutcomeClass, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::r#type::v1::OutcomeClass as Class;
use sea_orm::{ActiveModelTrait, EntityTrait};
use wire::{CoverageState as Covered, EnrollmentState as State};

use super::house::{House, by};
use crate::harness::{Database, apply, both};

/// What a partner says of one coverage.
pub struct Said(
    pub usize,
    pub OutcomeResult,
    pub Option<OutcomeClass>,
    pub i64,
);

impl House {
    /// A campaign with three products for adults, one of them longer than the others.
    pub async fn three(&self, raise: bool) -> CampaignId {
        let mut wanted = self.wanted();
        let first = wanted.products[0].clone();
        for (code, months) in [("SILVER", 12), ("IRON", 36)] {
            wanted.products.push(wire::Product {
                product_code: code.into(),
                term_months: months,
                contract_code: "C-1".into(),
                ..first.clone()
            });
        }
        wanted.raise_term_by_law = raise;
        wanted.consent_texts.push(wire::ConsentText {
            language_code: "es".into(),
            version: "2015-08".into(),
            text: "Doy mis instrucciones por escrito.".into(),
            ..Default::default()
        });
        self.create(wanted)
            .await
            .unwrap()
            .campaign_id
            .parse()
            .unwrap()
    }

    /// Somebody who has completed an enrollment of such a campaign.
    pub async fn covered(&self) -> (CampaignId, wire::Enrollment) {
        let campaign = self.three(false).await;
        let people = self.people(campaign, 1).await;
        let batch = self.issue(campaign).await;
        let code = self.export(&batch).await.unwrap().remove(0).1;
        let enrollment = self.begun(&code).await;
        let verified = self
            .verify(campaign, people[0], Some(enrollment), "VERIFIED")
            .await;
        let done = self.complete(self.completion(enrollment, verified)).await;
        (campaign, done.unwrap())
    }

    /// Writes what partners say, as the handoff process would, and applies it.
    pub async fn say(
        &self,
        campaign: CampaignId,
        enrollment: &wire::Enrollment,
        said: &[Said],
    ) -> State {
        for Said(place, result, class, revision) in said {
            let coverage = &enrollment.coverages[*place];
            let row = outcome::Model {
                campaign_id: campaign,
                id: self.ids.next(),
                enrollment_id: enrollment.enrollment_id.parse().unwrap(),
                coverage_id: coverage.coverage_id.parse().unwrap(),
                handoff_id: coverage.handoff_id.parse().unwrap(),
                result: *result,
                outcome_class: *class,
                native_code: class.map(|_| "SC306".to_owned()),
                revision: *revision,
                order_attempt: 1,
                effective_at: self.now(),
                term_ends_on: None,
                created_at: self.now(),
            };
            let row = outcome::ActiveModel::from(row).reset_all();
            outcome::Entity::insert(row)
                .exec_without_returning(&self.owner)
                .await
                .unwrap();
            self.clock.advance(Duration::from_secs(1));
        }
        outcomes::step(&self.context).await.unwrap();
        self.get(&enrollment.enrollment_id).await.state()
    }
}

use OutcomeResult::{ActionRequired, Active, Canceled, Ended, Refused, Suspended};

#[apply(both)]
async fn a_completion_orders_every_product_of_the_population(database: Database) {
    let house = House::open(&database).await;
    let (_, enrollment) = house.covered().await;
    let mut ordered: Vec<(&str, i32)> = enrollment
        .coverages
        .iter()
        .map(|it| (it.product_code.as_str(), it.term_months))
        .collect();
    ordered.sort_unstable();
    assert_eq!(ordered, [("GOLD", 24), ("IRON", 36), ("SILVER", 12)]);
    assert_eq!(house.count("handoff WHERE kind = 'ENROLL'").await, 3);
    assert_eq!(house.count("handoff WHERE contract_code = 'C-1'").await, 2);
    let same = "coverage c JOIN handoff h ON h.coverage_id = c.id AND h.id = c.handoff_id";
    assert_eq!(house.count(same).await, 3);
    assert_eq!(house.get(&enrollment.enrollment_id).await, enrollment);
}

#[apply(both)]
async fn an_enrollment_is_active_in_part(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let frozen = Some(OutcomeClass::FileFrozen);
    let said = [Said(0, ActionRequired, frozen, 0)];
    assert_eq!(
        house.say(campaign, &enrollment, &said).await,
        State::ActionRequired
    );
    let said = [Said(1, Active, None, 0)];
    assert_eq!(
        house.say(campaign, &enrollment, &said).await,
        State::PartlyActive
    );
    let now = house.get(&enrollment.enrollment_id).await;
    let states: Vec<Covered> = now.coverages.iter().map(wire::Coverage::state).collect();
    assert_eq!(
        states,
        [Covered::ActionRequired, Covered::Active, Covered::Submitted]
    );
    assert_eq!(now.coverages[0].native_code, "SC306");
    let step = now.next_step.unwrap();
    assert_eq!(
        (step.actor(), step.action()),
        (wire::NextActor::Person, wire::NextAction::LiftFreeze)
    );
    let said = [Said(0, Active, None, 0), Said(2, Active, None, 0)];
    assert_eq!(house.say(campaign, &enrollment, &said).await, State::Active);
}

/// A correction has a higher revision; without one an end that was reported stands.
#[apply(both)]
async fn only_a_higher_revision_corrects_what_was_decided(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let thin = Some(OutcomeClass::ThinFile);
    let refused: Vec<Said> = (0..3).map(|at| Said(at, Refused, thin, 2)).collect();
    assert_eq!(
        house.say(campaign, &enrollment, &refused).await,
        State::Refused
    );
    for revision in [0, 1, 2] {
        let late = [Said(0, Active, None, revision)];
        assert_eq!(
            house.say(campaign, &enrollment, &late).await,
            State::Refused
        );
    }
    let corrected = [Said(0, Active, None, 3)];
    assert_eq!(
        house.say(campaign, &enrollment, &corrected).await,
        State::PartlyActive
    );
    let back = [Said(0, ActionRequired, Some(OutcomeClass::NoHit), 4)];
    assert_eq!(
        house.say(campaign, &enrollment, &back).await,
        State::ActionRequired
    );
    let now = house.get(&enrollment.enrollment_id).await;
    assert_eq!(now.coverages[0].revision, 4);
    assert_eq!(now.coverages[0].outcome_class(), Class::NoHit);
}

#[apply(both)]
async fn a_partner_can_suspend_and_end_a_coverage(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let active: Vec<Said> = (0..3).map(|at| Said(at, Active, None, 0)).collect();
    assert_eq!(
        house.say(campaign, &enrollment, &active).await,
        State::Active
    );
    let said = [Said(0, Suspended, None, 0), Said(1, Ended, None, 0)];
    assert_eq!(
        house.say(campaign, &enrollment, &said).await,
        State::PartlyActive
    );
    house.clock.advance(Duration::from_hours(24 * 60));
    let said = [Said(0, Active, None, 0)];
    assert_eq!(house.say(campaign, &enrollment, &said).await, State::Active);
    let now = house.get(&enrollment.enrollment_id).await;
    let day = Date {
        year: 2017,
        month: 9,
        day: 15,
    };
    assert_eq!(
        now.coverages[0].term_end_date,
        Some(day),
        "a pause of 60 days moves the term and does not renew it"
    );
    // The terms differ: the shortest ends first, and the enrollment with the last.
    house.clock.advance(Duration::from_hours(24 * 366 * 4));
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 2);
    assert_eq!(
        house.get(&enrollment.enrollment_id).await.state(),
        State::Ended
    );
}

#[apply(both)]
async fn a_cancellation_is_a_request_until_every_partner_has_confirmed_it(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let refused = [
        Said(2, Refused, Some(OutcomeClass::ThinFile), 0),
        Said(0, Active, None, 0),
    ];
    house.say(campaign, &enrollment, &refused).await;
    let asked = house.cancel(&enrollment.enrollment_id).await.unwrap();
    assert_eq!(asked.state(), State::CancelPending);
    assert_eq!(house.count("handoff WHERE kind = 'CANCEL'").await, 2);
    let other_contract = "handoff c WHERE c.kind = 'CANCEL' AND NOT EXISTS (SELECT 1 FROM handoff e WHERE e.kind = 'ENROLL' \
        AND e.coverage_id = c.coverage_id AND e.contract_code IS NOT DISTINCT FROM c.contract_code)";
    assert_eq!(house.count(other_contract).await, 0);
    let again = house.cancel(&enrollment.enrollment_id).await.unwrap_err();
    assert_eq!(reason_of(&again), Some(Reason::EnrollmentState));
    let first = [Said(0, Canceled, None, 0)];
    assert_eq!(
        house.say(campaign, &enrollment, &first).await,
        State::CancelPending
    );
    let second = [Said(1, Canceled, None, 0)];
    assert_eq!(
        house.say(campaign, &enrollment, &second).await,
        State::Refused
    );
    let now = house.get(&enrollment.enrollment_id).await;
    assert_eq!(
        now.cancellation.unwrap().reason(),
        wire::CancelReason::PersonAsked
    );
}

#[apply(both)]
async fn a_partner_that_cancels_unasked_is_named_as_the_reason(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let all: Vec<Said> = (0..3).map(|at| Said(at, Canceled, None, 0)).collect();
    assert_eq!(
        house.say(campaign, &enrollment, &all).await,
        State::Canceled
    );
    let now = house.get(&enrollment.enrollment_id).await;
    let cancellation = now.cancellation.unwrap();
    assert_eq!(cancellation.reason(), wire::CancelReason::Partner);
    assert!(cancellation.confirm_time.is_some());
}

/// A refused person who began anew keeps the new enrollment: the correction of the old one is recorded and changes nothing.
#[apply(both)]
async fn a_correction_never_gives_a_person_two_living_enrollments(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let refused: Vec<Said> = (0..3)
        .map(|at| Said(at, Refused, Some(OutcomeClass::ThinFile), 1))
        .collect();
    house.say(campaign, &enrollment, &refused).await;
    let person = house.row("SELECT individual_id FROM enrollment").await;
    let person = person.try_get("", "individual_id").unwrap();
    let lost = house.verify(campaign, person, None, "VERIFIED").await;
    let message = wire::BeginEnrollmentRequest {
        request_id: house.request_id(),
        campaign: campaign.to_string(),
        entitlement: Some(wire::begin_enrollment_request::Entitlement::VerificationId(
            lost.to_string(),
        )),
        ..Default::default()
    };
    let begun = (house.handlers).begin_enrollment(by(Role::CallCenter, message));
    begun.await.unwrap();
    let corrected = [Said(0, Active, None, 2)];
    assert_eq!(
        house.say(campaign, &enrollment, &corrected).await,
        State::Refused
    );
    let recorded = "audit_event WHERE action = 'outcome.recorded' AND detail LIKE '%REPLACED%'";
    assert_eq!(house.count(recorded).await, 1);
}

#[apply(both)]
async fn the_law_of_the_persons_state_raises_a_term_that_is_too_short(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.three(true).await;
    let people = house.people(campaign, 1).await;
    house.run("UPDATE individual SET region = 'CT'").await;
    let batch = house.issue(campaign).await;
    let code = house.export(&batch).await.unwrap().remove(0).1;
    let enrollment = house.begun(&code).await;
    let verified = house
        .verify(campaign, people[0], Some(enrollment), "VERIFIED")
        .await;
    let done = house
        .complete(house.completion(enrollment, verified))
        .await
        .unwrap();
    let mut terms: Vec<i32> = done.coverages.iter().map(|it| it.term_months).collect();
    terms.sort_unstable();
    assert_eq!(terms, [24, 24, 36], "Connecticut asks for 24 months");
    let message = wire::GetCampaignReportRequest {
        campaign: campaign.to_string(),
        ..Default::default()
    };
    let report = house
        .handlers
        .get_campaign_report(by(Role::Operator, message));
    let owed = report.await.unwrap().into_inner().monitoring;
    assert!(!owed.is_empty() && owed.iter().all(|it| it.short_by == 0));
}

/// What stands on a bureau's file is not for everybody who has the letter.
#[apply(both)]
async fn a_portal_is_told_what_the_person_may_know(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.covered().await;
    let alert = [
        Said(0, ActionRequired, Some(OutcomeClass::VictimAlert), 1),
        Said(1, Active, None, 1),
    ];
    house.say(campaign, &enrollment, &alert).await;
    let get = async |role| {
        let message = wire::GetEnrollmentRequest {
            campaign: campaign.to_string(),
            which: Some(wire::get_enrollment_request::Which::EnrollmentId(
                enrollment.enrollment_id.clone(),
            )),
        };
        let answer = house.handlers.get_enrollment(by(role, message)).await;
        answer.unwrap().into_inner().enrollment.unwrap()
    };
    let portal = get(Role::Portal).await;
    let coverage = &portal.coverages[0];
    assert_eq!(coverage.outcome_class(), Class::Other);
    assert_eq!(coverage.state(), Covered::ActionRequired);
    for hidden in [
        &coverage.partner_id,
        &coverage.handoff_id,
        &coverage.native_code,
    ] {
        assert!(hidden.is_empty());
    }
    assert!(portal.next_step.unwrap().agent_text.is_empty());
    let agent = get(Role::Operator).await;
    assert_eq!(agent.coverages[0].outcome_class(), Class::VictimAlert);
    assert!(!agent.coverages[0].handoff_id.is_empty());
}
