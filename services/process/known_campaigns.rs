//! Which campaigns there are, remembered.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::db::entities::front_ends::FrontEnds;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::CampaignKey;
use crate::kernel::ids::CampaignId;

/// For how long it is remembered which front ends serve a campaign: another process may have changed it.
const REMEMBERED: Duration = Duration::from_secs(5);

/// A campaign as requests name it. Neither its id nor its number ever changes.
#[derive(Clone, Debug)]
pub(super) struct KnownCampaign {
    /// Id.
    pub id: CampaignId,
    /// Engagement number.
    pub number: String,
    /// The front ends that serve it.
    pub front_ends: FrontEnds,
    /// When it was read.
    pub read_at: Timestamp,
}

impl KnownCampaign {
    /// Tells whether that is still known.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.read_at, now)
    }
}

fn is_fresh(read_at: Timestamp, now: Timestamp) -> bool {
    read_at <= now && now.since(read_at) < REMEMBERED
}

/// So many campaigns that do not exist are remembered: whoever asks for more of them has each looked up.
const MOST_ABSENT: usize = 256;

/// The campaigns that this process has read.
#[derive(Debug, Default)]
pub(super) struct KnownCampaigns(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    present: Vec<KnownCampaign>,
    absent: Vec<(CampaignKey, Timestamp)>,
}

impl KnownCampaigns {
    /// Finds one.
    pub fn find(&self, wanted: impl Fn(&KnownCampaign) -> bool) -> Option<KnownCampaign> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.present.iter().find(|one| wanted(one)).cloned()
    }

    /// Tells whether there was none a moment ago.
    pub fn was_absent(&self, key: &CampaignKey, now: Timestamp) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut absent = known.absent.iter();
        absent.any(|(other, read_at)| other == key && is_fresh(*read_at, now))
    }

    /// Remembers one as it was read last.
    pub fn keep(&self, campaign: KnownCampaign) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.present.retain(|other| other.id != campaign.id);
        known.present.push(campaign);
    }

    /// Remembers that there is none.
    pub fn keep_absent(&self, key: CampaignKey, read_at: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known
            .absent
            .retain(|(other, at)| *other != key && is_fresh(*at, read_at));
        if known.absent.len() < MOST_ABSENT {
            known.absent.push((key, read_at));
        }
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *known = Known::default();
    }
}
