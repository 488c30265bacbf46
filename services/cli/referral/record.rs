//! A referral as it is shown.

use tonic::transport::Channel;

use crate::cli::render::Record;
use crate::client::connect::Channels;
use crate::client::convert::{evidence, given, state, time};
use crate::wire::redress::identity::v1 as wire;
use wire::identity_verification_service_client::IdentityVerificationServiceClient;

/// All of a referral.
pub(super) fn record(referral: &wire::Referral) -> Record {
    let word = state(referral.state().as_str_name(), "REFERRAL_STATE_");
    let why = state(referral.reason().as_str_name(), "REFERRAL_REASON_");
    let decided = referral.decision_reason().as_str_name();
    let endorsed = referral.endorsement_reason().as_str_name();
    Record::new()
        .with("referral_id", referral.referral_id.as_str())
        .with("state", word)
        .with("approvals_left", referral.approvals_left)
        .with("reason", why)
        .with("opened", time(referral.open_time.as_ref()))
        .with("due", time(referral.due_time.as_ref()))
        .with("verification_id", referral.verification_id.as_str())
        .with("individual_id", referral.individual_id.as_str())
        .with("endorser", referral.endorser.as_str())
        .with("endorsed", time(referral.endorse_time.as_ref()))
        .with("endorsement_reason", given(endorsed, "DECISION_REASON_"))
        .with("decision_reason", given(decided, "DECISION_REASON_"))
        .with("evidence", evidence(&referral.evidence))
        .with("decider", referral.decider.as_str())
        .with("decided", time(referral.decide_time.as_ref()))
}

/// Calls identity-verification.
pub(super) fn client(channels: &Channels) -> IdentityVerificationServiceClient<Channel> {
    IdentityVerificationServiceClient::new(channels.identity.clone())
}
