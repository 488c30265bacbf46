//! Writes the blind keys anew of people whose row is from a program that knew fewer ways to look somebody up, or did not know people by their
//! names of before and their further contacts. Until then they are found by those that they have.
//!
//! Each page is a transaction of its own under the lock of its roster, and marks what it wrote, so the pass goes on wherever it was stopped,
//! and several instances may make it at once. An index holds the rows that are left; once there are none, the pass reads nothing.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use tokio_util::sync::CancellationToken;

use crate::db::entities::campaign_key;
use crate::db::entities::individual_index::{Column, Entity};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::lifecycle;

use super::decrypt::decrypt;
use super::index::{self, Row};
use super::keys::RosterKeys;
use super::store;

/// How often the pass is made.
const EVERY: Duration = Duration::from_mins(10);
/// People written at a time.
const PAGE: u64 = 500;
/// An index holds these alone; the number stands in the statement, or the planner would not see that it fits.
const LEFT: &str = "made_by < 2";

/// Makes the pass again and again until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = reindex(&context, &token).await {
            tracing::warn!(%error, "not everybody has all blind keys yet; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Writes them all, and gives how many rows there were. A campaign whose key cannot be used is passed over, and logged.
pub async fn reindex(context: &Context, token: &CancellationToken) -> Result<u64, Error> {
    let mut written = 0;
    for row in campaign_key::Entity::find().all(context.db.read()).await? {
        // The keys of an erased campaign lead to nobody.
        if row.wrapped.is_none() {
            continue;
        }
        let keys = match RosterKeys::of(context, &row) {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!(campaign_id = %row.campaign_id, %error, "the people of a campaign cannot be indexed anew");
                continue;
            }
        };
        loop {
            let done = match page(context, row.campaign_id, &keys).await {
                Ok(done) => done,
                Err(error) => {
                    tracing::warn!(campaign_id = %row.campaign_id, %error, "the people of a campaign were not all indexed anew; trying again later");
                    break;
                }
            };
            written += done;
            if done == 0 || token.is_cancelled() {
                break;
            }
        }
    }
    if written > 0 {
        tracing::info!(written, "blind keys were written anew");
    }
    Ok(written)
}

async fn page(context: &Context, campaign: CampaignId, keys: &RosterKeys) -> Result<u64, Error> {
    context
        .db
        .run_tx("individual.reindex", |tx| {
            Box::pin(async move {
                store::lock_roster(tx, campaign).await?;
                let left = left(tx, campaign).await?;
                let (mut people, mut beside) = (Vec::with_capacity(left.len()), Vec::new());
                for row in store::individuals(tx, campaign, &left).await? {
                    match decrypt(&keys.sealer, &row) {
                        Ok(person) => {
                            let now = person.as_ref().map(|person| keys.current().person(person));
                            people.push(Row::of(row.id, now.unwrap_or_default()));
                            let person = person.filter(|_| row.withdrawn_at.is_none());
                            beside.extend(person.iter().flat_map(|person| {
                                index::beside(row.id, person, keys.current())
                            }));
                        }
                        Err(error) => {
                            tracing::error!(individual_id = %row.id, %error, "a person cannot be read, and keeps the blind keys of before");
                        }
                    }
                }
                index::rewrite(tx, campaign, &people).await?;
                index::add_former(tx, campaign, &beside).await?;
                index::mark(tx, campaign, &left).await?;
                Ok::<_, Error>(left.len() as u64)
            })
        })
        .await
}

async fn left(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<IndividualId>, Error> {
    let query = Entity::find()
        .select_only()
        .distinct()
        .column(Column::IndividualId)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Expr::cust(LEFT))
        .limit(PAGE);
    Ok(query.into_tuple().all(connection).await?)
}
