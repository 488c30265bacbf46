//! One partner as the push worker sees it: its connection, its pace, what is under way, and its queues with their circuit breakers.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::handoff::context::Context;
use crate::handoff::metrics;
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::lease_store::{Pick, places_for_retries};
use crate::handoff::queue::open_circuit::OpenCircuit;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

use super::call::Finished;
use super::circuit_breaker::{Allowed, CircuitBreaker, Signal};
use super::client::{Bureau, Credentials};
use super::pace::Pace;
use super::record::{Record, Recorded, Results};
use super::take_turn::{TakenTurn, Turn};

/// A partner that answered within this time is one that answers.
const ANSWERS: Duration = Duration::from_mins(1);

pub struct PartnerSession {
    pub partner: Partner,
    /// The name for the audit log, as the partner's own certificate has it.
    pub actor: String,
    /// `None` where it cannot be called; the operator sees an error line.
    pub bureau: Option<Bureau>,
    /// The partner is active.
    pub is_active: bool,
    /// Calls that began and are not recorded yet: their leases count with the partner.
    under_way: usize,
    /// The room of the turns that are taken now.
    leasing: usize,
    /// What calls came to that no record has yet.
    results: Results,
    /// A record is being written.
    is_recording: bool,
    /// When it answered last.
    answered_at: Option<Timestamp>,
    pace: Pace,
    queues: BTreeMap<CampaignId, Queue>,
    /// Who had a turn last.
    last: Option<CampaignId>,
}

/// One campaign at the partner.
#[derive(Default)]
struct Queue {
    breaker: CircuitBreaker,
    /// How its circuit stands in the row that all instances read.
    shared: Option<OpenCircuit>,
    under_way: usize,
    /// How many of the calls under way are for what was tried in vain before.
    retries: usize,
    /// A turn is taken now.
    is_leasing: bool,
    /// One handoff is tried to see whether the partner works: the row says that the try is taken, until it ends.
    is_probing: bool,
    /// Something may be due.
    is_due: bool,
    /// Counts its turns, for the share of what was tried in vain.
    turns: usize,
}

impl PartnerSession {
    pub fn new(context: &Context, credentials: &Credentials, partner: Partner) -> Self {
        metrics::breaker(&partner.name, false);
        let mut pace = Pace::new(partner.max_in_flight.into());
        if let Some(until) = partner.throttled_until {
            pace.rest(until, context.clock.now());
        }
        Self {
            pace,
            actor: format!("partner/{}", partner.name),
            bureau: bureau(context, credentials, &partner),
            is_active: true,
            under_way: 0,
            leasing: 0,
            results: Results::default(),
            is_recording: false,
            answered_at: None,
            queues: BTreeMap::new(),
            last: None,
            partner,
        }
    }

    /// Takes over what the operator changed.
    pub fn update(&mut self, context: &Context, credentials: &Credentials, partner: Partner) {
        let place = |partner: &Partner| {
            let place = (partner.endpoint.clone(), partner.server_uri.clone());
            (place, partner.http_layout.clone())
        };
        let is_elsewhere = place(&self.partner) != place(&partner);
        if self.bureau.is_none() || is_elsewhere {
            self.bureau = bureau(context, credentials, &partner);
        }
        if is_elsewhere {
            // What failed at the old place says nothing about the new one.
            for queue in self.queues.values_mut() {
                queue.breaker = CircuitBreaker::default();
            }
        }
        if let Some(until) = partner.throttled_until {
            self.pace.rest(until, context.clock.now());
        }
        self.partner = partner;
        self.is_active = true;
    }

    /// Gives until when the partner rests, where other instances may not know it yet.
    fn new_rest(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.pace.rests_until();
        let known = self.partner.throttled_until;
        (until > now && known.is_none_or(|known| known < until)).then_some(until)
    }

    /// Notes the campaigns in whose queues something may be due.
    pub fn note_due(&mut self, campaigns: &[CampaignId]) {
        for (id, queue) in &mut self.queues {
            queue.is_due = campaigns.contains(id);
        }
        for id in campaigns {
            self.queues.entry(*id).or_default().is_due = true;
        }
    }

