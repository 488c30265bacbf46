//! Cancels what was ordered with a verification that the person repudiated: `identity-verification` has made it void.

use std::time::Duration;

use sea_orm::{FromQueryResult, Statement, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::enrollment::CancelReason;
use crate::kernel::caller::{Caller, Role};
use crate::kernel::ids::{CampaignId, EnrollmentId};
use crate::kernel::lifecycle;
use crate::process::Call;

use super::cancel;
use super::store;

/// How often it is looked for what was repudiated.
const EVERY: Duration = Duration::from_secs(5);
/// Enrollments read at a time.
const PAGE: usize = 100;

/// An enrollment that goes on with a repudiated verification.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Repudiated {
    campaign_id: CampaignId,
    id: EnrollmentId,
}

/// Cancels what was repudiated until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = step(&context).await {
            tracing::warn!(%error, "it was not looked for what people repudiated; trying again");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Tries once to cancel each that was repudiated, and gives the number that were. Those that cannot be canceled stand in nobody's way,
/// however many they are.
pub async fn step(context: &Context) -> Result<usize, Error> {
    let mut after = (
        CampaignId::from_uuid(Uuid::nil()),
        EnrollmentId::from_uuid(Uuid::nil()),
    );
    let mut canceled = 0;
    loop {
        let page = find(context, after).await?;
        for one in &page {
            match cancel_repudiated(context, *one).await {
                Ok(()) => canceled += 1,
                Err(error) => tracing::error!(
                    campaign_id = %one.campaign_id, enrollment_id = %one.id, %error,
                    "a repudiated enrollment cannot be canceled"
                ),
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = (last.campaign_id, last.id),
            _ => return Ok(canceled),
        }
    }
}

/// Gives a page after this one.
async fn find(
    context: &Context,
    (campaign, id): (CampaignId, EnrollmentId),
) -> Result<Vec<Repudiated>, Error> {
    const SQL: &str = "SELECT e.campaign_id, e.id FROM verification v JOIN enrollment e ON e.campaign_id = v.campaign_id \
        AND e.individual_id = v.individual_id AND e.verification_id = v.id WHERE v.repudiated_at IS NOT NULL \
        AND e.state IN ('SUBMITTED', 'ACTIVE', 'PARTLY_ACTIVE', 'ACTION_REQUIRED', 'SUSPENDED') \
        AND (e.campaign_id, e.id) > ($1, $2) ORDER BY e.campaign_id, e.id LIMIT $3";
    let read = context.db.read();
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let values: [Value; 3] = [campaign.into(), id.into(), limit.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), SQL, values);
    Ok(Repudiated::find_by_statement(statement).all(read).await?)
}

async fn cancel_repudiated(context: &Context, one: Repudiated) -> Result<(), Error> {
    let campaign = context
        .campaign_cache
        .by_id(context.db.read(), one.campaign_id);
    let campaign = &campaign.await?;
    let now = context.now();
    let handoffs = &cancel::handoff_ids(context);
    let call = &Call::plain(Caller {
        role: Role::Service,
        name: "enrollment-codes".into(),
    });
    context
        .db
        .run_tx("cancel_repudiated", |tx| {
            Box::pin(async move {
                let found = store::lock(tx, one.campaign_id, one.id, now).await?;
                let found = found.ok_or(Error::EnrollmentNotFound)?;
                let ending = cancel::Ending {
                    reason: CancelReason::Fraud,
                    handoffs,
                    at: now,
                };
                cancel::end(tx, context, call, campaign, &found, ending).await
            })
        })
        .await
}
