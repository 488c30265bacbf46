//! WithdrawListings: rows that a covered entity had on its list by mistake are taken off it, or put back.
//!
//! Whom nobody lists any more gets no further letter and is in no count. A letter that is out is another matter: the code in it belongs to
//! another process, and only an operator's revocation ends it, so the answer says how many of them had one.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::db::entities::individual_entity;
use crate::db::{Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::secrets::Secret;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::decrypt::decrypt;
use super::keys::RosterKeys;
use super::sealed::Sealed;
use super::{letters, store, write};

/// The most listings of one call.
pub const MOST: usize = 1_000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign.
    pub campaign: CampaignId,
    /// The listings, in order.
    pub listings: Vec<Listing>,
    /// Why.
    pub reason: String,
    /// Whether they are put back.
    pub restore: bool,
}

/// An entry of a covered entity's list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The covered entity's key.
    pub entity: String,
    /// Which entry; nothing if none was given.
    pub entry: Option<Entry>,
}

/// How an entry is named. Its `Debug` shows no reference.
#[derive(Clone, Debug)]
pub enum Entry {
    /// By the covered entity's reference.
    Reference(Secret<String>),
    /// All that the covered entity has of an individual; nothing if the id is no UUID.
    Individual(Option<IndividualId>),
}

/// What became of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is off the list, or on it again.
    Done,
    /// It was so before.
    DoneBefore,
    /// The covered entity is not one of the campaign's.
    UnknownEntity,
    /// Nothing was loaded under this reference.
    UnknownReference,
    /// The covered entity never listed this individual.
    UnknownIndividual,
    /// The entry is missing.
    NoEntry,
}

/// The answer, as it is stored for a repeated call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What became of each listing, in order.
    pub verdicts: Vec<Verdict>,
    /// Whom nobody lists any more, or who is listed again.
    pub individuals: i64,
    /// How many of them had a letter printed.
    pub with_letters: i64,
}

/// Takes listings off the list or puts them back; each is judged by itself.
pub async fn withdraw_listings(
    context: &Context,
    call: &Call,
    command: &Withdraw,
) -> Result<Answer, Error> {
    let read = context.db.read();
    let entities = store::entities(read, command.campaign).await?;
    let key = store::find_key(read, command.campaign).await?;
    let keys = key.map(|key| RosterKeys::of(context, &key)).transpose()?;
    let sought = command.listings.iter().map(|listing| {
        let entity = entities.get(&listing.entity).copied();
        Sought::of(entity, listing.entry.as_ref(), keys.as_ref())
    });
    let work = Work {
        context,
        call,
        command,
        sought: sought.collect(),
        keys: keys.as_ref(),
        now: context.now(),
    };
    let work = &work;
    context
        .db
        .run_bulk("withdraw_listings", |tx| {
            Box::pin(async move {
                if let Some(answer) = request::answered(tx, &command.request).await? {
                    return Ok(answer);
                }
                let answer = work.run(tx).await?;
                request::record(tx, &command.request, &answer, work.now).await?;
                Ok(answer)
            })
        })
        .await
}

/// What to look for.
enum Sought {
    /// Nothing: the listing is wrong by itself.
    Nothing(Verdict),
    /// A reference, under every version of the index key.
    References(Vec<Uuid>),
    /// An individual's entries with a covered entity.
    Individual(IndividualId, CoveredEntityId),
}

impl Sought {
    fn of(
        entity: Option<CoveredEntityId>,
        entry: Option<&Entry>,
        keys: Option<&RosterKeys>,
    ) -> Self {
        let Some(entity) = entity else {
            return Self::Nothing(Verdict::UnknownEntity);
        };
        match entry {
            None => Self::Nothing(Verdict::NoEntry),
            Some(Entry::Individual(None)) => Self::Nothing(Verdict::UnknownIndividual),
            Some(Entry::Individual(Some(id))) => Self::Individual(*id, entity),
            Some(Entry::Reference(text)) => {
                let indexers = keys.map_or(&[][..], |keys| &keys.indexers).iter();
                let macs = indexers.map(|one| one.reference(entity, text.expose()));
                Self::References(macs.collect())
            }
        }
    }

