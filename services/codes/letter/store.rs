//! The codes of one individual, each with its batch and wave.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::codes::code::state::{Shown, shown};
use crate::codes::store::exactly_one;
use crate::db::entities::code::State;
use crate::db::entities::individual::Population;
use crate::db::entities::{ClosedSet, wave};
use crate::db::{self, Tx, rows};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId, WaveId};

/// A code of an individual.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Line {
    /// The code's key, which never leaves the process.
    pub mac: Uuid,
    /// The batch.
    pub batch_id: BatchId,
    /// The batch's wave.
    pub wave_id: WaveId,
    /// The wave whose letters the wave's own replace: itself, where it is no reissue; unknown for reissues of old.
    pub origin: Option<WaveId>,
    /// The wave's name.
    pub wave_name: String,
    /// Which code of the individual.
    pub generation: i32,
    /// The generation whose place it took.
    pub supersedes: Option<i32>,
    /// Where it stands.
    pub state: State,
    /// Whether it was revoked before an export had it, so that it has no letter.
    pub withheld: Option<bool>,
    /// Whether its letter bears no code.
    pub without_code: Option<bool>,
    /// When the batch was made.
    pub made_at: Timestamp,
    /// From when on the batch can be printed.
    pub completed_at: Option<Timestamp>,
    /// When the batch was first exported.
    pub first_exported_at: Option<Timestamp>,
    /// Until when it could be.
    pub sealed_at: Option<Timestamp>,
    /// When the code came to its end.
    pub settled_at: Option<Timestamp>,
    /// Last day to enroll.
    pub enroll_by: String,
    /// The first instant after it.
    pub enroll_by_at: Timestamp,
    /// When the wave's letters were mailed.
    pub mailed_on: Option<String>,
    /// Until when the letter proves the address.
    pub proof_expires_at: Timestamp,
}

impl Line {
    /// Gives the state that is shown at an instant.
    pub fn shown(&self, now: Timestamp) -> Shown {
        shown(self.state, self.enroll_by_at, now)
    }

    /// Tells whether no export had its letter yet, and one can. Under the campaign's lock it stays so.
    pub const fn is_to_be_printed(&self) -> bool {
        self.first_exported_at.is_none() && self.sealed_at.is_none()
    }
}

/// A day, in the unit of an instant.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Lists the codes of an individual, newest first.
pub async fn of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<Line>, db::Error> {
    read(connection, campaign, individual, String::new()).await
}

/// Lists the codes of an individual and locks them until the transaction ends: a completion or a revocation at the same time
/// is either committed, and seen here, or waits.
pub async fn lock(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<Line>, db::Error> {
    let lock = rows::lock(tx.backend(), "c");
    read(tx, campaign, individual, lock).await
}

async fn read(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
    lock: String,
) -> Result<Vec<Line>, db::Error> {
    let reissue = wave::Kind::Reissue.as_str();
    let sql = format!(
        "SELECT c.mac, c.batch_id, w.id AS wave_id, CASE w.kind WHEN '{reissue}' THEN w.reissue_of ELSE w.id END AS origin, \
         w.name AS wave_name, c.generation, s.generation AS supersedes, c.state, c.withheld, c.without_code, \
         b.created_at AS made_at, b.completed_at, b.first_exported_at, b.sealed_at, c.settled_at, w.enroll_by, w.enroll_by_at, w.mailed_on, \
         COALESCE(w.mailed_at, b.created_at) + c.proof_days * {DAY} AS proof_expires_at \
         FROM code c JOIN code_batch b ON b.campaign_id = c.campaign_id AND b.id = c.batch_id \
         JOIN wave w ON w.campaign_id = b.campaign_id AND w.id = b.wave_id \
         LEFT JOIN code s ON s.campaign_id = c.campaign_id AND s.mac = c.supersedes \
         WHERE c.campaign_id = $1 AND c.individual_id = $2 AND c.generation > 0 \
         ORDER BY c.generation DESC, c.batch_id DESC{lock}"
    );
    let values: [Value; 2] = [campaign.into(), individual.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(Line::find_by_statement(statement).all(connection).await?)
}

/// Where the letter of an individual goes, as far as this process knows.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Addressee {
    /// Which rules apply.
    pub population: Population,
    /// State or region.
    pub region: String,
    /// Country.
    pub country: String,
    /// Whether there is an address to write to.
    pub mailable: bool,
    /// When the individual was erased.
    pub erased_at: Option<Timestamp>,
}

/// Finds an individual.
pub async fn addressee(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Option<Addressee>, db::Error> {
    const SQL: &str = "SELECT population, region, country, mailable, erased_at FROM individual WHERE campaign_id = $1 AND id = $2";
    let values: [Value; 2] = [campaign.into(), individual.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    Ok(Addressee::find_by_statement(statement)
        .one(connection)
        .await?)
}

/// Ends an issued code whose place another takes.
pub async fn supersede(
    tx: &Tx<'_>,
    campaign: CampaignId,
    mac: Uuid,
    now: Timestamp,
) -> Result<(), db::Error> {
    let sql = format!(
        "UPDATE code SET state = '{}', settled_at = $3 WHERE campaign_id = $1 AND mac = $2 AND state = '{}'",
        State::Superseded.as_str(),
        State::Issued.as_str()
    );
    let values: [Value; 3] = [campaign.into(), mac.into(), now.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    let result = tx.execute_raw(statement).await?;
    exactly_one(
        result.rows_affected(),
        "a code that is not issued was superseded; lock and ask its state first",
    )
}

/// What is printed for a person, as the record has it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed {
    /// For how many days the letter proves the address.
    pub proof_days: i32,
    /// Whether it bears no code.
    pub without_code: Option<bool>,
}

/// Sets what a letter will be that is not printed yet: the record may have been corrected since it was made.
pub async fn set_printed(
    tx: &Tx<'_>,
    campaign: CampaignId,
    mac: Uuid,
    printed: Printed,
) -> Result<(), db::Error> {
    const SQL: &str =
        "UPDATE code SET proof_days = $3, without_code = $4 WHERE campaign_id = $1 AND mac = $2";
    let values: [Value; 4] = [
        campaign.into(),
        mac.into(),
        printed.proof_days.into(),
        printed.without_code.into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.backend(), SQL, values))
        .await?;
    Ok(())
}
