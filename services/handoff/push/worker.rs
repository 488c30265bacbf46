//! The worker that calls PUSH partners.
//!
//! A loop around three short steps: *take up* leases what is due and starts its calls, *finish* settles calls that ended,
//! many in one transaction, and nothing is open in the database while a call is under way. What is killed in between is
//! found again by its lease and asked after before it is sent again.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Said, Speaker, learn};
use crate::handoff::person::decrypt::open;
use crate::handoff::queue::lease::{Terms, lease};
use crate::handoff::queue::model::Handoff;
use crate::handoff::queue::retry_policy::Answer;
use crate::handoff::queue::settle::{Done, settle};
use crate::handoff::vocabulary::Kind;
use crate::handoff::{metrics, partner, queue};
use crate::kernel::certs::TlsFiles;
use crate::kernel::ids::{HandoffId, PartnerId};
use crate::kernel::telemetry::in_trace;

use super::circuit_breaker::Signal;
use super::client::Overdue;
use super::partner_session::Lane;

/// How many overdue outcomes are asked after in one step.
const FOLLOW_UPS: u64 = 32;

/// A call that ended.
struct Finished {
    partner: PartnerId,
    signal: Signal,
    what: What,
}

enum What {
    Handed(Box<Done>),
    FollowedUp {
        handoff: Box<Handoff>,
        answer: Option<Answer>,
    },
}

type Calls = FuturesUnordered<BoxFuture<'static, Finished>>;

/// Calls PUSH partners. Several may run at once, in one process or in many.
pub struct PushWorker {
    context: Context,
    tls: TlsFiles,
    owner: String,
    lanes: HashMap<PartnerId, Lane>,
}

impl PushWorker {
    /// Makes a worker under a name of its own; it shows our certificate to partners.
    pub fn new(context: Context, tls: TlsFiles, name: &str) -> Self {
        let owner = format!("{name}/{}", context.ids.request_id().simple());
        Self {
            context,
            tls,
            owner,
            lanes: HashMap::new(),
        }
    }

