//! Whose rows a batch holds.

use std::sync::Arc;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId};

use super::keys::RosterKeys;

/// What a batch belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// The import.
    pub import: ImportId,
    /// The campaign's keys.
    pub keys: &'a Arc<RosterKeys>,
    /// When the batch is written.
    pub now: Timestamp,
    /// Who imports, for the history of what is corrected.
    pub actor: &'a str,
}
