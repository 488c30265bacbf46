//! Planning waves, listing them, and recording when their letters were mailed.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::codes::batch;
use crate::codes::batch::issue::{fresh_wave, open_campaign};
use crate::codes::campaign::campaign_cache::Frame;
use crate::codes::campaign::{store as campaigns, term};
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::answered;
use crate::db::entities::{campaign, code_batch, covered_entity, wave};
use crate::db::idempotency::{self, Request};
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId, WaveId};

use super::state::Kind;
use super::{begun_enrollments, store};

/// A wave to be made; everything in it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWave {
    /// In which campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// Covered entities; none selects all, here and below.
    pub entities: Vec<CoveredEntityId>,
    /// Regions, in capitals.
    pub regions: Vec<String>,
    /// Populations.
    pub populations: Vec<String>,
    /// Individuals, sorted.
    pub members: Vec<IndividualId>,
    /// Last day to enroll.
    pub enroll_by: Date,
    /// The first instant after it.
    pub enroll_by_at: Timestamp,
}

/// What a new wave is checked against.
#[derive(Clone, Debug)]
pub struct Known {
    /// The campaign.
    pub campaign: campaign::Model,
    /// Its frame.
    pub frame: Arc<Frame>,
    /// Its covered entities.
    pub entities: Vec<covered_entity::Model>,
    /// The places in the list of those who are not on its roster.
    pub strangers: Vec<usize>,
}

/// A wave, with the keys of the covered entities that it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// The wave.
    pub row: wave::Model,
    /// The keys.
    pub entities: Vec<String>,
}

/// Strangers that are named; an answer has no room for more.
const STRANGERS: i64 = 20;

/// Reads what a new wave is checked against, so that everything wrong can be told at once; nothing for an unknown campaign.
pub async fn known(
    context: &Context,
    campaign: CampaignId,
    members: &[IndividualId],
) -> Result<Option<Known>, Error> {
    let read = context.db.read();
    let Some(row) = campaigns::by_id(read, campaign).await? else {
        return Ok(None);
    };
    let strangers = if members.is_empty() {
        Vec::new()
    } else {
        store::strangers(read, campaign, members, STRANGERS).await?
    };
    Ok(Some(Known {
        frame: Frame::by_id(context, read, campaign).await?,
        entities: campaigns::entities(read, campaign).await?,
        campaign: row,
        strangers,
    }))
}

/// Makes a wave.
pub async fn create(
    context: &Context,
    call: &Call,
    request: &Request,
    new: &NewWave,
) -> Result<Wave, Error> {
    let row = &draft(context, new);
    let event = &call.event(
        context,
        Some(new.campaign),
        "wave.created",
        ("wave", Some(row.id.as_uuid())),
        json!({ "enroll_by": row.enroll_by, "members": row.members }),
    );
    let done = context.db.run_tx("create_wave", |tx| {
        Box::pin(async move {
            // Asked under the lock: the same request may have waited for it beside this one.
            campaigns::lock(tx, new.campaign).await?;
            if let Some(id) = answered(tx, request).await? {
                return Ok(id);
            }
            open_campaign(tx, new.campaign).await?;
            store::insert(tx, row).await.map_err(|error| {
                if error.is_unique(store::NAME_TAKEN) {
                    Error::WaveExists
                } else {
                    error.into()
                }
            })?;
            if !new.members.is_empty() {
                store::insert_members(tx, new.campaign, row.id, &new.members).await?;
            }
            audit::record(tx, std::slice::from_ref(event)).await?;
            idempotency::record(tx, request, &row.id.to_string(), row.created_at).await?;
            Ok::<_, Error>(row.id)
        })
    });
    get(context, new.campaign, done.await?).await
}

fn draft(context: &Context, new: &NewWave) -> wave::Model {
    wave::Model {
        name: new.name.clone(),
        entities: json!(new.entities).to_string(),
        regions: json!(new.regions).to_string(),
        populations: json!(new.populations).to_string(),
        members: i64::try_from(new.members.len()).unwrap_or(i64::MAX),
        enroll_by: new.enroll_by.to_string(),
        enroll_by_at: new.enroll_by_at,
        ..fresh_wave(context, new.campaign, Kind::Planned)
    }
}

/// Gets a wave.
pub async fn get(context: &Context, campaign: CampaignId, id: WaveId) -> Result<Wave, Error> {
    let row = store::get(context.db.read(), campaign, id).await?;
    let row = row.ok_or(Error::WaveNotFound)?;
    let mut waves = named(context, campaign, vec![row]).await?;
    waves.pop().ok_or(Error::WaveNotFound)
}

/// Lists a campaign's waves, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list(
    context: &Context,
    campaign: CampaignId,
    before: Option<WaveId>,
    limit: u64,
) -> Result<Vec<Wave>, Error> {
    let read = context.db.read();
    Frame::by_id(context, read, campaign).await?;
    let rows = store::page(read, campaign, before, limit + 1).await?;
    named(context, campaign, rows).await
}

async fn named(
    context: &Context,
    campaign: CampaignId,
    rows: Vec<wave::Model>,
) -> Result<Vec<Wave>, Error> {
    let known = campaigns::entities(context.db.read(), campaign).await?;
    let whole = rows.into_iter().map(|row| {
        let selected: Vec<CoveredEntityId> =
            serde_json::from_str(&row.entities).unwrap_or_default();
        let keys = known.iter().filter(|entity| selected.contains(&entity.id));
        Wave {
            entities: keys.map(|entity| entity.entity_key.clone()).collect(),
            row,
        }
    });
    Ok(whole.collect())
}

/// Records the day on which a wave's letters were mailed, or corrects it. Who has begun with one of them gets the proof of
/// address that the day gives.
pub async fn record_mailing(
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
            let frame = Frame::by_id(context, tx, campaign).await?;
            let at = mailed_at(tx, &frame, wave, on, now).await?;
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
    get(context, campaign, done.await?).await
}

/// Tells whether a batch has letters that can be printed, and that no export had.
fn is_forgotten(batch: &code_batch::Model) -> bool {
    let can_be = batch.wrapped_secret.is_some() && batch.codes > batch.withheld;
    can_be && batch.first_exported_at.is_none()
}

/// Gives the instant at which the day of mailing ends, if the letters can have been mailed on it.
async fn mailed_at(
    tx: &Tx<'_>,
    frame: &Frame,
    wave: WaveId,
    on: Date,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    const FIELD: &str = "mailing_date";
    let wrong =
        |rule: &'static str| Error::Request(Fault::new(Reason::InvalidRequest).field(FIELD, rule));
    let mut batches = batch::store::of_wave(tx, frame.id, wave).await?;
    if batches.iter().any(|batch| batch.completed_at.is_none()) {
        return Err(Error::BatchIncomplete);
    }
    batches.retain(|batch| batch.codes > 0);
    let first = batches.first().ok_or(Error::WaveEmpty)?;
    if batches.iter().any(is_forgotten) {
        return Err(Error::BatchNotExported);
    }
    let day = |at: Timestamp| at.date_in(&frame.zone);
    let (today, made) = (day(now), day(first.created_at));
    if today.is_ok_and(|today| on > today) {
        return Err(wrong("must not lie in the future"));
    }
    if made.is_ok_and(|made| on < made) {
        return Err(wrong("must not lie before the wave's first batch was made"));
    }
    term::end_of_day(on, &frame.zone).map_err(|_| wrong("must be within the calendar"))
}