    /// Takes over the circuits that another instance opened or closed; what this one found out since then stands.
    pub fn note_circuits(&mut self, open: &HashMap<CampaignId, OpenCircuit>, now: Timestamp) {
        for id in open.keys() {
            self.queues.entry(*id).or_default();
        }
        let rules = self.partner.breaker;
        for (id, queue) in &mut self.queues {
            let known = open.get(id).copied();
            if known == queue.shared || queue.is_probing {
                continue;
            }
            if queue.breaker.open() == queue.shared {
                queue.breaker.take_over(rules, known, now);
            }
            queue.shared = known;
        }
        self.show();
    }

    /// Gives the circuits that other instances do not know yet.
    pub fn new_circuits(&self) -> Vec<(CampaignId, Option<OpenCircuit>)> {
        let circuits = self.queues.iter();
        let new =
            circuits.filter(|(_, queue)| queue.breaker.open() != queue.shared && !queue.is_probing);
        new.map(|(id, queue)| (*id, queue.breaker.open())).collect()
    }

    /// Notes how a queue's circuit stands in its row now.
    pub fn note_shared(&mut self, campaign: CampaignId, circuit: Option<OpenCircuit>) {
        self.queues.entry(campaign).or_default().shared = circuit;
    }

    /// Tells whether anything is under way.
    pub const fn is_busy(&self) -> bool {
        self.under_way > 0 || self.leasing > 0
    }

    /// Gives how many more calls may begin.
    pub fn room(&self, now: Timestamp) -> usize {
        if !self.is_active || self.bureau.is_none() {
            return 0;
        }
        let most = self.partner.max_in_flight.into();
        self.pace.room(now, self.under_way + self.leasing, most)
    }

    /// Gives the queues that may have a turn now, beginning with the one after the last that had one.
    pub fn round(&self, now: Timestamp) -> Vec<CampaignId> {
        let may = |(_, queue): &(&CampaignId, &Queue)| {
            let may = queue.breaker.allowed(now, queue.under_way) != Allowed::Nothing;
            may && queue.is_due && !queue.is_leasing
        };
        let mut round: Vec<CampaignId> = self.queues.iter().filter(may).map(|it| *it.0).collect();
        let first = round.iter().position(|id| Some(*id) > self.last);
        round.rotate_left(first.unwrap_or(0));
        round
    }

    /// Gives a queue its turn, where `left` queues have one and share what room there is.
    pub fn turn(&mut self, campaign: CampaignId, left: usize, now: Timestamp) -> Option<Turn> {
        let share = self.room(now).div_ceil(left.max(1));
        let most = usize::from(self.partner.max_in_flight);
        let queue = self.queues.get_mut(&campaign)?;
        let turns = queue.turns.wrapping_add(1);
        let (pick, room) = match queue.breaker.allowed(now, queue.under_way) {
            Allowed::Nothing => return None,
            Allowed::Probe => (Pick::Probe, share.min(1)),
            Allowed::All => {
                let retries = places_for_retries(most, turns);
                let retries = retries.saturating_sub(queue.retries) as u64;
                (Pick::Oldest { retries }, share)
            }
        };
        if room == 0 {
            return None;
        }
        queue.turns = turns;
        queue.is_leasing = true;
        let probed = queue.breaker.open();
        queue.is_probing = probed.is_some();
        self.leasing += room;
        self.last = Some(campaign);
        Some(Turn {
            partner: self.partner.clone(),
            campaign,
            pick,
            most: room,
            of_partner: self.pace.most(most) as u64,
            probed,
        })
    }

    /// Notes what a turn came to. Where no more is due, the queue is looked at again with the next poll.
    pub fn taken(&mut self, turn: &TakenTurn) {
        self.leasing = self.leasing.saturating_sub(turn.most);
        let taken = turn.taken.as_ref().ok();
        let is_sent = self.bureau.is_some() && taken.is_some_and(|it| !it.handoffs.is_empty());
        let queue = self.queues.entry(turn.campaign).or_default();
        queue.is_leasing = false;
        queue.is_due = taken.is_some_and(|it| it.is_more);
        queue.is_probing &= is_sent;
        queue.shared = turn.claimed.or(queue.shared);
    }

