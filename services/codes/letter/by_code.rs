//! Who holds a letter, by the code that a caller reads from it.
//!
//! An agent's caller may have nothing but a letter: one that was used, replaced or taken back. Whatever became of its code, it names one
//! person. It is charged and refused like CheckCode, so that nobody learns more here than there.

use sea_orm::EntityTrait;
use serde_json::json;

use crate::codes::attempt::cause::{Cause, Tried, refusal};
use crate::codes::attempt::throttles;
use crate::codes::batch::code_store::HONEY;
use crate::codes::campaign;
use crate::codes::code::{Code, derive};
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::code;
use crate::db::{self, audit};
use crate::kernel::ids::IndividualId;
use crate::kernel::keyring::Purpose;
use crate::process::{Act, Call};

/// Finds whose code this is, whatever its state.
///
/// # Errors
/// [`Error::CodeNotAccepted`] for a code that nobody was given, or THROTTLED in its place while too many tries of the campaign fail.
pub async fn holder(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    code: &Code,
) -> Result<IndividualId, Error> {
    let charged = throttles::charge(context, call, engagement_number).await?;
    let found = context.db.run_tx("find_holder", |tx| {
        Box::pin(async move {
            let campaign = campaign::store::by_number(tx, engagement_number).await?;
            let campaign = campaign.ok_or(Error::CampaignNotFound)?;
            let key = context.keys.get(Purpose::Code, campaign.code_key_version)?;
            let mac = derive::mac(&key, campaign.id, code);
            let row = code::Entity::find_by_id((campaign.id, mac)).one(tx).await;
            let row = row.map_err(db::Error::from)?;
            let tried = Tried {
                campaign: Some(campaign.id),
                individual: row.as_ref().map(|row| row.individual_id),
                honey_of: row.as_ref().map(|row| row.batch_id),
            };
            let found = given_to(row);
            let event = match found {
                Ok(individual) => {
                    let subject = ("individual", Some(individual.as_uuid()));
                    let act = Act::of("code.holder_found", subject);
                    call.event(context, Some(campaign.id), act, json!({}))
                }
                Err(cause) => refusal(context, call, tried, cause),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(found)
        })
    });
    charged.answer(found.await?)
}

/// Gives whom a code was given to.
fn given_to(row: Option<code::Model>) -> Result<IndividualId, Cause> {
    match row {
        None => Err(Cause::Unknown),
        Some(row) if row.generation == HONEY => Err(Cause::Honey),
        Some(row) if row.without_code.is_some() => Err(Cause::NotGiven),
        Some(row) => Ok(row.individual_id),
    }
}
