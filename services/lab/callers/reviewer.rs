//! Those who decide referrals: genuine people bring their papers and are approved, impostors are denied.
//!
//! Two agents of the call center decide what came by the page. What an agent claimed for a caller nobody of that call center may decide: that is
//! for two operators.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::connect::Channels;
use crate::client::request::new_request_id;
use crate::kernel::caller::Agent;
use crate::kernel::client::{Client, Outgoing};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::Evidence;
use wire::identity_verification_service_client::IdentityVerificationServiceClient;
use wire::{DecisionReason, ReferralState};

const PAUSE: Duration = Duration::from_millis(100);

/// Who decides what waits in which state: the second approves what the first has approved.
const DESKS: [(&str, ReferralState); 2] = [
    ("reviewer-one", ReferralState::Open),
    ("reviewer-two", ReferralState::Endorsed),
];

/// The reviewers' desk.
#[derive(Default)]
pub struct Reviewer {
    papers: Mutex<HashMap<String, bool>>,
    rounds: AtomicU64,
}

impl Reviewer {
    /// Somebody was referred; `genuine` is what their papers will show.
    pub fn expect(&self, verification_id: &str, genuine: bool) {
        let mut papers = self.papers.lock().unwrap_or_else(PoisonError::into_inner);
        papers.insert(verification_id.to_owned(), genuine);
    }

    /// Tells how often everything that waited was gone through.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Decides what waits, until told to stop.
    pub async fn work(
        &self,
        call_center: Channels,
        operators: [Channels; 2],
        campaign_id: String,
        stop: CancellationToken,
    ) {
        let mut agents = DESKS.map(|(agent, state)| (desk(&call_center, agent), state));
        let [one, other] = operators.map(|operator| of_operator(&operator));
        let mut operators = [(one, ReferralState::Open), (other, ReferralState::Endorsed)];
        while !stop.is_cancelled() {
            for (client, state) in agents.iter_mut().chain(&mut operators) {
                self.decide(client, *state, &campaign_id).await;
            }
            self.rounds.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn decide(&self, client: &mut Desk, state: ReferralState, campaign_id: &str) {
        let request = wire::ListReferralsRequest {
            campaign: campaign_id.to_owned(),
            page_size: 500,
            state: state.into(),
            ..wire::ListReferralsRequest::default()
        };
        let waiting = client
            .list_referrals(request)
            .await
            .map(|answer| answer.into_inner().referrals);
        for referral in waiting.unwrap_or_default() {
            let Some(genuine) = self.papers_of(&referral.verification_id) else {
                continue;
            };
            let (decision, reason, evidence) = if genuine {
                let seen = vec![Evidence::PhotoId.into()];
                (ReferralState::Approved, DecisionReason::DocumentsSeen, seen)
            } else {
                let nothing = Vec::new();
                (ReferralState::Denied, DecisionReason::NotThePerson, nothing)
            };
            let request = wire::DecideReferralRequest {
                request_id: new_request_id(),
                campaign: campaign_id.to_owned(),
                referral_id: referral.referral_id,
                decision: decision.into(),
                decision_reason: reason.into(),
                evidence,
            };
            // Whatever goes wrong, it still waits at the next look.
            let _ = client.decide_referral(request).await;
        }
    }

    fn papers_of(&self, verification_id: &str) -> Option<bool> {
        let papers = self.papers.lock().unwrap_or_else(PoisonError::into_inner);
        papers.get(verification_id).copied()
    }
}

type Desk = IdentityVerificationServiceClient<Client>;

fn of_operator(operator: &Channels) -> Desk {
    IdentityVerificationServiceClient::new(Outgoing::new().on(operator.identity.clone()))
}

fn desk(call_center: &Channels, agent: &str) -> Desk {
    let agent = Agent {
        agent: agent.to_owned(),
        case: "referrals".to_owned(),
        reason: "review".to_owned(),
    };
    let outgoing = Outgoing::new().agent(&agent);
    IdentityVerificationServiceClient::new(outgoing.on(call_center.identity.clone()))
}
