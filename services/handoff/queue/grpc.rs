//! What is queued and what is stuck, for the operator.

use tonic::Request;

use crate::db::entities::{ClosedSet as _, handoff};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::request::page_size;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::HandoffId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::class_to_wire;
use crate::wire::redress::handoff::v1 as wire;

use super::handoff::Handoff;
use super::state::State;
use super::{convert, open_circuit, replay, statistics, store};

const REPLAY: &str = "redress.handoff.v1.HandoffAdminService/ReplayHandoff";

pub(crate) async fn list_handoffs(
    context: &Context,
    request: Request<wire::ListHandoffsRequest>,
) -> Result<wire::ListHandoffsResponse, Error> {
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let state = state_filter(message.state).unwrap_or_else(|()| {
        fields.wrong("state", "is not a state of a handoff");
        None
    });
    let name = state.map_or("", handoff::State::as_str);
    let filter: [&[u8]; 2] = [campaign.as_bytes(), name.as_bytes()];
    let size = fields
        .absorb(page_size(message.page_size))
        .unwrap_or_default();
    let after = fields.absorb(paging::page_after::<HandoffId>(
        &filter,
        &message.page_token,
    ));
    fields.finish()?;
    let db = context.db.read();
    let found = store::page(db, campaign, state, after.flatten(), size + 1).await?;
    let entries = found.iter().map(|handoff| (handoff.id, to_wire(handoff)));
    let room = Room {
        rows: size,
        bytes,
        filter: &filter,
    };
    let (handoffs, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListHandoffsResponse {
        handoffs,
        next_page_token,
    })
}

pub(crate) async fn get_campaign_handoff(
    context: &Context,
    request: Request<wire::GetCampaignHandoffRequest>,
) -> Result<wire::GetCampaignHandoffResponse, Error> {
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id = fields.id("handoff_id", &message.handoff_id);
    fields.finish()?;
    let db = context.db.read();
    let found = store::get(db, campaign, id).await?;
    let handoff = found.ok_or(Error::HandoffNotFound)?;
    let changes = store::projection(db, &handoff).await?;
    Ok(wire::GetCampaignHandoffResponse {
        handoff: Some(to_wire(&handoff)),
        projection_changes: changes.into_iter().map(convert::change_to_wire).collect(),
    })
}

pub(crate) async fn replay_handoff(
    context: &Context,
    request: Request<wire::ReplayHandoffRequest>,
) -> Result<wire::ReplayHandoffResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let mut fields = Fields::default();
    let request_id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id: HandoffId = fields.id("handoff_id", &message.handoff_id);
    fields.finish()?;
    let key = call.request(context, request_id, REPLAY, &message)?;
    let which = (id, message.partner_forgot);
    let handoff = replay::replay_handoff(context, &key, campaign, which).await?;
    Ok(wire::ReplayHandoffResponse {
        handoff: Some(to_wire(&handoff)),
    })
}

pub(crate) async fn get_queue_statistics(
    context: &Context,
    request: Request<wire::GetQueueStatisticsRequest>,
) -> Result<wire::GetQueueStatisticsResponse, Error> {
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = match message.campaign.as_str() {
        "" => None,
        text => Some(context.campaign_id(&mut fields, text).await?),
    };
    fields.finish()?;
    let now = context.clock.now();
    let counts = statistics::counts(context.db.read(), campaign, now).await?;
    let tries = open_circuit::next_tries(context.db.read(), campaign).await?;
    let paces = statistics::paces(&counts).into_iter();
    let paces = paces.map(|pace| wire::QueuePace {
        next_try_time: tries.get(&pace.partner_id).map(|at| at.to_proto()),
        time_to_empty: pace.time_to_empty().and_then(|left| left.try_into().ok()),
        partner_id: pace.partner_id.to_string(),
        partner_name: pace.partner_name,
        waiting: pace.waiting,
        queued_in_last_hour: pace.queued,
        taken_in_last_hour: pace.taken,
    });
    let paces = paces.collect();
    let counts = counts.into_iter().map(|count| wire::QueueCount {
        partner_id: count.partner_id.to_string(),
        partner_name: count.partner_name,
        state: convert::state_to_wire(count.state).into(),
        handoffs: count.handoffs,
        oldest_create_time: Some(count.oldest.to_proto()),
    });
    Ok(wire::GetQueueStatisticsResponse {
        counts: counts.collect(),
        paces,
    })
}

fn to_wire(handoff: &Handoff) -> wire::Handoff {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_proto);
    let waits = matches!(
        handoff.state,
        State::Queued | State::Leased | State::Unsettled
    );
    let dead_reason = match handoff.state {
        State::Dead(reason) => reason.as_str(),
        _ => "",
    };
    wire::Handoff {
        handoff_id: handoff.id.to_string(),
        campaign_id: handoff.campaign_id.to_string(),
        enrollment_id: handoff.enrollment_id.to_string(),
        partner_id: handoff.partner_id.to_string(),
        kind: convert::kind_to_wire(handoff.kind, handoff.order_attempt).into(),
        state: convert::state_to_wire(handoff.state.name()).into(),
        attempts: handoff.attempts,
        partner_reference: handoff.partner_reference.clone().unwrap_or_default(),
        outcome_class: class_to_wire(handoff.state.class()).into(),
        create_time: time(Some(handoff.created_at)),
        acknowledge_time: time(handoff.acknowledged_at),
        settle_time: time(handoff.settled_at),
        next_attempt_time: time(waits.then_some(handoff.not_before)),
        dead_reason: dead_reason.to_owned(),
        coverage_id: handoff.coverage_id.to_string(),
        native_code: handoff.native_code.clone().unwrap_or_default(),
        revision: handoff.revision,
        order_attempt: handoff.order_attempt,
        update_time: time(Some(handoff.updated_at)),
    }
}

/// Reads the state that a list is filtered by; `None` lists all.
pub(crate) fn state_filter(number: i32) -> Result<Option<handoff::State>, ()> {
    match wire::HandoffState::try_from(number) {
        Ok(wire::HandoffState::Unspecified) => Ok(None),
        Ok(state) => convert::state_of(state).map(Some).ok_or(()),
        Err(_) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    #[test]
    fn every_state_can_be_asked_for() {
        for known in handoff::State::iter() {
            let number = convert::state_to_wire(known).into();
            assert_eq!(state_filter(number), Ok(Some(known)));
        }
        assert_eq!(state_filter(0), Ok(None));
        assert_eq!(state_filter(99), Err(()));
    }
}
