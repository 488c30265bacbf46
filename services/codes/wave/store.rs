//! Waves of a mailing, and whom they select.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, Set, Statement, Value,
};

use crate::codes::store::exactly_one;
use crate::db::entities::wave::{ActiveModel, Column, Entity, Kind, Model};
use crate::db::entities::{ClosedSet, code, code_batch};
use crate::db::{self, Bulk, Cell, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId, WaveId};

crate::codes::keyed::keyed!(WaveId);

/// The constraint that gives every wave of a campaign a name of its own.
pub const NAME_TAKEN: &str = "wave_name_key";

/// Writes who is on a wave's list, sorted.
pub async fn insert_members(
    tx: &Tx<'_>,
    campaign: CampaignId,
    wave: WaveId,
    members: &[IndividualId],
) -> Result<u64, db::Error> {
    let bulk = Bulk {
        table: "wave_member",
        same: &[("campaign_id", campaign.into()), ("wave_id", wave.into())],
        columns: ["individual_id"],
    };
    let rows: Vec<[Cell<'static>; 1]> = members.iter().map(|member| [(*member).into()]).collect();
    tx.copy_in(bulk, rows).await
}

/// Tells which of these are no individuals of the campaign, by their places in the list: the first ones, at most `limit`.
pub async fn strangers(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individuals: &[IndividualId],
    limit: i64,
) -> Result<Vec<usize>, db::Error> {
    const KNOWN: &str = "(SELECT 1 FROM individual i WHERE i.campaign_id = $1 AND i.id = l.id)";
    let backend = connection.get_database_backend();
    let list = if backend == DbBackend::Postgres {
        "SELECT id::uuid AS id, n - 1 AS place FROM json_array_elements_text($2::json) WITH ORDINALITY AS t(id, n)"
    } else {
        "SELECT unhex(value, '-') AS id, key AS place FROM json_each($2)"
    };
    let sql =
        format!("SELECT l.place FROM ({list}) l WHERE {KNOWN} IS NULL ORDER BY l.place LIMIT $3");
    let json = serde_json::to_string(individuals).expect("ids serialize");
    let values: [Value; 3] = [campaign.into(), json.into(), limit.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut places = Vec::new();
    for row in connection.query_all_raw(statement).await? {
        let place: i64 = row.try_get("", "place")?;
        places.extend(usize::try_from(place));
    }
    Ok(places)
}

/// Counts a campaign's waves: the next one's number goes into its name.
pub async fn count(tx: &Tx<'_>, campaign: CampaignId) -> Result<u64, db::Error> {
    use sea_orm::PaginatorTrait;
    let query = Entity::find().filter(Column::CampaignId.eq(campaign));
    Ok(query.count(tx).await?)
}

/// Gives the ids and names of a campaign's waves, oldest first.
pub async fn names(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<(WaveId, String)>, db::Error> {
    let query = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Name])
        .filter(Column::CampaignId.eq(campaign))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id);
    Ok(query.into_tuple().all(connection).await?)
}

/// Lists the batches of a wave, oldest first.
pub async fn batches(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    wave: WaveId,
) -> Result<Vec<code_batch::Model>, db::Error> {
    Ok(code_batch::Entity::find()
        .filter(code_batch::Column::CampaignId.eq(campaign))
        .filter(code_batch::Column::WaveId.eq(wave))
        .order_by_asc(code_batch::Column::CreatedAt)
        .order_by_asc(code_batch::Column::Id)
        .all(connection)
        .await?)
}

/// Records the day on which a wave's letters were mailed; `at` is the instant at which it ended.
pub async fn record_mailing(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: WaveId,
    on: jiff::civil::Date,
    at: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        mailed_on: Set(Some(on.to_string())),
        mailed_at: Set(Some(at)),
        ..Default::default()
    };
    let result = Entity::update_many()
        .set(update)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    exactly_one(result.rows_affected, "a wave was mailed that is not there")
}

/// Gives waves a later last day to enroll: one with the reissues of its letters, or all of a campaign, as far as they end before it.
/// Gives how many were changed.
pub async fn extend(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: Option<WaveId>,
    on: jiff::civil::Date,
    at: Timestamp,
) -> Result<u64, db::Error> {
    let update = ActiveModel {
        enroll_by: Set(on.to_string()),
        enroll_by_at: Set(at),
        ..Default::default()
    };
    let mut update = Entity::update_many()
        .set(update)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::EnrollByAt.lt(at));
    if let Some(id) = id {
        update = update.filter(Column::Id.eq(id).or(Column::ReissueOf.eq(id)));
    }
    Ok(update.exec(tx).await?.rows_affected)
}

/// Whom a wave selects among the individuals `i`: a condition, and what it binds.
#[derive(Clone, Debug)]
pub struct Selection {
    entities: String,
    regions: String,
    populations: String,
    list: Option<WaveId>,
    ever: bool,
}

impl Selection {
    /// Takes the selection of a wave.
    pub fn of(wave: &Model) -> Self {
        Self {
            entities: wave.entities.clone(),
            regions: wave.regions.clone(),
            populations: wave.populations.clone(),
            list: (wave.members > 0).then_some(wave.id),
            ever: wave.kind == Kind::Automatic,
        }
    }

    /// Writes which codes keep an individual from getting another one. A planned wave may be for people whose codes were
    /// revoked; an automatic one gives nobody a second code.
    pub fn kept_by(&self) -> String {
        if self.ever {
            "generation > 0".to_owned()
        } else {
            let good = [code::State::Issued, code::State::Redeemed].map(ClosedSet::as_str);
            format!("state IN ('{}')", good.join("', '"))
        }
    }

    /// Writes the condition and adds what it binds to the statement's values.
    ///
    /// Entities and lists are looked up by scalar sub-queries, person by person: with a join the planner, which has no
    /// statistics of tables just loaded, would read all of them for every page.
    pub fn condition(&self, backend: DbBackend, values: &mut Vec<Value>) -> String {
        let mut bind = |value: Value| {
            values.push(value);
            values.len()
        };
        let mut parts = Vec::new();
        if self.regions != "[]" {
            let n = bind(self.regions.clone().into());
            parts.push(format!(" AND i.region IN (SELECT {})", texts(backend, n)));
        }
        if self.populations != "[]" {
            let n = bind(self.populations.clone().into());
            parts.push(format!(
                " AND i.population IN (SELECT {})",
                texts(backend, n)
            ));
        }
        if self.entities != "[]" {
            let n = bind(self.entities.clone().into());
            parts.push(format!(
                " AND (SELECT 1 FROM individual_entity l WHERE l.campaign_id = i.campaign_id AND l.individual_id = i.id \
                 AND l.covered_entity_id IN (SELECT {}) LIMIT 1) = 1",
                ids(backend, n)
            ));
        }
        if let Some(wave) = self.list {
            let n = bind(wave.into());
            parts.push(format!(
                " AND (SELECT 1 FROM wave_member m WHERE m.campaign_id = i.campaign_id AND m.wave_id = ${n} \
                 AND m.individual_id = i.id) = 1"
            ));
        }
        parts.concat()
    }
}

fn texts(backend: DbBackend, n: usize) -> String {
    if backend == DbBackend::Postgres {
        format!("json_array_elements_text(${n}::json)")
    } else {
        format!("value FROM json_each(${n})")
    }
}

fn ids(backend: DbBackend, n: usize) -> String {
    if backend == DbBackend::Postgres {
        format!("t::uuid FROM json_array_elements_text(${n}::json) AS t")
    } else {
        format!("unhex(value, '-') FROM json_each(${n})")
    }
}
