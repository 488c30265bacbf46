//! A longer term for a product: nobody gets less, every partner is asked once, and what is not given stays promised.

use redress::codes::enrollment::outcomes;
use redress::codes::housekeeping;
use redress::db::entities::outcome::{self, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, HandoffId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

const EXTENSIONS: &str = "handoff WHERE kind = 'EXTEND'";

impl House {
    fn longer(&self, months: i32) -> wire::ExtendCoveragesRequest {
        wire::ExtendCoveragesRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            partner_id: self.partner.to_string(),
            product_code: "GOLD".into(),
            term_months: months,
        }
    }

    /// Gives how many are shorter, promised, asked, not given and given.
    async fn extend(&self, wanted: wire::ExtendCoveragesRequest) -> Result<[i64; 5], Status> {
        let call = self.handlers.extend_coverages(by(Role::Operator, wanted));
        let it = call.await?.into_inner().extension.unwrap();
        Ok([it.shorter, it.promised, it.asked, it.not_given, it.given])
    }

    /// Applies that the partner reports a handoff of somebody's coverage ACTIVE, perhaps with the last day.
    async fn runs(&self, enrollment: &str, handoff: Option<HandoffId>, day: Option<&str>) {
        let told = (OutcomeResult::Active, 0);
        self.told_of(enrollment, (handoff, day), told).await;
    }

    /// Applies what the partner reports, under a revision.
    async fn told_of(
        &self,
        enrollment: &str,
        (handoff, day): (Option<HandoffId>, Option<&str>),
        (result, revision): (OutcomeResult, i64),
    ) {
        let before = self.get(enrollment).await;
        let coverage = &before.coverages[0];
        let row = outcome::Model {
            campaign_id: before.campaign_id.parse().unwrap(),
            id: self.ids.next(),
            enrollment_id: enrollment.parse().unwrap(),
            coverage_id: coverage.coverage_id.parse().unwrap(),
            handoff_id: handoff.unwrap_or_else(|| coverage.handoff_id.parse().unwrap()),
            result,
            outcome_class: None,
            native_code: None,
            revision,
            order_attempt: 1,
            effective_at: self.now(),
            term_ends_on: day.map(str::to_owned),
            created_at: self.now(),
        };
        let row = outcome::ActiveModel::from(row).reset_all();
        let insert = outcome::Entity::insert(row);
        insert.exec_without_returning(&self.owner).await.unwrap();
        outcomes::step(&self.context).await.unwrap();
    }

    async fn term_of(&self, enrollment: &str) -> (i32, Option<Date>) {
        let coverage = self.get(enrollment).await.coverages.remove(0);
        (coverage.term_months, coverage.term_end_date)
    }

    async fn extension(&self) -> HandoffId {
        use redress::db::entities::handoff::{Column, Entity, Kind};
        use sea_orm::{ColumnTrait, QueryFilter};
        let query = Entity::find().filter(Column::Kind.eq(Kind::Extend));
        query.one(&self.owner).await.unwrap().unwrap().id
    }
}

const fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// One person whose order was given.
async fn submitted(database: &Database) -> (House, CampaignId, String) {
    let house = House::open(database).await;
    let (campaign, enrollment) = house.submitted().await;
    (house, campaign, enrollment.enrollment_id)
}

#[apply(both)]
async fn what_runs_ends_later_and_its_partner_is_asked_once(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    assert_eq!(house.term_of(&person).await, (24, Some(day(2017, 7, 17))));
    let wanted = house.longer(36);
    for wanted in [wanted.clone(), wanted, house.longer(36)] {
        assert_eq!(house.extend(wanted).await.unwrap(), [0, 0, 1, 0, 0]);
    }
    assert_eq!(house.count(EXTENSIONS).await, 1);
    let asked = "handoff WHERE kind = 'EXTEND' AND term_months = 36 AND state = 'QUEUED' AND cancel_reason IS NULL";
    assert_eq!(house.count(asked).await, 1);
    assert_eq!(house.term_of(&person).await, (36, Some(day(2018, 7, 17))));
    // The partner gives it, with its own last day.
    let extension = house.extension().await;
    house
        .runs(&person, Some(extension), Some("2018-07-31"))
        .await;
    assert_eq!(house.term_of(&person).await, (36, Some(day(2018, 7, 31))));
    assert_eq!(
        house.get(&person).await.state(),
        wire::EnrollmentState::Active
    );
    house
        .run("UPDATE handoff SET state = 'ACTIVE', settled_at = created_at WHERE kind = 'EXTEND'")
        .await;
    // Nothing gets shorter, and a later promise is one more extension.
    assert_eq!(
        house.extend(house.longer(30)).await.unwrap(),
        [0, 0, 0, 0, 1]
    );
    assert_eq!(
        house.extend(house.longer(48)).await.unwrap(),
        [0, 0, 1, 0, 0]
    );
    assert_eq!(house.term_of(&person).await, (48, Some(day(2019, 7, 31))));
    assert_eq!(house.count(EXTENSIONS).await, 2);
    let products = "product WHERE code = 'GOLD' AND term_months = 48";
    assert_eq!(house.count(products).await, 1);
}

