//! Creating a wave.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::campaign::store as campaigns;
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::{answered, insert};
use crate::db::audit;
use crate::db::entities::individual::Population;
use crate::db::entities::wave::Kind;
use crate::db::entities::{campaign, covered_entity, wave};
use crate::db::idempotency::{self, Request};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};

use super::fresh::fresh_wave;
use super::read::{Wave, get_wave};
use super::store;

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
    pub populations: Vec<Population>,
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
    /// What does not change about it.
    pub cached: Arc<CachedCampaign>,
    /// Its covered entities.
    pub entities: Vec<covered_entity::Model>,
    /// The places in the list of ids that are not on its roster.
    pub strangers: Vec<usize>,
}

/// How many unknown individuals an answer names.
const STRANGERS: i64 = 20;

/// Reads what a new wave is checked against, so that one answer names everything wrong; none for an unknown campaign.
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
        cached: context.campaign_cache.by_id(read, campaign).await?,
        entities: campaigns::entities(read, campaign).await?,
        campaign: row,
        strangers,
    }))
}

/// Creates a wave.
pub async fn create_wave(
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
            campaigns::lock_open(tx, new.campaign).await?;
            insert(tx, row).await.map_err(|error| {
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
    get_wave(context, new.campaign, done.await?).await
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
