//! Queues that stand still because a key is missing or wrong. That is the operator's to mend: nothing is leased, tried or given up on until
//! then, and an alarm says which key it is.

use std::time::Duration;

use crate::handoff::campaign_key::{CampaignKey, Unusable};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::partner::model::Partner;
use crate::kernel::keyring::Purpose;

use super::due::QueueKey;

/// How often the log says it again.
const AGAIN: Duration = Duration::from_mins(1);

/// Tells whether a queue stands still because its campaign's key cannot be used here. A campaign that has none, or none any more, does not:
/// its handoffs end.
pub async fn stands_still(
    context: &Context,
    partner: &Partner,
    queue: QueueKey,
) -> Result<bool, Error> {
    let Some(key) = CampaignKey::get(context.db.read(), queue.campaign).await? else {
        return Ok(false);
    };
    let names = (partner.name.as_str(), key.engagement_number.as_str());
    let unusable = match key.unwrap(&*context.keys) {
        Ok(_) | Err(Unusable::Missing | Unusable::Destroyed) => None,
        Err(unusable @ (Unusable::Keyring(_) | Unusable::Corrupt(_))) => Some(unusable),
    };
    let (partner, engagement_number) = names;
    if let Some(error) = &unusable {
        metrics::stopped(names, true);
        if context.stopped.note(queue, context.clock.now(), AGAIN) {
            let purpose = Purpose::Person.as_str();
            let version = key.key_version().unwrap_or_default();
            tracing::error!(
                partner, engagement_number, purpose, version, %error,
                "a queue stands still: this version of the key is missing in the keyring, or is another one than the campaign's data key is wrapped under"
            );
        }
    } else if context.stopped.forget(queue) {
        metrics::stopped(names, false);
        tracing::info!(
            partner,
            engagement_number,
            "the key is there; the queue goes on"
        );
    }
    Ok(unusable.is_some())
}
