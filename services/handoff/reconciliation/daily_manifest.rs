//! Keeps a manifest of each day, for each campaign at each partner that has acknowledged something of it.
//!
//! The first look of a day keeps the manifest, soon after midnight in the campaign's zone; all later ones find it there. It is computed
//! with nothing open in the database and written by itself, together with an event of the audit log that has its hash. Manifests are
//! evidence and are never deleted.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::audit;
use crate::db::entities::manifest::Model;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::lifecycle;
use crate::process::Act;

use super::manifest::{self, Line};
use super::{days, manifest_store};

/// How often it is looked whether a day has begun.
const EVERY: Duration = Duration::from_mins(5);

/// Who keeps them, for the audit log.
const ACTOR: &str = "service/bureau-handoff";

/// Keeps manifests until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = keep(&context).await {
            tracing::warn!(%error, "the day's manifests could not be kept; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Keeps what is missing of today, and gives how many manifests that were. A campaign that fails does not keep the others waiting.
pub async fn keep(context: &Context) -> Result<u64, Error> {
    let db = context.db.read();
    let partners = partner::store::modes(db).await?;
    let (mut kept, mut failed) = (0, None);
    for (campaign, zone) in days::zones(db).await? {
        let zone = days::zone(&zone);
        for (partner, _) in &partners {
            let of = (campaign, *partner);
            let done = match &zone {
                Ok(zone) => keep_one(context, of, zone).await,
                Err(_) => Err(db::Error::corrupt("campaign.zone").into()),
            };
            match done {
                Ok(was_missing) => kept += u64::from(was_missing),
                Err(error) => failed = Some(error),
            }
        }
    }
    failed.map_or(Ok(kept), Err)
}

async fn keep_one(
    context: &Context,
    of: (CampaignId, PartnerId),
    zone: &jiff::tz::TimeZone,
) -> Result<bool, Error> {
    let db = context.db.read();
    let as_of_at = context.now();
    let day = days::day_of(as_of_at, zone)?.to_string();
    if manifest_store::get(db, of, &day).await?.is_some()
        || !manifest_store::is_anything_acknowledged(db, of).await?
    {
        return Ok(false);
    }
    let lines = manifest::manifest(db, of.0, of.1).await?;
    let row = Model {
        campaign_id: of.0,
        partner_id: of.1,
        day,
        as_of_at,
        states: write(&lines),
    };
    let act = Act::on("manifest.kept", "partner", row.partner_id);
    let detail = json!({ "day": row.day, "as_of": row.as_of_at, "sha256": crypto::sha256_hex(row.states.as_bytes()) });
    let event = context.event(ACTOR.to_owned(), Some(row.campaign_id), act, detail);
    let (row, events) = (&row, &[event]);
    let added = context.db.run_tx("manifest.keep", |tx| {
        Box::pin(async move {
            let is_first = manifest_store::add(tx, row).await?;
            if is_first {
                audit::record(tx, events).await?;
            }
            Ok::<_, Error>(is_first)
        })
    });
    added.await
}

fn write(lines: &[Line]) -> String {
    serde_json::to_string(lines).expect("states, counts and hashes serialize")
}

/// Reads the lines of a manifest that was kept.
pub fn lines(kept: &Model) -> Result<Vec<Line>, Error> {
    let lines = serde_json::from_str(&kept.states);
    lines.map_err(|_| db::Error::corrupt("manifest.states").into())
}
