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
}
