//! The worker that calls PUSH partners.
//!
//! A loop around three short steps: *poll* reads the active partners, *send* leases what is due and starts its calls, *finish*
//! settles calls that ended, many in one transaction. Nothing is open in the database while a call is under way. A handoff
//! whose worker was killed is found by its lease, and the partner is asked before it is sent again.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::db::entities::handoff::Kind;
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::activation::lease::{Terms, lease};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, apply_status};
use crate::handoff::outcome::settle::{EndedCall, settle};
use crate::handoff::person::decrypt::{Decrypted, decrypt};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::retry_policy::{Answer, Failure};
use crate::handoff::{metrics, partner, queue};
use crate::kernel::certs::TlsFiles;
use crate::kernel::ids::{HandoffId, PartnerId};
use crate::kernel::telemetry::in_trace;

use super::circuit_breaker::Signal;
use super::client::{Bureau, Overdue};
use super::partner_session::PartnerSession;

/// The most overdue outcomes that one partner is asked about in one step.
const FOLLOW_UPS: u64 = 32;

/// A call that ended, and what it says about the partner.
struct Finished {
    partner: PartnerId,
    signal: Signal,
    call: Call,
}

enum Call {
    /// A handoff was sent.
    Sent(Box<EndedCall>),
    /// The partner was asked about a handoff that it accepted; without an answer it no longer knows it.
    Asked {
        handoff: HandoffId,
        answer: Option<Answer>,
    },
}

type Calls = FuturesUnordered<BoxFuture<'static, Finished>>;

/// Calls PUSH partners. Several may run at once, in one process or in many.
pub struct PushWorker {
    context: Context,
    tls: TlsFiles,
    owner: String,
    sessions: HashMap<PartnerId, PartnerSession>,
}

impl PushWorker {
    /// Makes a worker under a name of its own; partners see the certificate of `tls`.
    pub fn new(context: Context, tls: TlsFiles, name: &str) -> Self {
        let owner = format!("{name}/{}", context.ids.request_id().simple());
        Self {
            context,
            tls,
            owner,
            sessions: HashMap::new(),
        }
    }

    /// Sends what is due now and settles it; returns when every call has ended. Gives the number of calls.
    pub async fn step(&mut self) -> Result<usize, Error> {
        let mut calls = Calls::new();
        self.poll(&mut calls).await?;
        self.send(&mut calls).await?;
        let count = calls.len();
        while let Some(first) = calls.next().await {
            self.finish(ready(first, &mut calls)).await?;
        }
        Ok(count)
    }

    /// Runs until the process drains, then waits for the calls under way.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut calls = Calls::new();
        let mut tick = tokio::time::interval(self.context.rules.poll_interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let result = tokio::select! {
                biased;
                () = draining.cancelled() => break,
                Some(first) = calls.next() => self.finish(ready(first, &mut calls)).await,
                _ = tick.tick() => self.poll(&mut calls).await,
            };
            let result = match result {
                Ok(()) => self.send(&mut calls).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                // The leases run out, and the partner is asked about what was under way.
                tracing::warn!(%error, "the push worker met an error; it goes on");
            }
        }
        while let Some(first) = calls.next().await {
            if let Err(error) = self.finish(ready(first, &mut calls)).await {
                tracing::warn!(%error, "a call could not be settled before the end");
            }
        }
    }

    /// Reads the active partners, and asks them about outcomes that are overdue.
    async fn poll(&mut self, calls: &mut Calls) -> Result<(), Error> {
        let (context, tls) = (&self.context, &self.tls);
        let active = partner::store::to_push_to(context.db.read()).await?;
        self.sessions.retain(|id, session| {
            let is_kept = session.under_way > 0 || active.iter().any(|partner| partner.id == *id);
            if !is_kept {
                // Nothing is sent to it because somebody wants it so.
                metrics::breaker(&session.partner.name, false);
            }
            is_kept
        });
        for session in self.sessions.values_mut() {
            session.is_active = false;
        }
        for partner in active {
            let id = partner.id;
            if let Some(session) = self.sessions.get_mut(&id) {
                session.update(context, tls, partner);
            } else {
                let session = PartnerSession::new(context, tls, partner);
                self.sessions.insert(id, session);
            }
        }
        self.follow_up(calls).await
    }

    /// Leases what is due, as far as each partner has room, and starts its calls.
    async fn send(&mut self, calls: &mut Calls) -> Result<(), Error> {
        for session in self.sessions.values_mut() {
            let room = session.room(self.context.clock.now());
            let Some(bureau) = session.bureau.clone().filter(|_| room > 0) else {
                continue;
            };
            let terms = Terms {
                owner: self.owner.clone(),
                actor: "service/bureau-handoff".to_owned(),
                most: room as u64,
                lease_for: self.context.rules.push_lease,
            };
            let leased = lease(&self.context, &session.partner, &terms).await?;
            session.is_idle = leased.len() < room;
            let decrypted = decrypt(&self.context, &session.partner, &terms.actor, leased).await?;
            for handoff in decrypted {
                session.under_way += 1;
                calls.push(sent(bureau.clone(), session.partner.id, handoff).boxed());
            }
        }
        Ok(())
    }

    /// Asks partners about what they accepted long ago.
    async fn follow_up(&mut self, calls: &mut Calls) -> Result<(), Error> {
        for session in self.sessions.values_mut() {
            let room = session.room(self.context.clock.now());
            let Some(bureau) = session.bureau.clone().filter(|_| room > 0) else {
                continue;
            };
            for late in overdue(&self.context, session.partner.id).await? {
                session.under_way += 1;
                calls.push(asked(bureau.clone(), session.partner.id, late).boxed());
            }
        }
        Ok(())
    }

    /// Settles calls that ended, and tells each partner's circuit breaker.
    async fn finish(&mut self, finished: Vec<Finished>) -> Result<(), Error> {
        let now = self.context.clock.now();
        let mut sent: HashMap<PartnerId, Vec<EndedCall>> = HashMap::new();
        let mut reports: HashMap<PartnerId, Vec<StatusReport>> = HashMap::new();
        for Finished {
            partner,
            signal,
            call,
        } in finished
        {
            let session = self.sessions.get_mut(&partner);
            let name = session.map(|session| {
                session.ended(signal, now);
                session.partner.name.as_str()
            });
            match call {
                Call::Sent(ended) => {
                    let failure = ended.answer.as_ref().err();
                    let result = failure.map_or(AttemptResult::Answered, Failure::result);
                    if let Some(name) = name {
                        metrics::attempted(name, result);
                    }
                    sent.entry(partner).or_default().push(*ended);
                }
                Call::Asked {
                    handoff,
                    answer: Some(Ok(status)),
                } => {
                    let report = StatusReport { handoff, status };
                    reports.entry(partner).or_default().push(report);
                }
                Call::Asked {
                    answer: Some(Err(_)),
                    ..
                } => {}
                Call::Asked {
                    handoff,
                    answer: None,
                } => {
                    metrics::forgotten();
                    tracing::error!(handoff_id = %handoff, "a partner no longer knows a handoff that it accepted");
                }
            }
        }
        for (partner, calls) in sent {
            settle(&self.context, self.reporter(partner), &calls).await?;
        }
        for (partner, reports) in reports {
            self.apply(partner, &reports).await?;
        }
        Ok(())
    }

    async fn apply(&self, partner: PartnerId, reports: &[StatusReport]) -> Result<(), Error> {
        let (context, reporter) = (&self.context, self.reporter(partner));
        context
            .db
            .run_tx("handoff.follow_up", |tx| {
                Box::pin(async move {
                    apply_status(tx, context, reporter, reports).await?;
                    Ok(())
                })
            })
            .await
    }

    fn reporter(&self, partner: PartnerId) -> Reporter<'_> {
        let session = self.sessions.get(&partner);
        Reporter {
            partner,
            actor: session.map_or("partner", |session| session.actor.as_str()),
        }
    }
}

