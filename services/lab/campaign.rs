//! A campaign for invented people, for the demonstration and the benchmark.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::client::campaign::file::{CampaignFile, EntityEntry, ProductEntry, RestorationEntry};
use crate::client::problem::Problem;
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::lab::people::entities::ENTITIES;

/// Gives a campaign with a random engagement number, discovered some weeks before `today`, with the covered entities of
/// invented rosters, products for adults, each with its partner, and one for minors.
pub fn invented(
    name: &str,
    adults: &[(&str, &str)],
    minors: &str,
    today: Date,
) -> Result<CampaignFile, Problem> {
    let digits = u32::from_be_bytes(Ids::system(Clock::system()).random()) % 1_000_000;
    let product = |population: &str, code: &str, partner: &str| ProductEntry {
        population: population.to_owned(),
        product_code: code.to_owned(),
        partner: partner.to_owned(),
        term_months: 24,
        contract_code: "DEMO".to_owned(),
    };
    let entities = ENTITIES.iter().map(|entity| EntityEntry {
        key: entity.key.clone(),
        name: entity.name.clone(),
        ..EntityEntry::default()
    });
    Ok(CampaignFile {
        engagement_number: format!("D{digits:06}"),
        name: name.to_owned(),
        breach_date: today.saturating_sub(Span::new().days(60)),
        discovery_date: today.saturating_sub(Span::new().days(41)),
        enroll_by_date: today.saturating_add(Span::new().days(180)),
        covered_entities: entities.collect(),
        products: adults
            .iter()
            .map(|(code, partner)| product("ADULT", code, partner))
            .chain([product("MINOR", "MINOR1", minors)])
            .collect(),
        restoration: Some(RestorationEntry {
            product_code: "RESTORE".to_owned(),
            partner: minors.to_owned(),
            contract_code: "DEMO".to_owned(),
        }),
        ..CampaignFile::template()?
    })
}

/// Gives the day that it is in UTC.
pub fn today() -> Result<Date, Problem> {
    let today = Clock::system().now().date_in(&TimeZone::UTC);
    today.map_err(|error| Problem::usage(error.to_string()))
}
