//! GetVerification.

use serde_json::json;

use crate::db;
use crate::db::entities::verification::State;
use crate::db::entities::{campaign_key, verification};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::roster;
use crate::kernel::caller::Role;
use crate::kernel::ids::VerificationId;
use crate::kernel::person::Person;
use crate::process::{Act, Call};

use super::representative::open_name;
use super::situation;
use super::store;
use super::view::{self, View};

/// Gives a verification; its waterfall and all evidence only to operators, a representative's name only to them and call centers, and with an audit event.
pub async fn get_verification(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    id: VerificationId,
) -> Result<View, Error> {
    let found = store::campaign(context.db.read(), engagement_number).await?;
    let (campaign, key) = found.ok_or(Error::VerificationNotFound)?;
    let row = store::find_reached(context.db.read(), campaign.id, id, call)
        .await?
        .ok_or(Error::VerificationNotFound)?;
    let mut view = match call.caller.role {
        Role::Operator => view::view(context, &row, key.as_ref()).await?,
        _ => view::asked(context, &row, key.as_ref()).await?,
    };
    view.language = situation::language(context, &row, &campaign.language).await?;
    view.individual = row.individual_id.filter(|_| match call.caller.role {
        Role::Operator => true,
        Role::CallCenter => row.state == State::Verified,
        _ => false,
    });
    if let Some(representative) = &mut view.representative
        && matches!(call.caller.role, Role::Operator | Role::CallCenter)
    {
        representative.name = name(context, call, &row, key.as_ref()).await?;
    }
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

/// Gives the name of the representative, if it was kept and the person was not erased. The audit event is committed before.
async fn name(
    context: &Context,
    call: &Call,
    row: &verification::Model,
    key: Option<&campaign_key::Model>,
) -> Result<Option<Person>, Error> {
    let Some((individual, key)) = row.individual_id.zip(key) else {
        return Ok(None);
    };
    let person = roster::store::individual(context.db.read(), row.campaign_id, individual).await?;
    let Some(salt) = person.and_then(|person| person.salt) else {
        return Ok(None);
    };
    let act = Act::on("verification.representative_viewed", "verification", row.id);
    let event = call.event(context, Some(row.campaign_id), act, json!({}));
    disclosure::record(context, "audit_representative", &event).await?;
    open_name(&context.sealer(key)?, row, &salt)
}
