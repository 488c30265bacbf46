//! What a longer term reads and writes.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, Statement, Value,
};

use crate::db::entities::coverage;
use crate::db::entities::handoff::{self, Kind};
use crate::db::entities::{ClosedSet as _, product};
use crate::db::{self, Tx, rows};
use crate::kernel::ids::{CampaignId, PartnerId};

use super::coverage_store::{Owned, alive};

/// A longer term.
#[derive(Clone, Debug)]
pub struct Extend {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner.
    pub partner: PartnerId,
    /// Its product.
    pub product: String,
    /// The whole term, in calendar months from activation.
    pub term_months: i32,
}

fn is_meant(extend: &Extend) -> Condition {
    Condition::all()
        .add(product::Column::CampaignId.eq(extend.campaign))
        .add(product::Column::PartnerId.eq(extend.partner))
        .add(product::Column::Code.eq(&extend.product))
}

/// Tells whether the campaign has the product, or had it.
pub async fn has_product(tx: &Tx<'_>, extend: &Extend) -> Result<bool, db::Error> {
    let query = product::Entity::find().filter(is_meant(extend));
    Ok(query.count(tx).await? > 0)
}

/// Raises the term with which a product is ordered.
pub async fn raise_product(tx: &Tx<'_>, extend: &Extend) -> Result<(), db::Error> {
    product::Entity::update_many()
        .col_expr(product::Column::TermMonths, Expr::value(extend.term_months))
        .filter(is_meant(extend))
        .filter(product::Column::TermMonths.lt(extend.term_months))
        .exec(tx)
        .await?;
    Ok(())
}

fn values(extend: &Extend) -> [Value; 4] {
    [
        extend.campaign.into(),
        extend.partner.into(),
        extend.product.as_str().into(),
        extend.term_months.into(),
    ]
}

/// Reads coverages that are alive and have a shorter term, and locks their enrollments in one order; those of people who withdraw stay as
/// they are.
pub async fn shorter(tx: &Tx<'_>, extend: &Extend, most: usize) -> Result<Vec<Owned>, db::Error> {
    let sql = format!(
        "SELECT {}, e.individual_id FROM coverage c \
         JOIN enrollment e ON e.campaign_id = c.campaign_id AND e.id = c.enrollment_id \
         WHERE c.campaign_id = $1 AND c.partner_id = $2 AND c.product_code = $3 AND c.term_months < $4 AND c.state IN ({}) \
         AND e.cancel_reason IS NULL ORDER BY e.id, c.id LIMIT $5{}",
        rows::columns::<coverage::Entity>("c"),
        alive(),
        rows::lock(tx.backend(), "e"),
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values = values(extend).into_iter().chain([most.into()]);
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Owned::read(&tx.query_all_raw(statement).await?)
}

/// How many coverages stand alike.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Count {
    /// Whether the term is shorter.
    pub is_shorter: bool,
    /// Whether the partner is to be asked once it runs.
    pub is_promised: bool,
    /// Where the handoff stands that asks for this term.
    pub extension: Option<handoff::State>,
    /// How many.
    pub coverages: i64,
}

/// Counts the coverages of a product that are alive.
pub async fn count(
    connection: &impl ConnectionTrait,
    extend: &Extend,
) -> Result<Vec<Count>, db::Error> {
    let sql = format!(
        "SELECT c.term_months < $4 AS is_shorter, c.asked_term_months IS NOT NULL AND h.state IS NULL AS is_promised, h.state AS extension, \
         count(*) AS coverages FROM coverage c \
         JOIN enrollment e ON e.campaign_id = c.campaign_id AND e.id = c.enrollment_id \
         LEFT JOIN handoff h ON h.campaign_id = c.campaign_id AND h.coverage_id = c.id AND h.kind = '{}' \
         AND h.extends_to_months = c.term_months \
         WHERE c.campaign_id = $1 AND c.partner_id = $2 AND c.product_code = $3 AND c.state IN ({}) AND e.cancel_reason IS NULL \
         GROUP BY 1, 2, 3",
        Kind::Extend.as_str(),
        alive(),
    );
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values(extend));
    Ok(Count::find_by_statement(statement).all(connection).await?)
}
