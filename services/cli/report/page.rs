//! `redress report --html`: the report as one page.

use std::io::Write as _;
use std::path::Path;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::time;
use crate::client::mailing::partial::Partial;
use crate::client::problem::{Outcome, Problem};
use crate::client::report::fetch;
use crate::client::report_page::{Content, page};
use crate::wire::redress::enrollment::v1 as wire;

/// Writes the page, whole or not at all, readable by its owner alone.
pub(super) async fn write(
    session: &Session,
    channels: &Channels,
    campaign: &wire::Campaign,
    path: &Path,
) -> Outcome {
    let id = &campaign.campaign_id;
    let by_entity = fetch(channels, id, wire::GroupBy::CoveredEntity).await?;
    let by_region = fetch(channels, id, wire::GroupBy::Region).await?;
    let text = page(&Content {
        campaign,
        report: &by_entity,
        regions: &by_region.slices,
    });
    let failed = |error: std::io::Error| Problem::file(path, &error);
    let partial = Partial::create(path)?;
    let mut file = partial.handle().map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    partial.publish().map_err(failed)?;
    let record = Record::new()
        .with("file", path.display().to_string())
        .with("engagement_number", by_entity.engagement_number.as_str())
        .with("counted", time(by_entity.count_time.as_ref()));
    render::one(session.format, &record)
}
