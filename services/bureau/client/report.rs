//! Reports outcomes to Redress until it has recorded them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use crate::kernel::client::{self, Client};
use crate::kernel::ids::Ids;
use crate::kernel::lifecycle::pause;
use crate::kernel::retry::Backoff;
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::handoff::v1::ReportOutcomesRequest;
use crate::wire::redress::handoff::v1::handoff_service_client::HandoffServiceClient;
use crate::wire::redress::r#type::v1::ItemResult;

use crate::bureau::desk::Desk;

/// How many statuses go into one call.
const BATCH: usize = 500;
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often the book is polled: outcomes become due by the clock.
const POLL: Duration = Duration::from_millis(100);
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Reports to Redress what is in the book.
pub struct Reporter {
    desk: Arc<Desk>,
    client: HandoffServiceClient<Client>,
    ids: Ids,
}

/// Why a report did not get through.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Redress did not answer, or refused the call.
    #[error("Redress answered {}", .0.code())]
    Call(#[from] Box<Status>),
    /// The book cannot be written.
    #[error("the book cannot be written: {0}")]
    Book(#[from] std::io::Error),
}

impl Reporter {
    /// Makes a reporter that calls under the partner's certificate.
    pub fn new(desk: Arc<Desk>, client: Client, ids: Ids) -> Self {
        Self {
            desk,
            client: HandoffServiceClient::new(client),
            ids,
        }
    }

    /// Reports what is due, in one call; gives how much that was.
    pub async fn step(&mut self) -> Result<usize, ReportError> {
        let statuses = self.desk.unreported(BATCH).await?;
        if statuses.is_empty() {
            return Ok(0);
        }
        let reported: Vec<(Uuid, EnrollmentProgress)> = statuses
            .iter()
            .filter_map(|status| {
                Some((Uuid::try_parse(&status.handoff_id).ok()?, status.progress()))
            })
            .collect();
        let request = ReportOutcomesRequest {
            request_id: client::request_id(&self.ids),
            statuses,
        };
        let called = self
            .client
            .report_outcomes(client::request(request, TIMEOUT))
            .await;
        let response = called.map_err(Box::new)?.into_inner();
        for verdict in response.verdicts {
            if verdict.result() == ItemResult::Refused {
                // A repetition would not help: a person must look.
                tracing::warn!(
                    handoff_id = verdict.id,
                    reason = verdict.reason().as_str_name(),
                    "Redress did not record an outcome"
                );
            }
        }
        self.desk.mark_reported(&reported).await?;
        Ok(reported.len())
    }

    /// Reports until the process drains. Nothing is lost by stopping: the book knows what was reported.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut failures = 0;
        while !draining.is_cancelled() {
            let wait = match self.step().await {
                Ok(0) => {
                    failures = 0;
                    POLL
                }
                Ok(_) => continue,
                Err(error) => {
                    failures += 1;
                    tracing::info!(%error, "outcomes could not be reported; trying again");
                    RETRY.delay(failures, &self.ids).max(POLL)
                }
            };
            let desk = Arc::clone(&self.desk);
            tokio::select! {
                () = desk.changed.notified(), if failures == 0 => {}
                going_on = pause(&draining, wait) => if !going_on { break },
            }
        }
    }
}
