//! The letters that people had: which, when they were printed and when they were mailed. Codes themselves are not for this process.

use jiff::civil::Date;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::db;
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A letter of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which, counted from 1.
    pub generation: i32,
    /// When the print file with it was first exported.
    pub printed_at: Option<Timestamp>,
    /// The day on which it was mailed.
    pub mailed_on: Option<Date>,
}

/// Gives the letters of these individuals, in no order. One that was withheld was never a letter.
pub async fn of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individuals: &[IndividualId],
) -> Result<Vec<(IndividualId, Letter)>, Error> {
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT c.individual_id, c.generation, b.first_exported_at, w.mailed_on FROM code c \
         JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
         JOIN wave w ON w.campaign_id = b.campaign_id AND w.id = b.wave_id \
         WHERE c.campaign_id = $2 AND c.withheld IS NULL AND c.individual_id {}",
        rows::among(backend, Is::Uuid)
    );
    let statement = rows::bind_with(backend, sql, individuals, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    found.iter().map(letter).collect()
}

fn letter(row: &QueryResult) -> Result<(IndividualId, Letter), Error> {
    let mailed_on: Option<String> = row.try_get("", "mailed_on")?;
    let mailed_on = mailed_on.map(|day| day.parse()).transpose();
    let letter = Letter {
        generation: row.try_get("", "generation")?,
        printed_at: row.try_get("", "first_exported_at")?,
        mailed_on: mailed_on.map_err(|_| db::Error::corrupt("wave.mailed_on"))?,
    };
    Ok((row.try_get("", "individual_id")?, letter))
}
