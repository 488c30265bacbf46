//! Outcomes on their way back, and terms that end.

use std::time::Duration;

use redress::codes::enrollment::outcomes;
use redress::codes::housekeeping;
use redress::db::entities::outcome;
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::CampaignId;
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::r#type::v1::OutcomeClass;
use sea_orm::{ActiveEnum, ActiveModelTrait, EntityTrait};

use super::house::House;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

/// Writes an outcome, as the handoff process would.
pub async fn comes(
    house: &House,
    campaign: CampaignId,
    enrollment: &wire::Enrollment,
    result: &str,
    class: &str,
) {
    let at: Timestamp = house.now();
    let row = outcome::Model {
        campaign_id: campaign,
        id: house.ids.next(),
        enrollment_id: enrollment.enrollment_id.parse().unwrap(),
        coverage_id: enrollment.coverage().coverage_id.parse().unwrap(),
        handoff_id: enrollment.handoff().parse().unwrap(),
        result: ActiveEnum::try_from_value(&result.to_owned()).unwrap(),
        outcome_class: ActiveEnum::try_from_value(&class.to_owned()).ok(),
        native_code: None,
        revision: 0,
        order_attempt: 1,
        effective_at: at,
        term_ends_on: None,
        created_at: at,
    };
    let row = outcome::ActiveModel::from(row).reset_all();
    outcome::Entity::insert(row)
        .exec_without_returning(&house.owner)
        .await
        .unwrap();
    house.clock.advance(Duration::from_secs(1));
}

#[apply(both)]
async fn an_activation_starts_the_term_and_is_applied_once(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 1);
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 0);
    let active = house.get(&enrollment.enrollment_id).await;
    assert_eq!(active.state(), wire::EnrollmentState::Active);
    assert_eq!(
        active.term_end(),
        Some(Date {
            year: 2017,
            month: 7,
            day: 17
        })
    );
    assert_eq!(active.next_step, None);
    assert_eq!(house.count("outcome").await, 0);
    // The same fact again, from a partner that did not hear us: recorded, not applied.
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.get(&enrollment.enrollment_id).await, active);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'outcome.recorded'")
            .await,
        1
    );
}

#[apply(both)]
async fn a_frozen_file_says_what_to_do_and_can_become_active(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(
        &house,
        campaign,
        &enrollment,
        "ACTION_REQUIRED",
        "FILE_FROZEN",
    )
    .await;
    outcomes::step(&house.context).await.unwrap();
    let waiting = house.get(&enrollment.enrollment_id).await;
    assert_eq!(waiting.state(), wire::EnrollmentState::ActionRequired);
    assert_eq!(waiting.class(), OutcomeClass::FileFrozen);
    assert!(waiting.said().contains("lift the freeze"));
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    outcomes::step(&house.context).await.unwrap();
    let active = house.get(&enrollment.enrollment_id).await;
    assert_eq!(
        (active.state(), active.class()),
        (wire::EnrollmentState::Active, OutcomeClass::Unspecified)
    );
}

#[apply(both)]
async fn outcomes_of_one_batch_are_applied_in_their_order(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(&house, campaign, &enrollment, "ACTION_REQUIRED", "NO_HIT").await;
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    comes(&house, campaign, &enrollment, "REFUSED", "THIN_FILE").await;
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 3);
    assert_eq!(
        house.get(&enrollment.enrollment_id).await.state(),
        wire::EnrollmentState::Active
    );
    assert_eq!(
        house
            .count("audit_event WHERE action = 'outcome.applied'")
            .await,
        2
    );
    assert_eq!(
        house
            .count("audit_event WHERE action = 'outcome.recorded'")
            .await,
        1
    );
}

#[apply(both)]
async fn a_late_outcome_never_revives_a_canceled_enrollment(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    house.cancel(&enrollment.enrollment_id).await.unwrap();
    for (result, class) in [("ACTIVE", ""), ("REFUSED", "THIN_FILE")] {
        comes(&house, campaign, &enrollment, result, class).await;
    }
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 2);
    let pending = house.get(&enrollment.enrollment_id).await;
    assert_eq!(pending.state(), wire::EnrollmentState::CancelPending);
    for (result, class) in [("CANCELED", ""), ("ACTIVE", "")] {
        comes(&house, campaign, &enrollment, result, class).await;
    }
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 2);
    let canceled = house.get(&enrollment.enrollment_id).await;
    assert_eq!(canceled.state(), wire::EnrollmentState::Canceled);
    assert_eq!(
        (
            canceled.coverage().activate_time,
            canceled.next_step.clone()
        ),
        (None, None)
    );
    assert!(canceled.cancellation.unwrap().confirm_time.is_some());
    assert_eq!(
        house
            .count("audit_event WHERE action = 'outcome.recorded'")
            .await,
        3
    );
}

