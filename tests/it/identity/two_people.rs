//! Two different people stand behind an approval.

use futures::future::join_all;
use redress::db::FaultRates;
use redress::db::entities::audit_event;
use redress::kernel::caller::{Agent, Network, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ReferralState as State;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::r#type::v1::Evidence;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use tonic::{Request, Status};
use tonic_types::StatusExt;

use super::house::{House, by};
use super::people::{claims, name};
use crate::harness::{Database, apply, both};

fn doubtful() -> wire::Claims {
    wire::Claims {
        name: name("Katherine", "Taylor"),
        ..claims()
    }
}

/// A request of an agent of the call center.
fn by_agent<T>(agent: &str, message: T) -> Request<T> {
    let mut request = by(Role::CallCenter, message);
    request.extensions_mut().insert(Agent {
        agent: agent.into(),
        case: "C.2".into(),
        reason: "review".into(),
    });
    request
}

fn from<T>(network: &str, mut request: Request<T>) -> Request<T> {
    let network = Network::parse(network).unwrap();
    request.extensions_mut().insert(network);
    request
}

impl House {
    /// A house with a referral of a claim that came so.
    async fn referred(
        database: &Database,
        how: fn(wire::VerifyIdentityRequest) -> Request<wire::VerifyIdentityRequest>,
    ) -> (Self, String) {
        let (house, mut ids) = Self::with_referrals(database, how, 1).await;
        (house, ids.remove(0))
    }

    async fn with_referrals(
        database: &Database,
        how: fn(wire::VerifyIdentityRequest) -> Request<wire::VerifyIdentityRequest>,
        count: usize,
    ) -> (Self, Vec<String>) {
        let (house, letter) = Self::with_letter(database).await;
        for _ in 0..count {
            let request = how(house.asked(Some(letter), doubtful()));
            house.handlers.verify_identity(request).await.unwrap();
        }
        let listed = house.referrals(0, "").await.referrals;
        let ids = listed.into_iter().map(|it| it.referral_id).collect();
        (house, ids)
    }

    async fn decided(
        &self,
        request: Request<wire::DecideReferralRequest>,
    ) -> Result<wire::Referral, Status> {
        let answer = self.handlers.decide_referral(request).await?;
        Ok(answer.into_inner().referral.unwrap())
    }

    async fn approved(&self, agent: &str, referral: &str) -> Result<wire::Referral, Status> {
        let message = self.decision(referral, State::Approved);
        self.decided(by_agent(agent, message)).await
    }

    async fn waiting_in(&self, state: State) -> usize {
        let message = wire::ListReferralsRequest {
            campaign: self.campaign.to_string(),
            state: state.into(),
            ..wire::ListReferralsRequest::default()
        };
        let listed = self.handlers.list_referrals(by(Role::CallCenter, message));
        listed.await.unwrap().into_inner().referrals.len()
    }
}

fn page<T>(message: T) -> Request<T> {
    by(Role::Portal, message)
}

/// Gives what a refusal says is needed.
fn needed(refused: &Status) -> String {
    assert_eq!(reason_of(refused), Some(Reason::SecondPersonRequired));
    let details = refused.get_error_details();
    let violations = &details.precondition_failure().unwrap().violations;
    violations[0].description.clone()
}

#[apply(both)]
async fn a_claim_from_a_page_is_verified_by_the_second_approval(database: Database) {
    let (house, id) = House::referred(&database, page).await;
    let first = house.approved("ann", &id).await.unwrap();
    assert_eq!((first.state(), first.approvals_left), (State::Endorsed, 1));
    assert_eq!(first.endorser, "call-center/one/ann");
    assert_eq!(
        first.endorsement_reason(),
        wire::DecisionReason::DocumentsSeen
    );
    assert!(first.endorse_time.is_some() && first.decide_time.is_none());
    assert_eq!(
        (first.decider.as_str(), first.decision_reason()),
        ("", wire::DecisionReason::Unspecified)
    );
    assert_eq!(house.waiting_in(State::Open).await, 0);
    assert_eq!(house.waiting_in(State::Endorsed).await, 1);
    let still = house
        .verification_as(Role::Portal, &first.verification_id)
        .await;
    assert_eq!(still.state(), wire::VerificationState::Referred);

    let again = house.approved("ann", &id).await.unwrap_err();
    assert!(needed(&again).contains("another agent"), "{again:?}");

    let message = wire::DecideReferralRequest {
        evidence: vec![Evidence::ProofOfAddress.into(), Evidence::PhotoId.into()],
        ..house.decision(&id, State::Approved)
    };
    let second = house.decided(by_agent("bob", message)).await.unwrap();
    assert_eq!(
        (second.state(), second.approvals_left),
        (State::Approved, 0)
    );
    assert_eq!(second.decider, "call-center/one/bob");
    assert_eq!(second.endorser, first.endorser);
    let both = [Evidence::PhotoId, Evidence::ProofOfAddress];
    assert_eq!(second.evidence().collect::<Vec<_>>(), both);
    let verified = house
        .verification_as(Role::Portal, &first.verification_id)
        .await;
    assert_eq!(verified.state(), wire::VerificationState::Verified);
    let rests_on = [
        Evidence::LetterCode,
        Evidence::Review,
        Evidence::PhotoId,
        Evidence::ProofOfAddress,
    ];
    assert_eq!(verified.evidence().collect::<Vec<_>>(), rests_on);
    let events = audit_event::Entity::find().order_by_asc(audit_event::Column::Id);
    let events = events.all(&house.owner).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.action.starts_with("referral."))
        .map(|event| (event.action.as_str(), event.actor.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("referral.endorsed", "call-center/one/ann"),
            ("referral.decided", "call-center/one/bob")
        ]
    );
}