    /// Takes up what is due now, calls, settles; returns when every call has ended. Gives the number of calls.
    pub async fn step(&mut self) -> Result<usize, Error> {
        let mut calls = Calls::new();
        self.look(&mut calls).await?;
        self.take_up(&mut calls).await?;
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
                _ = tick.tick() => self.look(&mut calls).await,
            };
            let result = match result {
                Ok(()) => self.take_up(&mut calls).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                // The leases run out, and whatever was under way is asked after then.
                tracing::warn!(%error, "the push worker met an error and goes on");
            }
        }
        while let Some(first) = calls.next().await {
            if let Err(error) = self.finish(ready(first, &mut calls)).await {
                tracing::warn!(%error, "a call could not be settled before the end");
            }
        }
    }

    /// Looks who is pushed to, and asks after outcomes that are overdue.
    async fn look(&mut self, calls: &mut Calls) -> Result<(), Error> {
        let active = partner::store::to_push_to(self.context.db.read()).await?;
        self.lanes
            .retain(|id, lane| lane.under_way > 0 || active.iter().any(|p| p.id == *id));
        for lane in self.lanes.values_mut() {
            lane.is_wanted = false;
        }
        for partner in active {
            let id = partner.id;
            match self.lanes.get_mut(&id) {
                Some(lane) => lane.update(&self.context, &self.tls, partner),
                None => drop(
                    self.lanes
                        .insert(id, Lane::new(&self.context, &self.tls, partner)),
                ),
            }
        }
        self.follow_up(calls).await
    }

    /// Leases what is due, as far as each partner has room, and starts its calls.
    async fn take_up(&mut self, calls: &mut Calls) -> Result<(), Error> {
        for lane in self.lanes.values_mut() {
            let room = lane.room(self.context.clock.now());
            let Some(bureau) = lane.bureau.clone().filter(|_| room > 0) else {
                continue;
            };
            let terms = Terms {
                owner: self.owner.clone(),
                actor: "service/bureau-handoff".to_owned(),
                most: room as u64,
                lease_for: self.context.rules.push_lease,
            };
            let leased = lease(&self.context, &lane.partner, &terms).await?;
            lane.is_dry = leased.len() < room;
            for opened in open(&self.context, &lane.partner, &terms.actor, leased).await? {
                let (bureau, partner) = (bureau.clone(), lane.partner.id);
                let trace = opened.leased.handoff.trace_context.clone();
                lane.under_way += 1;
                let call = async move {
                    let called =
                        in_trace("handoff.push", trace.as_deref(), bureau.carry_out(&opened));
                    // A mistake of ours must neither stop the worker nor pass for an answer.
                    let ended = Box::pin(AssertUnwindSafe(called).catch_unwind()).await;
                    let (answer, signal) = ended.unwrap_or((Answer::Unseen, Signal::Silent));
                    let done = Done {
                        leased: opened.leased,
                        answer,
                    };
                    Finished {
                        partner,
                        signal,
                        what: What::Handed(Box::new(done)),
                    }
                };
                calls.push(call.boxed());
            }
        }
        Ok(())
    }

    /// Asks partners after what they accepted long ago.
    async fn follow_up(&mut self, calls: &mut Calls) -> Result<(), Error> {
        for lane in self.lanes.values_mut() {
            let room = lane.room(self.context.clock.now()).min(1);
            let Some(bureau) = lane.bureau.clone().filter(|_| room > 0) else {
                continue;
            };
            for late in overdue(&self.context, lane.partner.id).await? {
                let (bureau, partner) = (bureau.clone(), lane.partner.id);
                lane.under_way += 1;
                let call = async move {
                    let ended = AssertUnwindSafe(bureau.follow_up(&late))
                        .catch_unwind()
                        .await;
                    let ended = ended.unwrap_or(Some((Answer::StillUnknown, Signal::Silent)));
                    let (answer, signal) = match ended {
                        Some((answer, signal)) => (Some(answer), signal),
                        None => (None, Signal::Up),
                    };
                    let what = What::FollowedUp {
                        handoff: Box::new(late.handoff),
                        answer,
                    };
                    Finished {
                        partner,
                        signal,
                        what,
                    }
                };
                calls.push(call.boxed());
            }
        }
        Ok(())
    }

    /// Settles calls that ended, and lets each partner's gate know.
    async fn finish(&mut self, finished: Vec<Finished>) -> Result<(), Error> {
        let now = self.context.clock.now();
        let mut handed: HashMap<PartnerId, Vec<Done>> = HashMap::new();
        let mut told: HashMap<PartnerId, Vec<Said>> = HashMap::new();
        for finished in finished {
            let Finished {
                partner,
                signal,
                what,
            } = finished;
            if let Some(lane) = self.lanes.get_mut(&partner) {
                lane.ended(signal, now);
                if let What::Handed(done) = &what {
                    metrics::attempted(&lane.partner.name, done.answer.result());
                }
            }
            match what {
                What::Handed(done) => handed.entry(partner).or_default().push(*done),
                What::FollowedUp {
                    handoff,
                    answer: Some(Answer::Said(report)),
                } => {
                    let said = Said {
                        handoff: handoff.id,
                        report,
                    };
                    told.entry(partner).or_default().push(said);
                }
                What::FollowedUp {
                    handoff,
                    answer: None,
                } => {
                    metrics::forgotten();
                    tracing::error!(handoff_id = %handoff.id, "a partner does not know what it accepted");
                }
                What::FollowedUp { .. } => {}
            }
        }
        for (partner, done) in handed {
            settle(&self.context, self.speaker(partner), &done).await?;
        }
        for (partner, said) in told {
            self.learn(partner, &said).await?;
        }
        Ok(())
    }

    async fn learn(&self, partner: PartnerId, said: &[Said]) -> Result<(), Error> {
        let (context, speaker) = (&self.context, self.speaker(partner));
        context
            .db
            .run_tx("handoff.follow_up", |tx| {
                Box::pin(async move { learn(tx, context, speaker, said).await.map(drop) })
            })
            .await
    }

    fn speaker(&self, partner: PartnerId) -> Speaker<'_> {
        let lane = self.lanes.get(&partner);
        Speaker {
            partner,
            actor: lane.map_or("partner", |lane| lane.actor.as_str()),
        }
    }
}

/// Takes what else has ended along with the first.
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
        let withdraws = match handoff.kind {
            Kind::Enroll => None,
            Kind::Cancel => Some(withdrawn_by(context, &handoff).await?),
        };
        overdue.push(Overdue { handoff, withdraws });
    }
    Ok(overdue)
}

/// Gives what a withdrawal withdraws. Without an ENROLL its own id is as unknown to the partner.
async fn withdrawn_by(context: &Context, cancel: &Handoff) -> Result<HandoffId, Error> {
    let (partner, campaign) = (cancel.partner_id, cancel.campaign_id);
    let of = [cancel.enrollment_id];
    let enrolls =
        queue::store::of_enrollments(context.db.read(), partner, campaign, &of, Kind::Enroll)
            .await?;
    Ok(enrolls.first().map_or(cancel.id, |enroll| enroll.id))
}
