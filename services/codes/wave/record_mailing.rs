//! Recording when a wave's letters were mailed.

use jiff::civil::Date;
use serde_json::json;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::campaign::{store as campaigns, term};
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::answered;
use crate::db::entities::code_batch;
use crate::db::idempotency::{self, Request};
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, WaveId};

use super::read::{Wave, get_wave};
use super::{begun_enrollments, store};

/// Records the day on which a wave's letters were mailed, or corrects it. Enrollments begun with one of them get the proof of
/// address that counts from that day.
pub async fn record_wave_mailing(
    context: &Context,
    call: &Call,
    request: &Request,
    (campaign, wave): (CampaignId, WaveId),
    on: Date,
) -> Result<Wave, Error> {
    let now = context.now();
    let done = context.db.run_bulk("record_mailing", |tx| {
        Box::pin(async move {
            campaigns::lock(tx, campaign)
                .await?
                .ok_or(Error::CampaignNotFound)?;
            if let Some(id) = answered(tx, request).await? {
                return Ok(id);
            }
            let row = store::lock(tx, campaign, wave)
                .await?
                .ok_or(Error::WaveNotFound)?;
            let cached = context.campaign_cache.by_id(tx, campaign).await?;
            let at = mailed_at(tx, &cached, wave, on, now).await?;
            store::record_mailing(tx, campaign, wave, on, at).await?;
            let begun = begun_enrollments::prove_from(tx, campaign, wave, at).await?;
            let detail = json!({ "from": row.mailed_on, "to": on.to_string(), "begun": begun });
            let subject = ("wave", Some(wave.as_uuid()));
            let event = call.event(context, Some(campaign), "wave.mailed", subject, detail);
            audit::record(tx, &[event]).await?;
            idempotency::record(tx, request, &wave.to_string(), now).await?;
            Ok::<_, Error>(wave)
        })
    });
    get_wave(context, campaign, done.await?).await
}

/// Tells whether a batch has letters that can be printed, and that no export had.
fn was_never_exported(batch: &code_batch::Model) -> bool {
    let can_be = batch.wrapped_secret.is_some() && batch.codes > batch.withheld;
    can_be && batch.first_exported_at.is_none()
}

/// Gives the instant at which the day of mailing ends, if the letters can have been mailed on it.
async fn mailed_at(
    tx: &Tx<'_>,
    campaign: &CachedCampaign,
    wave: WaveId,
    on: Date,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    const FIELD: &str = "mailing_date";
    let wrong =
        |rule: &'static str| Error::Request(Fault::new(Reason::InvalidRequest).field(FIELD, rule));
    let mut batches = store::batches(tx, campaign.id, wave).await?;
    if batches.iter().any(|batch| batch.completed_at.is_none()) {
        return Err(Error::BatchIncomplete);
    }
    batches.retain(|batch| batch.codes > 0);
    let first = batches.first().ok_or(Error::WaveEmpty)?;
    if batches.iter().any(was_never_exported) {
        return Err(Error::BatchNotExported);
    }
    let day = |at: Timestamp| at.date_in(&campaign.zone);
    let (today, made) = (day(now), day(first.created_at));
    if today.is_ok_and(|today| on > today) {
        return Err(wrong("must not lie in the future"));
    }
    if made.is_ok_and(|made| on < made) {
        return Err(wrong("must not lie before the wave's first batch was made"));
    }
    term::end_of_day(on, &campaign.zone).map_err(|_| wrong("must be within the calendar"))
}
