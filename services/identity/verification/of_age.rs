//! Minors come of age on their eighteenth birthday. A daily pass finds whose it was, in the campaign's zone, and makes an adult of them: from
//! then on the products for adults are theirs, and nobody acts for them: what a parent or guardian began and did not complete is void
//! ([`void`]), and what is active goes on. A letter that was addressed to the parent stays good.
//!
//! The birth date is sealed, so the minors are opened one after the other; a minor without one stays a minor until a list says otherwise.
//! Each page is a transaction that changes nobody who is no minor any more, so the pass goes on wherever it was stopped, and several
//! instances may make it at once.

use std::time::Duration;

use jiff::civil::Date;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::db::entities::campaign;
use crate::db::entities::individual::{self, Column, Population};
use crate::db::{Process, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::date::is_minor;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::roster::store;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::lifecycle;
use crate::kernel::person_sealer::PersonSealer;
use crate::process::Act;

use super::void;

/// How often the pass is made.
const EVERY: Duration = Duration::from_hours(24);
/// Minors read at a time.
const PAGE: u64 = 1_000;
/// An index holds these alone; the word stands in the statement, or the planner would not see that it fits.
const MINORS: &str = "population = 'MINOR'";

/// Makes the pass again and again until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = come_of_age(&context).await {
            tracing::warn!(%error, "not everybody who came of age is an adult yet; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Makes adults of all who came of age, and gives how many there were. A campaign whose key cannot be used is passed over, and logged.
pub async fn come_of_age(context: &Context) -> Result<u64, Error> {
    let read = context.db.read();
    let open = campaign::Entity::find().filter(campaign::Column::State.eq(campaign::State::Open));
    let mut grown = 0;
    for campaign in open.all(read).await? {
        let Some(key) = store::find_key(read, campaign.id).await? else {
            continue;
        };
        if key.wrapped.is_none() {
            continue;
        }
        let sealer = match context.sealer(&key) {
            Ok(sealer) => sealer,
            Err(error) => {
                tracing::error!(campaign_id = %campaign.id, %error, "the minors of a campaign cannot be looked at");
                continue;
            }
        };
        let today = store::today(&campaign, context.now())?;
        grown += in_campaign(context, (campaign.id, today), &sealer).await?;
    }
    if grown > 0 {
        tracing::info!(grown, "minors came of age");
    }
    Ok(grown)
}

async fn in_campaign(
    context: &Context,
    (campaign, today): (CampaignId, Date),
    sealer: &PersonSealer,
) -> Result<u64, Error> {
    let (mut grown, mut after) = (0, None);
    loop {
        let page = minors(context, campaign, after).await?;
        let Some(last) = page.last() else {
            return Ok(grown);
        };
        after = Some(last.id);
        let mut ids = Vec::new();
        for row in &page {
            let person = decrypt(sealer, row).unwrap_or_else(|error| {
                tracing::error!(individual_id = %row.id, %error, "a minor's record cannot be read");
                None
            });
            let born = person.and_then(|person| person.date_of_birth);
            if born.is_some_and(|born| !is_minor(born, today)) {
                ids.push(row.id);
            }
        }
        grown += change(context, campaign, &ids).await?;
    }
}

async fn minors(
    context: &Context,
    campaign: CampaignId,
    after: Option<IndividualId>,
) -> Result<Vec<individual::Model>, Error> {
    let mut query = individual::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Expr::cust(MINORS));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let page = query
        .order_by_asc(Column::CampaignId)
        .order_by_asc(Column::Id);
    Ok(page.limit(PAGE).all(context.db.read()).await?)
}

/// Makes adults of those of them who are still minors.
async fn change(
    context: &Context,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<u64, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    context
        .db
        .run_tx("come_of_age", |tx| {
            Box::pin(async move {
                store::lock_roster(tx, campaign).await?;
                let mut grown = store::individuals(tx, campaign, ids).await?;
                grown.retain(|row| row.population == Population::Minor);
                grown.sort_by_key(|row| row.id);
                grown.dedup_by_key(|row| row.id);
                let ids: Vec<IndividualId> = grown.iter().map(|row| row.id).collect();
                for list in store::lists(&ids) {
                    let update = individual::Entity::update_many()
                        .col_expr(Column::Population, Expr::value(Population::Adult))
                        .filter(Column::CampaignId.eq(campaign))
                        .filter(Column::Id.is_in(list));
                    update.exec(tx).await?;
                }
                let events = ids.iter().map(|id| {
                    let act = Act::on("individual.came_of_age", "individual", *id);
                    let actor = Process::Identity.as_str().to_owned();
                    context.event(actor, Some(campaign), act, json!({}))
                });
                audit::record(tx, &events.collect::<Vec<_>>()).await?;
                void::of_grown(tx, context, campaign, (&ids, context.now())).await?;
                Ok::<_, Error>(ids.len() as u64)
            })
        })
        .await
}