/// Sends a handoff. A panic neither stops the worker nor passes for an answer.
async fn sent(bureau: Bureau, partner: PartnerId, handoff: Decrypted) -> Finished {
    let trace = handoff.leased.handoff.trace_context.clone();
    let called = in_trace("handoff.push", trace.as_deref(), bureau.carry_out(&handoff));
    let ended = Box::pin(AssertUnwindSafe(called).catch_unwind()).await;
    let (answer, signal) = ended.unwrap_or((Err(Failure::Unseen), Signal::None));
    let leased = handoff.leased;
    Finished {
        partner,
        signal,
        call: Call::Sent(Box::new(EndedCall { leased, answer })),
    }
}

/// Asks about a handoff that was accepted long ago.
async fn asked(bureau: Bureau, partner: PartnerId, late: Overdue) -> Finished {
    let called = bureau.follow_up(&late);
    let ended = AssertUnwindSafe(called).catch_unwind().await;
    let (answer, signal) = match ended {
        Ok(Some((answer, signal))) => (Some(answer), signal),
        Ok(None) => (None, Signal::Up),
        Err(_) => (Some(Err(Failure::StillUnknown)), Signal::None),
    };
    let handoff = late.handoff.id;
    Finished {
        partner,
        signal,
        call: Call::Asked { handoff, answer },
    }
}

/// Gives the first call with all others that have ended.
fn ready(first: Finished, calls: &mut Calls) -> Vec<Finished> {
    let mut finished = vec![first];
    while let Some(Some(next)) = calls.next().now_or_never() {
        finished.push(next);
    }
    finished
}

async fn overdue(context: &Context, partner: PartnerId) -> Result<Vec<Overdue>, Error> {
    let now = context.clock.now();
    if !queue::store::is_overdue(context.db.read(), partner, now).await? {
        return Ok(Vec::new());
    }
    let next = now + context.rules.follow_up_after;
    let taken = context.db.run_tx("handoff.overdue", |tx| {
        Box::pin(
            async move { queue::store::take_overdue(tx, partner, now, next, FOLLOW_UPS).await },
        )
    });
    let mut overdue = Vec::new();
    for handoff in taken.await? {
        let cancels = match handoff.kind {
            Kind::Enroll => None,
            Kind::Cancel => Some(canceled_by(context, &handoff).await?),
        };
        overdue.push(Overdue { handoff, cancels });
    }
    Ok(overdue)
}

/// Gives the handoff that a cancellation cancels. Without an ENROLL it is its own id, which the partner does not know either.
async fn canceled_by(context: &Context, cancel: &Handoff) -> Result<HandoffId, Error> {
    let (db, campaign) = (context.db.read(), cancel.campaign_id);
    let of = [cancel.coverage_id];
    let enrolls = queue::store::of_coverages(db, campaign, &of, Kind::Enroll).await?;
    Ok(enrolls.first().map_or(cancel.id, |enroll| enroll.id))
}
