//! Reading the roster: one individual, masked and audited, and the counts of a campaign.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use crate::db::audit;
use crate::db::entities::individual;
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::{self, Error};
use crate::identity::matching::contact::Channel;
use crate::identity::matching::mask;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::person::Person;

use super::notice::Undeliverable;
use super::population::Population;
use super::{count, store};

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
    /// Channels on record with their masked contact.
    pub contacts: Vec<(Channel, String)>,
    /// Covered entities that listed the individual.
    pub entities: Vec<CoveredEntityId>,
}

/// Gives the contacts on record, masked.
pub fn contacts(person: &Person) -> Vec<(Channel, String)> {
    Channel::ALL
        .into_iter()
        .filter_map(|channel| Some((channel, mask::mask_contact(channel, person)?)))
        .collect()
}

/// Gives one individual, masked. The audit event is committed before anything is given.
pub async fn get_individual(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Masked, Error> {
    let row = individual(context, campaign, id).await?;
    let key = store::find_key(context.db.read(), campaign)
        .await?
        .ok_or(Error::IndividualNotFound)?;
    let (salt, sealed) = row
        .salt
        .as_ref()
        .zip(row.sealed.as_ref())
        .ok_or(Error::IndividualErased)?;
    let person = context
        .sealer(&key)?
        .open(id, salt, sealed)
        .map_err(error::unreadable)?;
    let links = store::entities_between(context.db.read(), campaign, id, id).await?;
    let mut entities: Vec<CoveredEntityId> = links.into_iter().map(|(_, entity)| entity).collect();
    entities.sort_unstable();
    entities.dedup();
    let act = Act::on("individual.viewed_masked", "individual", id);
    let event = call.event(context, Some(campaign), act, json!({}));
    context
        .db
        .run_tx("audit_view", |tx| {
            let event = event.clone();
            Box::pin(async move { Ok::<_, Error>(audit::record(tx, &[event]).await?) })
        })
        .await?;
    Ok(Masked {
        individual: id,
        name: mask::mask_name(&person),
        birth_year: person.date_of_birth.map(jiff::civil::Date::year),
        has_ssn: person.ssn.is_some(),
        region: row.region,
        population: Population::parse(&row.population)
            .ok_or_else(|| crate::db::Error::corrupt("individual.population"))?,
        mailable: row.mailable,
        contacts: contacts(&person),
        entities,
    })
}

async fn individual(
    context: &Context,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<individual::Model, Error> {
    let rows = store::individuals(context.db.read(), campaign, &[id]).await?;
    rows.into_iter().next().ok_or(Error::IndividualNotFound)
}

/// Counts of a campaign's roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Rows of all distinct files.
    pub rows: i64,
    /// Rows not taken.
    pub rejected: i64,
    /// Rows merged.
    pub merged: i64,
    /// Individuals.
    pub individuals: i64,
    /// Individuals who can be sent a letter.
    pub mailable: i64,
    /// Individuals by population, in the order of [`Population::ALL`], those that are there.
    pub populations: Vec<(Population, i64)>,
    /// When the newest import ended.
    pub last_import_at: Option<Timestamp>,
    /// Individuals who cannot be sent a letter.
    pub undeliverable: Undeliverable,
    /// The same by the key of the covered entity, those that have any, in the order of keys.
    pub undeliverable_by_entity: Vec<(String, Undeliverable)>,
}

/// Counts a campaign's roster.
pub async fn statistics(context: &Context, campaign: CampaignId) -> Result<Statistics, Error> {
    store::campaign(context.db.read(), campaign).await?;
    let imports = store::imports(context.db.read(), campaign).await?;
    let entities = store::entities(context.db.read(), campaign).await?;
    let (counts, by_entity) = count::count(&context.db, campaign).await?;
    let sum = |wanted: &dyn Fn(&str, bool) -> bool| -> i64 {
        counts
            .iter()
            .filter(|(population, mailable, _)| wanted(population, *mailable))
            .map(|(_, _, count)| count)
            .sum()
    };
    Ok(Statistics {
        rows: imports.iter().map(|import| import.rows).sum(),
        rejected: imports.iter().map(|import| import.rejected).sum(),
        merged: imports.iter().map(|import| import.merged).sum(),
        individuals: sum(&|_, _| true),
        mailable: sum(&|_, mailable| mailable),
        populations: Population::ALL
            .into_iter()
            .map(|one| (one, sum(&|population, _| population == one.as_str())))
            .filter(|(_, count)| *count > 0)
            .collect(),
        last_import_at: imports.iter().filter_map(|import| import.finished_at).max(),
        undeliverable: Undeliverable {
            individuals: sum(&|_, mailable| !mailable),
            deceased: sum(&|population, mailable| !mailable && is_deceased(population)),
        },
        undeliverable_by_entity: undeliverable_by_entity(&by_entity, &entities),
    })
}

fn is_deceased(population: &str) -> bool {
    population == Population::Deceased.as_str()
}

fn undeliverable_by_entity(
    counts: &[(CoveredEntityId, String, i64)],
    entities: &HashMap<String, CoveredEntityId>,
) -> Vec<(String, Undeliverable)> {
    let keys: HashMap<CoveredEntityId, &String> =
        entities.iter().map(|(key, id)| (*id, key)).collect();
    let mut by_key: BTreeMap<String, Undeliverable> = BTreeMap::new();
    for (entity, population, individuals) in counts {
        let Some(key) = keys.get(entity) else {
            continue;
        };
        let count = by_key.entry((*key).clone()).or_default();
        count.individuals += individuals;
        if is_deceased(population) {
            count.deceased += individuals;
        }
    }
    by_key.into_iter().collect()
}
