//! SearchIndividuals: people on the roster by name or reference, masked and audited.
//!
//! There is no index of names alone: a name is looked up by the blind keys that verification uses. A year of birth is looked up as each of
//! its days, and a given name by the first letter of every form that it may stand for; what is found is decrypted and compared.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::{self, Date};
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;

use crate::db::entities::individual;
use crate::db::rows::{self, Is};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::matching::blind::{Indexer, With};
use crate::identity::matching::compare;
use crate::identity::matching::fold::{self, Folded};
use crate::identity::matching::nickname;
use crate::identity::matching::waterfall::Level;
use crate::identity::rules::PER_HOUR;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;
use crate::process::throttle::{self, Charge, Limit};
use crate::process::{Act, Call};

use super::decrypt::decrypt;
use super::get::{self, Masked};
use super::store;

const DOMAIN: &str = "redress.identity.search.v1";

/// The most people that one search shows.
pub const SHOWN: usize = 20;

/// The most people who are decrypted for one search.
const LOOKED_AT: usize = 500;

/// What is known of a person. Its `Debug` shows nothing.
#[derive(Clone)]
pub enum Query {
    /// The name, with the year of birth or the postal code.
    Name {
        /// The family name.
        family: Folded,
        /// The given name; empty finds all.
        given: Folded,
        /// The year of birth.
        birth_year: Option<i16>,
        /// The folded postal code.
        postal: Option<Secret<String>>,
    },
    /// A covered entity's reference.
    Reference {
        /// The reference.
        reference: Secret<String>,
        /// The covered entity's key; none looks at all.
        entity: Option<String>,
    },
}

impl Query {
    /// Says in the audit log by what was searched.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Name { .. } => "NAME",
            Self::Reference { .. } => "REFERENCE",
        }
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The people, whose given name fits best first.
    pub people: Vec<Masked>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// Searches the roster. The audit event is committed before anything is given.
pub async fn search_individuals(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    query: &Query,
) -> Result<Found, Error> {
    charge(context, call).await?;
    let ids = candidates(context, campaign, query).await?;
    let mut people = fitting(context, campaign, query, &ids).await?;
    let more = people.len() > SHOWN || ids.len() > LOOKED_AT;
    people.truncate(SHOWN);
    let found: Vec<IndividualId> = people.iter().map(|(row, _)| row.id).collect();
    let detail = json!({ "by": query.kind(), "found": found, "more": more });
    let act = Act::of(
        "individuals.searched",
        ("campaign", Some(campaign.as_uuid())),
    );
    let event = call.event(context, Some(campaign), act, detail);
    disclosure::record(context, "audit_search", &event).await?;
    Ok(Found {
        people: get::masked(context, campaign, people).await?,
        more,
    })
}

/// Charges an agent's search; an operator's is not limited.
async fn charge(context: &Context, call: &Call) -> Result<(), Error> {
    if call.agent.is_none() {
        return Ok(());
    }
    let actor = call.actor();
    let limit = Limit::per(context.rules.throttles.searches, PER_HOUR);
    let key = crypto::mac128(&context.steady_key()?, DOMAIN, &[actor.as_bytes()]);
    let kind = "search";
    let charge = Charge { key, kind, limit };
    Ok(throttle::charge(&context.db, &[charge], context.now()).await?)
}

async fn candidates(
    context: &Context,
    campaign: CampaignId,
    query: &Query,
) -> Result<Vec<IndividualId>, Error> {
    let read = context.db.read();
    let indexers = context.indexers(campaign)?;
    match query {
        Query::Reference { reference, entity } => {
            let entities = store::entities(read, campaign).await?;
            let meant = |key: &String| entity.as_ref().is_none_or(|wanted| wanted == key);
            let meant = entities.iter().filter(|(key, _)| meant(key));
            let meant: Vec<CoveredEntityId> = meant.map(|(_, id)| *id).collect();
            let macs = indexers.iter().flat_map(|indexer| {
                let mac = |id: &CoveredEntityId| indexer.reference(*id, reference.expose());
                meant.iter().map(mac).collect::<Vec<_>>()
            });
            let lookup = Lookup {
                table: "individual_entity",
                column: "ref_mac",
                is: Is::Uuid,
            };
            lookup.run(read, campaign, &macs.collect::<Vec<_>>()).await
        }
        Query::Name {
            family,
            given,
            birth_year,
            postal,
        } => {
            let initials = initials(given);
            let each = |with: &dyn Fn(&Indexer, char) -> Vec<i64>| -> Vec<i64> {
                let keys = indexers.iter().flat_map(|indexer| {
                    let of = |initial: &char| with(indexer, *initial);
                    initials.iter().flat_map(of).collect::<Vec<_>>()
                });
                keys.collect::<BTreeSet<_>>().into_iter().collect()
            };
            let (column, keys) = match (postal, birth_year) {
                (Some(code), _) => {
                    let code = With::Postal(code.expose());
                    let of =
                        |indexer: &Indexer, initial| vec![indexer.bearers(family, initial, code)];
                    ("name_postal", each(&of))
                }
                (None, Some(year)) => {
                    let days: Vec<Date> = days_of(*year).collect();
                    let of = |indexer: &Indexer, initial| {
                        let day = |day: &Date| indexer.bearers(family, initial, With::Born(*day));
                        days.iter().map(day).collect()
                    };
                    ("name_dob", each(&of))
                }
                (None, None) => return Ok(Vec::new()),
            };
            let lookup = Lookup {
                table: "individual_index",
                column,
                is: Is::Big,
            };
            lookup.run(read, campaign, &keys).await
        }
    }
}