    fn is_met_by(&self, row: &individual_entity::Model) -> bool {
        match self {
            Self::Nothing(_) => false,
            Self::References(macs) => macs.contains(&row.ref_mac),
            Self::Individual(id, entity) => {
                row.individual_id == *id && row.covered_entity_id == *entity
            }
        }
    }

    fn unknown(&self) -> Verdict {
        match self {
            Self::Nothing(verdict) => *verdict,
            Self::References(_) => Verdict::UnknownReference,
            Self::Individual(..) => Verdict::UnknownIndividual,
        }
    }
}

/// What the transaction does; it may run more than once.
struct Work<'a> {
    context: &'a Context,
    call: &'a Call,
    command: &'a Withdraw,
    sought: Vec<Sought>,
    /// None while the campaign has no roster.
    keys: Option<&'a RosterKeys>,
    now: Timestamp,
}

impl Work<'_> {
    async fn run(&self, tx: &Tx<'_>) -> Result<Answer, Error> {
        let Some(keys) = self.keys else {
            return Ok(Answer {
                verdicts: self.sought.iter().map(Sought::unknown).collect(),
                ..Answer::default()
            });
        };
        let campaign = self.command.campaign;
        store::lock_roster(tx, campaign).await?;
        let rows = self.rows(tx).await?;
        let (verdicts, changed) = judge(&self.sought, &rows, !self.command.restore);
        self.mark(tx, &changed).await?;
        let affected = rows.iter().filter(|row| changed.contains(&row.ref_mac));
        let affected: BTreeSet<IndividualId> = affected.map(|row| row.individual_id).collect();
        let affected: Vec<IndividualId> = affected.into_iter().collect();
        let people = if self.command.restore {
            self.relist(tx, keys, &affected).await?
        } else {
            self.delist(tx, &affected).await?
        };
        let printed = letters::of(tx, campaign, &people).await?.into_iter();
        let printed = printed.filter(|(_, letter)| letter.printed_at.is_some());
        let with_letters: BTreeSet<IndividualId> = printed.map(|(id, _)| id).collect();
        audit::record(tx, &self.events(&verdicts, &people)).await?;
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        Ok(Answer {
            verdicts,
            individuals: count(people.len()),
            with_letters: count(with_letters.len()),
        })
    }

    /// Reads the entries that are meant.
    async fn rows(&self, tx: &Tx<'_>) -> Result<Vec<individual_entity::Model>, Error> {
        use individual_entity::Column;
        let (mut macs, mut ids): (Vec<Uuid>, Vec<IndividualId>) = (Vec::new(), Vec::new());
        for sought in &self.sought {
            match sought {
                Sought::Nothing(_) => {}
                Sought::References(of) => macs.extend(of),
                Sought::Individual(id, _) => ids.push(*id),
            }
        }
        let mut rows: BTreeMap<Uuid, individual_entity::Model> = BTreeMap::new();
        let entries = || {
            individual_entity::Entity::find().filter(Column::CampaignId.eq(self.command.campaign))
        };
        for list in store::lists(&macs) {
            let found = entries().filter(Column::RefMac.is_in(list)).all(tx).await?;
            rows.extend(found.into_iter().map(|row| (row.ref_mac, row)));
        }
        for list in store::lists(&ids) {
            let found = entries().filter(Column::IndividualId.is_in(list));
            rows.extend(
                found
                    .all(tx)
                    .await?
                    .into_iter()
                    .map(|row| (row.ref_mac, row)),
            );
        }
        Ok(rows.into_values().collect())
    }

    async fn mark(&self, tx: &Tx<'_>, changed: &BTreeSet<Uuid>) -> Result<(), Error> {
        use individual_entity::Column;
        let changed: Vec<Uuid> = changed.iter().copied().collect();
        for list in store::lists(&changed) {
            let update = individual_entity::Entity::update_many()
                .col_expr(Column::Withdrawn, Expr::value(!self.command.restore))
                .filter(Column::CampaignId.eq(self.command.campaign))
                .filter(Column::RefMac.is_in(list));
            update.exec(tx).await?;
        }
        Ok(())
    }

    /// Marks those whom nobody lists any more; gives who they are.
    async fn delist(
        &self,
        tx: &Tx<'_>,
        affected: &[IndividualId],
    ) -> Result<Vec<IndividualId>, Error> {
        let campaign = self.command.campaign;
        let listed = store::entities_of(tx, campaign, affected).await?;
        let gone = affected.iter().filter(|id| !listed.contains_key(id));
        let gone: Vec<IndividualId> = gone.copied().collect();
        store::take_off_list(tx, campaign, &gone, self.now).await?;
        Ok(gone)
    }

    /// Writes those again whom somebody lists again; gives who they are. Whoever was erased stays erased.
    async fn relist(
        &self,
        tx: &Tx<'_>,
        keys: &RosterKeys,
        affected: &[IndividualId],
    ) -> Result<Vec<IndividualId>, Error> {
        let campaign = self.command.campaign;
        let mut back = Vec::new();
        for row in store::individuals(tx, campaign, affected).await? {
            let person = decrypt(&keys.sealer, &row)?;
            let (Some(_), Some(person), Some(salt)) = (row.withdrawn_at, person, &row.salt) else {
                continue;
            };
            back.push(Sealed {
                relisted: true,
                ..Sealed::of(row.id, salt, &person, row.population, keys)
            });
        }
        write::update(tx, campaign, &back).await?;
        let mut back: Vec<IndividualId> = back.iter().map(|one| one.id).collect();
        back.sort_unstable();
        back.dedup();
        Ok(back)
    }

    /// One event for the call and one for every individual; none if nothing changed.
    fn events(&self, verdicts: &[Verdict], people: &[IndividualId]) -> Vec<audit::Event> {
        let done = verdicts.iter().filter(|verdict| **verdict == Verdict::Done);
        let done = done.count();
        if done == 0 {
            return Vec::new();
        }
        let (campaign, restore) = (self.command.campaign, self.command.restore);
        let (of_call, of_person) = if restore {
            ("roster.listings_restored", "individual.restored")
        } else {
            ("roster.listings_withdrawn", "individual.withdrawn")
        };
        let detail =
            json!({ "reason": self.command.reason, "listings": done, "individuals": people.len() });
        let act = Act::on(of_call, "campaign", campaign);
        let summary = self.call.event(self.context, Some(campaign), act, detail);
        let person = |id: &IndividualId| {
            let act = Act::on(of_person, "individual", *id);
            (self.call).event(self.context, Some(campaign), act, json!({}))
        };
        std::iter::once(summary)
            .chain(people.iter().map(person))
            .collect()
    }
}

/// Judges listings in order, each seeing what the ones before it did. Gives the keys of the entries that change.
fn judge(
    sought: &[Sought],
    rows: &[individual_entity::Model],
    withdraw: bool,
) -> (Vec<Verdict>, BTreeSet<Uuid>) {
    let mut changed = BTreeSet::new();
    let verdicts = sought.iter().map(|sought| {
        let mut meant = rows.iter().filter(|row| sought.is_met_by(row)).peekable();
        if meant.peek().is_none() {
            return sought.unknown();
        }
        let before = changed.len();
        let other = meant.filter(|row| row.withdrawn != withdraw);
        changed.extend(other.map(|row| row.ref_mac));
        if changed.len() > before {
            Verdict::Done
        } else {
            Verdict::DoneBefore
        }
    });
    (verdicts.collect(), changed)
}
