//! ListRepudiations.

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, VerificationId};

use super::store;
pub use super::store::Repudiation;

/// Lists what was repudiated: one more than a page has, if there is one.
pub async fn list_repudiations(
    context: &Context,
    campaign: CampaignId,
    after: Option<VerificationId>,
    size: u64,
) -> Result<Vec<Repudiation>, Error> {
    let after = after.unwrap_or_else(|| VerificationId::from_uuid(uuid::Uuid::nil()));
    Ok(store::page(context.db.read(), campaign, after, size + 1).await?)
}