#[apply(both)]
async fn what_an_agent_took_one_other_person_approves(database: Database) {
    let (house, id) = House::referred(&database, |message| by_agent("ann", message)).await;
    for decision in [State::Approved, State::Denied] {
        let own = house.decided(by_agent("ann", house.decision(&id, decision)));
        let own = own.await.unwrap_err();
        assert!(needed(&own).contains("you took this claim"), "{own:?}");
    }
    let approved = house.approved("bob", &id).await.unwrap();
    assert_eq!(
        (approved.state(), approved.endorser.as_str()),
        (State::Approved, "")
    );
}

#[apply(both)]
async fn either_of_two_may_deny(database: Database) {
    let (house, ids) = House::with_referrals(&database, page, 2).await;
    for (second, id) in ["ann", "bob"].into_iter().zip(&ids) {
        house.approved("ann", id).await.unwrap();
        let denial = house.decision(id, State::Denied);
        let denied = house.decided(by_agent(second, denial)).await.unwrap();
        assert_eq!(denied.state(), State::Denied);
        assert_eq!(denied.endorser, "call-center/one/ann");
        let refused = house.verification_as(Role::Operator, &denied.verification_id);
        assert_eq!(refused.await.state(), wire::VerificationState::Refused);
        let late = house.approved("cid", id).await.unwrap_err();
        assert_eq!(reason_of(&late), Some(Reason::ReferralDecided));
    }
}

#[apply(both)]
async fn of_those_who_approve_at_once_one_is_the_first_and_one_the_second(database: Database) {
    let (house, id) = House::referred(&database, page).await;
    let answers =
        join_all(["ann", "bob", "cid", "ann"].map(|agent| house.approved(agent, &id))).await;
    let states = |wanted| {
        let fine = answers.iter().flatten();
        fine.filter(|it| it.state() == wanted).count()
    };
    assert_eq!((states(State::Endorsed), states(State::Approved)), (1, 1));
    for lost in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let reason = reason_of(lost);
        assert!(
            [
                Some(Reason::ReferralDecided),
                Some(Reason::SecondPersonRequired)
            ]
            .contains(&reason),
            "{lost:?}"
        );
    }
    let verified = "SELECT COUNT(*) FROM verification WHERE state = 'VERIFIED'";
    assert_eq!(house.number(verified).await, 1);
    let different = "SELECT COUNT(*) FROM referral WHERE endorsed_by <> decided_by";
    assert_eq!(house.number(different).await, 1);
}

