//! One call to one partner, and what it came to.

use std::time::Duration;

use tonic::{Code, Response, Status};

use crate::handoff::outcome;
use crate::handoff::outcome::apply_status::is_plausible;
use crate::handoff::person::decrypt::{Ask, Enrollee, Opened};
use crate::handoff::person::subject::subject;
use crate::handoff::queue::model::Handoff;
use crate::handoff::queue::retry_policy::{Answer, Report};
use crate::handoff::queue::state::Fact;
use crate::kernel::client::{self, Client};
use crate::kernel::clock::Clock;
use crate::kernel::fault::retry_after_of;
use crate::kernel::ids::HandoffId;
use crate::wire::redress::bureau::v1::bureau_enrollment_service_client::BureauEnrollmentServiceClient;
use crate::wire::redress::bureau::v1::{
    EnrollmentStatus, GetEnrollmentStatusRequest, SubmitEnrollmentRequest,
    WithdrawEnrollmentRequest,
};

use super::circuit_breaker::Signal;

/// What a call came to, and what it says about the partner.
pub type Ended = (Answer, Signal);

/// A partner that we call. Clones share its connection.
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
    /// The handoff that it withdraws, if it is a withdrawal.
    pub withdraws: Option<HandoffId>,
}

/// What a question about an earlier attempt came to.
enum Asked {
    Known(Ended),
    /// The partner never took it.
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
    pub async fn carry_out(mut self, opened: &Opened) -> Ended {
        let leased = &opened.leased;
        match &opened.ask {
            Err(answer) => (answer.clone(), Signal::Silent),
            Ok(Ask::Withdraw(enroll)) => self.withdraw(&leased.handoff, *enroll).await,
            Ok(Ask::Enroll(enrollee)) => {
                if leased.sent_before.is_some() {
                    match self.ask(&leased.handoff).await {
                        Asked::Known(ended) => return ended,
                        Asked::NotKnown => {}
                    }
                }
                self.submit(&leased.handoff, &opened.engagement_number, enrollee)
                    .await
            }
        }
    }

    /// Asks what became of a handoff that was accepted; `None` when the partner does not know it any more.
    ///
    /// A withdrawal is asked for again: the partner knows the enrollment only, and withdraws it once however often it is
    /// asked.
    pub async fn follow_up(mut self, overdue: &Overdue) -> Option<Ended> {
        if let Some(enroll) = overdue.withdraws {
            return Some(self.withdraw(&overdue.handoff, enroll).await);
        }
        match self.ask(&overdue.handoff).await {
            Asked::Known(ended) => Some(ended),
            Asked::NotKnown => None,
        }
    }

    async fn submit(&mut self, handoff: &Handoff, engagement: &str, enrollee: &Enrollee) -> Ended {
        let request = SubmitEnrollmentRequest {
            handoff_id: handoff.id.to_string(),
            engagement_number: engagement.to_owned(),
            product_code: handoff.product_code.clone(),
            term_months: handoff.term_months,
            subject: Some(subject(enrollee)),
        };
        let request = client::request(request, self.timeout);
        let called = self.client.submit_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => self.read(response.status.as_ref(), handoff, handoff.id),
            Err(status) => submit_failed(&status),
        }
    }

    async fn ask(&mut self, handoff: &Handoff) -> Asked {
        let request = GetEnrollmentStatusRequest {
            handoff_id: handoff.id.to_string(),
        };
        let request = client::request(request, self.timeout);
        let called = self.client.get_enrollment_status(request);
        match in_time(self.timeout, called).await {
            Ok(response) => Asked::Known(self.read(response.status.as_ref(), handoff, handoff.id)),
            Err(status) if is_said(&status) && status.code() == Code::NotFound => Asked::NotKnown,
            Err(status) => Asked::Known(ask_failed(&status)),
        }
    }

    async fn withdraw(&mut self, handoff: &Handoff, enroll: HandoffId) -> Ended {
        let request = WithdrawEnrollmentRequest {
            handoff_id: enroll.to_string(),
        };
        let request = client::request(request, self.timeout);
        let called = self.client.withdraw_enrollment(request);
        match in_time(self.timeout, called).await {
            Ok(response) => {
                let (answer, signal) = self.read(response.status.as_ref(), handoff, enroll);
                match answer {
                    Answer::Said(Report {
                        fact: Fact::Taken | Fact::Withdrawn,
                        ..
                    }) => (answer, signal),
                    _ => (Answer::Unreadable, signal),
                }
            }
            // Whoever never had it has nothing to withdraw, which is all that is wanted.
            Err(status) if is_said(&status) && status.code() == Code::NotFound => {
                let report = Report {
                    fact: Fact::Withdrawn,
                    reference: None,
                    effective_at: self.clock.now(),
                };
                (Answer::Said(report), Signal::Up)
            }
            Err(status) if status.code() == Code::InvalidArgument => (Answer::Rejected, Signal::Up),
            Err(status) => submit_failed(&status),
        }
    }

    fn read(
        &self,
        status: Option<&EnrollmentStatus>,
        handoff: &Handoff,
        about: HandoffId,
    ) -> Ended {
        let now = self.clock.now();
        let report = status
            .filter(|status| status.handoff_id == about.to_string())
            .and_then(|status| outcome::convert::read(status, now).ok())
            .filter(|report| is_plausible(report, handoff, now));
        let answer = report.map_or(Answer::Unreadable, |report| {
            // The reference of an enrollment is not the reference of its withdrawal.
            let reference = report.reference.filter(|_| about == handoff.id);
            Answer::Said(Report {
                reference,
                ..report
            })
        });
        (answer, Signal::Up)
    }
}

