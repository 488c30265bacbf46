//! One batch in one transaction: look up, plan, write.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::db::Cell;
use crate::db::Tx;
use crate::db::entities::{individual, individual_index};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId, ImportId};

use super::super::error::{self, Error};
use super::super::matching::address;
use super::super::matching::blind::Keys;
use super::keys::RosterKeys;
use super::plan::{self, Known, Origin, Outcome, Plan, Slot, Stored};
use super::population::Population;
use super::prepare::{Judged, Prepared};
use super::store;

/// What a batch belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// The import.
    pub import: ImportId,
    /// The campaign's keys.
    pub keys: &'a RosterKeys,
    /// When the batch is written.
    pub now: Timestamp,
}

/// Settles a batch and gives what became of its rows, in order. Running it again on what it wrote finds every row unchanged
/// or rejected as before.
pub async fn settle(
    tx: &Tx<'_>,
    target: Target<'_>,
    batch: &[Judged],
) -> Result<Vec<Outcome>, Error> {
    store::lock_roster(tx, target.campaign).await?;
    let known = known(tx, target, batch).await?;
    let plan = plan::plan(batch, &known);
    write(tx, target, &plan).await?;
    let count = |wanted| plan.count(|outcome| *outcome == wanted);
    let import = (target.campaign, target.import);
    store::count_batch(tx, import, count(Outcome::Accepted), count(Outcome::Merged)).await?;
    Ok(plan.outcomes)
}

fn prepared(batch: &[Judged]) -> impl Iterator<Item = &Prepared> {
    batch
        .iter()
        .filter_map(|judged| judged.verdict.as_ref().ok())
}

async fn known(tx: &Tx<'_>, target: Target<'_>, batch: &[Judged]) -> Result<Known, Error> {
    let mut wanted: HashMap<CoveredEntityId, Vec<_>> = HashMap::new();
    for row in prepared(batch) {
        wanted
            .entry(row.entity)
            .or_default()
            .extend(row.macs.iter().map(|macs| macs.reference));
    }
    let mut known = Known::default();
    for (entity, references) in wanted {
        let found = store::contents(tx, target.campaign, entity, &references).await?;
        known.references.extend(
            found
                .into_iter()
                .map(|(reference, content)| ((entity, reference), content)),
        );
    }
    let mut keys: Vec<i64> = prepared(batch)
        .flat_map(|row| row.ssn_keys.iter().copied())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for (key, row) in store::by_ssn(tx, target.campaign, &keys).await? {
        if let Some(stored) = open(target.keys, row)? {
            known.people.push((key, stored));
        }
    }
    Ok(known)
}

/// Opens a person; an erased one is nobody.
fn open(keys: &RosterKeys, row: individual::Model) -> Result<Option<Stored>, Error> {
    let Some((salt, sealed)) = row.salt.zip(row.sealed) else {
        return Ok(None);
    };
    let person = keys
        .sealer
        .open(row.id, &salt, &sealed)
        .map_err(error::unreadable)?;
    let population = Population::parse(&row.population);
    let population =
        population.ok_or_else(|| crate::db::Error::corrupt("individual.population"))?;
    Ok(Some(Stored {
        individual: row.id,
        person,
        population,
        salt,
    }))
}

async fn write(tx: &Tx<'_>, target: Target<'_>, plan: &Plan<'_>) -> Result<(), Error> {
    let people = written(plan, target.keys);
    if !plan.links.is_empty() {
        tx.copy_in("individual", PEOPLE, people_rows(target, &people))
            .await?;
        tx.copy_in("individual_index", INDEX, index_rows(target, &people))
            .await?;
        tx.copy_in("individual_entity", LINKS, link_rows(target, plan))
            .await?;
    }
    for person in &people {
        if !person.is_new {
            update(tx, target, person).await?;
        }
    }
    Ok(())
}

fn written<'b>(plan: &'b Plan<'_>, keys: &RosterKeys) -> Vec<Written<'b>> {
    plan.slots
        .iter()
        .filter_map(|slot| Written::of(slot, keys))
        .collect()
}

/// One person as it will stand in the tables.
struct Written<'b> {
    slot: &'b Slot<'b>,
    is_new: bool,
    salt: &'b [u8],
    sealed: std::borrow::Cow<'b, [u8]>,
    keys: Keys,
}

impl<'b> Written<'b> {
    /// Takes a new or a changed person; nothing is written for the others.
    fn of(slot: &'b Slot<'b>, keys: &RosterKeys) -> Option<Self> {
        let (is_new, salt) = match &slot.origin {
            Origin::New(row) => (true, &row.salt[..]),
            Origin::Roster(salt) => (false, *salt),
        };
        let (sealed, keys) = match &slot.origin {
            Origin::New(row) if !slot.changed => (row.sealed.as_slice().into(), row.keys),
            Origin::Roster(_) if !slot.changed => return None,
            Origin::New(_) | Origin::Roster(_) => {
                let sealed = keys.sealer.seal(slot.individual, salt, &slot.person);
                (sealed.into(), keys.current().person(&slot.person))
            }
        };
        Some(Self {
            slot,
            is_new,
            salt,
            sealed,
            keys,
        })
    }

