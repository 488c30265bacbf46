//! Cases that a person reviews.

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ReferralState as Decision;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::r#type::v1::Evidence;
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
            ..wire::ListReferralsRequest::default()
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
            decision_reason: match decision {
                Decision::Denied => wire::DecisionReason::NotEnoughEvidence.into(),
                _ => wire::DecisionReason::DocumentsSeen.into(),
            },
            evidence: match decision {
                Decision::Denied => Vec::new(),
                _ => vec![Evidence::PhotoId.into()],
            },
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

/// A house with so many open referrals of claims from a page.
async fn referred(database: &Database, count: usize) -> (House, Vec<wire::Referral>) {
    referred_by(database, Role::Portal, count).await
}

async fn referred_by(
    database: &Database,
    role: Role,
    count: usize,
) -> (House, Vec<wire::Referral>) {
    let (house, letter) = House::with_letter(database).await;
    for _ in 0..count {
        let doubtful = wire::Claims {
            name: name("Katherine", "Taylor"),
            ..claims()
        };
        let asked = by(role, house.asked(Some(letter), doubtful));
        house.handlers.verify_identity(asked).await.unwrap();
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
    let (house, cases) = referred_by(&database, Role::CallCenter, 2).await;
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
    let (house, cases) = referred_by(&database, Role::CallCenter, 1).await;
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
        decision_reason: wire::DecisionReason::Other.into(),
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

#[apply(both)]
async fn a_decision_says_why_and_what_was_seen(database: Database) {
    let (house, cases) = referred(&database, 2).await;
    let waiting = &cases[0];
    let seen = house
        .verification_as(Role::Portal, &waiting.verification_id)
        .await;
    assert_eq!(seen.due_time, waiting.due_time);
    assert!(
        seen.evidence.is_empty(),
        "it would tell which datum was right"
    );
    let ours = house
        .verification_as(Role::Operator, &waiting.verification_id)
        .await;
    assert_eq!(ours.evidence, [i32::from(Evidence::LetterCode)]);

    let approve = house.decision(&waiting.referral_id, Decision::Approved);
    for (reason, evidence) in [
        (wire::DecisionReason::Unspecified, vec![Evidence::PhotoId]),
        (wire::DecisionReason::NotThePerson, vec![Evidence::PhotoId]),
        (wire::DecisionReason::DocumentsSeen, vec![]),
        (
            wire::DecisionReason::DocumentsSeen,
            vec![Evidence::EmailCode],
        ),
    ] {
        let wrong = wire::DecideReferralRequest {
            request_id: house.request_id(),
            decision_reason: reason.into(),
            evidence: evidence.into_iter().map(i32::from).collect(),
            ..approve.clone()
        };
        let refused = house.decide("ann", wrong).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    }
    let before = wire::DecideReferralRequest {
        request_id: house.request_id(),
        ..approve.clone()
    };
    house.decide("bob", before).await.unwrap();
    let decided = house.decide("ann", approve).await.unwrap();
    assert_eq!(
        decided.decision_reason(),
        wire::DecisionReason::DocumentsSeen
    );
    assert_eq!(decided.evidence, [i32::from(Evidence::PhotoId)]);
    assert_eq!(decided.decider, "operator/ann");
    assert!(decided.decide_time.is_some());
    let verified = house
        .verification_as(Role::Portal, &waiting.verification_id)
        .await;
    let rests_on = [Evidence::LetterCode, Evidence::Review, Evidence::PhotoId];
    assert_eq!(verified.evidence().collect::<Vec<_>>(), rests_on);
    assert_eq!(
        verified.decision_reason(),
        wire::DecisionReason::DocumentsSeen
    );
    assert_eq!(verified.due_time, None);

    let get = |referral_id: String| {
        let campaign = house.campaign.to_string();
        let message = wire::GetReferralRequest {
            campaign,
            referral_id,
        };
        house.handlers.get_referral(by(Role::CallCenter, message))
    };
    let got = get(waiting.referral_id.clone()).await.unwrap().into_inner();
    assert_eq!(got.referral, Some(decided));
    let nobody = get(house.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&nobody), Some(Reason::ReferralNotFound));
}

#[apply(both)]
async fn referrals_are_listed_by_state_due_time_and_reason(database: Database) {
    let (house, cases) = referred(&database, 3).await;
    let deny = house.decision(&cases[1].referral_id, Decision::Denied);
    house.decide("ann", deny).await.unwrap();
    let list = async |change: &dyn Fn(&mut wire::ListReferralsRequest)| {
        let mut message = wire::ListReferralsRequest {
            campaign: house.campaign.to_string(),
            ..wire::ListReferralsRequest::default()
        };
        change(&mut message);
        let answer = house
            .handlers
            .list_referrals(by(Role::Operator, message))
            .await;
        answer
            .map(|answer| answer.into_inner().referrals.len())
            .map_err(|status| reason_of(&status))
    };
    assert_eq!(list(&|_| ()).await, Ok(2));
    assert_eq!(
        list(&|ask| ask.state = Decision::Denied.into()).await,
        Ok(1)
    );
    assert_eq!(
        list(&|ask| ask.state = Decision::Approved.into()).await,
        Ok(0)
    );
    assert_eq!(
        list(&|ask| ask.due_before_time = cases[0].due_time).await,
        Ok(0)
    );
    let later = cases[0].due_time.map(|time| prost_types::Timestamp {
        seconds: time.seconds + 1,
        ..time
    });
    assert_eq!(list(&|ask| ask.due_before_time = later).await, Ok(2));
    let reason = wire::ReferralReason::ScoreBetweenThresholds;
    assert_eq!(list(&|ask| ask.reason = reason.into()).await, Ok(2));
    assert_eq!(
        list(&|ask| ask.reason = wire::ReferralReason::Minor.into()).await,
        Ok(0)
    );
    assert_eq!(
        list(&|ask| ask.state = 99).await,
        Err(Some(Reason::InvalidRequest))
    );
    assert_eq!(
        list(&|ask| ask.reason = 99).await,
        Err(Some(Reason::InvalidRequest))
    );
}

impl House {
    pub async fn verification_as(&self, role: Role, id: &str) -> wire::Verification {
        let message = wire::GetVerificationRequest {
            campaign: self.campaign.to_string(),
            verification_id: id.into(),
        };
        let answer = self.handlers.get_verification(by(role, message)).await;
        answer.unwrap().into_inner().verification.unwrap()
    }
}
