//! One batch in one transaction: load the newcomers, ask the roster about the others, plan those, write them.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::db::{Bulk, Cell, Tx};
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::kernel::turn::Turn;

use super::batch::Batch;
use super::change::{self, Change, NewLink};
use super::flight::{Halt, Settled};
use super::keys::RosterKeys;
use super::known::{self, Asked};
use super::locale::Locale;
use super::newcomers::Sorted;
use super::plan::{self, Known, Link, Origin, Outcome, Plan, Slot};
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
    pub keys: &'a Arc<RosterKeys>,
    /// When the batch is written.
    pub now: Timestamp,
}

/// Settles a batch and gives lines and what became of them, in order. Running it again on what it wrote finds every row
/// unchanged or rejected as before.
///
/// On PostgreSQL newcomers are loaded while the batch before is still settled: nobody of it, and nobody whom it met, is among
/// them. The transaction holds them, for a bounded time, until the batch's `turn` comes; with it the lock of the roster, and under the lock
/// the proof that the roster is what it was seen to be. A batch that was reopened has no newcomers and no turn to wait for.
///
/// It halts with [`Halt::Overtaken`] if the roster is not what it was seen to be, with [`Halt::TooEarly`] if the turn did not come.
pub async fn settle(
    tx: &Tx<'_>,
    target: Target<'_>,
    turn: Option<&Turn<Settled>>,
    batch: &Batch,
) -> Result<Result<Vec<(i64, Outcome)>, Halt>, Error> {
    let mut pieces: Vec<Arc<Sorted>> = Vec::new();
    while let Some(piece) = batch.piece(pieces.len()).await {
        if let Some(before) = pieces.last() {
            load(tx, target, &before.newcomers).await?;
        }
        pieces.push(piece);
    }
    // Nobody asks for those of the last piece: they are loaded while the others are planned. Where it is the only one, they are
    // loaded while the turn is waited for.
    let last: &[NewIndividual] = match &pieces[..] {
        [only] => {
            load(tx, target, &only.newcomers).await?;
            &[]
        }
        pieces => pieces.last().map_or(&[], |last| &last.newcomers),
    };
    load_links(tx, target, &pieces).await?;
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
    let mut asked = Asked::default();
    for piece in &pieces {
        asked.add(piece.asked.clone());
    }
    let known = known::known(tx, target, &asked).await?;
    let planned = Planned::begin(pieces.clone(), known, Arc::clone(target.keys));
    load(tx, target, last).await?;
    let planned = planned.await.map_err(|_| Error::ShuttingDown)?;
    change::insert(tx, target, &planned.new).await?;
    change::link(tx, target, &planned.links).await?;
    change::write(tx, target.campaign, &planned.changed).await?;
    let mut others = planned.outcomes.into_iter();
    let outcomes = pieces.iter().flat_map(|piece| piece.outcomes(&mut others));
    let outcomes: Vec<_> = outcomes.collect();
    let count = |wanted| {
        let rows = outcomes.iter().filter(|(_, outcome)| *outcome == wanted);
        i64::try_from(rows.count()).unwrap_or(i64::MAX)
    };
    let import = (target.campaign, target.import);
    let (accepted, merged) = (count(Outcome::Accepted), count(Outcome::Merged));
    store::count_batch(tx, import, accepted, merged).await?;
    Ok(Ok(outcomes))
}

/// What the others come to, sealed: few rows, unless the roster is not what it was seen to be.
struct Planned {
    new: Vec<Change>,
    changed: Vec<Change>,
    links: Vec<NewLink>,
    outcomes: Vec<Outcome>,
}

impl Planned {
    /// Plans on another thread, so that the database is not kept waiting meanwhile.
    fn begin(pieces: Vec<Arc<Sorted>>, known: Known, keys: Arc<RosterKeys>) -> JoinHandle<Self> {
        tokio::task::spawn_blocking(move || {
            let others = pieces.iter().flat_map(|piece| &piece.others);
            Self::of(plan::plan(others, &known), &keys)
        })
    }

