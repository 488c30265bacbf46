//! One batch in one transaction: ask the roster about it, plan it, write it.

use std::sync::Arc;

use jiff::civil::Date;
use sea_orm::ConnectionTrait;

use crate::db::entities::ClosedSet;
use crate::db::rows::{self, Is};
use crate::db::{self, Bulk, Cell, Tx};
use crate::identity::error::Error;
use crate::identity::matching::keys::Keys;
use crate::kernel::ids::{CampaignId, Ids};
use crate::process;

use super::complete;
use super::count::{self, Notices};
use super::doubt;
use super::history::{self, Entry};
use super::index::{self, Former};
use super::keys::RosterKeys;
use super::lookup::{self, Found};
use super::moved::{self, Moved};
use super::plan::{self, Correction, Link, Origin, Outcome, Slot};
use super::prepare::{Judged, RowMacs};
use super::sealed::Sealed;
use super::store::{self, Standing};
use super::target::Target;

/// Writes a batch and gives what became of each row, in order. Running it again on what it wrote finds every row unchanged or
/// rejected as before.
pub async fn write(
    tx: &Tx<'_>,
    target: Target<'_>,
    rows: &Arc<Vec<Judged>>,
) -> Result<Vec<Outcome>, Error> {
    store::lock_roster(tx, target.campaign).await?;
    let found = lookup::find(tx, target.campaign, rows).await?;
    let import = (target.campaign, target.import);
    let standing = store::standing(tx, import).await?;
    if target.complete {
        complete::keep(tx, target, &complete::references(rows)).await?;
    }
    let lines: Vec<(i64, Notices)> = rows
        .iter()
        .map(|row| (row.line, Notices::of(&row.warnings)))
        .collect();
    let (rows, keys, ids) = (
        Arc::clone(rows),
        Arc::clone(target.keys),
        target.ids.clone(),
    );
    let seen = (standing, target.today);
    let planned =
        tokio::task::spawn_blocking(move || Planned::of(&rows, found, (&keys, &ids), seen)).await;
    let planned = planned.map_err(|_| process::Error::ShuttingDown)??;
    insert(tx, target, &planned.new).await?;
    link(tx, target, &planned.links).await?;
    update(tx, target.campaign, &planned.changed).await?;
    index::add_former(tx, target.campaign, &planned.former).await?;
    relink(tx, target, &planned.relinks).await?;
    history::keep(tx, target, &planned.corrected).await?;
    moved::record(tx, target, &planned.moved).await?;
    let seen = (target.import, target.now);
    doubt::list(tx, target.campaign, seen, &planned.doubts).await?;
    let lines = lines.into_iter().zip(&planned.outcomes);
    let lines = lines.map(|((line, notices), outcome)| (line, outcome, notices));
    store::change_import(tx, import, |import| count::count(import, lines)).await?;
    Ok(planned.outcomes)
}

/// What a batch comes to, sealed.
struct Planned {
    /// In the order of their ids.
    new: Vec<Arc<Sealed>>,
    changed: Vec<Sealed>,
    /// How rows that were merged or corrected describe somebody otherwise.
    former: Vec<Former>,
    /// In the order of their references: a load in the order of the key is several times as fast.
    links: Vec<Link>,
    relinks: Vec<Link>,
    corrected: Vec<Entry>,
    moved: Vec<Moved>,
    doubts: Vec<doubt::Entry>,
    outcomes: Vec<Outcome>,
}

impl Planned {
    fn of(
        rows: &[Judged],
        found: Found,
        (keys, ids): (&RosterKeys, &Ids),
        (standing, today): (Standing, Date),
    ) -> Result<Self, Error> {
        let known = found.decrypt(keys, standing.people)?;
        let plan = plan::plan(rows, &known, (standing.durable_line, today));
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let (mut corrected, mut moved) = (Vec::new(), Vec::new());
        let mut former = Vec::new();
        for slot in &plan.slots {
            former.extend(descriptions(slot, keys));
            corrected.extend(Entry::of(slot, keys));
            moved.extend(Moved::of(slot, keys));
            match &slot.origin {
                Origin::New(row) if !slot.changed => new.push(Arc::clone(&row.sealed)),
                Origin::New(row) => new.push(Arc::new(seal(slot, &row.sealed.salt, keys))),
                Origin::Roster(stored) if slot.changed => {
                    changed.push(seal(slot, &stored.salt, keys));
                }
                Origin::Roster(_) => {}
            }
        }
        let mut links = plan.links;
        links.sort_unstable_by_key(|link| link.macs.reference);
        Ok(Self {
            new,
            changed,
            former,
            corrected,
            moved,
            doubts: plan.doubts.iter().map(|doubt| doubt.entry(ids)).collect(),
            links,
            relinks: plan.relinks,
            outcomes: plan.outcomes,
        })
    }
}

fn seal(slot: &Slot<'_>, salt: &[u8], keys: &RosterKeys) -> Sealed {
    let moved = |correction: &Correction| correction.fields.contains(&"address");
    Sealed {
        moved: slot.correction.as_ref().is_some_and(moved),
        relisted: slot.relisted,
        ..Sealed::of(slot.individual, salt, &slot.person, slot.population, keys)
    }
}

