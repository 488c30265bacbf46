//! What a decision is carried out with.

use std::sync::Arc;

use jiff::civil::Date;

use crate::identity::context::Context;
use crate::identity::roster::keys::RosterKeys;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

/// What a decision is carried out with.
pub struct Work<'a> {
    /// Where ids come from.
    pub context: &'a Context,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its keys.
    pub keys: &'a Arc<RosterKeys>,
    /// When.
    pub now: Timestamp,
    /// The day, in the campaign's zone.
    pub today: Date,
    /// Who decides.
    pub actor: &'a str,
}
