//! GetIndividual: one individual, masked and audited.

use serde_json::json;

use crate::db::entities::individual::{self, DataElement, Population};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::contact;
use crate::identity::matching::mask::{self, MaskedContact};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};
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
    /// When the last covered entity took the individual off its list.
    pub withdrawn_at: Option<Timestamp>,
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
    let mut one = masked(context, campaign, vec![(row, person)]).await?;
    one.pop().ok_or(Error::IndividualNotFound)
}

/// Masks individuals. Whoever gives them away has them in the audit log first.
pub async fn masked(
    context: &Context,
    campaign: CampaignId,
    people: Vec<(individual::Model, Person)>,
) -> Result<Vec<Masked>, Error> {
    let read = context.db.read();
    let ids: Vec<IndividualId> = people.iter().map(|(row, _)| row.id).collect();
    let mut entities = store::entities_of(read, campaign, &ids).await?;
    let indexer = context.steady_indexer(campaign)?;
    let masked = people.into_iter().map(|(row, person)| {
        let entities = entities.remove(&row.id).unwrap_or_default();
        mask_one(row, &person, entities, &indexer)
    });
    masked.collect()
}

fn mask_one(
    row: individual::Model,
    person: &Person,
    entities: Vec<String>,
    indexer: &Indexer,
) -> Result<Masked, Error> {
    let data_elements = row.data_elements()?;
    let id = row.id;
    Ok(Masked {
        individual: id,
        name: mask::mask_name(person),
        birth_year: person.date_of_birth.map(jiff::civil::Date::year),
        has_ssn: person.ssn.is_some(),
        region: row.region,
        population: row.population,
        mailable: row.mailable,
        contacts: mask::mask_contacts(contact::contacts(person).collect(), indexer, id),
        language: row.language,
        data_elements,
        confidential: row.confidential,
        entities,
        withdrawn_at: row.withdrawn_at,
    })
}
