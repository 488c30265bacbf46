//! Letters that people ordered who lost theirs.
//!
//! `identity-verification` writes an order where claims point at one person of the list; here it is taken away in the transaction that
//! makes the new code, so that it happens once. Whoever ordered it may be a stranger who holds stolen data. The letter goes to the
//! address on record, so a stranger gains nothing by it; but it takes the place of the letter that the person may have in hand. So
//! without an agent an order is not carried out
//!
//! - while the present letter is young: not mailed yet, or still a proof of the address;
//! - while an enrollment that the present letter began is under way: the person is verified, waits for a review, or is being sent a code;
//! - more than once in 30 days a person. It takes nothing of the letters that an agent can have sent.
//!
//! An agent's order after claims that were accepted is a reissue as by ReissueCode, and counts as one. Any other enrollment that was
//! begun with the old letter ends with it, as in every reissue: the person begins anew with the new letter. An order that is not
//! carried out is gone, with the reason in the audit log; nobody outside is told, but for an agent whose order a limit declined.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::codes::campaign::store as campaigns;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::code::State;
use crate::db::entities::letter_order::Model as Order;
use crate::db::entities::verification;
use crate::db::{self, Storage as _, Tx, audit};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::clock::Timestamp;
use crate::kernel::lifecycle;
use crate::process::{Act, Call};

use super::order_store::{self, Key};
use super::reissue::{self, Fresh, Why};
use super::reissue_limits;
use super::store::{self, Line};

/// Orders looked at in one step.
const STEP: u64 = 100;
/// How often it is looked for orders: printers take letters by the day.
const EVERY: Duration = Duration::from_secs(5);

/// Carries orders out until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        let wait = match step(&context).await {
            Ok(0) => EVERY,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "orders of letters wait; trying again");
                EVERY
            }
        };
        if !lifecycle::pause(&token, wait).await {
            return;
        }
    }
}

/// Takes the orders that wait, at most one step, and gives their number. One that cannot be carried out now does not hold up the others; it
/// waits, and its error is given when all were looked at.
pub async fn step(context: &Context) -> Result<usize, Error> {
    let waiting = order_store::waiting(context.db.read(), STEP).await?;
    let mut failed = None;
    for key in &waiting {
        if let Err(error) = carry_out(context, *key).await {
            match why_not(&error) {
                Some(why) => decline(context, *key, (why, possible_again(&error))).await?,
                None => failed = Some(error),
            }
        }
    }
    failed.map_or(Ok(waiting.len()), Err)
}

/// Takes an order and makes the code, in one transaction. On an error nothing is written, and the order waits.
async fn carry_out(context: &Context, key: Key) -> Result<(), Error> {
    let fresh = &Fresh::of(context, key.0)?;
    let done = context.db.run_tx("carry_out_letter_order", |tx| {
        Box::pin(async move {
            // Issues, reissues and exports of one campaign take turns, and so do two who take the same order.
            let campaign = campaigns::lock_open(tx, key.0).await?;
            let Some(order) = order_store::take(tx, key).await? else {
                return Ok(());
            };
            if let Some(why) = stands_in_the_way(context, tx, &order).await? {
                return record_declined(context, tx, &order, why).await;
            }
            let call = service();
            let whom = (order.individual_id, charge(context, tx, &order).await?);
            let (_, mut detail) =
                reissue::replace(context, tx, &call, &campaign, whom, fresh).await?;
            detail["verification"] = json!(order.verification_id);
            detail["ordered_by"] = json!(order.ordered_by);
            let act = Act::on("code.reissued", "individual", order.individual_id);
            let event = call.event(context, Some(key.0), act, detail);
            Ok::<_, Error>(audit::record(tx, &[event]).await?)
        })
    });
    done.await
}

fn service() -> Call {
    Call::plain(Caller {
        role: Role::Service,
        name: "enrollment-codes".into(),
    })
}

