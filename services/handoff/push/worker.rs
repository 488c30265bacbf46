//! The worker that calls partners, in mode PUSH and in mode HTTP.
//!
//! A loop around three short steps: *poll* reads the active partners and which of their queues have something due, *send* goes round the
//! queues, leases what is due and starts its calls, *finish* settles calls that ended, many in one transaction. Nothing is open in the
//! database while a call is under way. A handoff whose worker was killed is found by its lease, and the partner is asked before it is sent
//! again. What fails for one partner or one queue stops no other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::db::entities::handoff::{Kind, State};
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::activation::lease::{Terms, lease};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::{Reporter, StatusReport, apply_status};
use crate::handoff::outcome::settle::{EndedCall, forget, settle};
use crate::handoff::person::decrypt::{Decrypted, decrypt};
use crate::handoff::queue::due::{self, QueueKey};
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::lease_store::Pick;
use crate::handoff::queue::retry_policy::{Answer, Failure};
use crate::handoff::queue::under_way;
use crate::handoff::{metrics, partner, queue};
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};
use crate::kernel::telemetry::in_trace;

use super::circuit_breaker::{Signal, Tried};
use super::client::{Bureau, Credentials, Overdue};
use super::partner_session::{PartnerSession, Turn};
use super::shared_circuits;

/// The most overdue outcomes that one partner is asked about in one step.
const FOLLOW_UPS: usize = 32;

/// A call that ended, and what it says about the partner.
struct Finished {
    partner: PartnerId,
    campaign: CampaignId,
    tried: Tried,
    signal: Signal,
    call: Call,
}

enum Call {
    /// A handoff was sent.
    Sent(Box<EndedCall>),
    /// The partner was asked about a handoff that it accepted; without an answer it no longer knows it.
    Asked(Option<Answer>),
}

/// What the calls to one partner came to.
#[derive(Default)]
struct Results {
    sent: Vec<EndedCall>,
    reports: Vec<StatusReport>,
    forgotten: Vec<HandoffId>,
}

type Calls = FuturesUnordered<BoxFuture<'static, Finished>>;

/// Calls partners. Several may run at once, in one process or in many.
pub struct PushWorker {
    context: Context,
    credentials: Credentials,
    owner: String,
    sessions: HashMap<PartnerId, PartnerSession>,
}

impl PushWorker {
    /// Makes a worker under a name of its own.
    pub fn new(context: Context, credentials: Credentials, name: &str) -> Self {
        let owner = format!("{name}/{}", context.ids.request_id().simple());
        Self {
            context,
            credentials,
            owner,
            sessions: HashMap::new(),
        }
    }

    /// Sends what is due now and settles it; returns when every call has ended. Gives the number of calls.
    pub async fn step(&mut self) -> Result<usize, Error> {
        let mut calls = Calls::new();
        self.poll(&mut calls).await?;
        self.send(&mut calls).await;
        let count = calls.len();
        while let Some(first) = calls.next().await {
            self.finish(ready(first, &mut calls)).await;
        }
        Ok(count)
    }

    /// Runs until the process drains, then waits for the calls under way.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut calls = Calls::new();
        let mut tick = tokio::time::interval(self.context.rules.poll_interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = draining.cancelled() => break,
                // Before the calls: with a backlog there is always one that has ended.
                _ = tick.tick() => {
                    if let Err(error) = self.poll(&mut calls).await {
                        tracing::warn!(%error, "the partners could not be read; the push worker goes on");
                    }
                }
                Some(first) = calls.next() => self.finish(ready(first, &mut calls)).await,
            }
            self.send(&mut calls).await;
        }
        while let Some(first) = calls.next().await {
            self.finish(ready(first, &mut calls)).await;
        }
    }

    /// Reads the active partners, looks for what is due, and asks them about outcomes that are overdue.
    async fn poll(&mut self, calls: &mut Calls) -> Result<(), Error> {
        let (context, credentials) = (&self.context, &self.credentials);
        let active = partner::store::called(context.db.read()).await?;
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
                session.update(context, credentials, partner);
            } else {
                let session = PartnerSession::new(context, credentials, partner);
                self.sessions.insert(id, session);
            }
        }
        for session in self.sessions.values_mut().filter(|it| it.is_active) {
            let looked = look(context, session, calls).await;
            warn(session, looked);
        }
        Ok(())
    }

    /// Leases what is due, as far as each partner has room, and starts its calls.
    async fn send(&mut self, calls: &mut Calls) {
        let now = self.context.clock.now();
        for session in self.sessions.values_mut() {
            let round = session.round(now);
            for (place, campaign) in round.iter().enumerate() {
                let turn = session.turn(*campaign, round.len() - place, now);
                if let Some(turn) = turn {
                    let sent = send(&self.context, &self.owner, (session, turn), calls).await;
                    warn(session, sent);
                }
            }
        }
    }

    /// Settles calls that ended, and tells each partner's circuit breakers.
    async fn finish(&mut self, finished: Vec<Finished>) {
        let now = self.context.clock.now();
        for one in &finished {
            if let Some(session) = self.sessions.get_mut(&one.partner) {
                session.ended((one.campaign, one.tried), one.signal, now);
            }
        }
        let mut results: HashMap<PartnerId, Results> = HashMap::new();
        for one in finished {
            let results = results.entry(one.partner).or_default();
            let handoff = one.tried.handoff;
            match one.call {
                Call::Sent(ended) => results.sent.push(*ended),
                Call::Asked(Some(Ok(status))) => {
                    results.reports.push(StatusReport { handoff, status });
                }
                Call::Asked(Some(Err(_))) => {}
                Call::Asked(None) => results.forgotten.push(handoff),
            }
        }
        for (partner, mut results) in results {
            let Some(session) = self.sessions.get_mut(&partner) else {
                continue;
            };
            for call in &mut results.sent {
                call.partner_answers = session.answers(now);
                let failure = call.answer.as_ref().err();
                let result = failure.map_or(AttemptResult::Answered, Failure::result);
                metrics::attempted(&session.partner.name, result);
            }
            // Where it fails the leases run out, and the partner is asked about what was under way.
            warn(session, record(&self.context, session, &results).await);
            let shared = shared_circuits::write(&self.context, session).await;
            warn(session, shared);
        }
    }
}

