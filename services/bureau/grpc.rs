//! `redress.bureau.v1` as a partner implements it, and `redress.sandbox.v1`, the sandbox's own books.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

use crate::kernel::caller;
use crate::kernel::fault::{DOMAIN, Fault, Reason};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::{draining_of, largest_of};
use crate::wire::redress::bureau::v1::bureau_enrollment_service_server::BureauEnrollmentService;
use crate::wire::redress::bureau::v1::{
    self as wire, CancellationReason, EnrollmentStatus, HandoffKind,
};
use crate::wire::redress::sandbox::v1 as sandbox;
use crate::wire::redress::sandbox::v1::sandbox_service_server::SandboxService;

use super::desk::{Answered, Desk};
use super::entry::Entry;

/// The one process that may hand enrollments over.
const REDRESS: &str = "bureau-handoff";
const DEFAULT_PAGE: i32 = 500;
const FILTER: &[&[u8]] = &[b"book"];

/// The handlers of the sandbox bureau.
#[derive(Clone, Debug)]
pub struct Handlers {
    desk: Arc<Desk>,
}

impl Handlers {
    /// Makes the handlers.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Gives the entries of the book from a place on, each with the place after it; one more than a page has, if there is one.
    fn entries(
        &self,
        rows: u64,
        after: Option<usize>,
    ) -> impl Iterator<Item = (usize, (Entry, EnrollmentStatus))> + use<> {
        let place = after.unwrap_or_default();
        let most = usize::try_from(rows).unwrap_or(usize::MAX);
        let entries = self.desk.page(place, most.saturating_add(1));
        (place + 1..).zip(entries)
    }
}

fn page_size(wish: i32) -> Result<u64, Fault> {
    paging::page_size(if wish == 0 { DEFAULT_PAGE } else { wish })
}

#[tonic::async_trait]
impl BureauEnrollmentService for Handlers {
    async fn submit_enrollment(
        &self,
        request: Request<wire::SubmitEnrollmentRequest>,
    ) -> Result<Response<wire::SubmitEnrollmentResponse>, Status> {
        only_redress(&request)?;
        let draining = draining_of(&request);
        let message = request.into_inner();
        let (id, order) = read(&message)?;
        match self
            .desk
            .submit(id, order)
            .await
            .map_err(|error| damaged(&error))?
        {
            Answered::Status(status) => Ok(Response::new(wire::SubmitEnrollmentResponse {
                status: Some(status),
            })),
            Answered::Down => Err(Status::unavailable("The bureau is down for maintenance.")),
            Answered::Throttled { pause } => Err(slower(pause)),
            Answered::NotLetIn => Err(Status::unauthenticated("The password has expired.")),
            Answered::Refused(status) => Err(refused(&status)),
            Answered::Broken => Err(Status::internal("Something broke.")),
            Answered::Lost(_) | Answered::Never => Err(never(draining).await),
        }
    }

    async fn get_enrollment_status(
        &self,
        request: Request<wire::GetEnrollmentStatusRequest>,
    ) -> Result<Response<wire::GetEnrollmentStatusResponse>, Status> {
        only_redress(&request)?;
        let id = handoff_id("handoff_id", &request.get_ref().handoff_id)?;
        let status = self
            .desk
            .status(id)
            .await
            .map_err(|error| damaged(&error))?;
        Ok(Response::new(wire::GetEnrollmentStatusResponse {
            status: Some(known(status)?),
        }))
    }

    async fn cancel_enrollment(
        &self,
        request: Request<wire::CancelEnrollmentRequest>,
    ) -> Result<Response<wire::CancelEnrollmentResponse>, Status> {
        only_redress(&request)?;
        let message = request.get_ref();
        let own = handoff_id("handoff_id", &message.handoff_id)?;
        let ordered = handoff_id("cancels_handoff_id", &message.cancels_handoff_id)?;
        let status = self
            .desk
            .cancel(ordered, message.reason() == CancellationReason::TermOver)
            .await
            .map_err(|error| damaged(&error))?;
        let status = EnrollmentStatus {
            handoff_id: own.to_string(),
            partner_reference: String::new(),
            revision: 0,
            attempt: 0,
            ..known(status)?
        };
        Ok(Response::new(wire::CancelEnrollmentResponse {
            status: Some(status),
        }))
    }

    async fn list_enrollment_statuses(
        &self,
        request: Request<wire::ListEnrollmentStatusesRequest>,
    ) -> Result<Response<wire::ListEnrollmentStatusesResponse>, Status> {
        only_redress(&request)?;
        let bytes = largest_of(&request);
        let message = request.into_inner();
        let since = message.changed_since_time.map(|at| (at.seconds, at.nanos));
        let instant = format!("{since:?}");
        let filter: [&[u8]; 2] = [b"statuses", instant.as_bytes()];
        let room = Room {
            rows: page_size(message.page_size)?,
            bytes,
            filter: &filter,
        };
        let after = paging::page_after(&filter, &message.page_token)?;
        let entries = self.entries(room.rows, after);
        let statuses = entries.map(|(place, (_, status))| (place, status));
        let (mut statuses, next_page_token) = paging::page(statuses, &room);
        statuses.retain(|status| {
            let at = status.effective_time.map(|at| (at.seconds, at.nanos));
            at >= since
        });
        Ok(Response::new(wire::ListEnrollmentStatusesResponse {
            statuses,
            next_page_token,
        }))
    }
}

