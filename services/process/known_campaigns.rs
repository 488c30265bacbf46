//! Which campaigns there are, remembered.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::db::entities::front_ends::FrontEnds;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Timestamp;
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
    /// Tells whether this caller may know of it, as far as that is still known.
    pub fn surely_admits(&self, caller: &Caller, now: Timestamp) -> bool {
        let is_fresh = self.read_at <= now && now.since(self.read_at) < REMEMBERED;
        self.front_ends.admit(caller) && (is_fresh || !caller.role.is_front_end())
    }
}

/// The campaigns that this process has read.
#[derive(Debug, Default)]
pub(super) struct KnownCampaigns(RwLock<Vec<KnownCampaign>>);

impl KnownCampaigns {
    /// Finds one.
    pub fn find(&self, wanted: impl Fn(&KnownCampaign) -> bool) -> Option<KnownCampaign> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|campaign| wanted(campaign)).cloned()
    }

    /// Remembers one as it was read last.
    pub fn keep(&self, campaign: KnownCampaign) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|other| other.id != campaign.id);
        known.push(campaign);
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }
}
