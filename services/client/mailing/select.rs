//! Which batches go into a print file.

use crate::client::codes::{batches, open_batch, waves};
use crate::client::connect::Channels;
use crate::client::problem::Problem;
use crate::wire::redress::enrollment::v1 as wire;

/// Batches of one wave.
pub struct Chosen {
    /// The batches, oldest first.
    pub batches: Vec<wire::CodeBatch>,
    /// The wave.
    pub wave: Option<wire::Wave>,
}

/// Finds the batches of a wave that can still be exported, or the one batch that is named or open.
pub async fn select(
    channels: &Channels,
    campaign: &wire::Campaign,
    batch: Option<&str>,
    wave: Option<&str>,
) -> Result<Chosen, Problem> {
    let waves = waves(channels, &campaign.campaign_id).await?;
    let Some(named) = wave else {
        let batch = open_batch(channels, &campaign.campaign_id, batch).await?;
        let wave = waves.into_iter().find(|wave| wave.wave_id == batch.wave_id);
        return Ok(Chosen {
            batches: vec![batch],
            wave,
        });
    };
    let is_named = |wave: &wire::Wave| wave.wave_id == named || wave.name == named;
    let wave = waves.iter().find(|wave| is_named(wave)).ok_or_else(|| {
        let known: Vec<&str> = waves.iter().map(|wave| wave.name.as_str()).collect();
        Problem::usage(format!(
            "this campaign has no wave {named}; its waves: {}",
            known.join(", ")
        ))
    })?;
    let mut all = batches(channels, &campaign.campaign_id).await?;
    all.retain(|batch| batch.wave_id == wave.wave_id && batch.codes > 0);
    all.reverse();
    let sealed = all
        .iter()
        .all(|batch| batch.state() == wire::BatchState::Sealed);
    if all.is_empty() {
        return Err(Problem::usage(format!(
            "no codes were issued for the wave {} yet",
            wave.name
        )));
    }
    if !sealed {
        // When all are sealed, the service says why they cannot be used.
        all.retain(|batch| batch.state() == wire::BatchState::Open);
    }
    Ok(Chosen {
        batches: all,
        wave: Some(wave.clone()),
    })
}