#[tonic::async_trait]
impl SandboxService for Handlers {
    async fn list_book_entries(
        &self,
        request: Request<sandbox::ListBookEntriesRequest>,
    ) -> Result<Response<sandbox::ListBookEntriesResponse>, Status> {
        let bytes = largest_of(&request);
        let message = request.into_inner();
        let room = Room {
            rows: page_size(message.page_size)?,
            bytes,
            filter: FILTER,
        };
        let after = paging::page_after(FILTER, &message.page_token)?;
        let entries = self.entries(room.rows, after);
        let entries = entries.map(|(place, (entry, status))| {
            let entry = sandbox::BookEntry {
                status: Some(status),
                subject_digest: entry.digest,
                product_code: entry.product,
                coverage_id: entry.coverage,
                activation_code_digest: entry.activation,
                offers: entry.offers,
                term_months: entry.months,
            };
            (place, entry)
        });
        let (entries, next_page_token) = paging::page(entries, &room);
        Ok(Response::new(sandbox::ListBookEntriesResponse {
            entries,
            next_page_token,
        }))
    }

    async fn get_book_key(
        &self,
        _: Request<sandbox::GetBookKeyRequest>,
    ) -> Result<Response<sandbox::GetBookKeyResponse>, Status> {
        Ok(Response::new(sandbox::GetBookKeyResponse {
            key: self.desk.key().expose().to_vec(),
        }))
    }
}

/// A bureau answers the one process that hands over, and no other caller with a certificate.
fn only_redress<T>(request: &Request<T>) -> Result<(), Fault> {
    let caller = caller::of(request)?;
    if &*caller.name == REDRESS {
        return Ok(());
    }
    Err(Fault::new(Reason::CallerNotAllowed))
}

fn read(message: &wire::SubmitEnrollmentRequest) -> Result<(Uuid, &wire::EnrollmentOrder), Fault> {
    let mut fault = Fault::new(Reason::InvalidRequest);
    let Some(order) = &message.order else {
        return Err(fault.field("order", "must be given"));
    };
    let id = Uuid::try_parse(&order.handoff_id).unwrap_or_default();
    if id.is_nil() {
        fault = fault.field("order.handoff_id", "must be a UUID");
    }
    let coverage = order.coverage.clone().unwrap_or_default();
    if coverage.product_code.is_empty() {
        fault = fault.field("order.coverage.product_code", "must not be empty");
    }
    let kind = order.kind();
    if coverage.term_months <= 0 && kind != HandoffKind::Restore {
        fault = fault.field("order.coverage.term_months", "must be positive");
    }
    let name = order.subject.as_ref();
    let name = name.and_then(|subject| subject.name.as_ref());
    if kind == HandoffKind::Extend {
        if Uuid::try_parse(&order.extends_handoff_id).is_err() {
            fault = fault.field("order.extends_handoff_id", "must be a UUID");
        }
    } else if name.is_none_or(|name| name.family_name.trim().is_empty()) {
        fault = fault.field("order.subject.name.family_name", "must not be empty");
    }
    if kind == HandoffKind::UpdatePerson && Uuid::try_parse(&order.updates_handoff_id).is_err() {
        fault = fault.field("order.updates_handoff_id", "must be a UUID");
    }
    if fault.has_fields() {
        return Err(fault);
    }
    Ok((id, order))
}

fn handoff_id(path: &'static str, text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text)
        .map_err(|_| Fault::new(Reason::InvalidRequest).field(path, "must be a UUID"))
}

fn known(status: Option<EnrollmentStatus>) -> Result<EnrollmentStatus, Fault> {
    status.ok_or_else(|| Fault::new(Reason::HandoffNotFound))
}

fn damaged(error: &io::Error) -> Status {
    tracing::error!(%error, "the book cannot be written");
    Fault::new(Reason::StorageUnavailable).into()
}

fn slower(pause: Option<Duration>) -> Status {
    const TEXT: &str = "Slower, please.";
    if pause.is_none() {
        return Status::resource_exhausted(TEXT);
    }
    let details = ErrorDetails::with_retry_info(pause);
    Status::with_error_details(Code::ResourceExhausted, TEXT, details)
}

/// Names the class and the bureau's own code, as the contract says.
fn refused(status: &EnrollmentStatus) -> Status {
    let name = status.outcome_class().as_str_name();
    let reason = name.strip_prefix("OUTCOME_CLASS_").unwrap_or(name);
    let native = [("native_code".to_owned(), status.native_code.clone())];
    let details = ErrorDetails::with_error_info(reason, DOMAIN, native);
    Status::with_error_details(Code::InvalidArgument, "Something cannot be.", details)
}

/// Gives no answer until the caller has gone, or the process drains.
async fn never(draining: CancellationToken) -> Status {
    draining.cancelled().await;
    Fault::new(Reason::ShuttingDown).into()
}
