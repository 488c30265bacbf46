//! The days of a campaign, and of whatever else the wire dates.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::codes::campaign::term;
use crate::codes::convert::parts;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::wire::redress::enrollment::v1 as wire;

/// The days of a campaign.
pub struct Days {
    /// Day of the breach.
    pub breach_on: Date,
    /// Day of discovery.
    pub discovered_on: Date,
    /// Last day to enroll.
    pub enroll_by: Date,
    /// The first instant after it.
    pub enroll_by_at: Timestamp,
}

/// Reads the zone of the last day.
pub fn zone(wire: &wire::Campaign, fields: &mut Fields) -> Option<TimeZone> {
    let zone = TimeZone::get(&wire.time_zone).ok();
    fields.demand(
        zone.is_some(),
        "campaign.time_zone",
        "must be an IANA time zone such as America/Indiana/Indianapolis",
    );
    zone
}

/// Reads the days and checks their order.
pub fn days(
    wire: &wire::Campaign,
    zone: Option<&TimeZone>,
    now: Timestamp,
    fields: &mut Fields,
) -> Option<Days> {
    let breach = fields.date("campaign.breach_date", wire.breach_date.as_ref().map(parts));
    let discovery = fields.date(
        "campaign.discovery_date",
        wire.discovery_date.as_ref().map(parts),
    );
    let enroll_by = fields.date(
        "campaign.enroll_by_date",
        wire.enroll_by_date.as_ref().map(parts),
    );
    if let (Some(breach), Some(discovery)) = (breach, discovery) {
        fields.demand(
            breach <= discovery,
            "campaign.discovery_date",
            "must not lie before the breach",
        );
    }
    let (discovery, enroll_by, zone) = (discovery?, enroll_by?, zone?);
    fields.demand(
        discovery <= enroll_by,
        "campaign.enroll_by_date",
        "must not lie before the discovery",
    );
    let today = now.date_in(zone).ok()?;
    fields.demand(
        discovery <= today,
        "campaign.discovery_date",
        "must not lie in the future",
    );
    let enroll_by_at = term::end_of_day(enroll_by, zone).ok();
    fields.demand(
        enroll_by_at.is_some_and(|at| at > now),
        "campaign.enroll_by_date",
        "must not have passed",
    );
    Some(Days {
        breach_on: breach?,
        discovered_on: discovery,
        enroll_by,
        enroll_by_at: enroll_by_at?,
    })
}
