//! The sandbox bureau as a PULL partner: it opens the stream, books, acknowledges and reports.
//!
//! Its one bad habit here is that it loses the first acknowledgement of people in group 666-16; it gets them again, and
//! books them once.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use crate::kernel::client::{self, Client};
use crate::kernel::ids::Ids;
use crate::kernel::lifecycle::pause;
use crate::kernel::retry::Backoff;
use crate::wire::redress::bureau::v1::CancellationReason::TermOver;
use crate::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentProgress, EnrollmentStatus, HandoffKind,
};
use crate::wire::redress::handoff::v1::handoff_service_client::HandoffServiceClient;
use crate::wire::redress::handoff::v1::pull_handoffs_response::Step;
use crate::wire::redress::handoff::v1::{
    AcknowledgeHandoffsRequest, HandoffAcknowledgement, HandoffOffers, PullHandoffsRequest,
    ReportOutcomesRequest,
};

use crate::bureau::desk::{Answered, Desk};
use crate::bureau::rules::REFUSED_TRIES;

const OUTSTANDING: i32 = 200;
const TIMEOUT: Duration = Duration::from_secs(10);
const RETRY: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

/// Pulls handoffs.
pub struct Puller {
    desk: Arc<Desk>,
    client: HandoffServiceClient<Client>,
    ids: Ids,
}

impl Puller {
    /// Makes a puller that calls under the partner's certificate.
    pub fn new(desk: Arc<Desk>, client: Client, ids: Ids) -> Self {
        Self {
            desk,
            client: HandoffServiceClient::new(client),
            ids,
        }
    }

    /// Pulls until nothing is due; gives the number of handoffs.
    pub async fn drain(&mut self) -> Result<usize, Status> {
        self.pull(true, &CancellationToken::new()).await
    }

    /// Pulls until the process drains; a broken stream is opened again.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut failures = 0;
        while !draining.is_cancelled() {
            match self.pull(false, &draining).await {
                Ok(0) => failures += 1,
                Ok(_) => failures = 0,
                Err(status) => {
                    failures += 1;
                    tracing::info!(code = %status.code(), "the stream broke; it is opened again");
                }
            }
            if !pause(&draining, RETRY.delay(failures, &self.ids)).await {
                break;
            }
        }
    }

    async fn pull(&mut self, drain: bool, draining: &CancellationToken) -> Result<usize, Status> {
        let request = PullHandoffsRequest {
            max_outstanding: OUTSTANDING,
            drain,
        };
        let mut stream = self.client.pull_handoffs(request).await?.into_inner();
        let mut taken = 0;
        loop {
            let message = tokio::select! {
                message = stream.next() => message,
                () = draining.cancelled() => None,
            };
            let Some(message) = message else {
                return Ok(taken);
            };
            // A heartbeat needs no answer, and what is drained ends by itself.
            if let Some(Step::Offers(offers)) = message?.step {
                taken += self.take(offers).await?;
            }
        }
    }

    /// Books what was offered and acknowledges it.
    async fn take(&mut self, message: HandoffOffers) -> Result<usize, Status> {
        let mut taken = Vec::with_capacity(message.offers.len());
        let mut settled = Vec::new();
        for offer in message.offers {
            let order = offer.order.unwrap_or_default();
            let id = Uuid::try_parse(&order.handoff_id)
                .map_err(|_| Status::internal("an offer without an id"))?;
            if order.kind() == HandoffKind::Cancel {
                settled.push(self.cancel(&order).await?);
                taken.push(acknowledgement(id, order.attempt, String::new()));
            } else if let Some(status) = self.book(id, &order).await? {
                let reference = status.partner_reference.clone();
                taken.push(acknowledgement(id, order.attempt, reference));
                // What has no line of its own in the book is reported here and now.
                let is_later = matches!(
                    order.kind(),
                    HandoffKind::Extend | HandoffKind::UpdatePerson
                );
                if status.partner_reference.is_empty() || is_later {
                    settled.push(status);
                }
            }
        }
        let count = taken.len();
        // What stands in no book would be reported by nobody after a crash in between; an outcome implies the acknowledgement.
        self.report(settled).await?;
        self.acknowledge(taken).await?;
        Ok(count)
    }

    /// Books an order; `None` when its acknowledgement gets lost.
    async fn book(
        &self,
        id: Uuid,
        order: &EnrollmentOrder,
    ) -> Result<Option<EnrollmentStatus>, Status> {
        // A partner that pulls is never "down": it takes the offer when it is ready.
        for _ in 0..=REFUSED_TRIES {
            match self
                .desk
                .submit(id, order)
                .await
                .map_err(|error| damaged(&error))?
            {
                Answered::Status(status) | Answered::Refused(status) => return Ok(Some(status)),
                Answered::Lost(_) | Answered::Broken | Answered::Never => return Ok(None),
                Answered::Down | Answered::Throttled { .. } | Answered::NotLetIn => {}
            }
        }
        Ok(None)
    }

    /// Cancels what was ordered; what is reported bears the cancellation's own reference.
    async fn cancel(&self, order: &EnrollmentOrder) -> Result<EnrollmentStatus, Status> {
        if let Ok(ordered) = Uuid::try_parse(&order.cancels_handoff_id) {
            self.desk
                .cancel(ordered, order.cancellation_reason() == TermOver)
                .await
                .map_err(|error| damaged(&error))?;
        }
        Ok(EnrollmentStatus {
            handoff_id: order.handoff_id.clone(),
            progress: EnrollmentProgress::Canceled.into(),
            ..EnrollmentStatus::default()
        })
    }

    async fn acknowledge(&mut self, taken: Vec<HandoffAcknowledgement>) -> Result<(), Status> {
        if taken.is_empty() {
            return Ok(());
        }
        let request = AcknowledgeHandoffsRequest {
            request_id: client::request_id(&self.ids),
            acknowledgements: taken,
        };
        let request = client::request(request, TIMEOUT);
        self.client.acknowledge_handoffs(request).await?;
        Ok(())
    }

    async fn report(&mut self, statuses: Vec<EnrollmentStatus>) -> Result<(), Status> {
        if statuses.is_empty() {
            return Ok(());
        }
        let request = ReportOutcomesRequest {
            request_id: client::request_id(&self.ids),
            statuses,
        };
        self.client
            .report_outcomes(client::request(request, TIMEOUT))
            .await?;
        Ok(())
    }
}

fn acknowledgement(id: Uuid, attempt: i32, partner_reference: String) -> HandoffAcknowledgement {
    HandoffAcknowledgement {
        handoff_id: id.to_string(),
        partner_reference,
        attempt,
    }
}

fn damaged(error: &std::io::Error) -> Status {
    tracing::error!(%error, "the book cannot be written");
    Status::internal("the book cannot be written")
}
