//! Which references a complete file had, and whom it lacks.
//!
//! A complete file has everybody whom its covered entities list. The references of its rows are kept while it is loaded; whoever one of
//! its covered entities listed before, under a reference that it has not, is missing in it. Nobody is taken off the list by that.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::db::rows::{self, Is};
use crate::db::{self, Db, Tx};
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, CoveredEntityId, ImportId, IndividualId};

use super::prepare::Judged;
use super::target::Target;

/// A reference of the file.
#[derive(Debug, Serialize)]
pub struct Reference {
    covered_entity_id: CoveredEntityId,
    ref_mac: Uuid,
}

/// Gives the references of rows, under every version of the index key. A row that was refused because of what the roster holds stands
/// in the file all the same.
pub fn references(rows: &[Judged]) -> Vec<Reference> {
    let rows = rows.iter().filter_map(|row| row.verdict.as_ref().ok());
    let references = rows.flat_map(|row| {
        row.macs.iter().map(|macs| Reference {
            covered_entity_id: row.entity,
            ref_mac: macs.reference,
        })
    });
    references.collect()
}

const COLUMNS: [(&str, Is); 2] = [("covered_entity_id", Is::Uuid), ("ref_mac", Is::Uuid)];

/// Keeps the references of a batch; a line that is sent again is known.
pub async fn keep(tx: &Tx<'_>, target: Target<'_>, references: &[Reference]) -> Result<(), Error> {
    if references.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} INSERT INTO complete_row (campaign_id, import_id, covered_entity_id, ref_mac) \
         SELECT $2, $3, covered_entity_id, ref_mac FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, import_id, covered_entity_id, ref_mac) DO NOTHING",
        rows::table(tx.backend(), &COLUMNS)
    );
    let rest = [target.campaign.into(), target.import.into()];
    tx.execute_raw(rows::bind_with(tx.backend(), sql, references, rest))
        .await?;
    Ok(())
}

/// Covered entities that have a row in the file, and their listings that have none. Both are looked up by the key of the references.
const MISSING: &str = "SELECT DISTINCT e.individual_id FROM individual_entity e \
    WHERE e.campaign_id = $1 AND e.individual_id > $3 AND NOT e.withdrawn \
    AND e.covered_entity_id IN (SELECT n.id FROM covered_entity n WHERE n.campaign_id = $1 AND EXISTS (SELECT 1 FROM complete_row r \
    WHERE r.campaign_id = $1 AND r.import_id = $2 AND r.covered_entity_id = n.id)) \
    AND NOT EXISTS (SELECT 1 FROM complete_row r WHERE r.campaign_id = $1 AND r.import_id = $2 \
    AND r.covered_entity_id = e.covered_entity_id AND r.ref_mac = e.ref_mac) \
    ORDER BY e.individual_id LIMIT $4";

/// Gives whom the file of an import lacks, after an id, in the order of ids.
///
/// Where few are missing this looks at every listing, which takes longer than a read may. PostgreSQL allows that to a bulk transaction;
/// on SQLite such a transaction would keep writers out, and reads have no limit.
pub async fn missing(
    db: &Db,
    (campaign, import): (CampaignId, ImportId),
    after: IndividualId,
    limit: u64,
) -> Result<Vec<IndividualId>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 4] = [campaign.into(), import.into(), after.into(), limit.into()];
    let statement = &Statement::from_sql_and_values(db.backend(), MISSING, values);
    if db.backend() == DbBackend::Sqlite {
        return ids(db.read(), statement.clone()).await;
    }
    db.run_bulk("list_missing", |tx| Box::pin(ids(tx, statement.clone())))
        .await
}

async fn ids(
    connection: &impl ConnectionTrait,
    statement: Statement,
) -> Result<Vec<IndividualId>, Error> {
    let found = connection.query_all_raw(statement).await?;
    let ids = found.iter().map(|row| row.try_get("", "individual_id"));
    Ok(ids.collect::<Result<_, _>>().map_err(db::Error::from)?)
}
