//! Outcomes that cannot be applied step aside, and an operator has them tried again.

use redress::codes::enrollment::outcomes;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::r#type::v1::OutcomeClass;
use wire::{EnrollmentState as State, SetAsideKind as Kind};

use super::house::{House, by};
use super::outcomes::comes;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

impl House {
    async fn set_aside(
        &self,
        campaign: CampaignId,
        page_token: &str,
    ) -> wire::ListSetAsideResponse {
        let message = wire::ListSetAsideRequest {
            campaign: campaign.to_string(),
            page_size: 1,
            page_token: page_token.to_owned(),
        };
        let asked = self.handlers.list_set_aside(by(Role::Operator, message));
        asked.await.unwrap().into_inner()
    }

    async fn retry(&self, campaign: CampaignId, request_id: &str, ids: &[String]) -> i64 {
        let message = wire::RetrySetAsideRequest {
            request_id: request_id.to_owned(),
            campaign: campaign.to_string(),
            set_aside_ids: ids.to_vec(),
        };
        let asked = self.handlers.retry_set_aside(by(Role::Operator, message));
        asked.await.unwrap().into_inner().retried
    }

    async fn step(&self) -> usize {
        outcomes::step(&self.context).await.unwrap()
    }
}

/// A newer release of the handoff process wrote a class that this program does not know, and everything behind it goes on.
#[apply(both)]
async fn an_outcome_that_cannot_be_read_steps_aside_until_it_can(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    comes(&house, campaign, &enrollment, "ACTIVE", "").await;
    house
        .run("UPDATE outcome SET outcome_class = 'OF_TOMORROW'")
        .await;
    comes(
        &house,
        campaign,
        &enrollment,
        "ACTION_REQUIRED",
        "FILE_FROZEN",
    )
    .await;
    assert_eq!(house.step().await, 2);
    assert_eq!(house.step().await, 0, "it is not tried for ever");
    let waiting = house.get(&enrollment.enrollment_id).await;
    assert_eq!(waiting.class(), OutcomeClass::FileFrozen);

    let listed = house.set_aside(campaign, "").await;
    let row = &listed.set_aside[0];
    assert_eq!(row.kind(), wire::SetAsideKind::Outcome);
    assert_eq!(row.enrollment_id, enrollment.enrollment_id);
    assert_eq!(row.handoff_id, enrollment.handoff());
    assert!(row.reason.contains("column"), "{}", row.reason);
    assert!(row.set_aside_time.is_some() && row.create_time.is_some());
    let audited = "audit_event WHERE action = 'outcome.set_aside'";
    assert_eq!(house.count(audited).await, 1);

    // Tried again before it is mended, it steps aside again.
    let ids = [row.set_aside_id.clone()];
    assert_eq!(house.retry(campaign, &house.request_id(), &ids).await, 1);
    assert_eq!((house.step().await, house.step().await), (1, 0));
    assert_eq!(house.count(audited).await, 2);
    house.run("UPDATE outcome SET outcome_class = NULL").await;
    let request = house.request_id();
    assert_eq!(house.retry(campaign, &request, &[]).await, 1);
    assert_eq!(
        house.retry(campaign, &request, &[]).await,
        1,
        "the same answer"
    );
    assert_eq!(house.step().await, 1);
    let active = house.get(&enrollment.enrollment_id).await;
    assert_eq!(active.state(), State::Active);
    assert_eq!(house.set_aside(campaign, "").await.set_aside, []);
    assert_eq!(house.retry(campaign, &house.request_id(), &ids).await, 0);
}

/// What was set aside is listed page by page, outcomes and orders together.
#[apply(both)]
async fn what_was_set_aside_is_listed_in_pages(database: Database) {
    let house = House::open(&database).await;
    let (campaign, enrollment) = house.submitted().await;
    for _ in 0..2 {
        comes(&house, campaign, &enrollment, "ACTIVE", "NO_HIT").await;
    }
    assert_eq!(house.step().await, 2);
    house
        .run(
            "INSERT INTO resubmission (campaign_id, handoff_id, order_attempt, created_at, set_aside_at, set_aside_reason) \
             SELECT campaign_id, id, 2, 1, 2, 'for a test' FROM handoff",
        )
        .await;
    let (mut kinds, mut token) = (Vec::new(), String::new());
    loop {
        let page = house.set_aside(campaign, &token).await;
        kinds.extend(page.set_aside.iter().map(wire::SetAside::kind));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    kinds.sort();
    assert_eq!(kinds, [Kind::Outcome, Kind::Outcome, Kind::Order]);
    assert_eq!(house.retry(campaign, &house.request_id(), &[]).await, 3);
}

#[apply(both)]
async fn what_was_set_aside_is_asked_for_by_campaign(database: Database) {
    let house = House::open(&database).await;
    house.submitted().await;
    let message = wire::ListSetAsideRequest {
        campaign: house.request_id(),
        ..Default::default()
    };
    let refused = house.handlers.list_set_aside(by(Role::Operator, message));
    let refused = refused.await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignNotFound));
}
