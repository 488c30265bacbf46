//! Judges all lines of an invoice: a statement for our own orders, two for references that belong elsewhere, one for what was not
//! billed. Nothing is read into memory.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};

use crate::db::Tx;
use crate::db::entities::invoice_line::{Reason, Verdict};
use crate::handoff::error::Error;
use crate::handoff::reconciliation::entries::{self, typed};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, InvoiceCheckId, PartnerId};

use super::active::{NEVER, WHY_NOT, orders};

/// Which invoice is checked.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// The campaign.
    pub campaign: CampaignId,
    /// The check.
    pub id: InvoiceCheckId,
    /// The partner.
    pub partner: PartnerId,
    /// What it bills.
    pub period: Period,
}

/// What is billed: whole days in the campaign's zone.
#[derive(Clone, Debug)]
pub struct Period {
    /// The first day, a civil date.
    pub first_on: String,
    /// The last one.
    pub last_on: String,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// The lines of one verdict and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct Sum {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub reason: Option<Reason>,
    /// How many.
    pub lines: i64,
    /// The sum of their amounts, in the currency's smallest unit.
    pub amount_minor: i64,
}

impl Invoice {
    /// `$1` campaign, `$2` check, `$3` partner, `$4` to `$7` the period.
    fn values(&self) -> [Value; 7] {
        let Period {
            first_on,
            last_on,
            from,
            until,
        } = &self.period;
        [
            self.campaign.into(),
            self.id.into(),
            self.partner.into(),
            (*from).into(),
            (*until).into(),
            first_on.clone().into(),
            last_on.clone().into(),
        ]
    }
}

/// What other invoices bill, for periods that overlap. It is grouped so that SQLite makes an index of it, too.
const EARLIER: &str = "earlier AS (SELECT l.handoff_id, min(k.invoice_number) AS number FROM invoice_check k \
    JOIN invoice_line l ON l.campaign_id = $1 AND l.invoice_check_id = k.id AND l.verdict = 'PAYABLE' \
    WHERE k.campaign_id = $1 AND k.partner_id = $3 AND k.state = 'CHECKED' AND k.first_on <= $7 AND k.last_on >= $6 \
    GROUP BY l.handoff_id)";

/// Judges an invoice whose lines are all there, and counts what it came to.
pub async fn judge(tx: &Tx<'_>, invoice: &Invoice, lines: i64) -> Result<Vec<Sum>, Error> {
    entries::join_by_hash(tx).await?;
    let own = (invoice.campaign, invoice.id.as_uuid());
    entries::resolve(tx, &entries::INVOICE, own, invoice.partner).await?;
    own_orders(tx, invoice).await?;
    elsewhere(tx, invoice).await?;
    not_billed(tx, invoice, lines).await?;
    sums(tx, invoice).await
}

/// Judges lines by our orders at this partner. Of several lines that would be payable for one order, the first one is.
async fn own_orders(tx: &Tx<'_>, invoice: &Invoice) -> Result<(), Error> {
    let orders = orders(tx.backend());
    let sql = format!(
        "WITH orders AS ({orders}), {EARLIER}, judged AS (\
         SELECT e.position, e.handoff_id, s.activated_at, NULLIF(s.ended_at, {NEVER}) AS ended_at, \
         CASE WHEN s.id IS NULL THEN 'UNKNOWN_REFERENCE' \
         WHEN e.partner_reference <> s.partner_reference THEN 'REFERENCES_DISAGREE' \
         WHEN lower(e.product_code) <> lower(s.product_code) THEN 'PRODUCT_DIFFERS' \
         ELSE {WHY_NOT} END AS reason \
         FROM invoice_line e LEFT JOIN orders s ON s.id = e.handoff_id \
         WHERE e.campaign_id = $1 AND e.invoice_check_id = $2), placed AS (\
         SELECT position, handoff_id, activated_at, ended_at, reason, CASE WHEN reason IS NULL \
         THEN min(position) OVER (PARTITION BY handoff_id, reason IS NULL) END AS first_position FROM judged), told AS (\
         SELECT p.position, p.activated_at, p.ended_at, p.first_position, r.number, \
         CASE WHEN p.reason IS NOT NULL THEN p.reason WHEN p.position > p.first_position THEN 'BILLED_TWICE' \
         WHEN r.number IS NOT NULL THEN 'BILLED_BEFORE' END AS reason \
         FROM placed p LEFT JOIN earlier r ON r.handoff_id = p.handoff_id) \
         UPDATE invoice_line SET verdict = CASE WHEN told.reason IS NULL THEN 'PAYABLE' ELSE 'NOT_PAYABLE' END, \
         reason = told.reason, activated_at = told.activated_at, ended_at = told.ended_at, \
         first_position = CASE WHEN told.reason = 'BILLED_TWICE' THEN told.first_position END, \
         other_invoice = CASE WHEN told.reason = 'BILLED_BEFORE' THEN told.number END \
         FROM told WHERE invoice_line.campaign_id = $1 AND invoice_line.invoice_check_id = $2 \
         AND invoice_line.position = told.position"
    );
    run(tx, &sql, invoice.values()).await
}

