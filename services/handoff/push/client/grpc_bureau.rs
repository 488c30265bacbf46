//! A partner that implements the contract's own service over gRPC.

use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::context::Context;
use crate::handoff::outcome::convert;
use crate::handoff::partner::model::Partner;
use crate::handoff::push::circuit_breaker::Signal;
use crate::handoff::queue::convert::reason_to_wire;
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::retry_policy::{Failure, PartnerStatus};
use crate::handoff::queue::state::Fact;
use crate::kernel::client::{self, Client, Outgoing};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::fault::{DOMAIN, retry_after_of};
use crate::process::convert::class_of;
use crate::wire::redress::bureau::v1::bureau_enrollment_service_client::BureauEnrollmentServiceClient;
use crate::wire::redress::bureau::v1::{
    CancelEnrollmentRequest, EnrollmentOrder, EnrollmentStatus, GetEnrollmentStatusRequest,
    SubmitEnrollmentRequest,
};
use crate::wire::redress::r#type::v1 as wire;

use super::credentials::{Credentials, Uncallable};
use super::reply::Reply;

/// A partner in mode PUSH. Clones share its connection.
#[derive(Clone)]
pub(super) struct GrpcBureau {
    client: BureauEnrollmentServiceClient<Client>,
    clock: Clock,
    timeout: Duration,
}

impl GrpcBureau {
    pub fn new(
        context: &Context,
        credentials: &Credentials,
        partner: &Partner,
    ) -> Result<Self, Uncallable> {
        let endpoint = partner.endpoint.as_deref().unwrap_or_default();
        let server_uri = partner.server_uri.as_deref();
        let channel = client::connect_to(endpoint, &credentials.tls, server_uri)?;
        Ok(Self {
            client: BureauEnrollmentServiceClient::new(Outgoing::new().on(channel)),
            clock: context.clock.clone(),
            timeout: context.rules.call_timeout,
        })
    }

    pub async fn submit(&mut self, handoff: &Handoff, order: EnrollmentOrder) -> Reply {
        let request = SubmitEnrollmentRequest { order: Some(order) };
        let request = client::request(request, self.timeout);
        let called = self.client.submit_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => self.read(response.status.as_ref(), handoff),
            Err(status) => submit_failed(&status, self.clock.now()),
        }
    }

    pub async fn ask(&mut self, handoff: &Handoff) -> Reply {
        let request = GetEnrollmentStatusRequest {
            handoff_id: handoff.id.to_string(),
            attempt: handoff.order_attempt,
        };
        let request = client::request(request, self.timeout);
        let called = self.client.get_enrollment_status(request);
        match in_time(self.timeout, called).await {
            Ok(response) => self.read(response.status.as_ref(), handoff),
            Err(status) => not_answered(&status),
        }
    }

    pub async fn cancel(&mut self, handoff: &Handoff, enroll: &EarlierOrder) -> Reply {
        let request = CancelEnrollmentRequest {
            handoff_id: handoff.id.to_string(),
            cancels_handoff_id: enroll.id.to_string(),
            reason: reason_to_wire(handoff.cancel_reason).into(),
        };
        let request = client::request(request, self.timeout);
        let called = self.client.cancel_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => self.read(response.status.as_ref(), handoff),
            Err(status) => not_answered(&status),
        }
    }

    fn read(&self, status: Option<&EnrollmentStatus>, handoff: &Handoff) -> Reply {
        let now = self.clock.now();
        let status = status
            .filter(|status| status.handoff_id == handoff.id.to_string())
            .and_then(|status| convert::status(status, now).ok());
        let unreadable = || Reply::Failed(Failure::Unreadable, Signal::Up);
        status.map_or_else(unreadable, Reply::Status)
    }
}

/// Bounds a call here too: not every server keeps the deadline that it is sent.
async fn in_time<T>(
    timeout: Duration,
    called: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    match tokio::time::timeout(timeout, called).await {
        Ok(answered) => answered.map(Response::into_inner),
        Err(_) => Err(Status::deadline_exceeded("no answer in time")),
    }
}

/// Tells whether the status is the partner's, and not one of this side of the connection.
fn is_from_partner(status: &Status) -> bool {
    std::error::Error::source(status).is_none()
}