/// The answer is lost, the transaction runs again, and the call is made again: it counts once.
#[apply(both)]
async fn the_same_approval_again_is_no_second_one(database: Database) {
    let (house, id) = House::referred(&database, page).await;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.6,
        seed: 5,
    });
    for (agent, state) in [("ann", State::Endorsed), ("bob", State::Approved)] {
        let message = house.decision(&id, State::Approved);
        let first = house.decided(by_agent(agent, message.clone())).await;
        let first = first.unwrap();
        assert_eq!(first.state(), state);
        for _ in 0..3 {
            let again = house.decided(by_agent(agent, message.clone())).await;
            assert_eq!(again.unwrap(), first);
        }
    }
    house.context.db.faults().set(FaultRates::default());
    let events = "SELECT COUNT(*) FROM audit_event WHERE action LIKE 'referral.%'";
    assert_eq!(house.number(events).await, 2);
}

#[apply(both)]
async fn nobody_approves_a_claim_from_a_page_in_the_network_it_came_from(database: Database) {
    let near = |message| from("203.0.113.7", page(message));
    let (house, id) = House::referred(&database, near).await;
    let kept = "SELECT COUNT(*) FROM referral WHERE network_mac IS NOT NULL";
    assert_eq!(house.number(kept).await, 1);
    let approve = |network| {
        let message = house.decision(&id, State::Approved);
        house.decided(from(network, by_agent("ann", message)))
    };
    let refused = approve("203.0.113.99").await.unwrap_err();
    assert!(needed(&refused).contains("your network"), "{refused:?}");
    // Who does not say where they are may be there as well; an operator is known by the certificate.
    let message = house.decision(&id, State::Approved);
    let silent = house.decided(by_agent("ann", message)).await.unwrap_err();
    assert!(needed(&silent).contains("x-redress-network"), "{silent:?}");
    let endorsed = approve("198.51.100.9").await.unwrap();
    assert_eq!(endorsed.state(), State::Endorsed);
    let denial = house.decision(&id, State::Denied);
    let denial = from("203.0.113.99", by_agent("bob", denial));
    let denied = house.decided(denial).await.unwrap();
    assert_eq!(denied.state(), State::Denied);
}

/// The network of a caller whom an agent heard is not the agent's.
#[apply(both)]
async fn the_network_of_a_call_keeps_nobody_from_approving(database: Database) {
    let calls = |message| from("203.0.113.7", by_agent("ann", message));
    let (house, id) = House::referred(&database, calls).await;
    let message = house.decision(&id, State::Approved);
    let near = from("203.0.113.99", by_agent("bob", message));
    let approved = house.decided(near).await.unwrap();
    assert_eq!(approved.state(), State::Approved);
}

#[apply(both)]
async fn the_database_takes_no_approval_by_one_person_alone(database: Database) {
    let (house, id) = House::referred(&database, page).await;
    let change = async |columns: &str| {
        let sql = format!("UPDATE referral SET {columns}");
        house.owner.execute_unprepared(&sql).await
    };
    let decided = "decided_by = 'operator/ann', decided_at = 1, decision_reason = 'OTHER'";
    for (columns, rule) in [
        ("state = 'ENDORSED'".to_owned(), "referral_endorsed_check"),
        (
            "endorsed_by = 'operator/ann', endorsed_at = 1, endorsement_reason = 'OTHER'"
                .to_owned(),
            "referral_endorsed_check",
        ),
        ("state = 'APPROVED'".to_owned(), "referral_decided_check"),
        (decided.to_owned(), "referral_decided_check"),
        (
            format!(
                "state = 'APPROVED', endorsed_by = 'operator/ann', endorsed_at = 1, endorsement_reason = 'OTHER', {decided}"
            ),
            "referral_two_people_check",
        ),
    ] {
        let refused = change(&columns).await.unwrap_err().to_string();
        assert!(refused.contains(rule), "{columns}: {refused}");
    }
    assert_eq!(house.waiting_in(State::Open).await, 1, "{id} is as it was");
}
