//! Which campaigns there are, remembered.

use std::sync::{PoisonError, RwLock};

use crate::kernel::ids::CampaignId;

/// The campaigns that this process has read: neither the id nor the number of one ever changes.
#[derive(Debug, Default)]
pub(super) struct KnownCampaigns(RwLock<Vec<(CampaignId, String)>>);

impl KnownCampaigns {
    /// Finds one.
    pub fn find(
        &self,
        wanted: impl Fn(&(CampaignId, String)) -> bool,
    ) -> Option<(CampaignId, String)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|campaign| wanted(campaign)).cloned()
    }

    /// Remembers one.
    pub fn keep(&self, campaign: (CampaignId, String)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&campaign) {
            known.push(campaign);
        }
    }
}
