//! Reading the encrypted data of people, which the process `identity-verification` keeps.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::db::entities::individual::Population;
use crate::db::rows;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A person's salt and encrypted data; both are gone when the person was erased.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Sealed {
    id: IndividualId,
    /// The salt of the person's key.
    pub salt: Option<Vec<u8>>,
    /// The data.
    pub sealed: Option<Vec<u8>>,
    /// The population.
    pub population: Population,
    /// What the person mended or chose.
    pub supplement: Option<Vec<u8>>,
}

/// Gets the encrypted data of a campaign's people.
pub async fn sealed(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    people: &[IndividualId],
) -> Result<HashMap<IndividualId, Sealed>, Error> {
    const QUERY: &str = "SELECT i.id, i.salt, i.sealed, i.population, s.sealed AS supplement FROM v \
         JOIN individual i ON i.campaign_id = $2 AND i.id = v.id \
         LEFT JOIN supplement s ON s.campaign_id = $2 AND s.individual_id = v.id";
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let statement = rows::bind_ids(backend, QUERY, people, [campaign.into()]);
    let found = Sealed::find_by_statement(statement).all(db).await?;
    Ok(found
        .into_iter()
        .map(|person| (person.id, person))
        .collect())
}