/// Tells whether there never was a connection to send on.
fn is_connect_error(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Gives what a question or a cancellation came to that got no status.
fn not_answered(status: &Status) -> Reply {
    if is_from_partner(status) && status.code() == Code::NotFound {
        return Reply::NotKnown;
    }
    failed(status)
}

/// Gives what an enrollment came to that got no status.
fn submit_failed(status: &Status, now: Timestamp) -> Reply {
    if is_from_partner(status) && status.code() == Code::InvalidArgument {
        // Somebody must act; another try would not help.
        return Reply::Status(refused_input(status, now));
    }
    failed(status)
}

/// Reads what is wrong with an order: the class and the partner's own code where its error names them, or else the first field.
fn refused_input(status: &Status, now: Timestamp) -> PartnerStatus {
    let details = status.get_error_details();
    let info = details.error_info();
    let info = info.filter(|info| info.domain == DOMAIN);
    let class = info.and_then(|info| {
        let name = format!("OUTCOME_CLASS_{}", info.reason);
        class_of(wire::OutcomeClass::from_str_name(&name)?.into())
    });
    let field = details.bad_request();
    let field = field.and_then(|wrong| Some(&wrong.field_violations.first()?.field));
    let native = info.and_then(|info| info.metadata.get("native_code"));
    let mut codes = [native, field].into_iter().flatten();
    let class = class.unwrap_or(OutcomeClass::InvalidInput);
    PartnerStatus {
        native_code: codes.find_map(|text| convert::text(text).ok().flatten()),
        ..PartnerStatus::of(Fact::ActionRequired(class), now)
    }
}

/// Gives what a call came to that got no status.
fn failed(status: &Status) -> Reply {
    let (failure, signal) = if is_connect_error(status) {
        (Failure::NotReached, Signal::Down)
    } else if is_from_partner(status) {
        refusal(status)
    } else {
        (Failure::Unseen, Signal::Failed)
    };
    Reply::Failed(failure, signal)
}

fn refusal(status: &Status) -> (Failure, Signal) {
    match status.code() {
        Code::Unavailable => (Failure::Unavailable, Signal::Failed),
        Code::ResourceExhausted => {
            let retry_after = retry_after_of(status);
            (
                Failure::Throttled { retry_after },
                Signal::Throttled { retry_after },
            )
        }
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented => {
            (Failure::NotAllowed, Signal::Down)
        }
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange => (Failure::Rejected, Signal::Up),
        Code::Ok => (Failure::Unreadable, Signal::Up),
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::DataLoss => (Failure::Unseen, Signal::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(reply: Reply) -> PartnerStatus {
        match reply {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_partner_says_and_what_breaks_on_the_way_are_told_apart() {
        let submit_failed = |status: &Status| match submit_failed(status, Timestamp::EPOCH) {
            Reply::Failed(failure, _) => Err(failure),
            other => Ok(other),
        };
        let said = Status::unavailable("maintenance");
        assert_eq!(submit_failed(&said), Err(Failure::Unavailable));
        let never = Status::from_error(Box::new(tonic::ConnectError("refused".into())));
        assert_eq!(submit_failed(&never), Err(Failure::NotReached));
        let broke = Status::from_error(std::io::Error::other("reset").into());
        assert_eq!(submit_failed(&broke), Err(Failure::Unseen));
        assert_eq!(
            submit_failed(&Status::deadline_exceeded("")),
            Err(Failure::Unseen)
        );
    }

    #[test]
    fn a_refused_field_needs_the_person_and_not_another_try() {
        let refused = Status::invalid_argument("");
        let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
        assert_eq!(
            status_of(submit_failed(&refused, Timestamp::EPOCH)).fact,
            wrong
        );
        let rejected = Reply::Failed(Failure::Rejected, Signal::Up);
        assert_eq!(not_answered(&refused), rejected);
        assert_eq!(not_answered(&Status::not_found("")), Reply::NotKnown);
    }

    #[test]
    fn an_error_of_an_order_can_name_the_class_and_the_field() {
        use tonic_types::ErrorDetails;
        let of = |details: ErrorDetails| {
            let status = Status::with_error_details(Code::InvalidArgument, "", details);
            let status = status_of(submit_failed(&status, Timestamp::EPOCH));
            (status.fact, status.native_code)
        };
        let field = "order.subject.name.family_name";
        let named = of(ErrorDetails::with_bad_request_violation(field, "no digits"));
        let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
        assert_eq!(named, (wrong, Some(field.to_owned())));
        let native = [("native_code".to_owned(), "9193".to_owned())];
        let classed = of(ErrorDetails::with_error_info("NO_HIT", DOMAIN, native));
        let no_hit = Fact::ActionRequired(OutcomeClass::NoHit);
        assert_eq!(classed, (no_hit, Some("9193".to_owned())));
        for (reason, domain) in [("MOOD", DOMAIN), ("NO_HIT", "bureau.example")] {
            let unheard_of = of(ErrorDetails::with_error_info(reason, domain, []));
            assert_eq!(unheard_of, (wrong, None));
        }
    }
}
