//! One call to one partner, and what it came to.

use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::outcome::convert;
use crate::handoff::person::convert as order;
use crate::handoff::person::decrypt::{Ask, Decrypted};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::retry_policy::{Answer, Failure, PartnerStatus};
use crate::handoff::queue::state::Fact;
use crate::kernel::client::{self, Client};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::fault::{DOMAIN, retry_after_of};
use crate::kernel::ids::HandoffId;
use crate::process::convert::class_of;
use crate::wire::redress::bureau::v1::bureau_enrollment_service_client::BureauEnrollmentServiceClient;
use crate::wire::redress::bureau::v1::{
    CancelEnrollmentRequest, EnrollmentOrder, EnrollmentStatus, GetEnrollmentStatusRequest,
    SubmitEnrollmentRequest,
};

use crate::wire::redress::r#type::v1 as wire;

use super::circuit_breaker::Signal;

/// What a call came to, and what it says about the partner.
pub type CallResult = (Answer, Signal);

/// A partner that is called. Clones share its connection.
#[derive(Clone)]
pub struct Bureau {
    client: BureauEnrollmentServiceClient<Client>,
    clock: Clock,
    timeout: Duration,
}

/// A handoff that was accepted long ago.
#[derive(Clone, Debug)]
pub struct Overdue {
    /// The handoff.
    pub handoff: Handoff,
    /// The handoff that it cancels, if it is a cancellation.
    pub cancels: Option<HandoffId>,
}

/// What a question about an earlier attempt came to.
enum Inquiry {
    Known(CallResult),
    /// The partner does not know the handoff.
    NotKnown,
}

impl Bureau {
    /// Takes a channel; every call on it ends after `timeout`.
    pub fn new(channel: Client, clock: Clock, timeout: Duration) -> Self {
        Self {
            client: BureauEnrollmentServiceClient::new(channel),
            clock,
            timeout,
        }
    }

    /// Carries out one handoff: asks first if the partner may have it already, then sends.
    pub async fn carry_out(mut self, decrypted: &Decrypted) -> CallResult {
        let leased = &decrypted.leased;
        match &decrypted.ask {
            Err(failure) => (Err(failure.clone()), Signal::None),
            Ok(Ask::Cancel(enroll)) => self.cancel(&leased.handoff, *enroll).await,
            Ok(Ask::Enroll(enrollee)) => {
                if leased.sent_before.is_some() {
                    match self.ask(&leased.handoff).await {
                        // What it knows of an order that this one replaces is no answer to this one.
                        Inquiry::Known((Ok(status), _))
                            if status.answers_an_order()
                                && leased.handoff.order_attempt > 1
                                && status.attempt != leased.handoff.order_attempt => {}
                        Inquiry::Known(result) => return result,
                        Inquiry::NotKnown => {}
                    }
                }
                let order = order::enroll(&leased.handoff, &decrypted.engagement_number, enrollee);
                self.submit(&leased.handoff, order).await
            }
        }
    }

    /// Asks what became of a handoff that was accepted; `None` when the partner no longer knows it.
    ///
    /// A cancellation is asked for again: the partner carries it out once however often it is asked.
    pub async fn follow_up(mut self, overdue: &Overdue) -> Option<CallResult> {
        if let Some(enroll) = overdue.cancels {
            return Some(self.cancel(&overdue.handoff, enroll).await);
        }
        match self.ask(&overdue.handoff).await {
            Inquiry::Known(result) => Some(result),
            Inquiry::NotKnown => None,
        }
    }