    fn region(&self) -> &str {
        self.slot
            .person
            .region
            .as_ref()
            .map_or("", |region| region.expose())
    }

    fn country(&self) -> &str {
        self.slot
            .person
            .country
            .as_ref()
            .map_or("US", |country| country.expose())
    }

    fn is_mailable(&self) -> bool {
        address::is_mailable(&self.slot.person)
    }

    fn has_contact(&self) -> bool {
        self.slot.person.email.is_some() || self.slot.person.phone.is_some()
    }
}

/// Rows on their way into a table. Boxed, because a future may not hold closures over references.
type Rows<'r, const N: usize> = Box<dyn Iterator<Item = [Cell<'r>; N]> + Send + 'r>;

const PEOPLE: [&str; 11] = [
    "campaign_id",
    "id",
    "salt",
    "sealed",
    "key_version",
    "population",
    "region",
    "country",
    "mailable",
    "has_contact",
    "created_at",
];

fn people_rows<'r>(target: Target<'r>, people: &'r [Written<'_>]) -> Rows<'r, 11> {
    let new = people.iter().filter(|person| person.is_new);
    Box::new(new.map(move |person| {
        [
            target.campaign.into(),
            person.slot.individual.into(),
            person.salt.into(),
            Cell::Bytes(person.sealed.as_ref().into()),
            target.keys.key_version.into(),
            person.slot.population.as_str().into(),
            person.region().into(),
            person.country().into(),
            person.is_mailable().into(),
            person.has_contact().into(),
            target.now.into(),
        ]
    }))
}

const INDEX: [&str; 7] = [
    "campaign_id",
    "individual_id",
    "ssn",
    "name_dob",
    "name_postal",
    "dob_postal",
    "last4_dob",
];

fn index_rows<'r>(target: Target<'r>, people: &'r [Written<'_>]) -> Rows<'r, 7> {
    let new = people.iter().filter(|person| person.is_new);
    Box::new(new.map(move |person| {
        let keys = &person.keys;
        [
            target.campaign.into(),
            person.slot.individual.into(),
            keys.ssn.into(),
            keys.name_dob.into(),
            keys.name_postal.into(),
            keys.dob_postal.into(),
            keys.last4_dob.into(),
        ]
    }))
}

const LINKS: [&str; 6] = [
    "campaign_id",
    "covered_entity_id",
    "ref_mac",
    "individual_id",
    "row_mac",
    "import_id",
];

/// Sorted by the key, which makes the load several times as fast.
fn link_rows<'r>(target: Target<'r>, plan: &Plan<'_>) -> Rows<'r, 6> {
    let mut links = plan.links.clone();
    links.sort_unstable_by_key(|link| (link.entity, link.macs.reference));
    Box::new(links.into_iter().map(move |link| {
        [
            target.campaign.into(),
            link.entity.into(),
            link.macs.reference.into(),
            link.individual.into(),
            link.macs.content.into(),
            target.import.into(),
        ]
    }))
}

async fn update(tx: &Tx<'_>, target: Target<'_>, person: &Written<'_>) -> Result<(), Error> {
    use individual::Column;
    use individual_index::Column as Index;
    let update = individual::Entity::update_many()
        .col_expr(Column::Sealed, Expr::value(person.sealed.to_vec()))
        .col_expr(
            Column::Population,
            Expr::value(person.slot.population.as_str()),
        )
        .col_expr(Column::Region, Expr::value(person.region()))
        .col_expr(Column::Country, Expr::value(person.country()))
        .col_expr(Column::Mailable, Expr::value(person.is_mailable()))
        .col_expr(Column::HasContact, Expr::value(person.has_contact()))
        .filter(Column::CampaignId.eq(target.campaign))
        .filter(Column::Id.eq(person.slot.individual))
        .filter(Column::Salt.is_not_null());
    store::one_row(update.exec(tx).await?.rows_affected)?;
    let keys = &person.keys;
    let update = individual_index::Entity::update_many()
        .col_expr(Index::Ssn, Expr::value(keys.ssn))
        .col_expr(Index::NameDob, Expr::value(keys.name_dob))
        .col_expr(Index::NamePostal, Expr::value(keys.name_postal))
        .col_expr(Index::DobPostal, Expr::value(keys.dob_postal))
        .col_expr(Index::Last4Dob, Expr::value(keys.last4_dob))
        .filter(Index::CampaignId.eq(target.campaign))
        .filter(Index::IndividualId.eq(person.slot.individual));
    store::one_row(update.exec(tx).await?.rows_affected)
}
