//! Telling people that their term is over: nothing is renewed, and nobody owes anything.
//!
//! `enrollment-codes` notes who is to be told when an enrollment ends; the notice goes to a contact on record, or by post. One that is
//! handed over again after a crash is the same by its id. What a carrier cannot take for now is tried again, after ever longer waits.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::db::entities::term_notice::{Model, State};
use crate::db::{self, Storage as _};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::sender::TermOverNotice;
use crate::kernel::ids::{CampaignId, EnrollmentId};
use crate::kernel::lifecycle;

use super::addressee::addressee;
use super::store::RETRY;
use super::term_over_store as store;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_mins(1);
/// Notices read at a time.
const PAGE: u64 = 100;

/// Sends what is due until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        let settled = step(&context).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "notices that terms are over were not all sent; trying again");
            0
        });
        let wait = if settled == 0 { EVERY } else { Duration::ZERO };
        if !lifecycle::pause(&token, wait).await {
            return;
        }
    }
}

/// Tries once to send each that is due, and gives the number of those that are done with. Those that cannot be sent now stand in nobody's
/// way, however many they are.
pub async fn step(context: &Context) -> Result<usize, Error> {
    let mut after = (
        CampaignId::from_uuid(Uuid::nil()),
        EnrollmentId::from_uuid(Uuid::nil()),
    );
    let mut settled = 0;
    loop {
        let due = store::due(context.db.read(), context.now(), (after, PAGE)).await?;
        for one in &due {
            settled += usize::from(settle(context, one).await?);
        }
        match due.last() {
            Some(last) if due.len() as u64 == PAGE => {
                after = (last.campaign_id, last.enrollment_id);
            }
            _ => return Ok(settled),
        }
    }
}

/// Tells one person, and tells whether that is done with.
async fn settle(context: &Context, due: &Model) -> Result<bool, Error> {
    let (campaign_id, enrollment_id) = (due.campaign_id, due.enrollment_id);
    let state = match tell(context, due).await {
        Ok(state) => state,
        Err(Error::ContactRefused) => State::Refused,
        // It would stand in the way of the others for ever.
        Err(error) if error.storage().is_some_and(db::Error::is_of_the_data) => {
            tracing::error!(%campaign_id, %enrollment_id, %error, "nobody can be told that a term is over");
            State::Nowhere
        }
        Err(error) => {
            tracing::warn!(%campaign_id, %enrollment_id, %error, "a notice that a term is over was not sent; trying again");
            State::Due
        }
    };
    let attempt = u32::try_from(due.attempts).unwrap_or(u32::MAX);
    let until = context.now() + RETRY.delay(attempt, &context.ids);
    let written = context.db.run_tx("settle_term_notice", |tx| {
        Box::pin(async move { Ok::<_, Error>(store::settle(tx, due, (state, until)).await?) })
    });
    written.await?;
    Ok(state != State::Due)
}

async fn tell(context: &Context, due: &Model) -> Result<State, Error> {
    let whom = (due.campaign_id, due.individual_id);
    let Some(to) = addressee(context, whom, &[]).await? else {
        return Ok(State::Nowhere);
    };
    let notice = TermOverNotice {
        id: due.enrollment_id.as_uuid(),
        to,
    };
    context.sender.send(notice.into()).await?;
    Ok(State::Sent)
}
