//! ExportUnreachable: the people whom no letter reaches, with the contacts on record, in the order of individuals' ids.
//!
//! For the substitute notice (45 CFR 164.404(d)(2)), and for the covered entity that may know a better address. The audit event is
//! committed before the first of them is sent.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use tokio::sync::mpsc;

use crate::db::entities::individual::{self, Column, Population};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::matching::address;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::person::Text;
use crate::kernel::secrets::Secret;
use crate::process::{Act, Call};

use super::decrypt::decrypt;
use super::store;

/// How many people are read at once and sent in one message.
const PAGE: u64 = 500;

/// Somebody whom no letter reaches. Its `Debug` shows nothing personal.
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// The individual.
    pub individual: IndividualId,
    /// The name.
    pub name: Secret<String>,
    /// What is on record as an address.
    pub lines: Vec<Secret<String>>,
    /// Telephone numbers.
    pub phones: Vec<Text>,
    /// E-mail addresses.
    pub emails: Vec<Text>,
    /// Keys of the covered entities that list the individual, sorted.
    pub entities: Vec<String>,
    /// Which rules apply.
    pub population: Population,
    /// Whether the last letter came back; otherwise there never was an address to write to.
    pub is_returned: bool,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: bool,
}

/// Sends the people, a message at a time, until there are no more or the reader hangs up. An error is the last message.
pub async fn export_unreachable(
    context: Context,
    call: Call,
    campaign: CampaignId,
    messages: mpsc::Sender<Result<Vec<Unreachable>, Error>>,
) {
    if let Err(error) = export(&context, &call, campaign, &messages).await {
        drop(messages.send(Err(error)).await);
    }
}

async fn export(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    messages: &mpsc::Sender<Result<Vec<Unreachable>, Error>>,
) -> Result<(), Error> {
    store::campaign(context.db.read(), campaign).await?;
    let act = Act::on("roster.unreachable_exported", "campaign", campaign);
    let event = call.event(context, Some(campaign), act, json!({}));
    disclosure::record(context, "audit_export", &event).await?;
    let mut after = None;
    loop {
        let rows = page(context, campaign, after).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let people = read(context, campaign, rows).await?;
        if messages.send(Ok(people)).await.is_err() {
            return Ok(());
        }
    }
}

/// Reads those after an id. The condition is that of the index over undeliverable individuals.
async fn page(
    context: &Context,
    campaign: CampaignId,
    after: Option<IndividualId>,
) -> Result<Vec<individual::Model>, Error> {
    let mut query = individual::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(sea_orm::sea_query::Expr::cust("NOT mailable"))
        .filter(Column::WithdrawnAt.is_null())
        .filter(Column::ErasedAt.is_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let query = query.order_by_asc(Column::Id).limit(PAGE);
    Ok(query.all(context.db.read()).await?)
}

async fn read(
    context: &Context,
    campaign: CampaignId,
    rows: Vec<individual::Model>,
) -> Result<Vec<Unreachable>, Error> {
    let connection = context.db.read();
    let key = store::find_key(connection, campaign).await?;
    let sealer = context.sealer(&key.ok_or(Error::CampaignErased)?)?;
    let ids: Vec<IndividualId> = rows.iter().map(|row| row.id).collect();
    let mut entities = store::entities_of(connection, campaign, &ids).await?;
    let mut people = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(person) = decrypt(&sealer, &row)? else {
            continue;
        };
        let lines = address::address_lines(&person).into_iter();
        people.push(Unreachable {
            individual: row.id,
            name: Secret::new(address::full_name(&person)),
            lines: lines
                .filter(|line| !line.is_empty())
                .map(Secret::new)
                .collect(),
            phones: person.phones().cloned().collect(),
            emails: person.emails().cloned().collect(),
            entities: entities.remove(&row.id).unwrap_or_default(),
            population: row.population,
            is_returned: row.returned,
            confidential: row.confidential,
        });
    }
    Ok(people)
}
