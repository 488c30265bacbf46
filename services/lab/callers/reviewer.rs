//! The operator who decides referrals: genuine people bring their papers and are approved, impostors are denied.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::connect::Channels;
use crate::client::request::new_request_id;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::Evidence;
use wire::identity_verification_service_client::IdentityVerificationServiceClient;
use wire::{DecisionReason, ReferralState};

const PAUSE: Duration = Duration::from_millis(100);

/// The reviewer's desk.
#[derive(Default)]
pub struct Reviewer {
    papers: Mutex<HashMap<String, bool>>,
}

impl Reviewer {
    /// Somebody was referred; `genuine` is what their papers will show.
    pub fn expect(&self, verification_id: &str, genuine: bool) {
        let mut papers = self.papers.lock().unwrap_or_else(PoisonError::into_inner);
        papers.insert(verification_id.to_owned(), genuine);
    }

    /// Decides what waits, until told to stop.
    pub async fn work(&self, channels: Channels, campaign_id: String, stop: CancellationToken) {
        let mut client = IdentityVerificationServiceClient::new(channels.identity);
        while !stop.is_cancelled() {
            let request = wire::ListReferralsRequest {
                campaign: campaign_id.clone(),
                page_size: 500,
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
                    campaign: campaign_id.clone(),
                    referral_id: referral.referral_id,
                    decision: decision.into(),
                    decision_reason: reason.into(),
                    evidence,
                };
                // Whatever goes wrong, it is still open at the next look.
                let _ = client.decide_referral(request).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn papers_of(&self, verification_id: &str) -> Option<bool> {
        let papers = self.papers.lock().unwrap_or_else(PoisonError::into_inner);
        papers.get(verification_id).copied()
    }
}