/// Bounds a call here too: not every server minds the deadline that it is sent.
async fn in_time<T>(
    timeout: Duration,
    called: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    match tokio::time::timeout(timeout, called).await {
        Ok(answered) => answered.map(Response::into_inner),
        Err(_) => Err(Status::deadline_exceeded("no answer in time")),
    }
}

/// Tells whether the partner said this, or our own side of the connection.
fn is_said(status: &Status) -> bool {
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

fn submit_failed(status: &Status) -> Ended {
    if is_connect_error(status) {
        return (Answer::NotReached, Signal::Down);
    }
    if !is_said(status) {
        return (Answer::Unseen, Signal::Down);
    }
    match status.code() {
        Code::InvalidArgument => (Answer::InvalidInput, Signal::Up),
        Code::Unavailable => (Answer::Unavailable, Signal::Down),
        Code::ResourceExhausted => {
            let retry_after = retry_after_of(status);
            (Answer::Busy { retry_after }, Signal::Busy { retry_after })
        }
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented => {
            (Answer::NotAllowed, Signal::Down)
        }
        Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange => (Answer::Rejected, Signal::Up),
        Code::Ok => (Answer::Unreadable, Signal::Up),
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::DataLoss => (Answer::Unseen, Signal::Down),
    }
}

/// A question that fails changes nothing, so all that matters is what it says about the partner.
fn ask_failed(status: &Status) -> Ended {
    match submit_failed(status) {
        (Answer::Rejected | Answer::InvalidInput, signal) => (Answer::Rejected, signal),
        (_, signal) => (Answer::StillUnknown, signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_partner_says_and_what_breaks_on_the_way_are_told_apart() {
        let said = Status::unavailable("maintenance");
        assert_eq!(submit_failed(&said).0, Answer::Unavailable);
        let never = Status::from_error(Box::new(tonic::ConnectError("refused".into())));
        assert_eq!(submit_failed(&never).0, Answer::NotReached);
        let broke = Status::from_error(std::io::Error::other("reset").into());
        assert_eq!(submit_failed(&broke).0, Answer::Unseen);
        assert_eq!(
            submit_failed(&Status::deadline_exceeded("")).0,
            Answer::Unseen
        );
        assert_eq!(
            submit_failed(&Status::invalid_argument("")).0,
            Answer::InvalidInput
        );
    }

    #[test]
    fn a_failed_question_leaves_the_answer_unknown() {
        for status in [
            Status::unavailable(""),
            Status::deadline_exceeded(""),
            Status::resource_exhausted(""),
        ] {
            assert_eq!(ask_failed(&status).0, Answer::StillUnknown);
        }
        assert_eq!(
            ask_failed(&Status::failed_precondition("")).0,
            Answer::Rejected
        );
    }
}
