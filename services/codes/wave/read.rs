//! Reading waves.

use serde::de::DeserializeOwned;

use crate::codes::campaign::store as campaigns;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::individual::Population;
use crate::db::entities::wave;
use crate::kernel::ids::{CampaignId, CoveredEntityId, WaveId};

use super::store;

/// A wave, and whom it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// The wave.
    pub row: wave::Model,
    /// The keys of covered entities; none selects all, here and below.
    pub entities: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// Populations.
    pub populations: Vec<Population>,
}

/// Gets a wave.
pub async fn get_wave(context: &Context, campaign: CampaignId, id: WaveId) -> Result<Wave, Error> {
    let row = store::get(context.db.read(), campaign, id).await?;
    let row = row.ok_or(Error::WaveNotFound)?;
    let mut waves = named(context, campaign, vec![row]).await?;
    waves.pop().ok_or(Error::WaveNotFound)
}

/// Lists a campaign's waves, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_waves(
    context: &Context,
    campaign: CampaignId,
    before: Option<WaveId>,
    limit: u64,
) -> Result<Vec<Wave>, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    let rows = store::page(read, campaign, before, limit + 1).await?;
    named(context, campaign, rows).await
}

async fn named(
    context: &Context,
    campaign: CampaignId,
    rows: Vec<wave::Model>,
) -> Result<Vec<Wave>, Error> {
    let known = campaigns::entities(context.db.read(), campaign).await?;
    let waves = rows.into_iter().map(|row| {
        let selected: Vec<CoveredEntityId> = list(&row.entities, "wave.entities")?;
        let keys = known.iter().filter(|entity| selected.contains(&entity.id));
        Ok::<_, Error>(Wave {
            entities: keys.map(|entity| entity.entity_key.clone()).collect(),
            regions: list(&row.regions, "wave.regions")?,
            populations: list(&row.populations, "wave.populations")?,
            row,
        })
    });
    waves.collect()
}

fn list<T: DeserializeOwned>(json: &str, column: &str) -> Result<Vec<T>, db::Error> {
    serde_json::from_str(json).map_err(|_| db::Error::corrupt(column))
}
