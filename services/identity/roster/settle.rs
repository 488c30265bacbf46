//! One batch in one transaction: look up, plan, write.

use crate::db::Cell;
use crate::db::Tx;
use crate::db::rows;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId};

use super::super::error::Error;
use super::super::matching::address;
use super::super::matching::blind::Keys;
use super::change::{self, Change};
use super::keys::RosterKeys;
use super::known;
use super::locale::Locale;
use super::plan::{self, Origin, Outcome, Plan, Slot};
use super::prepare::Judged;
use super::seen::Seen;
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
    seen: &Seen,
    batch: &[Judged],
) -> Result<Vec<Outcome>, Error> {
    store::lock_roster(tx, target.campaign).await?;
    let known = known::known(tx, target, seen, batch).await?;
    let plan = plan::plan(batch, &known);
    write(tx, target, &plan).await?;
    let count = |wanted| plan.count(|outcome| *outcome == wanted);
    let import = (target.campaign, target.import);
    store::count_batch(tx, import, count(Outcome::Accepted), count(Outcome::Merged)).await?;
    Ok(plan.outcomes)
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
    let known_before = people.iter().filter(|person| !person.is_new);
    let changes: Vec<Change> = known_before.map(Written::change).collect();
    change::write(tx, target.campaign, &changes).await
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

    fn change(&self) -> Change {
        Change {
            id: self.slot.individual,
            sealed: rows::hex(&self.sealed),
            population: self.slot.population.as_str(),
            region: self.region().to_owned(),
            country: self.country().to_owned(),
            locale: self.locale(),
            mailable: self.is_mailable(),
            has_contact: self.has_contact(),
            keys: self.keys.into(),
        }
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

    fn locale(&self) -> &'static str {
        self.slot.locale.map_or("", Locale::as_str)
    }

    fn has_contact(&self) -> bool {
        self.slot.person.email.is_some() || self.slot.person.phone.is_some()
    }
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

fn people_rows<'r>(target: Target<'r>, people: &'r [Written<'_>]) -> Rows<'r, 12> {
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
            person.locale().into(),
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
