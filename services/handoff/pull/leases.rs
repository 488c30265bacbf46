//! What a partner that pulls does with the orders that it holds: it gives them back, or wants more time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::db::Tx;
use crate::db::entities::handoff;
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::Verdict;
use crate::handoff::outcome::kept_verdicts::{keep, recall};
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::state::{Event, State};
use crate::handoff::queue::store::{self, Change};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};
use crate::process::request::{self, Request};

/// What shall become of leases.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    /// The orders go back and are offered again after a while.
    Return(Duration),
    /// The leases end at an instant.
    Extend(Timestamp),
}

/// What became of leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// A verdict for each item, in order.
    pub verdicts: Vec<Verdict>,
    /// When the leases that were extended end.
    pub until: Option<Timestamp>,
}

/// The stored answer to a request.
#[derive(Serialize, Deserialize)]
struct Kept {
    verdicts: String,
    until: Option<Timestamp>,
}

/// Changes the leases of a partner's handoffs; `None` stands for an id that cannot be read.
pub async fn change_leases(
    context: &Context,
    partner: PartnerId,
    request: &Request,
    items: &[Option<HandoffId>],
    wish: Wish,
) -> Result<Changed, Error> {
    let until = match wish {
        Wish::Return(_) => None,
        Wish::Extend(until) => Some(until),
    };
    let changed = context.db.run_tx("handoff.leases", |tx| {
        Box::pin(async move {
            if let Some(Kept { verdicts, until }) = request::answered(tx, request).await? {
                let verdicts = recall(&verdicts)?;
                return Ok::<_, Error>(Changed { verdicts, until });
            }
            let ids: Vec<HandoffId> = items.iter().flatten().copied().collect();
            let locked = store::lock_of_partner(tx, partner, &ids).await?;
            let verdicts: Vec<Verdict> = items.iter().map(|id| verdict(&locked, *id)).collect();
            let leased = locked.into_iter().filter(|it| it.state == State::Leased);
            let leased: Vec<Handoff> = leased.collect();
            match wish {
                Wish::Return(after) => give_back(tx, context, leased, after).await?,
                Wish::Extend(until) => store::extend(tx, &leased, until).await?,
            }
            let kept = Kept {
                verdicts: keep(&verdicts),
                until,
            };
            request::record(tx, request, &kept, context.clock.now()).await?;
            Ok(Changed { verdicts, until })
        })
    });
    let changed = changed.await?;
    context.queue_changed.notify_waiters();
    Ok(changed)
}

fn verdict(locked: &[Handoff], id: Option<HandoffId>) -> Verdict {
    let Some(id) = id else {
        return Verdict::Malformed;
    };
    match locked.iter().find(|handoff| handoff.id == id) {
        None => Verdict::Unknown,
        Some(handoff) if handoff.state == State::Leased => Verdict::Recorded,
        Some(_) => Verdict::Unchanged,
    }
}

async fn give_back(
    tx: &Tx<'_>,
    context: &Context,
    leased: Vec<Handoff>,
    after: Duration,
) -> Result<(), Error> {
    let now = context.clock.now();
    let ended: Vec<Attempt> = leased
        .iter()
        .map(|handoff| Attempt::of(handoff, now, AttemptResult::Unavailable, "RETURNED"))
        .collect();
    let mut changes = Vec::with_capacity(leased.len());
    for handoff in leased {
        let back = Handoff {
            state: handoff.state.on(Event::PutBack)?,
            not_before: now + after,
            ..handoff
        };
        changes.push(Change::of(handoff::State::Leased, &back));
    }
    store::write(tx, &changes, now).await?;
    attempts::add(tx, &ended).await
}
