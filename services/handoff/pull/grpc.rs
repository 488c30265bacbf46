//! `PullHandoffs` on the wire. The certificate tells which partner pulls.

use std::time::Duration;

use futures::{Stream, StreamExt};
use tonic::Request;

use crate::db::entities::{ClosedSet as _, handoff};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::grpc::{check, verdict_to_wire};
use crate::handoff::partner::model::Partner;
use crate::handoff::person::convert as order;
use crate::handoff::person::decrypt::decrypt;
use crate::handoff::person::sendable::Sendable;
use crate::handoff::queue::convert::{kind_to_wire, state_to_wire};
use crate::handoff::queue::grpc::state_filter;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::Leased;
use crate::handoff::queue::retry_policy::LONGEST_DELAY;
use crate::handoff::queue::state::State;
use crate::handoff::request::page_size;
use crate::handoff::{partner, queue};
use crate::kernel::caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::ids::HandoffId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::{draining_of, largest_of};
use crate::process::convert::class_to_wire;
use crate::process::{Call, request};
use crate::wire::redress::bureau::v1::EnrollmentOrder;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::ItemVerdict;

use super::leases;
use super::stream::{self, Pull, Pulled, Wish};

const RETURN: &str = "redress.handoff.v1.HandoffService/ReturnHandoffs";
const EXTEND: &str = "redress.handoff.v1.HandoffService/ExtendLeases";
const IDS: &str = "handoff_ids";

/// The handoffs unacknowledged at once for a partner that does not say how many it takes.
const DEFAULT_OUTSTANDING: u64 = 100;

pub(crate) async fn pull_handoffs(
    context: &Context,
    request: Request<wire::PullHandoffsRequest>,
) -> Result<impl Stream<Item = Result<wire::PullHandoffsResponse, Error>> + use<>, Error> {
    let caller = caller::of(&request)?;
    let draining = draining_of(&request);
    let message = request.into_inner();
    let wish = Wish {
        max_outstanding: outstanding(message.max_outstanding)?,
        drain: message.drain,
    };
    let partner = partner::store::by_name(context.db.read(), &caller.name).await?;
    let pull = Pull::begin(context, &partner, wish, draining)?;
    Ok(pull.stream().map(|pulled| pulled.map(step)))
}

fn step(pulled: Pulled) -> wire::PullHandoffsResponse {
    use wire::pull_handoffs_response::Step;
    let step = match pulled {
        Pulled::Offers(offers) => Step::Offers(wire::HandoffOffers {
            offers: offers.iter().map(to_wire).collect(),
        }),
        Pulled::Heartbeat => Step::Heartbeat(wire::Heartbeat {}),
        Pulled::Drained => Step::Drained(wire::Drained {}),
    };
    wire::PullHandoffsResponse { step: Some(step) }
}

/// Gives orders back.
pub(crate) async fn return_handoffs(
    context: &Context,
    request: Request<wire::ReturnHandoffsRequest>,
) -> Result<wire::ReturnHandoffsResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let id = check(&message.request_id, IDS, message.handoff_ids.len())?;
    let after = match &message.retry_delay {
        None => Some(Duration::ZERO),
        Some(delay) => Duration::try_from(*delay).ok(),
    };
    let after = after.filter(|after| *after <= LONGEST_DELAY);
    let Some(after) = after else {
        let fault = Fault::new(Reason::InvalidRequest);
        return Err(fault.field("retry_delay", "must be 0 to one hour").into());
    };
    let key = call.request(context, id, RETURN, &message)?;
    let wish = leases::Wish::Return(after);
    let (verdicts, _) = change_leases(context, &call, &key, &message.handoff_ids, wish).await?;
    Ok(wire::ReturnHandoffsResponse { verdicts })
}

/// Extends leases.
pub(crate) async fn extend_leases(
    context: &Context,
    request: Request<wire::ExtendLeasesRequest>,
) -> Result<wire::ExtendLeasesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let id = check(&message.request_id, IDS, message.handoff_ids.len())?;
    let key = call.request(context, id, EXTEND, &message)?;
    let until = context.clock.now() + context.rules.pull_lease;
    let wish = leases::Wish::Extend(until);
    let (verdicts, until) = change_leases(context, &call, &key, &message.handoff_ids, wish).await?;
    Ok(wire::ExtendLeasesResponse {
        verdicts,
        lease_expire_time: until.map(Timestamp::to_proto),
    })
}

async fn change_leases(
    context: &Context,
    call: &Call,
    key: &request::Request,
    ids: &[String],
    wish: leases::Wish,
) -> Result<(Vec<ItemVerdict>, Option<Timestamp>), Error> {
    let partner = partner::store::by_name(context.db.read(), &call.caller.name).await?;
    let partner = stream::pulling(&partner)?;
    let items: Vec<Option<HandoffId>> = ids.iter().map(|id| id.parse().ok()).collect();
    let changed = leases::change_leases(context, partner.id, key, &items, wish).await?;
    let items = ids.iter().zip(changed.verdicts).enumerate();
    let verdicts = items.map(|(at, (id, verdict))| verdict_to_wire(IDS, (at, id), verdict));
    Ok((verdicts.collect(), changed.until))
}

