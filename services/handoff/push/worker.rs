//! The worker that calls partners, in mode PUSH and in mode HTTP.
//!
//! A loop over tasks, none of which waits for another: a queue's *turn* leases what is due and decrypts it, a *call* hands one handoff over, a
//! *record* settles the calls to a partner that ended, many in one transaction: those that end while a record is written make up the next
//! one. Between them a *poll* reads the active partners and which of their queues have something due. Nothing is open in the database while a
//! call is under way. A handoff whose worker was killed is found by its lease, and the partner is asked before it is sent again. What fails
//! for one partner or one queue stops no other.

use std::collections::HashMap;

use futures::FutureExt;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::{metrics, partner};
use crate::kernel::ids::PartnerId;

use super::call::{Finished, asked, sent};
use super::client::Credentials;
use super::look::look;
use super::partner_session::PartnerSession;
use super::record::{Recorded, record};
use super::take_turn::{TakenTurn, take_turn};

/// Something that was under way and ended.
enum Done {
    Turn(TakenTurn),
    Call(Finished),
    Record(Recorded),
}

/// Dropping it aborts what is under way.
type Work = JoinSet<Done>;

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
        let mut work = Work::new();
        self.poll(&mut work).await?;
        self.take_turns(&mut work);
        Ok(self.finish_all(&mut work).await)
    }

    /// Runs until the process drains, then waits for the calls under way.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut work = Work::new();
        let mut tick = tokio::time::interval(self.context.rules.poll_interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = draining.cancelled() => break,
                // Before the calls: with a backlog there is always one that has ended.
                _ = tick.tick() => {
                    if let Err(error) = self.poll(&mut work).await {
                        tracing::warn!(%error, "the partners could not be read; the push worker goes on");
                    }
                }
                Some(first) = work.join_next() => {
                    self.finish(done(first), &mut work);
                }
            }
            self.take_turns(&mut work);
        }
        self.finish_all(&mut work).await;
    }

    /// Reads the active partners, looks for what is due, and asks them about outcomes that are overdue.
    async fn poll(&mut self, work: &mut Work) -> Result<(), Error> {
        let (context, credentials) = (&self.context, &self.credentials);
        let active = partner::store::called(context.db.read()).await?;
        self.sessions.retain(|id, session| {
            let is_kept = session.is_busy() || active.iter().any(|partner| partner.id == *id);
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
            let mut overdue = Vec::new();
            let looked = look(context, session, &mut overdue).await;
            warned(session, looked);
            for late in overdue {
                let Some(bureau) = session.bureau.clone() else {
                    break;
                };
                session.began(late.handoff.campaign_id, false);
                let asked = asked(bureau, session.partner.id, late);
                work.spawn(asked.map(Done::Call));
            }
        }
        Ok(())
    }

    /// Gives the queues their turns, as far as each partner has room.
    fn take_turns(&mut self, work: &mut Work) {
        let now = self.context.clock.now();
        for session in self.sessions.values_mut() {
            let round = session.round(now);
            for (place, campaign) in round.iter().enumerate() {
                if let Some(turn) = session.turn(*campaign, round.len() - place, now) {
                    let taken = take_turn(self.context.clone(), self.owner.clone(), turn);
                    work.spawn(taken.map(Done::Turn));
                }
            }
        }
    }

    /// Takes note of what ended, and of all else that has ended meanwhile; gives how many of it were calls.
    fn finish(&mut self, first: Done, work: &mut Work) -> usize {
        let mut calls = 0;
        let mut next = Some(first);
        while let Some(ended) = next {
            match ended {
                Done::Turn(turn) => self.start_calls(turn, work),
                Done::Call(call) => {
                    calls += 1;
                    self.ended(call);
                }
                Done::Record(recorded) => self.recorded(recorded),
            }
            next = work.try_join_next().map(done);
        }
        for session in self.sessions.values_mut() {
            if let Some(results) = session.next_record(self.context.clock.now()) {
                let recorded = record(self.context.clone(), results);
                work.spawn(recorded.map(Done::Record));
            }
        }
        calls
    }

    async fn finish_all(&mut self, work: &mut Work) -> usize {
        let mut calls = 0;
        while let Some(first) = work.join_next().await {
            calls += self.finish(done(first), work);
        }
        calls
    }

    fn start_calls(&mut self, turn: TakenTurn, work: &mut Work) {
        let Some(session) = self.sessions.get_mut(&turn.partner) else {
            return;
        };
        session.taken(&turn);
        let taken = warned(session, turn.taken).unwrap_or_default();
        let Some(bureau) = session.bureau.clone() else {
            return;
        };
        for handoff in taken.handoffs {
            session.began(turn.campaign, handoff.leased.handoff.tries > 0);
            let sent = sent(bureau.clone(), turn.partner, handoff);
            work.spawn(sent.map(Done::Call));
        }
    }

    fn ended(&mut self, call: Finished) {
        if let Some(session) = self.sessions.get_mut(&call.partner) {
            session.ended(call, self.context.clock.now());
        }
    }

    fn recorded(&mut self, recorded: Recorded) {
        let Some(session) = self.sessions.get_mut(&recorded.partner) else {
            return;
        };
        session.recorded(&recorded);
        warned(session, recorded.result);
    }
}

/// Gives what a task came to. Calls catch their panics; one of a turn or a record ends the worker, as anywhere else.
fn done(joined: Result<Done, JoinError>) -> Done {
    joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Says what failed for a partner.
fn warned<T>(session: &PartnerSession, result: Result<T, Error>) -> Option<T> {
    result
        .inspect_err(|error| {
            tracing::warn!(partner = %session.partner.name, %error, "the push worker met an error; it goes on");
        })
        .ok()
}
