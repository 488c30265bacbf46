//! Waves that nobody planned.

use crate::codes::context::Context;
use crate::codes::store::insert;
use crate::db::entities::wave::{Kind, Model};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, WaveId};

use super::store;

/// Makes a wave that selects everybody; its name and last day are still to be set.
pub fn fresh_wave(context: &Context, campaign: CampaignId, kind: Kind) -> Model {
    Model {
        campaign_id: campaign,
        id: context.ids.next(),
        name: String::new(),
        kind,
        entities: "[]".to_owned(),
        regions: "[]".to_owned(),
        populations: "[]".to_owned(),
        members: 0,
        enroll_by: String::new(),
        enroll_by_at: context.now(),
        mailed_on: None,
        mailed_at: None,
        created_at: context.now(),
        reissue_of: None,
    }
}

/// Writes a wave that nobody named, under the campaign's lock: it gets the next number, and this last day.
pub async fn insert_numbered(
    tx: &Tx<'_>,
    fresh: &Model,
    (enroll_by, enroll_by_at): (&str, Timestamp),
) -> Result<WaveId, db::Error> {
    let number = store::count(tx, fresh.campaign_id).await? + 1;
    let what = match fresh.kind {
        Kind::Reissue => "reissue",
        Kind::Planned | Kind::Automatic => "batch",
    };
    let wave = Model {
        name: format!("{what} {number}"),
        enroll_by: enroll_by.to_owned(),
        enroll_by_at,
        ..fresh.clone()
    };
    insert(tx, &wave).await?;
    Ok(wave.id)
}
