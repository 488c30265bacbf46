//! Giving people more time.

use jiff::civil::Date;
use serde_json::json;

use crate::codes::campaign::{store as campaigns, term};
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::campaign;
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, WaveId};
use crate::process::request::{self, Request};
use crate::process::{self, Act, Call};

use super::{begun_enrollments, store};

/// A later last day to enroll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Of which wave and the reissues of its letters; without one, of the campaign and of every wave that ends before.
    pub wave: Option<WaveId>,
    /// The new last day.
    pub on: Date,
    /// Why.
    pub reason: String,
}

/// Gives a campaign or one of its waves more time, and everybody who has begun under it.
pub async fn extend_enroll_by(
    context: &Context,
    call: &Call,
    request: &Request,
    extend: &Extend,
) -> Result<(), Error> {
    let now = context.now();
    let done = context.db.run_bulk("extend_enroll_by", |tx| {
        Box::pin(async move {
            // Asked under the lock: the same request may have waited for it beside this one.
            campaigns::lock(tx, extend.campaign).await?;
            if request::answered::<CampaignId>(tx, request).await?.is_some() {
                return Ok(());
            }
            let campaign = campaigns::lock_open(tx, extend.campaign).await?;
            let (stands, subject) = standing(tx, &campaign, extend.wave).await?;
            let cached = context.campaign_cache.by_id(tx, campaign.id).await?;
            let at = term::end_of_day(extend.on, &cached.zone)
                .map_err(|_| wrong("must be within the calendar"))?;
            later(&stands, extend.on, at, now)?;
            if extend.wave.is_none() {
                campaigns::extend(tx, campaign.id, extend.on, at).await?;
            }
            let waves = store::extend(tx, campaign.id, extend.wave, extend.on, at).await?;
            let until = at + term::grace(&campaign);
            let begun = begun_enrollments::extend(tx, campaign.id, extend.wave, until).await?;
            let detail = json!({
                "from": stands, "to": extend.on.to_string(), "reason": extend.reason, "waves": waves, "begun": begun,
            });
            let event = call.event(context, Some(campaign.id), Act::of("campaign.extended", subject), detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &campaign.id, now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await
}

type Subject = (&'static str, Option<uuid::Uuid>);

/// Gives the last day that stands, and what it is of.
async fn standing(
    tx: &Tx<'_>,
    campaign: &campaign::Model,
    wave: Option<WaveId>,
) -> Result<(String, Subject), Error> {
    let Some(wave) = wave else {
        let subject = ("campaign", Some(campaign.id.as_uuid()));
        return Ok((campaign.enroll_by.clone(), subject));
    };
    let row = store::lock(tx, campaign.id, wave).await?;
    let row = row.ok_or(Error::WaveNotFound)?;
    Ok((row.enroll_by, ("wave", Some(wave.as_uuid()))))
}

fn later(stands: &str, on: Date, at: Timestamp, now: Timestamp) -> Result<(), Error> {
    // Dates are written so that their texts are in their order.
    if on.to_string().as_str() <= stands {
        return Err(wrong("must be later than the date that stands"));
    }
    if at <= now {
        return Err(wrong("must not have passed"));
    }
    Ok(())
}

fn wrong(rule: &'static str) -> Error {
    process::Error::field("enroll_by_date", rule).into()
}
