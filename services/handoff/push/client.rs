//! One call to one partner, and what it came to.
//!
//! There are two protocols: the contract's own over gRPC, and a REST API that a layout describes. Each makes three calls and says what came back;
//! what follows from it is here, once for both.

mod access_token;
mod credentials;
mod grpc_bureau;
mod http_answer;
mod http_bureau;
mod http_request;
mod reply;

use crate::db::entities::partner::Mode;
use crate::handoff::context::Context;
use crate::handoff::partner::model::Partner;
use crate::handoff::person::convert as order;
use crate::handoff::person::decrypt::{Ask, Decrypted};
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::retry_policy::{Answer, Failure, PartnerStatus};
use crate::handoff::queue::state::Fact;
use crate::kernel::clock::Clock;
use crate::wire::redress::bureau::v1::EnrollmentOrder;

use super::circuit_breaker::Signal;
pub use credentials::{Credentials, Uncallable};
use grpc_bureau::GrpcBureau;
use http_bureau::HttpBureau;
use reply::Reply;

/// What a call came to, and what it says about the partner.
pub type CallResult = (Answer, Signal);

/// A partner that is called. Clones share its connections.
#[derive(Clone)]
pub struct Bureau {
    protocol: Protocol,
    clock: Clock,
}

#[derive(Clone)]
enum Protocol {
    Grpc(Box<GrpcBureau>),
    Http(HttpBureau),
}

/// A handoff that was accepted long ago.
#[derive(Clone, Debug)]
pub struct Overdue {
    /// The handoff.
    pub handoff: Handoff,
    /// What it cancels, if it is a cancellation.
    pub cancels: Option<EarlierOrder>,
}

/// What a question about an earlier attempt came to.
enum Inquiry {
    Known(CallResult),
    /// The partner does not know the handoff.
    NotKnown,
}

impl Bureau {
    /// Makes what a partner is called by. Whether it answers is found out at the first call.
    pub fn of(
        context: &Context,
        credentials: &Credentials,
        partner: &Partner,
    ) -> Result<Self, Uncallable> {
        let protocol = match partner.mode {
            Mode::Http => Protocol::Http(HttpBureau::new(context, credentials, partner)?),
            Mode::Push | Mode::Pull | Mode::File => {
                Protocol::Grpc(Box::new(GrpcBureau::new(context, credentials, partner)?))
            }
        };
        Ok(Self {
            protocol,
            clock: context.clock.clone(),
        })
    }

    /// Carries out one handoff: asks first if the partner may have it already, then sends.
    pub async fn carry_out(mut self, decrypted: &Decrypted) -> CallResult {
        let leased = &decrypted.leased;
        match &decrypted.ask {
            Err(failure) => (Err(failure.clone()), Signal::None),
            Ok(Ask::Cancel(enroll)) => self.cancel(&leased.handoff, enroll).await,
            Ok(ask @ (Ask::Enroll(_) | Ask::Extend(_) | Ask::UpdatePerson(..))) => {
                if leased.sent_before.is_some() {
                    match self.ask(&leased.handoff).await {
                        // What it knows of an order that this one replaces is no answer to this one.
                        Inquiry::Known((Ok(status), _))
                            if status.answers_an_order(leased.handoff.kind)
                                && leased.handoff.order_attempt > 1
                                && status.attempt != leased.handoff.order_attempt => {}
                        Inquiry::Known(result) => return result,
                        Inquiry::NotKnown => {}
                    }
                }
                let order = order::ordered(&leased.handoff, &decrypted.engagement_number, ask);
                let about = match ask {
                    Ask::Extend(earlier) | Ask::UpdatePerson(earlier, _) => Some(earlier),
                    Ask::Enroll(_) | Ask::Cancel(_) => None,
                };
                self.submit(&leased.handoff, order, about).await
            }
        }
    }

    /// Asks what became of a handoff that was accepted; `None` when the partner no longer knows it.
    ///
    /// A cancellation is asked for again: the partner carries it out once however often it is asked.
    pub async fn follow_up(mut self, overdue: &Overdue) -> Option<CallResult> {
        if let Some(enroll) = &overdue.cancels {
            return Some(self.cancel(&overdue.handoff, enroll).await);
        }
        match self.ask(&overdue.handoff).await {
            Inquiry::Known(result) => Some(result),
            Inquiry::NotKnown => None,
        }
    }

    async fn submit(
        &mut self,
        handoff: &Handoff,
        order: EnrollmentOrder,
        about: Option<&EarlierOrder>,
    ) -> CallResult {
        let reply = match &mut self.protocol {
            Protocol::Grpc(bureau) => bureau.submit(handoff, order).await,
            Protocol::Http(bureau) => bureau.submit(handoff, &order, about).await,
        };
        match reply {
            Reply::Status(status) if status.is_outdated(handoff) => {
                (Err(Failure::Unreadable), Signal::Up)
            }
            Reply::Status(status) => (Ok(status.to_attempt(handoff)), Signal::Up),
            Reply::NotKnown => (Err(Failure::Rejected), Signal::Up),
            Reply::Failed(failure, signal) => (Err(failure), signal),
        }
    }

    async fn ask(&mut self, handoff: &Handoff) -> Inquiry {
        let reply = match &mut self.protocol {
            Protocol::Grpc(bureau) => bureau.ask(handoff).await,
            Protocol::Http(bureau) => bureau.ask(handoff).await,
        };
        match reply {
            Reply::NotKnown => Inquiry::NotKnown,
            Reply::Status(status) => Inquiry::Known((Ok(status), Signal::Up)),
            // An inquiry that fails changes nothing: what matters is what it says about the partner.
            Reply::Failed(failure, signal) => Inquiry::Known((Err(asked_in_vain(failure)), signal)),
        }
    }

    async fn cancel(&mut self, handoff: &Handoff, enroll: &EarlierOrder) -> CallResult {
        let reply = match &mut self.protocol {
            Protocol::Grpc(bureau) => bureau.cancel(handoff, enroll).await,
            Protocol::Http(bureau) => bureau.cancel(handoff, enroll).await,
        };
        match reply {
            Reply::Status(status)
                if matches!(status.fact, Fact::Accepted | Fact::Canceled | Fact::Ended) =>
            {
                (Ok(status), Signal::Up)
            }
            Reply::Status(_) => (Err(Failure::Unreadable), Signal::Up),
            // The partner has nothing to cancel, which is all that is wanted.
            Reply::NotKnown => {
                let canceled = PartnerStatus::of(Fact::Canceled, self.clock.now());
                (Ok(canceled), Signal::Up)
            }
            Reply::Failed(failure, signal) => (Err(failure), signal),
        }
    }
}

fn asked_in_vain(failure: Failure) -> Failure {
    match failure {
        Failure::Rejected | Failure::Unreadable => failure,
        _ => Failure::StillUnknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_inquiry_leaves_the_answer_unknown() {
        for failure in [
            Failure::Unavailable,
            Failure::Unseen,
            Failure::NotReached,
            Failure::NotAllowed,
            Failure::Throttled { retry_after: None },
        ] {
            assert_eq!(asked_in_vain(failure), Failure::StillUnknown);
        }
        for failure in [Failure::Rejected, Failure::Unreadable] {
            assert_eq!(asked_in_vain(failure.clone()), failure);
        }
    }
}