/// Says what stands in the way of an order, if something does that a reissue does not ask for.
async fn stands_in_the_way(
    context: &Context,
    tx: &Tx<'_>,
    order: &Order,
) -> Result<Option<&'static str>, Error> {
    let now = context.now();
    let standing = order_store::standing(tx, order, now).await?;
    let standing = standing.ok_or(Error::IndividualNotFound)?;
    if standing.withdrawn_at.is_some() {
        return Ok(Some("WITHDRAWN"));
    }
    if standing.verification == verification::State::Refused {
        return Ok(Some("VERIFICATION_REFUSED"));
    }
    if order.attended {
        return Ok(None);
    }
    if standing.is_under_way {
        return Ok(Some("ENROLLMENT_UNDER_WAY"));
    }
    let lines = store::of(tx, order.campaign_id, order.individual_id).await?;
    Ok(lines
        .iter()
        .any(|line| is_young(line, now))
        .then_some("LETTER_YOUNG"))
}

/// Tells whether a letter is on its way or still proves the address. One without a code is not worth less: it is as good as any.
fn is_young(line: &Line, now: Timestamp) -> bool {
    line.state == State::Issued && (line.mailed_on.is_none() || now < line.proof_expires_at)
}

/// Charges the order to whom it counts, and gives the reason of the reissue.
async fn charge(context: &Context, tx: &Tx<'_>, order: &Order) -> Result<Why, Error> {
    if order.attended {
        reissue_limits::charge_agent(context, tx, &order.ordered_by).await?;
        return Ok(Why::Lost);
    }
    reissue_limits::charge_order(context, tx, order.campaign_id, order.individual_id).await?;
    Ok(Why::Ordered)
}

/// Says why an order is not carried out, where it never will be; nothing where it is worth trying again.
fn why_not(error: &Error) -> Option<&'static str> {
    match error {
        Error::CampaignNotFound | Error::CampaignClosed => Some("CAMPAIGN_CLOSED"),
        Error::IndividualNotFound | Error::IndividualErased => Some("ERASED"),
        Error::NotMailable => Some("NOT_MAILABLE"),
        Error::NoCodeYet => Some("NO_LETTER_YET"),
        Error::CodeRedeemed => Some("ENROLLED"),
        Error::CodeRevoked => Some("REVOKED"),
        Error::EnrollmentExpired => Some("ENROLLMENT_EXPIRED"),
        Error::ReissueLimit { .. } => Some("LIMIT"),
        error if error.storage().is_some_and(db::Error::is_of_the_data) => Some("UNREADABLE"),
        _ => None,
    }
}

/// Gives after which time a limit allows another letter.
const fn possible_again(error: &Error) -> Option<Duration> {
    match error {
        Error::ReissueLimit { retry_after } => Some(*retry_after),
        _ => None,
    }
}

/// Takes an order away that is not carried out. An agent's that a limit declined is kept, so that the agent is told.
async fn decline(
    context: &Context,
    key: Key,
    (why, again): (&'static str, Option<Duration>),
) -> Result<(), Error> {
    let possible_at = again.map(|again| context.now() + again);
    let declined = context.db.run_tx("decline_letter_order", |tx| {
        Box::pin(async move {
            let Some(order) = order_store::lock(tx, key).await? else {
                return Ok(());
            };
            match possible_at.filter(|_| order.attended) {
                Some(possible_at) => order_store::keep(tx, key, possible_at).await?,
                None => order_store::remove(tx, key).await?,
            }
            record_declined(context, tx, &order, why).await
        })
    });
    declined.await
}

async fn record_declined(
    context: &Context,
    tx: &Tx<'_>,
    order: &Order,
    why: &'static str,
) -> Result<(), Error> {
    let detail = json!({
        "why": why, "verification": order.verification_id, "ordered_by": order.ordered_by,
    });
    let act = Act::on("letter_order.declined", "individual", order.individual_id);
    let event = service().event(context, Some(order.campaign_id), act, detail);
    Ok(audit::record(tx, &[event]).await?)
}
