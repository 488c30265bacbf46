//! A partner as this process knows it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::db;
use crate::db::entities::partner::{Mode, Model, State};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// A bureau or reseller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The id.
    pub id: PartnerId,
    /// The name in its certificate.
    pub name: String,
    /// How it is reached.
    pub mode: Mode,
    /// Where it is called: a PUSH partner's server, or the origin of an HTTP partner's API.
    pub endpoint: Option<String>,
    /// A URI that the certificate at the endpoint must bear, beside the endpoint's host.
    pub server_uri: Option<String>,
    /// Whether handoffs are offered.
    pub state: State,
    /// The most handoffs under way at once, when we call.
    pub max_in_flight: u16,
    /// The limits of its fields.
    pub projection: Projection,
    /// When we stop calling it.
    pub breaker: BreakerRules,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it acknowledged something last, to within seconds; only of a partner that pulls.
    pub heard_at: Option<Timestamp>,
    /// It wants no calls before, as one of the instances was told.
    pub throttled_until: Option<Timestamp>,
    /// The campaigns whose handoffs wait while the partner is active.
    pub paused_campaigns: BTreeSet<CampaignId>,
    /// How the files to and from it look, in TOML, where it is reached by files.
    pub file_layout: Option<String>,
    /// How its REST API is called, in TOML, where it has one.
    pub http_layout: Option<String>,
}

impl Partner {
    /// Tells whether the handoffs of a campaign wait.
    pub fn is_paused(&self, campaign: CampaignId) -> bool {
        self.state == State::Paused || self.paused_campaigns.contains(&campaign)
    }
}

/// The limits of a partner's fields, in characters; zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Projection {
    /// Longest given name.
    pub given_name_max: u16,
    /// Longest family name.
    pub family_name_max: u16,
    /// Longest city.
    pub city_max: u16,
    /// Names are folded to `A-Z a-z - '` and spaces.
    pub ascii_names: bool,
}

/// How a partner's circuit breaker behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerRules {
    /// After so many failures in a row nothing is sent for a while.
    pub trip_after: u32,
    /// The first pause in milliseconds; it doubles up to `longest_pause_ms`.
    pub first_pause_ms: u64,
    /// The longest pause in milliseconds.
    pub longest_pause_ms: u64,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            trip_after: 5,
            first_pause_ms: 1_000,
            longest_pause_ms: 30_000,
        }
    }
}

impl BreakerRules {
    /// Gives the first pause and the longest.
    pub const fn pauses(&self) -> (Duration, Duration) {
        (
            Duration::from_millis(self.first_pause_ms),
            Duration::from_millis(self.longest_pause_ms),
        )
    }
}

impl TryFrom<Model> for Partner {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        let corrupt = || db::Error::corrupt("a partner's rules cannot be read");
        Ok(Self {
            id: row.id,
            name: row.name,
            mode: row.mode,
            endpoint: row.endpoint,
            server_uri: row.server_uri,
            state: row.state,
            max_in_flight: u16::try_from(row.max_in_flight).map_err(|_| corrupt())?,
            projection: serde_json::from_str(&row.projection).map_err(|_| corrupt())?,
            breaker: serde_json::from_str(&row.breaker).map_err(|_| corrupt())?,
            created_at: row.created_at,
            heard_at: row.heard_at,
            throttled_until: row.throttled_until,
            paused_campaigns: serde_json::from_str(&row.paused_campaigns).map_err(|_| corrupt())?,
            file_layout: row.file_layout,
            http_layout: row.http_layout,
        })
    }
}
