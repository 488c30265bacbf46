//! One batch in one transaction: load the newcomers, ask the roster about the others, plan those, write them.

use crate::db::Cell;
use crate::db::Tx;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::kernel::turn::Turn;

use super::super::error::Error;
use super::change::{self, Change, NewLink};
use super::flight::{Halt, Settled};
use super::keys::RosterKeys;
use super::known;
use super::locale::Locale;
use super::newcomers::Sorted;
use super::plan::{self, Link, Origin, Outcome, Plan, Slot};
use super::prepare::NewIndividual;
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

/// Settles a batch and gives lines and what became of them, in order. Running it again on what it wrote finds every row
/// unchanged or rejected as before.
///
/// Newcomers are loaded while the batch before is still settled: nobody of it, and nobody whom it met, is among them. The
/// transaction holds them, for a bounded time, until the batch's `turn` comes; with it the lock of the roster, and under the lock
/// the proof that the roster is what it was seen to be. A batch that was reopened has no newcomers and no turn to wait for.
///
/// It halts with [`Halt::Overtaken`] if the roster is not what it was seen to be, with [`Halt::TooEarly`] if the turn did not come.
pub async fn settle(
    tx: &Tx<'_>,
    target: Target<'_>,
    turn: Option<&Turn<Settled>>,
    batch: &Sorted,
) -> Result<Result<Vec<(i64, Outcome)>, Halt>, Error> {
    // Before the roster is asked: see `newcomers`.
    load(tx, target, &batch.newcomers).await?;
    let seen = match turn {
        Some(turn) => match turn.comes_soon().await? {
            Some(Some(settled)) => Some(settled),
            Some(None) => return Ok(Err(Halt::Overtaken)),
            None => return Ok(Err(Halt::TooEarly)),
        },
        None => None,
    };
    store::lock_roster(tx, target.campaign).await?;
    if let Some(seen) = seen
        && seen != known::settled(tx, target.campaign).await?
    {
        return Ok(Err(Halt::Overtaken));
    }
    let known = known::known(tx, target, &batch.asked).await?;
    let plan = plan::plan(&batch.others, &known);
    write(tx, target, &plan).await?;
    let outcomes = batch.outcomes(plan.outcomes);
    let count = |wanted| {
        let rows = outcomes.iter().filter(|(_, outcome)| *outcome == wanted);
        i64::try_from(rows.count()).unwrap_or(i64::MAX)
    };
    let import = (target.campaign, target.import);
    let (accepted, merged) = (count(Outcome::Accepted), count(Outcome::Merged));
    store::count_batch(tx, import, accepted, merged).await?;
    Ok(Ok(outcomes))
}

/// Writes what was planned, which are few rows unless the roster is not what it was seen to be.
async fn write(tx: &Tx<'_>, target: Target<'_>, plan: &Plan<'_>) -> Result<(), Error> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for slot in &plan.slots {
        match &slot.origin {
            Origin::New(_) => new.push(change(slot, target.keys)),
            Origin::Roster(_) if slot.changed => changed.push(change(slot, target.keys)),
            Origin::Roster(_) => {}
        }
    }
    let links = plan.links.iter().map(|link| NewLink {
        entity: link.entity,
        reference: link.macs.reference,
        content: link.macs.content,
        individual: link.individual,
    });
    change::insert(tx, target, &new).await?;
    change::link(tx, target, &links.collect::<Vec<_>>()).await?;
    change::write(tx, target.campaign, &changed).await
}

fn change(slot: &Slot<'_>, keys: &RosterKeys) -> Change {
    let salt = match &slot.origin {
        Origin::New(row) => &row.new.salt[..],
        Origin::Roster(salt) => salt,
    };
    let words = (slot.population, slot.locale);
    Change::of(slot.individual, salt, &slot.person, words, keys)
}

/// Loads newcomers.
async fn load(tx: &Tx<'_>, target: Target<'_>, people: &[NewIndividual]) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    tx.copy_in("individual", PEOPLE, people_rows(target, people))
        .await?;
    tx.copy_in("individual_index", INDEX, index_rows(target, people))
        .await?;
    tx.copy_in("individual_entity", LINKS, link_rows(target, people))
        .await?;
    Ok(())
}

/// Rows on their way into a table. Boxed, because a future may not hold closures over references.
type Rows<'r, const N: usize> = Box<dyn Iterator<Item = [Cell<'r>; N]> + Send + 'r>;

const PEOPLE: [&str; 12] = [
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
    "locale",
];

fn people_rows<'r>(target: Target<'r>, people: &'r [NewIndividual]) -> Rows<'r, 12> {
    Box::new(people.iter().map(move |person| {
        let facts = &person.facts;
        [
            target.campaign.into(),
            person.individual.into(),
            person.salt.as_slice().into(),
            person.sealed.as_slice().into(),
            target.keys.key_version.into(),
            person.population.as_str().into(),
            facts.region.as_str().into(),
            facts.country.as_str().into(),
            facts.mailable.into(),
            facts.has_contact.into(),
            target.now.into(),
            person.locale.map_or("", Locale::as_str).into(),
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

fn index_rows<'r>(target: Target<'r>, people: &'r [NewIndividual]) -> Rows<'r, 7> {
    Box::new(people.iter().map(move |person| {
        let keys = &person.keys;
        [
            target.campaign.into(),
            person.individual.into(),
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
fn link_rows<'r>(target: Target<'r>, people: &'r [NewIndividual]) -> Rows<'r, 6> {
    let links = people.iter().map(|row| Link::of(row, row.individual));
    let mut links: Vec<Link> = links.collect();
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
