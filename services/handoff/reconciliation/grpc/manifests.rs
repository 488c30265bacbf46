//! Manifests: one that is computed now, and those that were kept.

use tonic::Request;

use crate::db;
use crate::db::entities::manifest::Model;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::reconciliation::{daily_manifest, list_store, manifest, manifest_store};
use crate::handoff::request::page_size;
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::handoff::v1 as wire;

use super::{convert, whose_alone};

/// GetManifest.
pub(crate) async fn get_manifest(
    context: &Context,
    request: Request<wire::GetManifestRequest>,
) -> Result<wire::GetManifestResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let partner = whose_alone(context, &call, &mut fields, &message.partner_id).await?;
    let day = message.date.map(|it| (it.year, it.month, it.day));
    let day = day.and_then(|it| fields.date("date", Some(it)));
    fields.finish()?;
    let db = context.db.read();
    list_store::expect_campaign(db, campaign).await?;
    let of = (campaign, partner);
    let manifest = if let Some(day) = day {
        let found = manifest_store::get(db, of, &day.to_string()).await?;
        kept(&found.ok_or(Error::ManifestNotFound)?)?
    } else {
        let as_of = context.now();
        let lines = manifest::manifest(db, campaign, partner).await?;
        convert::manifest(of, (as_of, None), lines)
    };
    Ok(wire::GetManifestResponse {
        manifest: Some(manifest),
    })
}

/// ListManifests.
pub(crate) async fn list_manifests(
    context: &Context,
    request: Request<wire::ListManifestsRequest>,
) -> Result<wire::ListManifestsResponse, Error> {
    let call = Call::of(&request)?;
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let partner = whose_alone(context, &call, &mut fields, &message.partner_id).await?;
    let filter: [&[u8]; 3] = [b"manifests", campaign.as_bytes(), partner.as_bytes()];
    let rows = (fields.absorb(page_size(message.page_size))).unwrap_or_default();
    let token = paging::page_after::<String>(&filter, &message.page_token);
    let before = fields.absorb(token).flatten();
    fields.finish()?;
    let db = context.db.read();
    let found = manifest_store::page(db, (campaign, partner), before, rows + 1).await?;
    let entries: Result<Vec<_>, Error> = found
        .iter()
        .map(|it| Ok((it.day.clone(), kept(it)?)))
        .collect();
    let room = Room {
        rows,
        bytes,
        filter: &filter,
    };
    let (manifests, next_page_token) = paging::page(entries?, &room);
    Ok(wire::ListManifestsResponse {
        manifests,
        next_page_token,
    })
}

fn kept(row: &Model) -> Result<wire::Manifest, Error> {
    let day = row.day.parse();
    let day = day.map_err(|_| db::Error::corrupt("manifest.day"))?;
    let lines = daily_manifest::lines(row)?;
    let of = (row.campaign_id, row.partner_id);
    Ok(convert::manifest(of, (row.as_of_at, Some(day)), lines))
}
