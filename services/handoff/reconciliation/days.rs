//! The days of a campaign: civil dates in its time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

use crate::db;
use crate::db::entities::campaign::{Column, Entity};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

/// Gives all campaigns with the names of their zones.
pub async fn zones(db: &impl ConnectionTrait) -> Result<Vec<(CampaignId, String)>, Error> {
    let query = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Zone]);
    Ok(query.into_tuple().all(db).await?)
}

/// Gives the zone of a campaign.
///
/// # Errors
/// [`Error::CampaignNotFound`], and a storage error where the zone is none.
pub async fn zone_of(db: &impl ConnectionTrait, id: CampaignId) -> Result<TimeZone, Error> {
    let found: Option<String> = Entity::find_by_id(id)
        .select_only()
        .column(Column::Zone)
        .into_tuple()
        .one(db)
        .await?;
    zone(&found.ok_or(Error::CampaignNotFound)?)
}

/// Reads the name of a zone.
pub fn zone(name: &str) -> Result<TimeZone, Error> {
    let zone = TimeZone::get(name);
    zone.map_err(|_| db::Error::corrupt("campaign.zone").into())
}

/// Gives the day of an instant.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Result<Date, Error> {
    let day = at.date_in(zone);
    day.map_err(|_| db::Error::corrupt("an instant without a day").into())
}

/// Gives the first instant of a day; none where the calendar ends.
pub fn start_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp::from_jiff(start))
}
