//! Writes a file of orders: leased, decrypted and written in one pass.
//!
//! The file grows under a hidden name. Its row is WRITING until it is whole; a crash before that leaves orders that surely were not sent, and
//! whoever goes on puts them back and begins again with the same number. Then the row says READY, which is the point of no return, the file
//! gets its name, and the row says SENT. A crash in between is gone on with: the name is given once.

use std::time::Duration;

use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::entities::handoff_file::{Model, State as FileState};
use crate::handoff::activation::lease::{Terms, lease};
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::outcome::apply_status::Reporter;
use crate::handoff::outcome::settle::{EndedCall, settle};
use crate::handoff::person::convert::order_of;
use crate::handoff::person::field::convert::value_of;
use crate::handoff::person::sendable::{Sendable, sendable};
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::due::{self, QueueKey};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::Pick;
use crate::handoff::queue::retry_policy::Failure;
use crate::handoff::queue::state::Event;
use crate::handoff::queue::stops;
use crate::handoff::queue::store::{self as handoffs, Change};
use crate::kernel::clock::Timestamp;

use super::desk::{Desk, FileError};
use super::output::{Output, Written};
use super::store;

/// Orders that are leased at once.
const LOT: u64 = 1_000;
/// Whoever writes a file and is not heard of for so long has died.
const HOLD: Duration = Duration::from_mins(2);

/// Goes on with files that are not sent yet, and writes those whose time has come. Gives how many were sent.
pub async fn write_due(desk: &Desk<'_>) -> Result<usize, FileError> {
    let (db, partner) = (desk.context.db.read(), desk.partner.id);
    let mut sent = 0;
    for file in store::unfinished(db, partner).await? {
        sent += usize::from(go_on(desk, file).await?);
    }
    let now = desk.context.clock.now();
    let Some(since) = desk.layout.orders.last_due(now) else {
        return Ok(sent);
    };
    for campaign in due::campaigns(db, partner, &due::WAITING, now).await? {
        let queue = QueueKey { campaign, partner };
        while let Some(file) = begin(desk, queue, since).await? {
            if !fill(desk, file).await? {
                break;
            }
            sent += 1;
        }
    }
    Ok(sent)
}

/// Goes on with a file whose writer is gone; tells whether it was sent.
async fn go_on(desk: &Desk<'_>, file: Model) -> Result<bool, FileError> {
    if !hold(desk, &file).await? {
        return Ok(false);
    }
    if file.state == FileState::Ready {
        return publish(desk, file).await;
    }
    put_back(desk, &file).await?;
    fill(desk, file).await
}

/// Begins a file where something was due when the day's file should be written, and none was written since, or only full ones.
async fn begin(
    desk: &Desk<'_>,
    queue: QueueKey,
    since: Timestamp,
) -> Result<Option<Model>, FileError> {
    let db = desk.context.db.read();
    let newest = store::newest(db, queue).await?;
    let is_written = newest.as_ref().is_some_and(|file| {
        let is_full = file
            .records
            .is_some_and(|it| it.unsigned_abs() >= desk.layout.orders.most);
        file.created_at >= since && !is_full
    });
    let waits = is_written || desk.partner.is_paused(queue.campaign);
    if waits
        || !due::is_due(db, queue, since).await?
        || stops::stands_still(desk.context, desk.partner, queue).await?
    {
        return Ok(None);
    }
    let number = newest.map_or(1, |file| file.number + 1);
    let file = new_file(desk, queue, number).await?;
    let added = desk.context.db.run_tx("file.begin", |tx| {
        let file = file.clone();
        Box::pin(async move { store::add(tx, file).await })
    });
    Ok(added.await?.then_some(file))
}

async fn new_file(desk: &Desk<'_>, queue: QueueKey, number: i32) -> Result<Model, Error> {
    let now = desk.context.clock.now();
    let orders = &desk.layout.orders;
    let campaign = desk.context.number_of(queue.campaign).await?;
    Ok(Model {
        campaign_id: queue.campaign,
        id: desk.context.ids.next(),
        partner_id: queue.partner,
        number,
        name: orders.file_name(&campaign, number, orders.day(now).unwrap_or_default()),
        state: FileState::Writing,
        records: None,
        sha256: None,
        created_at: now,
        sent_at: None,
        answer_by: None,
        closed_at: None,
        lease_owner: Some(desk.owner.to_owned()),
        lease_expires_at: Some(now + HOLD),
    })
}

/// Keeps a file for this worker; tells whether it is still its own.
async fn hold(desk: &Desk<'_>, file: &Model) -> Result<bool, Error> {
    let now = desk.context.clock.now();
    desk.context
        .db
        .run_tx("file.hold", |tx| {
            Box::pin(async move { store::hold(tx, file, desk.owner, (now, now + HOLD)).await })
        })
        .await
}