    /// Tells whether a queue's circuit is to be tried: its pause is over, and no turn tries it now.
    pub fn may_try(&self, campaign: CampaignId, now: Timestamp) -> bool {
        self.queues.get(&campaign).is_some_and(|queue| {
            let allowed = queue.breaker.allowed(now, queue.under_way);
            allowed == Allowed::Probe && !queue.is_leasing
        })
    }

    /// Notes that a try of a queue's circuit is taken, and whether it is made.
    pub fn tries(&mut self, campaign: CampaignId, claimed: OpenCircuit, is_made: bool) {
        let queue = self.queues.entry(campaign).or_default();
        queue.shared = Some(claimed);
        queue.is_probing = is_made;
    }

    /// Records that a call begins, and whether its handoff was tried in vain before.
    pub fn began(&mut self, campaign: CampaignId, failed_before: bool) {
        self.under_way += 1;
        let queue = self.queues.entry(campaign).or_default();
        queue.under_way += 1;
        queue.retries += usize::from(failed_before);
    }

    /// Tells whether the partner answers: that a handoff gets no answer is not the partner's fault then.
    fn answers(&self, now: Timestamp) -> bool {
        self.answered_at.is_some_and(|at| now.since(at) <= ANSWERS)
    }

    /// Takes note of a call that ended.
    pub fn ended(&mut self, ended: Finished, now: Timestamp) {
        let (tried, signal) = (ended.tried, ended.signal);
        if signal == Signal::Up {
            self.answered_at = Some(now);
        }
        let most = self.partner.max_in_flight.into();
        self.pace.record(signal, now, most);
        let (rules, campaign) = (self.partner.breaker, ended.campaign);
        let queue = self.queues.entry(campaign).or_default();
        queue.is_probing = false;
        let was_open = queue.breaker.is_open();
        queue.breaker.record(rules, tried, signal, now);
        if queue.breaker.is_open() && !was_open {
            metrics::breaker_opened(&self.partner.name);
            tracing::warn!(partner = %self.partner.name, campaign_id = %campaign, "the circuit breaker opened; handoffs wait");
        }
        self.show();
        let answers = self.answers(now);
        self.results.add(ended, (&self.partner.name, answers));
    }

    /// Gives what is recorded next, unless a record is being written.
    pub fn next_record(&mut self, now: Timestamp) -> Option<Record> {
        if self.is_recording || self.results.calls.is_empty() {
            return None;
        }
        self.is_recording = true;
        Some(Record {
            partner: self.partner.id,
            actor: self.actor.clone(),
            rest: self.new_rest(now),
            circuits: self.new_circuits(),
            results: std::mem::take(&mut self.results),
        })
    }

    /// Takes note of a record: its calls are not under way any more.
    pub fn recorded(&mut self, recorded: &Recorded) {
        self.is_recording = false;
        self.under_way = self.under_way.saturating_sub(recorded.calls.len());
        for (campaign, failed_before) in &recorded.calls {
            let queue = self.queues.entry(*campaign).or_default();
            queue.under_way = queue.under_way.saturating_sub(1);
            queue.retries = queue.retries.saturating_sub(usize::from(*failed_before));
        }
        for (campaign, circuit) in &recorded.circuits {
            self.note_shared(*campaign, *circuit);
        }
    }

    /// Shows whether any circuit is open.
    fn show(&self) {
        let is_open = self.queues.values().any(|queue| queue.breaker.is_open());
        metrics::breaker(&self.partner.name, is_open);
    }

    /// Gives a campaign's circuit where it is open.
    pub fn circuit(&self, campaign: CampaignId) -> Option<OpenCircuit> {
        self.queues.get(&campaign)?.breaker.open()
    }
}

fn bureau(context: &Context, credentials: &Credentials, partner: &Partner) -> Option<Bureau> {
    let bureau = Bureau::of(context, credentials, partner);
    bureau
        .inspect_err(
            |error| tracing::error!(partner = %partner.name, %error, "the partner cannot be called"),
        )
        .ok()
}