#[apply(both)]
async fn what_does_not_run_yet_is_promised_it_and_its_partner_is_asked_then(database: Database) {
    let (house, _, person) = submitted(&database).await;
    for months in [36, 48] {
        let promised = house.extend(house.longer(months)).await.unwrap();
        assert_eq!(promised, [0, 1, 0, 0, 0]);
    }
    assert_eq!(house.count(EXTENSIONS).await, 0);
    // The partner counts the 24 months that it was asked for.
    house.runs(&person, None, Some("2017-07-20")).await;
    assert_eq!(house.term_of(&person).await, (48, Some(day(2019, 7, 20))));
    let asked = "handoff WHERE kind = 'EXTEND' AND term_months = 48";
    assert_eq!(house.count(asked).await, 1);
    assert_eq!(
        house.extend(house.longer(48)).await.unwrap(),
        [0, 0, 1, 0, 0]
    );
    assert_eq!(house.count(EXTENSIONS).await, 1);
}

#[apply(both)]
async fn an_extension_that_is_not_given_stays_promised_and_is_counted(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    house.extend(house.longer(36)).await.unwrap();
    house
        .run("UPDATE handoff SET state = 'REFUSED', outcome_class = 'OTHER', settled_at = created_at WHERE kind = 'EXTEND'")
        .await;
    assert_eq!(
        house.extend(house.longer(36)).await.unwrap(),
        [0, 0, 0, 1, 0]
    );
    assert_eq!(house.term_of(&person).await, (36, Some(day(2018, 7, 17))));
    assert_eq!(house.count(EXTENSIONS).await, 1);
}

#[apply(both)]
async fn two_operators_at_once_extend_a_coverage_once(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    let (one, other) = tokio::join!(
        house.extend(house.longer(36)),
        house.extend(house.longer(36))
    );
    assert_eq!(
        (one.unwrap(), other.unwrap()),
        ([0, 0, 1, 0, 0], [0, 0, 1, 0, 0])
    );
    assert_eq!(house.count(EXTENSIONS).await, 1);
}

#[apply(both)]
async fn who_withdraws_gets_no_longer_term_and_a_product_must_be_the_campaigns(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    let message = wire::CancelEnrollmentRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        enrollment_id: person.clone(),
        reason: wire::CancelReason::PersonAsked.into(),
        ..wire::CancelEnrollmentRequest::default()
    };
    let canceled = house
        .handlers
        .cancel_enrollment(by(Role::Operator, message));
    canceled.await.unwrap();
    assert_eq!(house.extend(house.longer(36)).await.unwrap(), [0; 5]);
    assert_eq!(house.count(EXTENSIONS).await, 0);
    let withdrawn = "handoff WHERE kind = 'CANCEL' AND cancel_reason = 'WITHDRAWN'";
    assert_eq!(house.count(withdrawn).await, 1);
    for (wrong, field) in [
        (
            wire::ExtendCoveragesRequest {
                product_code: "LEAD".into(),
                ..house.longer(36)
            },
            "product_code",
        ),
        (house.longer(0), "term_months"),
        (house.longer(121), "term_months"),
    ] {
        let status = house.extend(wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason_of(&status), Some(Reason::InvalidRequest));
        let wrong = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(wrong[0].field, field);
    }
}

/// Until the partner has given the longer term it counts the shorter one, whatever it reports meanwhile.
#[apply(both)]
async fn what_the_partner_counts_meanwhile_takes_nothing_of_the_promise(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    house.extend(house.longer(36)).await.unwrap();
    let corrected = (OutcomeResult::Active, 5);
    let old_day = (None, Some("2017-07-20"));
    house.told_of(&person, old_day, corrected).await;
    assert_eq!(house.term_of(&person).await, (36, Some(day(2018, 7, 20))));
    // More is promised before the first extension is given.
    let first = house.extension().await;
    house.extend(house.longer(48)).await.unwrap();
    house.runs(&person, Some(first), Some("2018-07-31")).await;
    assert_eq!(house.term_of(&person).await, (48, Some(day(2019, 7, 31))));
    assert_eq!(house.count(EXTENSIONS).await, 2);
}

/// What is over is over: no later report of the partner brings it back or says that somebody withdrew.
#[apply(both)]
async fn a_term_that_is_over_stays_so(database: Database) {
    let (house, _, person) = submitted(&database).await;
    house.runs(&person, None, None).await;
    house.clock.set("2017-07-19T12:00:00Z".parse().unwrap());
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 1);
    for (result, revision) in [
        (OutcomeResult::Suspended, 7),
        (OutcomeResult::Canceled, 8),
        (OutcomeResult::Active, 9),
    ] {
        house
            .told_of(&person, (None, None), (result, revision))
            .await;
        let state = house.get(&person).await.state();
        assert_eq!(state, wire::EnrollmentState::Ended, "{result:?}");
    }
    let recorded = "audit_event WHERE action = 'outcome.recorded'";
    assert_eq!(house.count(recorded).await, 3);
}
