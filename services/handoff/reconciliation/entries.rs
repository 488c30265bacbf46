//! What the entries of a partner's list and the lines of its invoice have in common: a table that was only just filled, and references
//! that are looked up all at once.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use crate::db::Tx;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, PartnerId};

/// A table of entries: one row an enrollment, by our reference or by the partner's.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    /// The table.
    pub table: &'static str,
    /// Its column that names the list.
    pub list: &'static str,
}

/// The lists that are compared.
pub const LIST: Entries = Entries {
    table: "reconciliation_entry",
    list: "reconciliation_id",
};

/// The invoices that are checked.
pub const INVOICE: Entries = Entries {
    table: "invoice_line",
    list: "invoice_check_id",
};

/// Has PostgreSQL join by hashing for the rest of the transaction. A list has only just come in, so nothing is known of its size, and a
/// nested loop over two tables that are taken for small is quadratic.
pub async fn join_by_hash(tx: &Tx<'_>) -> Result<(), Error> {
    if tx.backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL enable_nestloop = off")
            .await?;
    }
    Ok(())
}

/// Finds our order for the entries of a list that bear the partner's reference alone: the newest one that has it.
pub async fn resolve(
    tx: &Tx<'_>,
    entries: &Entries,
    (campaign, list): (CampaignId, Uuid),
    partner: PartnerId,
) -> Result<(), Error> {
    let Entries { table, list: of } = entries;
    let sql = format!(
        "UPDATE {table} SET handoff_id = known.id FROM \
         (SELECT id, partner_reference, row_number() OVER (PARTITION BY partner_reference ORDER BY id DESC) AS newest \
          FROM handoff WHERE campaign_id = $1 AND partner_id = $3 AND kind IN ('ENROLL', 'RESTORE') AND partner_reference IS NOT NULL) AS known \
         WHERE {table}.campaign_id = $1 AND {table}.{of} = $2 AND {table}.handoff_id IS NULL AND known.newest = 1 \
         AND known.partner_reference = {table}.partner_reference"
    );
    let values = [campaign.into(), list.into(), partner.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    tx.execute_raw(statement).await?;
    Ok(())
}

/// Writes the type of a UUID for `{uuid}`: SQLite keeps one as its bytes.
pub fn typed(backend: DbBackend, sql: &str) -> String {
    let uuid = match backend {
        DbBackend::Postgres => "UUID",
        _ => "BLOB",
    };
    sql.replace("{uuid}", uuid)
}
