//! The RPCs of referrals.

use prost_types::Timestamp as WireTime;
use tonic::Request;

use crate::db::entities::ClosedSet;
use crate::db::entities::referral::{DecisionReason, Reason, State};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::verification::grpc::decision_reason;
use crate::kernel::caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::{documents_of, evidence_to_wire};
use crate::wire::redress::identity::v1 as wire;

use super::case::Case;
use super::decide::{self, Decide};
use super::list;
use super::state::Ruling;
use super::store::Filter;

/// The most cases on one page.
const PAGE: u64 = 500;

/// GetReferral.
pub async fn get_referral(
    context: &Context,
    request: &Request<wire::GetReferralRequest>,
) -> Result<wire::GetReferralResponse, Error> {
    let caller = caller::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&caller, &mut fields, &message.campaign)
        .await?;
    let id = fields.id("referral_id", &message.referral_id);
    fields.finish()?;
    let found = list::get_referral(context, campaign, id).await?;
    Ok(wire::GetReferralResponse {
        referral: Some(case(&found)),
    })
}

/// ListReferrals.
pub async fn list_referrals(
    context: &Context,
    request: &Request<wire::ListReferralsRequest>,
) -> Result<wire::ListReferralsResponse, Error> {
    let caller = caller::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&caller, &mut fields, &message.campaign)
        .await?;
    let only = Filter {
        state: state_of(&mut fields, message.state),
        due_before: instant_of(&mut fields, message.due_before_time.as_ref()),
        reason: reason_of(&mut fields, message.reason),
    };
    fields.finish()?;
    let due = only.due_before.map_or(i64::MAX, Timestamp::as_micros);
    let filter: [&[u8]; 5] = [
        b"referrals",
        campaign.as_bytes(),
        only.state.as_str().as_bytes(),
        &due.to_be_bytes(),
        only.reason.map_or("", ClosedSet::as_str).as_bytes(),
    ];
    let size = paging::page_size(message.page_size)?.min(PAGE);
    let after = paging::page_after(&filter, &message.page_token)?;
    let cases = list::list_referrals(context, campaign, only, (after, size)).await?;
    let entries = cases.iter().map(|found| (found.id, case(found)));
    let room = Room {
        rows: size,
        bytes: largest_of(request),
        filter: &filter,
    };
    let (referrals, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListReferralsResponse {
        referrals,
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
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let referral = fields.id("referral_id", &message.referral_id);
    let ruling = match message.decision() {
        wire::ReferralState::Approved => Some(Ruling::Approved),
        wire::ReferralState::Denied => Some(Ruling::Denied),
        wire::ReferralState::Unspecified
        | wire::ReferralState::Open
        | wire::ReferralState::Endorsed => None,
    };
    fields.demand(ruling.is_some(), "decision", "must be APPROVED or DENIED");
    let evidence = documents_of(&mut fields, "evidence", &message.evidence);
    let reason = decision_reason_of(message.decision_reason());
    let fits = |ruling: Ruling| reason.is_some_and(|why| ruling.fits(why, !evidence.is_empty()));
    fields.demand(
        ruling.is_none_or(fits),
        "decision_reason",
        "must be given and go with the decision; DOCUMENTS_SEEN needs evidence",
    );
    fields.finish()?;
    let command = Decide {
        request: call.request(context, id, "DecideReferral", message)?,
        campaign,
        referral,
        ruling: ruling.unwrap_or(Ruling::Denied),
        reason: reason.unwrap_or(DecisionReason::Other),
        evidence,
    };
    let decided = decide::decide_referral(context, &call, &command).await?;
    Ok(wire::DecideReferralResponse {
        referral: Some(case(&decided)),
    })
}

fn state_of(fields: &mut Fields, number: i32) -> State {
    match wire::ReferralState::try_from(number) {
        Ok(wire::ReferralState::Unspecified | wire::ReferralState::Open) => State::Open,
        Ok(wire::ReferralState::Endorsed) => State::Endorsed,
        Ok(wire::ReferralState::Approved) => State::Approved,
        Ok(wire::ReferralState::Denied) => State::Denied,
        Err(_) => {
            fields.wrong(
                "state",
                "must be OPEN, ENDORSED, APPROVED or DENIED, or empty",
            );
            State::Open
        }
    }
}

fn instant_of(fields: &mut Fields, time: Option<&WireTime>) -> Option<Timestamp> {
    let instant = time.map(Timestamp::from_proto)?;
    fields.demand(instant.is_ok(), "due_before_time", "must be an instant");
    instant.ok()
}

fn reason_of(fields: &mut Fields, number: i32) -> Option<Reason> {
    match wire::ReferralReason::try_from(number) {
        Ok(wire::ReferralReason::Unspecified) => None,
        Ok(wire::ReferralReason::ScoreBetweenThresholds) => Some(Reason::ScoreBetweenThresholds),
        Ok(wire::ReferralReason::NoContactOnRecord) => Some(Reason::NoContactOnRecord),
        Ok(wire::ReferralReason::Minor) => Some(Reason::Minor),
        Err(_) => {
            fields.wrong("reason", "must be a reason of a referral, or empty");
            None
        }
    }
}

fn decision_reason_of(reason: wire::DecisionReason) -> Option<DecisionReason> {
    match reason {
        wire::DecisionReason::Unspecified => None,
        wire::DecisionReason::DocumentsSeen => Some(DecisionReason::DocumentsSeen),
        wire::DecisionReason::RecordCorrected => Some(DecisionReason::RecordCorrected),
        wire::DecisionReason::NotThePerson => Some(DecisionReason::NotThePerson),
        wire::DecisionReason::NotEnoughEvidence => Some(DecisionReason::NotEnoughEvidence),
        wire::DecisionReason::Other => Some(DecisionReason::Other),
    }
}

fn case(case: &Case) -> wire::Referral {
    let state = match case.state {
        State::Open => wire::ReferralState::Open,
        State::Endorsed => wire::ReferralState::Endorsed,
        State::Approved => wire::ReferralState::Approved,
        State::Denied => wire::ReferralState::Denied,
    };
    let reason = match case.reason {
        Reason::ScoreBetweenThresholds => wire::ReferralReason::ScoreBetweenThresholds,
        Reason::NoContactOnRecord => wire::ReferralReason::NoContactOnRecord,
        Reason::Minor => wire::ReferralReason::Minor,
    };
    let decision = case.decision.as_ref();
    let endorsement = case.endorsement.as_ref();
    wire::Referral {
        referral_id: case.id.to_string(),
        verification_id: case.verification.to_string(),
        individual_id: case.individual.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        reason: reason.into(),
        open_time: Some(case.opened_at.to_proto()),
        due_time: Some(case.due_at.to_proto()),
        evidence: case
            .evidence
            .iter()
            .map(|kind| evidence_to_wire(*kind).into())
            .collect(),
        decision_reason: decision_reason(decision.map(|decision| decision.reason)).into(),
        decider: decision.map_or_else(String::new, |decision| decision.decider.clone()),
        decide_time: decision.map(|decision| decision.at.to_proto()),
        endorser: endorsement.map_or_else(String::new, |first| first.decider.clone()),
        endorse_time: endorsement.map(|first| first.at.to_proto()),
        endorsement_reason: decision_reason(endorsement.map(|first| first.reason)).into(),
        approvals_left: i32::from(case.approvals_left),
        guardian: case.guardian.map(|guardian| wire::Guardian {
            verified: guardian.is_verified,
            shares_address: guardian.shares_address,
        }),
    }
}
