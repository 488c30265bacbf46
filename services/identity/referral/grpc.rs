//! The RPCs of referrals.

use tonic::Request;

use crate::db::entities::referral::{Reason, State};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::fields::Fields;
use crate::kernel::paging;
use crate::process::Call;
use crate::wire::redress::identity::v1 as wire;

use super::case::Case;
use super::decide::{self, Decide};
use super::list;
use super::state::Ruling;

/// ListReferrals.
pub async fn list_referrals(
    context: &Context,
    request: &Request<wire::ListReferralsRequest>,
) -> Result<wire::ListReferralsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = paging::page_size(message.page_size)?;
    let (cases, next_page_token) =
        list::list_referrals(context, campaign, size, &message.page_token).await?;
    Ok(wire::ListReferralsResponse {
        referrals: cases.iter().map(case).collect(),
        next_page_token,
    })
}

/// DecideReferral.
pub async fn decide_referral(
    context: &Context,
    request: &Request<wire::DecideReferralRequest>,
) -> Result<wire::DecideReferralResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let referral = fields.id("referral_id", &message.referral_id);
    let ruling = match message.decision() {
        wire::ReferralState::Approved => Some(Ruling::Approved),
        wire::ReferralState::Denied => Some(Ruling::Denied),
        wire::ReferralState::Unspecified | wire::ReferralState::Open => None,
    };
    fields.demand(ruling.is_some(), "decision", "must be APPROVED or DENIED");
    fields.finish()?;
    let command = Decide {
        request: call.request(context, id, "DecideReferral", message)?,
        campaign,
        referral,
        ruling: ruling.unwrap_or(Ruling::Denied),
    };
    let decided = decide::decide_referral(context, &call, &command).await?;
    Ok(wire::DecideReferralResponse {
        referral: Some(case(&decided)),
    })
}

fn case(case: &Case) -> wire::Referral {
    let state = match case.state {
        State::Open => wire::ReferralState::Open,
        State::Approved => wire::ReferralState::Approved,
        State::Denied => wire::ReferralState::Denied,
    };
    let reason = match case.reason {
        Reason::ScoreBetweenThresholds => wire::ReferralReason::ScoreBetweenThresholds,
        Reason::NoContactOnRecord => wire::ReferralReason::NoContactOnRecord,
        Reason::Minor => wire::ReferralReason::Minor,
    };
    wire::Referral {
        referral_id: case.id.to_string(),
        verification_id: case.verification.to_string(),
        individual_id: case.individual.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        reason: reason.into(),
        open_time: Some(case.opened_at.to_proto()),
        due_time: Some(case.due_at.to_proto()),
    }
}