    fn of(plan: Plan<'_>, keys: &RosterKeys) -> Self {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for slot in &plan.slots {
            match &slot.origin {
                Origin::New(_) => new.push(change(slot, keys)),
                Origin::Roster(_) if slot.changed => changed.push(change(slot, keys)),
                Origin::Roster(_) => {}
            }
        }
        let links = plan.links.iter().map(|link| NewLink {
            entity: link.entity,
            reference: link.macs.reference,
            content: link.macs.content,
            individual: link.individual,
        });
        Self {
            new,
            changed,
            links: links.collect(),
            outcomes: plan.outcomes,
        }
    }
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
    let campaign = ("campaign_id", target.campaign.into());
    let bulk = Bulk {
        table: "individual",
        same: &[
            campaign.clone(),
            ("key_version", target.keys.key_version.into()),
            ("created_at", target.now.into()),
        ],
        columns: PEOPLE,
    };
    tx.copy_in(bulk, people_rows(people)).await?;
    let bulk = Bulk {
        table: "individual_index",
        same: &[campaign],
        columns: INDEX,
    };
    tx.copy_in(bulk, index_rows(people)).await?;
    Ok(())
}

/// Loads the references of newcomers, sorted by the key, which makes the load several times as fast.
async fn load_links(tx: &Tx<'_>, target: Target<'_>, pieces: &[Arc<Sorted>]) -> Result<(), Error> {
    let newcomers = pieces.iter().flat_map(|piece| &piece.newcomers);
    let links = newcomers.map(|row| Link::of(row, row.individual));
    let mut links: Vec<Link> = links.collect();
    if links.is_empty() {
        return Ok(());
    }
    links.sort_unstable_by_key(|link| link.macs.reference);
    let bulk = Bulk {
        table: "individual_entity",
        same: &[
            ("campaign_id", target.campaign.into()),
            ("import_id", target.import.into()),
        ],
        columns: LINKS,
    };
    tx.copy_in(bulk, link_rows(&links)).await?;
    Ok(())
}

/// Rows on their way into a table. Boxed, because a future may not hold closures over references.
type Rows<'r, const N: usize> = Box<dyn Iterator<Item = [Cell<'r>; N]> + Send + 'r>;

const PEOPLE: [&str; 9] = [
    "id",
    "salt",
    "sealed",
    "population",
    "region",
    "country",
    "mailable",
    "has_contact",
    "locale",
];

fn people_rows(people: &[NewIndividual]) -> Rows<'_, 9> {
    Box::new(people.iter().map(|person| {
        let facts = &person.facts;
        [
            person.individual.into(),
            person.salt.as_slice().into(),
            person.sealed.as_slice().into(),
            person.population.as_str().into(),
            facts.region.as_str().into(),
            facts.country.as_str().into(),
            facts.mailable.into(),
            facts.has_contact.into(),
            person.locale.map_or("", Locale::as_str).into(),
        ]
    }))
}

const INDEX: [&str; 6] = [
    "individual_id",
    "ssn",
    "name_dob",
    "name_postal",
    "dob_postal",
    "last4_dob",
];

fn index_rows(people: &[NewIndividual]) -> Rows<'_, 6> {
    Box::new(people.iter().map(|person| {
        let keys = &person.keys;
        [
            person.individual.into(),
            keys.ssn.into(),
            keys.name_dob.into(),
            keys.name_postal.into(),
            keys.dob_postal.into(),
            keys.last4_dob.into(),
        ]
    }))
}

const LINKS: [&str; 4] = ["covered_entity_id", "ref_mac", "individual_id", "row_mac"];

fn link_rows(links: &[Link]) -> Rows<'_, 4> {
    Box::new(links.iter().map(|link| {
        [
            link.entity.into(),
            link.macs.reference.into(),
            link.individual.into(),
            link.macs.content.into(),
        ]
    }))
}