    async fn submit(&mut self, handoff: &Handoff, order: EnrollmentOrder) -> CallResult {
        let request = SubmitEnrollmentRequest { order: Some(order) };
        let request = client::request(request, self.timeout);
        let called = self.client.submit_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => match self.read(response.status.as_ref(), handoff) {
                (Ok(status), signal) if status.is_outdated(handoff) => {
                    (Err(Failure::Unreadable), signal)
                }
                (answer, signal) => (answer.map(|it| it.to_attempt(handoff)), signal),
            },
            Err(status) => {
                let (answer, signal) = submit_failed(&status, self.clock.now());
                (answer.map(|it| it.to_attempt(handoff)), signal)
            }
        }
    }

    async fn ask(&mut self, handoff: &Handoff) -> Inquiry {
        let request = GetEnrollmentStatusRequest {
            handoff_id: handoff.id.to_string(),
            attempt: handoff.order_attempt,
        };
        let request = client::request(request, self.timeout);
        let called = self.client.get_enrollment_status(request);
        match in_time(self.timeout, called).await {
            Ok(response) => Inquiry::Known(self.read(response.status.as_ref(), handoff)),
            Err(status) if is_from_partner(&status) && status.code() == Code::NotFound => {
                Inquiry::NotKnown
            }
            Err(status) => Inquiry::Known(ask_failed(&status)),
        }
    }

    async fn cancel(&mut self, handoff: &Handoff, enroll: HandoffId) -> CallResult {
        let request = CancelEnrollmentRequest {
            handoff_id: handoff.id.to_string(),
            cancels_handoff_id: enroll.to_string(),
        };
        let request = client::request(request, self.timeout);
        let called = self.client.cancel_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => {
                let (answer, signal) = self.read(response.status.as_ref(), handoff);
                let fits =
                    |status: &PartnerStatus| matches!(status.fact, Fact::Accepted | Fact::Canceled);
                match answer {
                    Ok(status) if fits(&status) => (Ok(status), signal),
                    _ => (Err(Failure::Unreadable), signal),
                }
            }
            // The partner has nothing to cancel, which is all that is wanted.
            Err(status) if is_from_partner(&status) && status.code() == Code::NotFound => {
                let canceled = PartnerStatus::of(Fact::Canceled, self.clock.now());
                (Ok(canceled), Signal::Up)
            }
            Err(status) => failed(&status),
        }
    }

    fn read(&self, status: Option<&EnrollmentStatus>, handoff: &Handoff) -> CallResult {
        let now = self.clock.now();
        let status = status
            .filter(|status| status.handoff_id == handoff.id.to_string())
            .and_then(|status| convert::status(status, now).ok());
        (status.ok_or(Failure::Unreadable), Signal::Up)
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

/// Gives what an enrollment came to that got no status.
fn submit_failed(status: &Status, now: Timestamp) -> CallResult {
    if is_from_partner(status) && status.code() == Code::InvalidArgument {
        // Somebody must act; another try would not help.
        return (Ok(refused_input(status, now)), Signal::Up);
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
fn failed(status: &Status) -> CallResult {
    let (failure, signal) = if is_connect_error(status) {
        (Failure::NotReached, Signal::Down)
    } else if is_from_partner(status) {
        refusal(status)
    } else {
        (Failure::Unseen, Signal::Failed)
    };
    (Err(failure), signal)
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

/// An inquiry that fails changes nothing: what matters is what it says about the partner.
fn ask_failed(status: &Status) -> CallResult {
    match failed(status) {
        (Err(Failure::Rejected), signal) => (Err(Failure::Rejected), signal),
        (_, signal) => (Err(Failure::StillUnknown), signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_partner_says_and_what_breaks_on_the_way_are_told_apart() {
        let submit_failed = |status: &Status| submit_failed(status, Timestamp::EPOCH).0;
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
        let (answer, signal) = submit_failed(&refused, Timestamp::EPOCH);
        let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
        assert_eq!((answer.unwrap().fact, signal), (wrong, Signal::Up));
        assert_eq!(failed(&refused).0, Err(Failure::Rejected));
    }

    #[test]
    fn an_error_of_an_order_can_name_the_class_and_the_field() {
        use tonic_types::ErrorDetails;
        let of = |details: ErrorDetails| {
            let status = Status::with_error_details(Code::InvalidArgument, "", details);
            let status = submit_failed(&status, Timestamp::EPOCH).0.unwrap();
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

    #[test]
    fn a_failed_inquiry_leaves_the_answer_unknown() {
        for status in [
            Status::unavailable(""),
            Status::deadline_exceeded(""),
            Status::resource_exhausted(""),
        ] {
            assert_eq!(ask_failed(&status).0, Err(Failure::StillUnknown));
        }
        assert_eq!(
            ask_failed(&Status::failed_precondition("")).0,
            Err(Failure::Rejected)
        );
    }
}
