//! `PullHandoffs` on the wire. The certificate tells which partner pulls.

use futures::{Stream, StreamExt};
use tonic::Request;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner;
use crate::handoff::person::convert as order;
use crate::handoff::person::decrypt::Ask;
use crate::kernel::caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::server::draining_of;
use crate::wire::redress::handoff::v1 as wire;

use super::stream::{Offer, Pull, Wish};

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
    let answers = pull.stream().map(|offers| {
        let offers = offers?.iter().map(to_wire).collect();
        Ok(wire::PullHandoffsResponse { offers })
    });
    Ok(answers)
}

fn outstanding(wish: i32) -> Result<u64, Fault> {
    match u64::try_from(wish) {
        Ok(0) => Ok(DEFAULT_OUTSTANDING),
        Ok(wish @ 1..=1_000) => Ok(wish),
        _ => Err(Fault::new(Reason::InvalidRequest).field("max_outstanding", "must be 0 to 1000")),
    }
}

fn to_wire(offer: &Offer) -> wire::HandoffOffer {
    let handoff = &offer.leased.handoff;
    let order = match &offer.ask {
        Ask::Enroll(enrollee) => order::enroll(handoff, &offer.engagement_number, enrollee),
        Ask::Cancel(enroll) => order::cancel(handoff, &offer.engagement_number, *enroll),
    };
    wire::HandoffOffer {
        order: Some(order),
        lease_expire_time: Some(Timestamp::to_proto(handoff.not_before)),
    }
}