/// Writes what is due into a file and sends it. Where nothing is due, or another worker took the file over, nothing is sent.
async fn fill(desk: &Desk<'_>, file: Model) -> Result<bool, FileError> {
    let orders = &desk.layout.orders;
    let mut output = Output::create(&desk.folders.growing(&file.name), orders)?;
    let campaign = desk.context.number_of(file.campaign_id).await?;
    let about = |field: &str| about_file(&file, &campaign, orders.day(file.created_at), field);
    output.frame(&orders.header, about)?;
    loop {
        if !hold(desk, &file).await? {
            return Ok(false);
        }
        let room = u64::from(orders.most).saturating_sub(output.records());
        let terms = Terms {
            campaign: file.campaign_id,
            pick: Pick::Oldest { retries: LOT },
            owner: file.owner(),
            actor: desk.actor.to_owned(),
            most: LOT.min(room),
            of_partner: None,
            lease_for: orders.answer_within,
        };
        let lot = lease(desk.context, desk.partner, &terms).await?;
        let ready = sendable(desk.context, desk.partner, desk.actor, lot.leased).await?;
        write_lot(desk, &mut output, ready).await?;
        if !lot.is_more {
            break;
        }
    }
    if output.records() == 0 {
        output.discard()?;
        let removed = desk.context.db.run_tx("file.remove", |tx| {
            let file = &file;
            Box::pin(async move { store::remove(tx, file).await })
        });
        removed.await?;
        return Ok(false);
    }
    let totals = output.totals();
    output.frame(&orders.trailer, |field| {
        totals.value(field).unwrap_or_else(|| about(field))
    })?;
    let written = output.finish().await?;
    ready(desk, file, &written).await
}

/// Gives what a header or a trailer says about its file.
fn about_file(file: &Model, campaign: &str, day: Option<jiff::civil::Date>, field: &str) -> String {
    match field {
        "file" => file.name.clone(),
        "number" => file.number.to_string(),
        "campaign" => campaign.to_owned(),
        "date" => day.map_or_else(String::new, |day| day.to_string()),
        _ => String::new(),
    }
}

/// Writes the lines of orders. One that does not fit the layout waits until somebody has mended it, and is not written.
async fn write_lot(
    desk: &Desk<'_>,
    output: &mut Output,
    lot: Vec<Sendable>,
) -> Result<(), FileError> {
    let mut misfits = Vec::new();
    for one in lot {
        let order = order_of(&one);
        let kind = one.leased.handoff.kind;
        let value = |field: &str| value_of(&order, field);
        let orders = &desk.layout.orders;
        let written = if orders.tells(kind) {
            output.record(&orders.record, kind, value)?
        } else {
            Err("kind")
        };
        if let Err(field) = written {
            let answer = Err(Failure::CannotProject(field));
            misfits.push(EndedCall {
                leased: one.leased,
                answer,
                partner_answers: true,
            });
        }
    }
    if !misfits.is_empty() {
        let reporter = Reporter {
            partner: desk.partner.id,
            actor: desk.actor,
        };
        settle(desk.context, reporter, &misfits).await?;
    }
    Ok(())
}

/// Says that a file is whole, and sends it.
async fn ready(desk: &Desk<'_>, file: Model, written: &Written) -> Result<bool, FileError> {
    let now = desk.context.clock.now();
    let file = Model {
        state: FileState::Ready,
        records: i32::try_from(written.records).ok(),
        sha256: Some(written.sha256.clone()),
        answer_by: Some(now + desk.layout.orders.answer_within),
        lease_owner: Some(desk.owner.to_owned()),
        lease_expires_at: Some(now + HOLD),
        ..file
    };
    // The point of no return: from here on the partner may have it.
    if !set(desk, FileState::Writing, &file).await? {
        return Ok(false);
    }
    publish(desk, file).await
}

/// Gives a whole file its name.
async fn publish(desk: &Desk<'_>, file: Model) -> Result<bool, FileError> {
    desk.folders.publish(&file.name)?;
    let sent = Model {
        state: FileState::Sent,
        sent_at: Some(desk.context.clock.now()),
        lease_owner: None,
        lease_expires_at: None,
        ..file
    };
    let is_ours = set(desk, FileState::Ready, &sent).await?;
    if is_ours {
        let records = sent.records.unwrap_or_default();
        metrics::file_sent(&desk.partner.name, records.unsigned_abs().into());
        tracing::info!(partner = %desk.partner.name, file = %sent.name, records, "a file of orders was written");
    }
    Ok(is_ours)
}

async fn set(desk: &Desk<'_>, from: FileState, file: &Model) -> Result<bool, Error> {
    desk.context
        .db
        .run_tx("file.set", |tx| {
            Box::pin(async move { store::set(tx, from, file).await })
        })
        .await
}

/// Puts back the orders of a file that was never whole: nobody but us has seen it.
async fn put_back(desk: &Desk<'_>, file: &Model) -> Result<(), Error> {
    loop {
        let done = desk.context.db.run_tx("file.put_back", |tx| {
            Box::pin(async move {
                let now = desk.context.clock.now();
                let leased = store::lock_leased(tx, file, LOT).await?;
                let (mut changes, mut ended) = (Vec::new(), Vec::new());
                for handoff in &leased {
                    ended.push(Attempt::of(
                        handoff,
                        now,
                        AttemptResult::LeaseExpired,
                        "QUEUED",
                    ));
                    let back = unsent(handoff, now)?;
                    changes.push(Change::of(handoff.state.name(), &back));
                }
                handoffs::write(tx, &changes, now).await?;
                attempts::add(tx, &ended).await?;
                Ok::<_, Error>(leased.len())
            })
        });
        if done.await? == 0 {
            return Ok(());
        }
    }
}

/// When it was offered before is lost with the lease; of one that was never tried it is known that it was not.
fn unsent(handoff: &Handoff, now: Timestamp) -> Result<Handoff, Error> {
    let is_fresh = handoff.tries == 0 && handoff.order_attempt == 1;
    Ok(Handoff {
        state: handoff.state.on(Event::PutBack)?,
        sent_at: handoff.sent_at.filter(|_| !is_fresh),
        not_before: now,
        ..handoff.clone()
    })
}
