//! GetVerification.

use serde_json::json;

use crate::db;
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::kernel::caller::Role;
use crate::kernel::ids::VerificationId;
use crate::process::{Act, Call};

use super::store;
use super::view::{self, View};

/// Gives a verification; its waterfall and all evidence only to operators, and with an audit event.
pub async fn get_verification(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    id: VerificationId,
) -> Result<View, Error> {
    let found = store::campaign(context.db.read(), engagement_number).await?;
    let (campaign, key) = found.ok_or(Error::VerificationNotFound)?;
    let row = store::find(context.db.read(), campaign.id, id)
        .await?
        .ok_or(Error::VerificationNotFound)?;
    let view = view::view(context, &row, key.as_ref()).await?;
    if call.caller.role != Role::Operator {
        return Ok(view);
    }
    let act = Act::on("verification.waterfall_viewed", "verification", id);
    let event = call.event(context, Some(campaign.id), act, json!({}));
    disclosure::record(context, "audit_waterfall", &event).await?;
    let waterfall = serde_json::from_str(&row.waterfall);
    let waterfall = waterfall.map_err(|_| db::Error::corrupt("verification.waterfall"))?;
    Ok(View {
        waterfall,
        evidence: row.evidence()?,
        ..view
    })
}
