//! The figures of a campaign, and what the law makes of them.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::codes::campaign::read::get_campaign;
use crate::codes::campaign::store::Campaign;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::law::{Census, Deadline, Law, Owed, Place, is_home};
use crate::codes::wave;
use crate::db;
use crate::db::entities::{ClosedSet, covered_entity};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, WaveId};

use super::days::{Day, by_day};
use super::funnel::Funnel;
use super::slices::{By, Part, Slice};
use super::store::{self, Counted, OutcomeCount, Pool};

/// The figures of a campaign.
#[derive(Clone, Debug)]
pub struct Report {
    /// Of which campaign.
    pub engagement_number: String,
    /// The funnel.
    pub funnel: Funnel,
    /// Why coverages are not active.
    pub outcomes: Vec<OutcomeCount>,
    /// Partners' own activation codes.
    pub pools: Vec<Pool>,
    /// Enrollments a day.
    pub days: Vec<Day>,
    /// The funnel of each part, if wished.
    pub slices: Vec<NamedSlice>,
    /// By when who must be told.
    pub deadlines: Vec<Deadline<'static>>,
    /// How long monitoring is owed to how many residents.
    pub monitoring: Vec<(Owed<'static>, i64)>,
    /// Residents for whose attorney general no rule is known.
    pub without_rule: Vec<(Place, i64)>,
    /// Version of the rules.
    pub law_version: &'static str,
    /// When it was counted.
    pub at: Timestamp,
}

/// The funnel of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSlice {
    /// Key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// The figures.
    pub funnel: Funnel,
}

/// Counts a campaign.
pub async fn count(context: &Context, id: CampaignId, by: Option<By>) -> Result<Report, Error> {
    let campaign = get_campaign(context, id).await?;
    let at = context.now();
    let zone =
        TimeZone::get(&campaign.row.zone).map_err(|_| db::Error::corrupt("campaign.zone"))?;
    let today = at
        .date_in(&zone)
        .map_err(|_| db::Error::corrupt("the clock's date"))?;
    let discovered_on: Date = campaign
        .row
        .discovered_on
        .parse()
        .map_err(|_| db::Error::corrupt("campaign.discovered_on"))?;
    let counted = store::count(&context.db, id, by).await?;
    let census = census(&counted, &campaign.entities);
    let law = Law::current();
    let deadlines = law
        .deadlines(discovered_on, today, &census)
        .map_err(|_| db::Error::corrupt("campaign.discovered_on"))?;
    let mut monitoring = law.monitoring_of(campaign.shortest_term(), &census.living);
    if campaign.row.raise_term_by_law {
        // Each person gets the months that their state asks for.
        for (owed, _) in &mut monitoring {
            owed.short_by = 0;
        }
    }
    let days = by_day(&counted.quarters, &zone, today)?;
    let slices = name_all(context, &campaign, by, counted.slices).await?;
    Ok(Report {
        engagement_number: campaign.row.engagement_number,
        days,
        slices,
        funnel: counted.funnel,
        outcomes: counted.outcomes,
        pools: counted.pools,
        deadlines,
        monitoring,
        without_rule: law.unknown_to(&census),
        law_version: &law.version,
        at,
    })
}

fn census(counted: &Counted, entities: &[covered_entity::Model]) -> Census {
    let mut census = Census::default();
    for row in &counted.residents {
        census.individuals += row.people;
        census.unreachable += row.unreachable;
        if let Some(place) = Place::of_address(&row.region, &row.country) {
            *census.residents.entry(place).or_default() += row.people;
            *census.living.entry(place).or_default() += row.living;
        }
    }
    let unreachable: HashMap<_, _> = counted
        .unreachable
        .iter()
        .map(|row| (row.covered_entity_id, row.people))
        .collect();
    let of = entities.iter().filter_map(|entity| {
        let people = unreachable.get(&entity.id)?;
        Some((entity.entity_key.clone(), *people))
    });
    census.unreachable_of = of.collect();
    census
}

