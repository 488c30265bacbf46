//! New batches and waves, and the secrets of batches.

use crate::codes::batch;
use crate::codes::campaign::store as campaigns;
use crate::codes::code::derive::BatchSecret;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::wave::state::Kind;
use crate::codes::wave::store as waves;
use crate::db::Tx;
use crate::db::entities::{campaign, code_batch, wave};
use crate::kernel::ids::{BatchId, CampaignId, WaveId};

/// Makes an empty batch with a secret of its own; its wave is still to be set.
pub fn fresh_batch(context: &Context, campaign: CampaignId) -> Result<code_batch::Model, Error> {
    let (key_version, key) = context.current_key()?;
    let id: BatchId = context.ids.next();
    let secret = BatchSecret::new(context.ids.random());
    Ok(code_batch::Model {
        campaign_id: campaign,
        id,
        state: batch::state::State::Open.as_str().to_owned(),
        wrapped_secret: Some(secret.wrap(&key, campaign, id)),
        key_version,
        codes: 0,
        wave_id: context.ids.next(),
        completed_at: None,
        uniformity: None,
        created_at: context.now(),
        sealed_at: None,
        first_exported_at: None,
        withheld: 0,
    })
}

/// Makes a wave that selects everybody; its name and last day are still to be set.
pub fn fresh_wave(context: &Context, campaign: CampaignId, kind: Kind) -> wave::Model {
    wave::Model {
        campaign_id: campaign,
        id: context.ids.next(),
        name: String::new(),
        kind: kind.as_str().to_owned(),
        entities: "[]".to_owned(),
        regions: "[]".to_owned(),
        populations: "[]".to_owned(),
        members: 0,
        enroll_by: String::new(),
        enroll_by_at: context.now(),
        mailed_on: None,
        mailed_at: None,
        created_at: context.now(),
    }
}

/// Writes a wave that nobody named, under the campaign's lock: it gets the next number, and the campaign's last day.
pub async fn insert_wave(
    tx: &Tx<'_>,
    fresh: &wave::Model,
    campaign: &campaign::Model,
) -> Result<WaveId, Error> {
    let number = waves::count(tx, campaign.id).await? + 1;
    let what = if fresh.kind == Kind::Reissue.as_str() {
        "reissue"
    } else {
        "batch"
    };
    let wave = wave::Model {
        name: format!("{what} {number}"),
        enroll_by: campaign.enroll_by.clone(),
        enroll_by_at: campaign.enroll_by_at,
        ..fresh.clone()
    };
    waves::insert(tx, &wave).await?;
    Ok(wave.id)
}

/// Finds an open campaign and locks it until the transaction ends.
pub async fn open_campaign(tx: &Tx<'_>, id: CampaignId) -> Result<campaign::Model, Error> {
    let campaign = campaigns::lock(tx, id).await?;
    let campaign = campaign.ok_or(Error::CampaignNotFound)?;
    match crate::codes::campaign::state::State::parse(&campaign.state)? {
        crate::codes::campaign::state::State::Open => Ok(campaign),
        crate::codes::campaign::state::State::Closed => Err(Error::CampaignClosed),
    }
}

/// Opens the secret of a batch that is not sealed.
pub fn open_secret(context: &Context, batch: &code_batch::Model) -> Result<BatchSecret, Error> {
    let wrapped = batch.wrapped_secret.as_ref().ok_or(Error::BatchSealed)?;
    let key = context.key(batch.key_version)?;
    BatchSecret::unwrap(&key, batch.campaign_id, batch.id, wrapped).map_err(|_| Error::Key)
}
