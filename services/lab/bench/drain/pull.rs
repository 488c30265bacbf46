//! A partner that pulls: one stream, and what comes by it is acknowledged at once.

use std::time::{Duration, Instant};

use futures::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::client::problem::Problem;
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use wire::handoff_service_client::HandoffServiceClient;
use wire::pull_handoffs_response::Step;

/// The largest window.
const WINDOW: i32 = 1_000;
/// So many acknowledgements are under way at once.
const AT_ONCE: usize = 4;
/// So often a stream is opened again that broke off, as a partner does.
const STREAMS: u32 = 20;

/// Takes everything that is due; gives how many orders came, and how long it took until the last was acknowledged.
pub async fn drain(handoff: &Channel) -> Result<(u64, Duration), Problem> {
    let begun_at = Instant::now();
    let mut taken = 0;
    for opened in 1.. {
        match read(handoff, &mut taken).await {
            Ok(()) => break,
            Err(status) if status.code() == Code::Unavailable && opened < STREAMS => {}
            Err(status) => return Err(Problem::from_status("pull", &status)),
        }
    }
    Ok((taken, begun_at.elapsed()))
}

async fn read(handoff: &Channel, taken: &mut u64) -> Result<(), Status> {
    let request = wire::PullHandoffsRequest {
        max_outstanding: WINDOW,
        drain: true,
    };
    let opened = HandoffServiceClient::new(handoff.clone())
        .pull_handoffs(request)
        .await?;
    let acknowledged = opened.into_inner().map(async |response| {
        let Some(Step::Offers(wire::HandoffOffers { offers })) = response?.step else {
            return Ok(0);
        };
        acknowledge(handoff, offers).await
    });
    let mut acknowledged = acknowledged.buffer_unordered(AT_ONCE);
    while let Some(count) = acknowledged.next().await {
        *taken += count?;
    }
    Ok(())
}

async fn acknowledge(handoff: &Channel, offers: Vec<wire::HandoffOffer>) -> Result<u64, Status> {
    let orders = offers.into_iter().filter_map(|offer| offer.order);
    let acknowledgements = orders.map(|order| wire::HandoffAcknowledgement {
        partner_reference: format!("bench-{}", order.handoff_id),
        handoff_id: order.handoff_id,
        attempt: order.attempt,
    });
    let request = wire::AcknowledgeHandoffsRequest {
        request_id: new_request_id(),
        acknowledgements: acknowledgements.collect(),
    };
    let answered = HandoffServiceClient::new(handoff.clone())
        .acknowledge_handoffs(request)
        .await?;
    Ok(answered.into_inner().verdicts.len() as u64)
}
