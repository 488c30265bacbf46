//! The stream of a PULL partner.
//!
//! The stream holds at most `max_outstanding` handoffs under leases, and all streams of a partner together at most as many as the
//! settings allow. When it is full, or nothing is due, it waits until this
//! process takes an acknowledgement, or for the next poll of the queue: another instance may have taken it. A partner that
//! comes back gets what it did not acknowledge when the lease has run out.

use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use tokio_util::sync::CancellationToken;

use crate::db::entities::partner::{Mode, State};
use crate::handoff::activation::lease::{Terms, lease};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::model::Partner;
use crate::handoff::person::sendable::{Sendable, sendable};
use crate::handoff::queue::due;
use crate::handoff::queue::lease_store::{Pick, places_for_retries};
use crate::handoff::{partner, queue};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, PartnerId};

/// At most so many handoffs in one message, which keeps it well below the limit of messages.
const MESSAGE: u64 = 500;

/// After so long without offers a stream gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What a partner wants.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// At most so many handoffs unacknowledged at once on this stream.
    pub max_outstanding: u64,
    /// Ends the stream when nothing is due.
    pub drain: bool,
}

/// A pull under way.
pub struct Pull {
    context: Context,
    partner: PartnerId,
    actor: String,
    owner: String,
    wish: Wish,
    draining: CancellationToken,
    /// Counts the looks at the queues, which take turns.
    looks: usize,
}

/// What a stream gives.
#[derive(Debug)]
pub enum Pulled {
    /// Offers that are due.
    Offers(Vec<Sendable>),
    /// Nothing for a while.
    Heartbeat,
    /// Nothing is due any more, and the stream ends.
    Drained,
}

/// Demands that a partner is one that pulls: the leases of another are our own worker's.
pub fn pulling(partner: &Partner) -> Result<&Partner, Error> {
    match partner.mode {
        Mode::Pull => Ok(partner),
        Mode::Push | Mode::File | Mode::Http => Err(Error::NotPulling {
            partner: partner.id,
        }),
    }
}

enum Found {
    Offers(Vec<Sendable>),
    Nothing,
    /// `max_outstanding` handoffs are unacknowledged on this stream, or as many as its partner may hold on all of them.
    Full,
}

impl Pull {
    /// Begins a pull for a partner in mode PULL.
    pub fn begin(
        context: &Context,
        partner: &Partner,
        wish: Wish,
        draining: CancellationToken,
    ) -> Result<Self, Error> {
        pulling(partner)?;
        Ok(Self {
            owner: format!("pull/{}", context.ids.request_id().simple()),
            actor: format!("partner/{}", partner.name),
            context: context.clone(),
            partner: partner.id,
            wish,
            draining,
            looks: 0,
        })
    }

    /// Gives offers as they come. The stream ends with UNAVAILABLE when the process drains.
    pub fn stream(self) -> impl Stream<Item = Result<Pulled, Error>> {
        futures::stream::unfold(Some(self), |pull| async move {
            let mut pull = pull?;
            match pull.next().await {
                Ok(Pulled::Drained) => Some((Ok(Pulled::Drained), None)),
                Ok(pulled) => Some((Ok(pulled), Some(pull))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// Waits for the next offers, but not for longer than a heartbeat.
    async fn next(&mut self) -> Result<Pulled, Error> {
        let mut heartbeat = std::pin::pin!(tokio::time::sleep(HEARTBEAT));
        loop {
            let notify = Arc::clone(&self.context.queue_changed);
            let changed = notify.notified();
            let mut changed = std::pin::pin!(changed);
            // Enabled before the queue is polled, so that no acknowledgement falls between the poll and the wait.
            changed.as_mut().enable();
            if self.draining.is_cancelled() {
                return Err(Fault::new(Reason::ShuttingDown).into());
            }
            match self.poll().await? {
                Found::Offers(offers) if offers.is_empty() => continue,
                Found::Offers(offers) => return Ok(Pulled::Offers(offers)),
                Found::Nothing if self.wish.drain => return Ok(Pulled::Drained),
                Found::Nothing | Found::Full => {}
            }
            tokio::select! {
                () = changed => {}
                () = self.draining.cancelled() => {}
                () = &mut heartbeat => return Ok(Pulled::Heartbeat),
                () = tokio::time::sleep(self.context.rules.poll_interval) => {}
            }
        }
    }

    async fn poll(&mut self) -> Result<Found, Error> {
        let context = &self.context;
        let (db, now) = (context.db.read(), context.clock.now());
        let partner = partner::store::by_id(db, self.partner).await?;
        if partner.state == State::Paused {
            return Ok(Found::Nothing);
        }
        let held = async |owner| queue::under_way::held(db, self.partner, owner, now).await;
        let of_stream = (self.wish.max_outstanding).saturating_sub(held(Some(&self.owner)).await?);
        let of_partner = (context.rules.pull_outstanding).saturating_sub(held(None).await?);
        let room = of_stream.min(of_partner);
        if room == 0 {
            return Ok(Found::Full);
        }
        let mut campaigns = due::campaigns(db, self.partner, &due::WAITING, now).await?;
        self.looks = self.looks.wrapping_add(1);
        if !campaigns.is_empty() {
            let first = self.looks % campaigns.len();
            campaigns.rotate_left(first);
        }
        self.take(&partner, &campaigns, room.min(MESSAGE)).await
    }

    /// Leases what is due, queue by queue: those that are left share what room is left.
    async fn take(
        &self,
        partner: &Partner,
        campaigns: &[CampaignId],
        mut room: u64,
    ) -> Result<Found, Error> {
        let mut found = Found::Nothing;
        for (place, campaign) in campaigns.iter().enumerate() {
            let share = room.div_ceil((campaigns.len() - place) as u64);
            let places = usize::try_from(share).unwrap_or(usize::MAX);
            let retries = places_for_retries(places, self.looks) as u64;
            let terms = Terms {
                campaign: *campaign,
                pick: Pick::Oldest { retries },
                owner: self.owner.clone(),
                actor: self.actor.clone(),
                most: share,
                of_partner: Some(self.context.rules.pull_outstanding),
                lease_for: self.context.rules.pull_lease,
            };
            let leased = lease(&self.context, partner, &terms).await?.leased;
            if leased.is_empty() {
                continue;
            }
            room = room.saturating_sub(leased.len() as u64);
            let offers = sendable(&self.context, partner, &self.actor, leased).await?;
            match &mut found {
                Found::Offers(all) => all.extend(offers),
                Found::Nothing | Found::Full => found = Found::Offers(offers),
            }
        }
        Ok(found)
    }
}
