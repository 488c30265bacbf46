//! GetIndividual: one individual, masked and audited.

use serde_json::json;

use crate::db::entities::individual::{self, DataElement, Population};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::matching::mask::{self, MaskedContact};
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::person::Person;
use crate::process::{Act, Call};

use super::decrypt::decrypt;
use super::store;
use super::whom::Whom;

/// An individual with personal data masked.
#[derive(Clone, Debug)]
pub struct Masked {
    /// Id.
    pub individual: IndividualId,
    /// Such as `J*** S***`.
    pub name: String,
    /// Year of birth.
    pub birth_year: Option<i16>,
    /// Whether an SSN is on record.
    pub has_ssn: bool,
    /// Region of the address on record.
    pub region: String,
    /// Which rules apply.
    pub population: Population,
    /// Whether a letter can be sent.
    pub mailable: bool,
    /// Contacts on record, masked.
    pub contacts: Vec<MaskedContact>,
    /// Language of letters, if one is known.
    pub language: String,
    /// What was exposed.
    pub data_elements: Vec<DataElement>,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: bool,
    /// Keys of the covered entities that listed the individual, sorted.
    pub entities: Vec<String>,
}

/// Gives one individual, masked. The audit event is committed before anything is given.
pub async fn get_individual(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    whom: Whom,
) -> Result<Masked, Error> {
    let id = whom.find(context, campaign).await?;
    let row = store::individual(context.db.read(), campaign, id).await?;
    let row = row.ok_or(Error::IndividualNotFound)?;
    let key = store::find_key(context.db.read(), campaign).await?;
    let key = key.ok_or(Error::IndividualNotFound)?;
    if row.salt.is_none() {
        return Err(Error::IndividualErased);
    }
    let person = decrypt(&context.sealer(&key)?, &row)?.ok_or(Error::IndividualErased)?;
    let act = Act::on("individual.viewed_masked", "individual", id);
    let event = call.event(context, Some(campaign), act, json!({}));
    disclosure::record(context, "audit_view", &event).await?;
    masked(context, row, &person).await
}

/// Masks an individual. Whoever gives it away has it in the audit log first.
pub async fn masked(
    context: &Context,
    row: individual::Model,
    person: &Person,
) -> Result<Masked, Error> {
    let (campaign, id) = (row.campaign_id, row.id);
    let links = store::entities_between(context.db.read(), campaign, id, id).await?;
    let keys = store::entities(context.db.read(), campaign).await?;
    let listed = |id: &CoveredEntityId| links.iter().any(|(_, entity)| entity == id);
    let keys = keys.into_iter().filter(|(_, id)| listed(id));
    let mut entities: Vec<String> = keys.map(|(key, _)| key).collect();
    entities.sort_unstable();
    let data_elements = row.data_elements()?;
    Ok(Masked {
        individual: id,
        name: mask::mask_name(person),
        birth_year: person.date_of_birth.map(jiff::civil::Date::year),
        has_ssn: person.ssn.is_some(),
        region: row.region,
        population: row.population,
        mailable: row.mailable,
        contacts: mask::mask_contacts(person, &context.steady_indexer(campaign)?, id),
        language: row.language,
        data_elements,
        confidential: row.confidential,
        entities,
    })
}