/// Gets one of the partner's handoffs, with its order while that is owed.
pub(crate) async fn get_handoff(
    context: &Context,
    request: Request<wire::GetHandoffRequest>,
) -> Result<wire::GetHandoffResponse, Error> {
    let call = Call::of(&request)?;
    let mut fields = Fields::default();
    let id: HandoffId = fields.id("handoff_id", &request.into_inner().handoff_id);
    fields.finish()?;
    let db = context.db.read();
    let partner = partner::store::by_name(db, &call.caller.name).await?;
    let found = queue::store::of_partner(db, partner.id, id).await?;
    let handoff = found.ok_or(Error::HandoffNotFound)?;
    let number = context.number_of(handoff.campaign_id).await?;
    // What was never offered waits its turn, such as behind an earlier cancellation of the same person.
    let owed = handoff.is_offered()
        && matches!(
            handoff.state,
            State::Queued | State::Leased | State::Unsettled
        );
    let order = if owed && !queue::store::is_withdrawn(db, &handoff).await? {
        order_again(context, &partner, &handoff).await?
    } else {
        None
    };
    Ok(wire::GetHandoffResponse {
        handoff: Some(own(&handoff, number)),
        order,
    })
}

/// Gives an order again; nothing where it cannot be given now, such as while an activation code is missing.
async fn order_again(
    context: &Context,
    partner: &Partner,
    handoff: &Handoff,
) -> Result<Option<EnrollmentOrder>, Error> {
    let leased = Leased {
        handoff: handoff.clone(),
        sent_before: handoff.sent_at,
    };
    let actor = format!("partner/{}", partner.name);
    let decrypted = decrypt(context, partner, &actor, vec![leased]).await?;
    let mut sendable = decrypted.into_iter().filter_map(|it| it.sendable().ok());
    Ok(sendable.next_back().map(|it| order::order_of(&it)))
}

/// Lists the partner's handoffs.
pub(crate) async fn list_partner_handoffs(
    context: &Context,
    request: Request<wire::ListPartnerHandoffsRequest>,
) -> Result<wire::ListPartnerHandoffsResponse, Error> {
    let call = Call::of(&request)?;
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let state = state_filter(message.state).unwrap_or_else(|()| {
        fields.wrong("state", "is not a state of a handoff");
        None
    });
    let since = message
        .changed_since_time
        .as_ref()
        .map(Timestamp::from_proto);
    let since = since.transpose().unwrap_or_else(|_| {
        fields.wrong("changed_since_time", "is out of range");
        None
    });
    let size = fields
        .absorb(page_size(message.page_size))
        .unwrap_or_default();
    let db = context.db.read();
    let partner = partner::store::by_name(db, &call.caller.name).await?;
    let name = state.map_or("", handoff::State::as_str);
    let instant = since.map_or(0, Timestamp::as_micros).to_be_bytes();
    let filter: [&[u8]; 3] = [partner.name.as_bytes(), name.as_bytes(), &instant];
    let after = fields.absorb(paging::page_after::<HandoffId>(
        &filter,
        &message.page_token,
    ));
    fields.finish()?;
    let filters = (state, since);
    let found =
        queue::store::page_of_partner(db, partner.id, filters, after.flatten(), size + 1).await?;
    let mut entries = Vec::with_capacity(found.len());
    for handoff in &found {
        let number = context.number_of(handoff.campaign_id).await?;
        entries.push((handoff.id, own(handoff, number)));
    }
    let room = Room {
        rows: size,
        bytes,
        filter: &filter,
    };
    let (handoffs, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListPartnerHandoffsResponse {
        handoffs,
        next_page_token,
    })
}

/// Writes a handoff as its partner sees it.
fn own(handoff: &Handoff, engagement_number: String) -> wire::PartnerHandoff {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_proto);
    wire::PartnerHandoff {
        handoff_id: handoff.id.to_string(),
        kind: kind_to_wire(handoff.kind, handoff.order_attempt).into(),
        attempt: handoff.order_attempt,
        engagement_number,
        coverage: Some(order::coverage(handoff)),
        state: state_to_wire(handoff.state.name()).into(),
        partner_reference: handoff.partner_reference.clone().unwrap_or_default(),
        outcome_class: class_to_wire(handoff.state.class()).into(),
        native_code: handoff.native_code.clone().unwrap_or_default(),
        revision: handoff.revision,
        queue_time: time(Some(handoff.created_at)),
        acknowledge_time: time(handoff.acknowledged_at),
        settle_time: time(handoff.settled_at),
        update_time: time(Some(handoff.updated_at)),
    }
}

fn outstanding(wish: i32) -> Result<u64, Fault> {
    match u64::try_from(wish) {
        Ok(0) => Ok(DEFAULT_OUTSTANDING),
        Ok(wish @ 1..=1_000) => Ok(wish),
        _ => Err(Fault::new(Reason::InvalidRequest).field("max_outstanding", "must be 0 to 1000")),
    }
}

fn to_wire(offer: &Sendable) -> wire::HandoffOffer {
    wire::HandoffOffer {
        order: Some(order::order_of(offer)),
        lease_expire_time: Some(Timestamp::to_proto(offer.leased.handoff.not_before)),
    }
}