#[apply(both)]
async fn a_refusal_ends_it_and_the_individual_can_begin_no_other_with_the_code(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(&house, campaign, &enrollment, "REFUSED", "THIN_FILE").await;
    outcomes::step(&house.context).await.unwrap();
    let refused = house.get(&enrollment.enrollment_id).await;
    assert_eq!(refused.state(), wire::EnrollmentState::Refused);
    assert_eq!(
        house.count("enrollment WHERE settled_at IS NOT NULL").await,
        1
    );
}

#[apply(both)]
async fn a_term_ends_after_its_last_day_in_the_campaigns_zone(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    outcomes::step(&house.context).await.unwrap();
    house.clock.set("2017-07-18T03:59:59Z".parse().unwrap());
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 0);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 1);
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 0);
    assert_eq!(
        house.get(&enrollment.enrollment_id).await.state(),
        wire::EnrollmentState::Ended
    );
    // Its partner is told, once, and why.
    let told = "handoff WHERE kind = 'CANCEL' AND cancel_reason = 'TERM_OVER' AND state = 'QUEUED'";
    assert_eq!(house.count(told).await, 1);
    assert_eq!(house.count("handoff WHERE kind = 'CANCEL'").await, 1);
    // So is the person, once.
    assert_eq!(house.count("term_notice WHERE state = 'DUE'").await, 1);
}

#[apply(both)]
async fn a_campaign_that_cannot_be_read_does_not_keep_other_terms_from_ending(database: Database) {
    let house = House::open(&database).await;
    let other = async |number: &str| {
        let mut wanted = house.wanted();
        wanted.engagement_number = number.into();
        house.create(wanted).await.unwrap();
    };
    other("B700001").await;
    let (campaign, enrollment) = house.submitted().await;
    other("B700002").await;
    let broken = "UPDATE campaign SET zone = 'Mars/Olympus' WHERE engagement_number LIKE 'B7%'";
    house.run(broken).await;
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    outcomes::step(&house.context).await.unwrap();
    house.clock.set("2017-07-19T12:00:00Z".parse().unwrap());
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 1);
}

#[apply(both)]
async fn a_pause_moves_the_last_day_and_nothing_ends_meanwhile(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    let say = async |result: &str| {
        comes(&house, campaign, &enrollment, result, "").await;
        outcomes::step(&house.context).await.unwrap();
        house.get(&enrollment.enrollment_id).await
    };
    let day = |year, month, day| Some(Date { year, month, day });
    assert_eq!(say("ACTIVE").await.term_end(), day(2017, 7, 17));
    house.clock.set("2017-07-10T12:00:00Z".parse().unwrap());
    let suspended = say("SUSPENDED").await;
    assert_eq!(suspended.state(), wire::EnrollmentState::Suspended);
    assert_eq!(suspended.term_end(), day(2017, 7, 17));
    house.clock.set("2017-08-09T12:00:00Z".parse().unwrap());
    assert_eq!(housekeeping::step(&house.context).await.unwrap(), 0);
    let resumed = say("ACTIVE").await;
    assert_eq!(resumed.state(), wire::EnrollmentState::Active);
    assert_eq!(resumed.term_end(), day(2017, 8, 16));
    // A second pause counts for itself, and what is told twice counts once.
    house.clock.set("2017-08-10T12:00:00Z".parse().unwrap());
    say("SUSPENDED").await;
    house.clock.set("2017-08-12T12:00:00Z".parse().unwrap());
    assert_eq!(say("ACTIVE").await.term_end(), day(2017, 8, 18));
    assert_eq!(say("ACTIVE").await.term_end(), day(2017, 8, 18));
    // Whoever withdraws during a pause is canceled like everybody else.
    house.clock.set("2017-08-13T12:00:00Z".parse().unwrap());
    say("SUSPENDED").await;
    assert_eq!(
        say("CANCELED").await.state(),
        wire::EnrollmentState::Canceled
    );
    assert_eq!(house.count("coverage WHERE suspended_at IS NULL").await, 1);
}