/// Says what failed for a partner.
fn warn(session: &PartnerSession, result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::warn!(partner = %session.partner.name, %error, "the push worker met an error; it goes on");
    }
}

/// Records what the calls to a partner came to.
async fn record(
    context: &Context,
    session: &PartnerSession,
    results: &Results,
) -> Result<(), Error> {
    let now = context.clock.now();
    if let Some(until) = session.new_rest(now) {
        let id = session.partner.id;
        let told = context.db.run_tx("partner.throttled", |tx| {
            Box::pin(async move { partner::store::set_throttled(tx, id, until).await })
        });
        told.await?;
    }
    let reporter = Reporter {
        partner: session.partner.id,
        actor: &session.actor,
    };
    if !results.sent.is_empty() {
        settle(context, reporter, &results.sent).await?;
    }
    if !results.forgotten.is_empty() {
        forget(context, reporter, &results.forgotten).await?;
    }
    if results.reports.is_empty() {
        return Ok(());
    }
    let reports = &results.reports;
    let applied = context.db.run_tx("handoff.follow_up", |tx| {
        Box::pin(async move {
            apply_status(tx, context, reporter, reports).await?;
            Ok(())
        })
    });
    applied.await
}

/// Looks which queues of a partner have something due, and asks about outcomes that are overdue.
async fn look(
    context: &Context,
    session: &mut PartnerSession,
    calls: &mut Calls,
) -> Result<(), Error> {
    let (db, now, id) = (context.db.read(), context.clock.now(), session.partner.id);
    shared_circuits::read(context, session).await?;
    let waiting = due::campaigns(db, id, &due::WAITING, now).await?;
    session.note_due(&waiting);
    for campaign in due::campaigns(db, id, &[State::Accepted], now).await? {
        let room = session.room(now).min(FOLLOW_UPS);
        let Some(bureau) = session.bureau.clone().filter(|_| room > 0) else {
            return Ok(());
        };
        if session.circuit(campaign).is_some() || session.partner.is_paused(campaign) {
            continue;
        }
        let key = QueueKey {
            campaign,
            partner: id,
        };
        for late in overdue(context, key, room as u64).await? {
            session.began(campaign, false);
            calls.push(asked(bureau.clone(), id, late).boxed());
        }
    }
    Ok(())
}

/// Leases what a queue may send in its turn, and starts its calls.
async fn send(
    context: &Context,
    owner: &str,
    (session, turn): (&mut PartnerSession, Turn),
    calls: &mut Calls,
) -> Result<(), Error> {
    let Some(bureau) = session.bureau.clone() else {
        return Ok(());
    };
    let is_probe = turn.pick == Pick::Probe;
    if is_probe && !shared_circuits::claim(context, session, turn.campaign).await? {
        return Ok(());
    }
    let terms = Terms {
        campaign: turn.campaign,
        pick: turn.pick,
        owner: owner.to_owned(),
        actor: "service/bureau-handoff".to_owned(),
        most: turn.most as u64,
        of_partner: Some(session.most_in_flight()),
        lease_for: context.rules.push_lease,
    };
    let lot = lease(context, &session.partner, &terms).await?;
    session.note_more(turn.campaign, lot.is_more);
    if lot.leased.is_empty() {
        return Ok(());
    }
    let decrypted = decrypt(context, &session.partner, &terms.actor, lot.leased).await?;
    for handoff in decrypted {
        session.began(turn.campaign, handoff.leased.handoff.tries > 0);
        calls.push(sent(bureau.clone(), session.partner.id, handoff).boxed());
    }
    Ok(())
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
        campaign: leased.handoff.campaign_id,
        tried: Tried {
            handoff: leased.handoff.id,
            failed_before: leased.handoff.tries > 0,
        },
        signal,
        call: Call::Sent(Box::new(EndedCall {
            leased,
            answer,
            partner_answers: false,
        })),
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
    Finished {
        partner,
        campaign: late.handoff.campaign_id,
        tried: Tried {
            handoff: late.handoff.id,
            failed_before: false,
        },
        signal,
        call: Call::Asked(answer),
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

async fn overdue(context: &Context, key: QueueKey, most: u64) -> Result<Vec<Overdue>, Error> {
    let now = context.clock.now();
    let next = now + context.rules.follow_up_after;
    let taken = context.db.run_tx("handoff.overdue", |tx| {
        Box::pin(async move { under_way::take_overdue(tx, key, (now, next), most).await })
    });
    let mut overdue = Vec::new();
    for handoff in taken.await? {
        let cancels = match handoff.kind {
            Kind::Enroll | Kind::Extend | Kind::Restore | Kind::UpdatePerson => None,
            Kind::Cancel => Some(canceled_by(context, &handoff).await?),
        };
        overdue.push(Overdue { handoff, cancels });
    }
    Ok(overdue)
}

/// Gives what a cancellation cancels.
async fn canceled_by(context: &Context, cancel: &Handoff) -> Result<EarlierOrder, Error> {
    let (db, campaign) = (context.db.read(), cancel.campaign_id);
    let of = [cancel.coverage_id];
    let enrolls = queue::store::of_coverages(db, campaign, &of, Kind::Enroll).await?;
    Ok(EarlierOrder::of(cancel, enrolls.first()))
}
