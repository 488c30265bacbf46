//! The stream of a PULL partner.
//!
//! The stream holds at most `max_outstanding` handoffs under leases. When it is full, or nothing is due, it waits for the
//! bell that an acknowledgement rings, or for the next look at the queue: another instance may have taken the
//! acknowledgement. A partner that comes back gets what it did not acknowledge when the lease has run out.

use futures::Stream;
use tokio_util::sync::CancellationToken;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::Speaker;
use crate::handoff::person::decrypt::{Ask, Opened, open};
use crate::handoff::queue::lease::{Terms, lease};
use crate::handoff::queue::model::Partner;
use crate::handoff::queue::settle::{Done, settle};
use crate::handoff::vocabulary::{Mode, PartnerState};
use crate::handoff::{partner, queue};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::PartnerId;

/// At most so many handoffs in one message, which keeps it well below the limit of messages.
const MESSAGE: u64 = 500;

/// What a partner wants.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// At most so many handoffs unacknowledged at once on this stream.
    pub max_outstanding: u64,
    /// Ends the stream when nothing is due.
    pub drain: bool,
}

/// A handoff ready to be offered: what cannot be opened is never offered.
#[derive(Debug)]
pub struct Offer {
    /// The handoff under its lease.
    pub opened: Opened,
    /// What is asked.
    pub ask: Ask,
}

/// A pull under way.
pub struct Pull {
    context: Context,
    partner: PartnerId,
    actor: String,
    owner: String,
    wish: Wish,
    draining: CancellationToken,
}

enum Found {
    Offers(Vec<Offer>),
    Nothing,
    /// Everything that may be out is out.
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
        if partner.mode != Mode::Pull {
            return Err(Error::NotPulling {
                partner: partner.id,
            });
        }
        Ok(Self {
            owner: format!("pull/{}", context.ids.request_id().simple()),
            actor: format!("partner/{}", partner.name),
            context: context.clone(),
            partner: partner.id,
            wish,
            draining,
        })
    }

    /// Gives offers as they come. The stream ends with UNAVAILABLE when the process drains.
    pub fn stream(self) -> impl Stream<Item = Result<Vec<Offer>, Error>> {
        futures::stream::unfold(Some(self), |pull| async move {
            let pull = pull?;
            match pull.next().await {
                Ok(Some(offers)) => Some((Ok(offers), Some(pull))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// Waits for the next offers; `None` ends the stream.
    async fn next(&self) -> Result<Option<Vec<Offer>>, Error> {
        loop {
            let bell = self.context.bell.notified();
            let mut bell = std::pin::pin!(bell);
            // Heard from here on, so that no acknowledgement falls between the look and the wait.
            bell.as_mut().enable();
            if self.draining.is_cancelled() {
                return Err(Fault::new(Reason::ShuttingDown).into());
            }
            match self.look().await? {
                Found::Offers(offers) if offers.is_empty() => continue,
                Found::Offers(offers) => return Ok(Some(offers)),
                Found::Nothing if self.wish.drain => return Ok(None),
                Found::Nothing | Found::Full => {}
            }
            tokio::select! {
                () = bell => {}
                () = self.draining.cancelled() => {}
                () = tokio::time::sleep(self.context.rules.poll_interval) => {}
            }
        }
    }

    async fn look(&self) -> Result<Found, Error> {
        let context = &self.context;
        let db = context.db.read();
        let partner = partner::store::by_id(db, self.partner).await?;
        if partner.state == PartnerState::Paused {
            return Ok(Found::Nothing);
        }
        let held =
            queue::store::held_by(db, self.partner, &self.owner, context.clock.now()).await?;
        let room = self.wish.max_outstanding.saturating_sub(held);
        if room == 0 {
            return Ok(Found::Full);
        }
        let terms = Terms {
            owner: self.owner.clone(),
            actor: self.actor.clone(),
            most: room.min(MESSAGE),
            lease_for: context.rules.pull_lease,
        };
        let leased = lease(context, &partner, &terms).await?;
        if leased.is_empty() {
            return Ok(Found::Nothing);
        }
        let opened = open(context, &partner, &self.actor, leased).await?;
        Ok(Found::Offers(self.sort_out(opened).await?))
    }

    /// Settles what cannot be opened and gives the rest.
    async fn sort_out(&self, opened: Vec<Opened>) -> Result<Vec<Offer>, Error> {
        let mut offers = Vec::with_capacity(opened.len());
        let mut failed = Vec::new();
        for mut opened in opened {
            let nothing = Err(queue::retry_policy::Answer::NotOpened);
            match std::mem::replace(&mut opened.ask, nothing) {
                Ok(ask) => offers.push(Offer { opened, ask }),
                Err(answer) => failed.push(Done {
                    leased: opened.leased,
                    answer,
                }),
            }
        }
        if !failed.is_empty() {
            let speaker = Speaker {
                partner: self.partner,
                actor: &self.actor,
            };
            settle(&self.context, speaker, &failed).await?;
        }
        Ok(offers)
    }
}
