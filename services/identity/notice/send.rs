//! Telling people that they were verified and enrolled, once the enrollment was completed.
//!
//! The notice goes to a contact that was on record before and took no part: an e-mail address where a telephone did or nothing was
//! confirmed, a telephone where an e-mail address did; else by post to the address on record. The token's hash is stored before the notice
//! is handed over, outside any transaction; one that is handed over again after a crash is the same, with the same token. What a carrier
//! cannot take for now is tried again, after ever longer waits; what it refuses for good is not.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::db::entities::evidence;
use crate::db::entities::verification::Notice;
use crate::db::{self, Process, Storage as _, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::rules::NOTICE_LIFE;
use crate::identity::sender::ProofingNotice;
use crate::kernel::ids::{CampaignId, VerificationId};
use crate::kernel::lifecycle;
use crate::process::Act;

use super::addressee::addressee;
use super::store::{self, Due, RETRY};
use super::{metrics, token};

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(5);
/// Notices read at a time.
const PAGE: usize = 100;
/// For how long after a verification has expired a completion may still be under way.
const GRACE: Duration = Duration::from_hours(1);

/// Sends what is due until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    metrics::start();
    loop {
        let settled = step(&context).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "notices of proofing were not all sent; trying again");
            0
        });
        let wait = if settled == 0 { EVERY } else { Duration::ZERO };
        if !lifecycle::pause(&token, wait).await {
            return;
        }
    }
}

/// Tries once to send each that is due, and gives the number of verifications that are done with. Those that cannot be sent now stand in
/// nobody's way, however many they are.
pub async fn step(context: &Context) -> Result<usize, Error> {
    let expired_before = context.now() - GRACE;
    let mut after = (
        CampaignId::from_uuid(Uuid::nil()),
        VerificationId::from_uuid(Uuid::nil()),
    );
    let mut settled = 0;
    loop {
        let times = (expired_before, context.now());
        let due = store::due(context.db.read(), times, after, PAGE as u64).await?;
        settled += send(context, &due).await?;
        match due.last() {
            Some(last) if due.len() == PAGE => after = (last.campaign_id, last.id),
            _ => return Ok(settled),
        }
    }
}

/// Sends a page, and gives the number of verifications that are done with.
async fn send(context: &Context, due: &[Due]) -> Result<usize, Error> {
    let mut settled = 0;
    for one in due {
        let ids = (one.campaign_id, one.id);
        match tell(context, one).await {
            Ok(told) => settle(context, one, told).await?,
            Err(Error::ContactRefused) => refuse(context, one).await?,
            // It would stand in the way of the others for ever.
            Err(error) if error.storage().is_some_and(db::Error::is_of_the_data) => {
                tracing::error!(campaign_id = %ids.0, verification_id = %ids.1, %error, "nobody can be told of a proofing");
                settle(context, one, Some(Notice::Nowhere)).await?;
            }
            // What one gateway refuses holds up nobody else.
            Err(error) => {
                tracing::warn!(campaign_id = %ids.0, verification_id = %ids.1, %error, "a notice of proofing was not sent; trying again");
                put_off(context, one).await?;
                continue;
            }
        }
        settled += 1;
    }
    Ok(settled)
}

async fn settle(context: &Context, due: &Due, to: Option<Notice>) -> Result<(), Error> {
    let settled = context.db.run_tx("settle_notice", |tx| {
        Box::pin(async move { Ok::<_, Error>(store::settle(tx, due, (to, None)).await?) })
    });
    settled.await
}

/// Ends a notice that the carrier refuses for good: sending it again has the same answer.
async fn refuse(context: &Context, due: &Due) -> Result<(), Error> {
    let act = Act::on("proofing.notice_refused", "verification", due.id);
    let actor = Process::Identity.as_str().to_owned();
    let event = &context.event(actor, Some(due.campaign_id), act, json!({}));
    let at = context.now();
    let refused = context.db.run_tx("refuse_notice", |tx| {
        Box::pin(async move {
            store::settle(tx, due, (Some(Notice::Nowhere), Some(at))).await?;
            Ok::<_, Error>(audit::record(tx, std::slice::from_ref(event)).await?)
        })
    });
    refused.await?;
    metrics::refused();
    Ok(())
}

async fn put_off(context: &Context, due: &Due) -> Result<(), Error> {
    let attempt = u32::try_from(due.notice_attempts).unwrap_or(u32::MAX);
    let until = context.now() + RETRY.delay(attempt, &context.ids);
    let put_off = context.db.run_tx("put_notice_off", |tx| {
        Box::pin(async move { Ok::<_, Error>(store::put_off(tx, due, until).await?) })
    });
    put_off.await
}

/// Sends one notice, and gives what became of it: none where no enrollment was completed.
async fn tell(context: &Context, due: &Due) -> Result<Option<Notice>, Error> {
    if due.enrollment_id.is_none() {
        return Ok(None);
    }
    let evidence = evidence::read("verification.evidence", &due.evidence)?;
    let whom = (due.campaign_id, due.individual_id);
    let Some(to) = addressee(context, whom, &evidence).await? else {
        return Ok(Some(Notice::Nowhere));
    };
    let now = context.now();
    let indexer = context.steady_indexer(due.campaign_id)?;
    let token = token::of(&indexer, due.id);
    let mac = token::mac(&indexer, &token);
    let intended = context.db.run_tx("intend_notice", |tx| {
        Box::pin(async move { Ok::<_, Error>(store::intend(tx, due, mac, now).await?) })
    });
    intended.await?;
    let notice = ProofingNotice {
        id: mac,
        to,
        token,
        expires_at: now + NOTICE_LIFE,
    };
    context.sender.send(notice.into()).await?;
    Ok(Some(Notice::Sent))
}