/// Gives how rows of the batch, and names from before, describe a person otherwise than the record does after it, and the person's further
/// contacts.
fn descriptions(slot: &Slot<'_>, keys: &RosterKeys) -> Vec<Former> {
    // What the roster held is kept where it is written over.
    let (first, is_new) = match &slot.origin {
        Origin::New(row) => (Some(row.sealed.keys), true),
        Origin::Roster(_) => (None, false),
    };
    let further = index::further_contacts(&slot.person, keys.current());
    let further = further.map(|keys| Former::of(slot.individual, keys));
    let named = keys.current().formerly(&slot.person);
    let named = named.filter(|_| is_new || slot.changed);
    let described: Vec<Keys> = slot.described.iter().copied().chain(named).collect();
    if described.is_empty() {
        return further.collect();
    }
    let now = keys.current().person(&slot.person);
    let described = described.into_iter().chain(first);
    let beside = described.filter_map(|keys| keys.beside(&now));
    beside
        .map(|keys| Former::of(slot.individual, keys))
        .chain(further)
        .collect()
}

/// Writes the content of references that a row has corrected.
async fn relink(tx: &Tx<'_>, target: Target<'_>, links: &[Link]) -> Result<(), Error> {
    const RELINK: &str = "UPDATE individual_entity SET row_mac = v.content, import_id = $3 FROM v \
        WHERE individual_entity.campaign_id = $2 AND individual_entity.ref_mac = v.reference";
    const COLUMNS: [(&str, Is); 2] = [("reference", Is::Uuid), ("content", Is::Uuid)];
    if links.is_empty() {
        return Ok(());
    }
    let macs: Vec<RowMacs> = links.iter().map(|link| link.macs).collect();
    let sql = format!("WITH {} {RELINK}", rows::table(tx.backend(), &COLUMNS));
    let rest = [target.campaign.into(), target.import.into()];
    let statement = rows::bind_with(tx.backend(), sql, &macs, rest);
    let written = tx.execute_raw(statement).await?.rows_affected();
    if written == links.len() as u64 {
        Ok(())
    } else {
        Err(db::Error::corrupt("a row that should be there is missing").into())
    }
}

async fn insert(tx: &Tx<'_>, target: Target<'_>, people: &[Arc<Sealed>]) -> Result<(), Error> {
    let campaign = ("campaign_id", target.campaign.into());
    let bulk = Bulk {
        table: "individual",
        same: &[
            campaign,
            ("key_version", target.keys.key_version.into()),
            ("created_at", target.now.into()),
        ],
        columns: PEOPLE,
    };
    tx.copy_in(bulk, people_rows(people)).await?;
    index::insert(tx, target.campaign, people).await
}

async fn link(tx: &Tx<'_>, target: Target<'_>, links: &[Link]) -> Result<(), Error> {
    let bulk = Bulk {
        table: "individual_entity",
        same: &[
            ("campaign_id", target.campaign.into()),
            ("import_id", target.import.into()),
        ],
        columns: LINKS,
    };
    tx.copy_in(bulk, link_rows(links)).await?;
    Ok(())
}

/// Rows on their way into a table. Boxed, because a future may not hold closures over references.
type Rows<'r, const N: usize> = Box<dyn Iterator<Item = [Cell<'r>; N]> + Send + 'r>;

const PEOPLE: [&str; 11] = [
    "id",
    "salt",
    "sealed",
    "population",
    "region",
    "country",
    "mailable",
    "has_contact",
    "language",
    "confidential",
    "data_elements",
];

fn people_rows(people: &[Arc<Sealed>]) -> Rows<'_, 11> {
    Box::new(people.iter().map(|person| {
        let clear = &person.clear;
        [
            person.id.into(),
            person.salt.as_slice().into(),
            person.sealed.as_slice().into(),
            person.population.as_str().into(),
            clear.region.as_str().into(),
            clear.country.as_str().into(),
            clear.mailable.into(),
            clear.has_contact.into(),
            clear.language.as_str().into(),
            clear.confidential.into(),
            clear.data_elements.as_str().into(),
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

const COLUMNS: [(&str, Is); 13] = [
    ("id", Is::Uuid),
    ("salt", Is::Bytes),
    ("sealed", Is::Bytes),
    ("population", Is::Text),
    ("region", Is::Text),
    ("country", Is::Text),
    ("language", Is::Text),
    ("data_elements", Is::Text),
    ("confidential", Is::Bool),
    ("mailable", Is::Bool),
    ("moved", Is::Bool),
    ("relisted", Is::Bool),
    ("has_contact", Is::Bool),
];

/// A row that is merged does not make an address good from which letters came back; one that corrects it does. Whoever was taken off the
/// list gets no letter until somebody lists them again.
const UPDATE_PEOPLE: &str = "UPDATE individual SET sealed = v.sealed, population = v.population, region = v.region, \
    country = v.country, language = v.language, data_elements = v.data_elements, confidential = v.confidential, \
    mailable = (v.mailable AND (v.moved OR NOT individual.returned) AND (v.relisted OR individual.withdrawn_at IS NULL)), \
    returned = (individual.returned AND NOT v.moved), has_contact = v.has_contact, \
    withdrawn_at = CASE WHEN v.relisted THEN NULL ELSE individual.withdrawn_at END FROM v \
    WHERE individual.campaign_id = $2 AND individual.id = v.id AND individual.salt IS NOT NULL";

/// Writes people who are on the roster and have changed. They are locked with the roster. What their keys were still finds them.
pub async fn update(tx: &Tx<'_>, campaign: CampaignId, people: &[Sealed]) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} {UPDATE_PEOPLE}",
        rows::table(tx.backend(), &COLUMNS)
    );
    let statement = rows::bind_with(tx.backend(), sql, people, [campaign.into()]);
    if tx.execute_raw(statement).await?.rows_affected() != people.len() as u64 {
        return Err(db::Error::corrupt("a row that should be there is missing").into());
    }
    index::update(tx, campaign, people).await
}
