//! Whose rows a batch holds.

use std::sync::Arc;

use jiff::civil::Date;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, Ids, ImportId};

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
    /// Where ids come from.
    pub ids: &'a Ids,
    /// When the batch is written.
    pub now: Timestamp,
    /// The day on which it is written, in the campaign's zone.
    pub today: Date,
    /// Who imports, for the history of what is corrected.
    pub actor: &'a str,
    /// Whether the file has everybody whom its covered entities list.
    pub complete: bool,
}