/// Tells of unknown references which ones are another partner's or another campaign's.
async fn elsewhere(tx: &Tx<'_>, invoice: &Invoice) -> Result<(), Error> {
    const UNKNOWN: &str =
        "e.campaign_id = $1 AND e.invoice_check_id = $2 AND e.reason = 'UNKNOWN_REFERENCE'";
    const THIS_LINE: &str = "invoice_line.campaign_id = $1 AND invoice_line.invoice_check_id = $2 AND invoice_line.position = known.position";
    // An order is found by its key, campaign by campaign: there are few campaigns.
    let by_ours = format!(
        "UPDATE invoice_line SET reason = known.reason FROM (SELECT e.position, \
         CASE WHEN h.campaign_id = $1 THEN 'OTHER_PARTNER' ELSE 'OTHER_CAMPAIGN' END AS reason \
         FROM invoice_line e CROSS JOIN campaign g JOIN handoff h ON h.campaign_id = g.id AND h.id = e.handoff_id AND h.kind = 'ENROLL' \
         WHERE {UNKNOWN}) AS known WHERE {THIS_LINE}"
    );
    let own = [invoice.campaign.into(), invoice.id.into()];
    run(tx, &by_ours, own).await?;
    let by_theirs = format!(
        "UPDATE invoice_line SET reason = 'OTHER_CAMPAIGN' FROM (SELECT e.position FROM invoice_line e \
         JOIN (SELECT DISTINCT partner_reference FROM handoff WHERE partner_id = $3 AND campaign_id <> $1 AND kind = 'ENROLL') AS theirs \
         ON theirs.partner_reference = e.partner_reference WHERE {UNKNOWN} AND e.handoff_id IS NULL) AS known WHERE {THIS_LINE}"
    );
    let of = [
        invoice.campaign.into(),
        invoice.id.into(),
        invoice.partner.into(),
    ];
    run(tx, &by_theirs, of).await
}

/// Adds, behind the lines, what was active in the period and is neither on this invoice nor on another one.
async fn not_billed(tx: &Tx<'_>, invoice: &Invoice, lines: i64) -> Result<(), Error> {
    let orders = orders(tx.backend());
    let sql = format!(
        "WITH orders AS ({orders}), {EARLIER} \
         INSERT INTO invoice_line (campaign_id, invoice_check_id, position, handoff_id, partner_reference, product_code, verdict, \
         activated_at, ended_at) \
         SELECT CAST($1 AS {{uuid}}), CAST($2 AS {{uuid}}), CAST($8 AS BIGINT) + row_number() OVER (ORDER BY s.id) - 1, s.id, \
         s.partner_reference, s.product_code, 'NOT_BILLED', s.activated_at, NULLIF(s.ended_at, {NEVER}) \
         FROM orders s LEFT JOIN earlier r ON r.handoff_id = s.id \
         WHERE ({WHY_NOT}) IS NULL AND r.handoff_id IS NULL AND NOT EXISTS (SELECT 1 FROM invoice_line e \
         WHERE e.campaign_id = $1 AND e.invoice_check_id = $2 AND e.handoff_id = s.id)"
    );
    let values = invoice.values().into_iter().chain([lines.into()]);
    run(tx, &sql, values).await
}

async fn sums(tx: &Tx<'_>, invoice: &Invoice) -> Result<Vec<Sum>, Error> {
    const SELECT: &str = "SELECT verdict, reason, count(*) AS lines, CAST(COALESCE(sum(amount_minor), 0) AS BIGINT) AS amount_minor \
        FROM invoice_line WHERE campaign_id = $1 AND invoice_check_id = $2 GROUP BY verdict, reason ORDER BY verdict, reason";
    let own = [invoice.campaign.into(), invoice.id.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), SELECT, own);
    Ok(Sum::find_by_statement(statement).all(tx).await?)
}

async fn run(tx: &Tx<'_>, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), Error> {
    let backend = tx.backend();
    let statement = Statement::from_sql_and_values(backend, typed(backend, sql), values);
    tx.execute_raw(statement).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, Iterable};

    use super::*;
    use crate::db::entities::ClosedSet as _;

    /// The statements name every reason, and the enum has every name that they give.
    #[test]
    fn every_reason_is_given_by_a_statement() {
        let source = include_str!("judge.rs");
        for reason in Reason::iter() {
            let name = format!("'{}'", reason.as_str());
            assert!(source.contains(&name) || WHY_NOT.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_least_of_three_is_asked_for_in_the_words_of_the_database() {
        assert!(orders(DbBackend::Postgres).contains("LEAST("));
        assert!(orders(DbBackend::Sqlite).contains("min(COALESCE"));
    }
}
