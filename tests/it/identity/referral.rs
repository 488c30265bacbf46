//! Cases that a person reviews.

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ReferralState as Decision;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use tonic::Status;

use super::house::{House, by, by_name};
use super::people::{claims, name};
use crate::harness::{Database, apply, both};

impl House {
    pub async fn referrals(&self, size: i32, token: &str) -> wire::ListReferralsResponse {
        let message = wire::ListReferralsRequest {
            campaign: self.campaign.to_string(),
            page_size: size,
            page_token: token.into(),
        };
        self.handlers
            .list_referrals(by(Role::Operator, message))
            .await
            .unwrap()
            .into_inner()
    }

    pub fn decision(&self, referral: &str, decision: Decision) -> wire::DecideReferralRequest {
        wire::DecideReferralRequest {
            request_id: self.request_id(),
            campaign: self.campaign.to_string(),
            referral_id: referral.into(),
            decision: decision.into(),
        }
    }

    pub async fn decide(
        &self,
        name: &str,
        message: wire::DecideReferralRequest,
    ) -> Result<wire::Referral, Status> {
        let answer = self
            .handlers
            .decide_referral(by_name(Role::Operator, name, message))
            .await?;
        Ok(answer.into_inner().referral.unwrap())
    }
}

/// A house with so many open referrals.
async fn referred(database: &Database, count: usize) -> (House, Vec<wire::Referral>) {
    let (house, letter) = House::with_letter(database).await;
    for _ in 0..count {
        let doubtful = wire::Claims {
            name: name("Katherine", "Taylor"),
            ..claims()
        };
        house.verify(Some(letter), doubtful).await.unwrap();
    }
    let listed = house.referrals(0, "").await.referrals;
    (house, listed)
}

#[apply(both)]
async fn open_cases_are_listed_oldest_first_page_by_page(database: Database) {
    let (house, all) = referred(&database, 5).await;
    assert_eq!(all.len(), 5);
    assert!(
        all.iter()
            .all(|case| case.state() == Decision::Open && !case.individual_id.is_empty())
    );
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = house.referrals(2, &token).await;
        seen.extend(page.referrals);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all);
}

#[apply(both)]
async fn an_approved_case_verifies_and_a_denied_one_refuses(database: Database) {
    let (house, cases) = referred(&database, 2).await;
    let approved = house
        .decide(
            "ann",
            house.decision(&cases[0].referral_id, Decision::Approved),
        )
        .await
        .unwrap();
    assert_eq!(approved.state(), Decision::Approved);
    let denied = house
        .decide(
            "ann",
            house.decision(&cases[1].referral_id, Decision::Denied),
        )
        .await
        .unwrap();
    assert_eq!(denied.state(), Decision::Denied);
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM verification WHERE state = 'VERIFIED'")
            .await,
        1
    );
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM verification WHERE state = 'REFUSED'")
            .await,
        1
    );
    assert!(house.referrals(0, "").await.referrals.is_empty());
}

#[apply(both)]
async fn of_two_who_decide_at_once_one_wins(database: Database) {
    let (house, cases) = referred(&database, 1).await;
    let id = &cases[0].referral_id;
    let answers = join_all([
        house.decide("ann", house.decision(id, Decision::Approved)),
        house.decide("bob", house.decision(id, Decision::Denied)),
        house.decide("cid", house.decision(id, Decision::Approved)),
    ])
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for lost in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason_of(lost), Some(Reason::ReferralDecided));
    }
}

#[apply(both)]
async fn the_same_decision_again_is_the_same_answer(database: Database) {
    let (house, cases) = referred(&database, 1).await;
    let message = house.decision(&cases[0].referral_id, Decision::Approved);
    let first = house.decide("ann", message.clone()).await.unwrap();
    assert_eq!(house.decide("ann", message.clone()).await.unwrap(), first);
    let other = wire::DecideReferralRequest {
        decision: Decision::Denied.into(),
        ..message
    };
    let refused = house.decide("ann", other).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::RequestIdReused));
}

#[apply(both)]
async fn who_asked_may_not_decide(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let doubtful = wire::Claims {
        name: name("Katherine", "Taylor"),
        ..claims()
    };
    let message = house.asked(Some(letter), doubtful);
    house
        .handlers
        .verify_identity(by(Role::CallCenter, message))
        .await
        .unwrap();
    let case = house.referrals(0, "").await.referrals.remove(0);
    let decision = house.decision(&case.referral_id, Decision::Approved);
    let refused = house
        .handlers
        .decide_referral(by(Role::CallCenter, decision))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::SecondPersonRequired));
    assert!(
        house
            .decide("ann", house.decision(&case.referral_id, Decision::Approved))
            .await
            .is_ok()
    );
}

#[apply(both)]
async fn a_case_that_is_not_there_is_said_so(database: Database) {
    let house = House::open(&database).await;
    let nothing = house.decision(&house.ids.uuid().to_string(), Decision::Approved);
    assert_eq!(
        reason_of(&house.decide("ann", nothing).await.unwrap_err()),
        Some(Reason::ReferralNotFound)
    );
    let open = house.decision(&house.ids.uuid().to_string(), Decision::Open);
    assert_eq!(
        reason_of(&house.decide("ann", open).await.unwrap_err()),
        Some(Reason::InvalidRequest)
    );
}