/// Names the parts. Covered entities and waves are listed even if nobody is in them.
async fn name_all(
    context: &Context,
    campaign: &Campaign,
    by: Option<By>,
    slices: Vec<Slice>,
) -> Result<Vec<NamedSlice>, Error> {
    Ok(match by {
        Some(By::CoveredEntity) => {
            let entities = campaign.entities.iter();
            let part = |entity: &covered_entity::Model| Listed {
                part: Part::CoveredEntity(entity.id),
                key: entity.entity_key.clone(),
                name: entity.name.clone(),
            };
            listed(slices, entities.map(part))
        }
        Some(By::Wave) => {
            let waves = wave::store::names(context.db.read(), campaign.row.id).await?;
            let part = |(id, name): (WaveId, String)| Listed {
                part: Part::Wave(id),
                key: id.to_string(),
                name,
            };
            listed(slices, waves.into_iter().map(part))
        }
        Some(By::Region | By::Population) | None => named(slices),
    })
}

/// A part that is listed even if nobody is in it.
struct Listed {
    part: Part,
    key: String,
    name: String,
}

fn listed(slices: Vec<Slice>, parts: impl Iterator<Item = Listed>) -> Vec<NamedSlice> {
    let counted = slices.into_iter().map(|slice| (slice.part, slice.funnel));
    let mut counted: HashMap<Part, Funnel> = counted.collect();
    let named = parts.map(|part| NamedSlice {
        funnel: counted.remove(&part.part).unwrap_or_default(),
        key: part.key,
        name: part.name,
    });
    named.collect()
}

/// Parts by their keys; addresses that are written in different ways can have one key.
fn named(slices: Vec<Slice>) -> Vec<NamedSlice> {
    let mut named: BTreeMap<String, NamedSlice> = BTreeMap::new();
    for Slice { part, funnel } in slices {
        let (key, name) = key_and_name(part);
        let slice = named.entry(key.clone()).or_insert_with(|| NamedSlice {
            key,
            name,
            funnel: Funnel::default(),
        });
        slice.funnel += funnel;
    }
    named.into_values().collect()
}

/// Names a part. Places have their codes of ISO 3166-2: `US-IN`, `CA-ON`; `DE` and `US` where no region is known.
fn key_and_name(part: Part) -> (String, String) {
    let (region, country) = match part {
        Part::Region { region, country } => (region, country),
        Part::Population(population) => {
            let key = population.as_str();
            return (key.to_owned(), key.to_lowercase());
        }
        Part::CoveredEntity(id) => return (id.to_string(), id.to_string()),
        Part::Wave(id) => return (id.to_string(), id.to_string()),
    };
    let place = Place::of_address(&region, &country);
    let at_home = is_home(&country);
    let country = if at_home { "US".to_owned() } else { country };
    let region = place.map_or(region, |place| place.code().to_owned());
    let key = if region.is_empty() {
        country
    } else {
        format!("{country}-{region}")
    };
    let name = match place {
        Some(place) => place.name().to_owned(),
        None if region.is_empty() && at_home => "no state known".to_owned(),
        None => key.clone(),
    };
    (key, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(region: &str, country: &str, individuals: i64) -> Slice {
        Slice {
            part: Part::Region {
                region: region.into(),
                country: country.into(),
            },
            funnel: Funnel {
                individuals,
                ..Funnel::default()
            },
        }
    }

    #[test]
    fn places_have_codes_that_no_country_shares_and_addresses_that_are_alike_are_one() {
        let slices = named(vec![
            region("IN", "US", 1),
            region("IN", "", 2),
            region("", "IN", 4),
            region("", "US", 8),
            region("ON", "CA", 16),
            region("CA", "US", 32),
            region("AE", "US", 64),
        ]);
        let read = slices
            .iter()
            .map(|it| (it.key.as_str(), it.name.as_str(), it.funnel.individuals));
        assert_eq!(
            read.collect::<Vec<_>>(),
            [
                ("CA-ON", "CA-ON", 16),
                ("IN", "IN", 4),
                ("US", "no state known", 8),
                ("US-AE", "US-AE", 64),
                ("US-CA", "California", 32),
                ("US-IN", "Indiana", 3),
            ]
        );
    }
}
