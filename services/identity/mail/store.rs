//! The queries of mail events.

use jiff::civil::Date;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::db::entities::{ClosedSet, individual, mail_event};
use crate::db::{self, Bulk, Cell, Tx};
use crate::identity::error::Error;
use crate::identity::roster::store::lists;
use crate::kernel::ids::{CampaignId, IndividualId};

/// Gives what happened to the letters of these individuals, in no order.
pub async fn histories(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individuals: &[IndividualId],
) -> Result<Vec<mail_event::Model>, Error> {
    use mail_event::Column;
    let mut rows = Vec::new();
    for list in lists(individuals) {
        let query = mail_event::Entity::find()
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::IndividualId.is_in(list));
        rows.extend(query.all(connection).await?);
    }
    Ok(rows)
}

/// Gives what happened to the letters of one individual, by day.
pub async fn history(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<mail_event::Model>, Error> {
    use mail_event::Column;
    let query = mail_event::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(individual))
        .order_by_asc(Column::HappenedOn);
    Ok(query.all(connection).await?)
}

/// Reads the day of an event.
pub fn day_of(row: &mail_event::Model) -> Result<Date, Error> {
    let on = row.happened_on.parse();
    on.map_err(|_| db::Error::corrupt("mail_event.happened_on").into())
}

const COLUMNS: [&str; 10] = [
    "campaign_id",
    "individual_id",
    "happened_on",
    "kind",
    "generation",
    "return_reason",
    "address_source",
    "address_mac",
    "recorded_by",
    "recorded_at",
];

/// Writes events.
pub async fn insert(tx: &Tx<'_>, rows: &[mail_event::Model]) -> Result<(), Error> {
    if !rows.is_empty() {
        let bulk = Bulk {
            table: "mail_event",
            same: &[],
            columns: COLUMNS,
        };
        tx.copy_in(bulk, cells(rows)).await?;
    }
    Ok(())
}

/// Boxed, because a future may not hold closures over references.
fn cells<'r>(
    rows: &'r [mail_event::Model],
) -> Box<dyn Iterator<Item = [Cell<'r>; 10]> + Send + 'r> {
    Box::new(rows.iter().map(|row| {
        [
            row.campaign_id.into(),
            row.individual_id.into(),
            row.happened_on.as_str().into(),
            row.kind.as_str().into(),
            row.generation.into(),
            row.return_reason.map(ClosedSet::as_str).into(),
            row.address_source.map(ClosedSet::as_str).into(),
            row.address_mac.into(),
            row.recorded_by.as_str().into(),
            row.recorded_at.into(),
        ]
    }))
}

/// Marks individuals whose letters came back: no letter is sent to them until a better address is known.
pub async fn mark_returned(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individuals: &[IndividualId],
) -> Result<(), Error> {
    use individual::Column;
    for list in lists(individuals) {
        let update = individual::Entity::update_many()
            .col_expr(Column::Returned, Expr::value(true))
            .col_expr(Column::Mailable, Expr::value(false))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::Id.is_in(list));
        update.exec(tx).await?;
    }
    Ok(())
}

/// Removes that mark. Whether a letter can be sent to them is written with the better address.
pub async fn mark_found(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individuals: &[IndividualId],
) -> Result<(), Error> {
    use individual::Column;
    for list in lists(individuals) {
        let update = individual::Entity::update_many()
            .col_expr(Column::Returned, Expr::value(false))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::Id.is_in(list));
        update.exec(tx).await?;
    }
    Ok(())
}