/// Gives the letters that given names may begin with.
fn initials(given: &Folded) -> BTreeSet<char> {
    if given.is_empty() {
        return ('a'..='z').collect();
    }
    let forms = nickname::forms(given.joined()).chain(nickname::forms(given.first()));
    let own = given.joined().chars().next();
    own.into_iter()
        .chain(forms.filter_map(|form| form.chars().next()))
        .collect()
}

fn days_of(year: i16) -> impl Iterator<Item = Date> {
    let first = civil::date(year, 1, 1);
    first
        .series(1.day())
        .take_while(move |day| day.year() == year)
}

/// Where blind keys are looked up.
struct Lookup {
    table: &'static str,
    column: &'static str,
    is: Is,
}

impl Lookup {
    /// Gives who has one of these keys: at most one more than is looked at.
    async fn run<K: serde::Serialize>(
        &self,
        connection: &impl ConnectionTrait,
        campaign: CampaignId,
        keys: &[K],
    ) -> Result<Vec<IndividualId>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let backend = connection.get_database_backend();
        let Self { table, column, is } = self;
        // References have the campaign first in their index; blind keys have it in the key, and an index of their own.
        let of_campaign = match is {
            Is::Uuid => "campaign_id = $2",
            _ => "(campaign_id = $2) IS TRUE",
        };
        let sql = format!(
            "SELECT individual_id FROM {table} WHERE {column} {} AND {of_campaign} LIMIT $3",
            rows::among(backend, *is)
        );
        let most = i64::try_from(LOOKED_AT + 1).unwrap_or(i64::MAX);
        let rest: [Value; 2] = [campaign.into(), most.into()];
        let statement: Statement = rows::bind_with(backend, sql, keys, rest);
        let found = connection.query_all_raw(statement).await?;
        let ids = found.iter().map(|row| row.try_get("", "individual_id"));
        // Not by DISTINCT: for that SQLite would read all of the campaign in the order of its people.
        let ids: BTreeSet<IndividualId> = ids.collect::<Result<_, _>>()?;
        Ok(ids.into_iter().collect())
    }
}

/// Decrypts who was found, and keeps whom the query means: whose given name fits best first.
async fn fitting(
    context: &Context,
    campaign: CampaignId,
    query: &Query,
    ids: &[IndividualId],
) -> Result<Vec<(individual::Model, Person)>, Error> {
    let read = context.db.read();
    let key = store::find_key(read, campaign).await?;
    let Some(key) = key.filter(|key| key.wrapped.is_some() && !ids.is_empty()) else {
        return Ok(Vec::new());
    };
    let sealer = context.sealer(&key)?;
    let mut found = Vec::new();
    for row in store::individuals(read, campaign, ids).await? {
        let Some(person) = decrypt(&sealer, &row)? else {
            continue;
        };
        if let Some(level) = fits(query, &person) {
            found.push((level, row, person));
        }
    }
    found.sort_by_key(|(level, row, _)| (*level, row.id));
    let people = found.into_iter().map(|(_, row, person)| (row, person));
    Ok(people.collect())
}

/// Tells how well a person fits: the lower the better.
fn fits(query: &Query, person: &Person) -> Option<u8> {
    let Query::Name {
        family,
        given,
        birth_year,
        postal,
    } = query
    else {
        return Some(0);
    };
    if fold::family(person.family_name.expose()).joined() != family.joined() {
        return None;
    }
    let year = person.date_of_birth.map(Date::year);
    if birth_year.is_some_and(|wanted| year.is_some_and(|year| year != wanted)) {
        return None;
    }
    let code = person
        .postal_code
        .as_ref()
        .map(|code| fold::postal(code.expose()));
    let differs = |wanted: &Secret<String>| {
        code.as_ref()
            .is_some_and(|code| code.expose() != wanted.expose())
    };
    if postal.as_ref().is_some_and(differs) {
        return None;
    }
    match compare::given_name(given, &fold::name(person.given_name.expose())) {
        Level::Exact => Some(0),
        Level::Nickname => Some(1),
        Level::Close | Level::Transposed => Some(2),
        Level::Missing => Some(3),
        Level::Different => None,
    }
}
