//! Names and addresses for letters, in the order of individuals' ids.
//!
//! Pages are read by key and opened on a thread beside the reading of the next one; two pages wait at most, so memory does not
//! grow with the roster. The audit event is committed before the first address leaves.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;

use crate::db::audit;
use crate::db::entities::individual;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::secrets::Secret;

use super::super::ctx::{Act, Call, Ctx};
use super::super::error::{self, Error};
use super::super::matching::address;
use super::keys::RosterKeys;
use super::population::Population;
use super::store;

/// How many people a page has: some 100 KiB on the wire.
const PAGE: u64 = 1_000;

/// What one letter needs. Its `Debug` tells nothing personal.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The individual.
    pub individual: IndividualId,
    /// The name line.
    pub name: Secret<String>,
    /// The address lines.
    pub lines: Vec<Secret<String>>,
    /// Keys of the covered entities that listed the individual, sorted.
    pub entities: Vec<String>,
    /// Which rules apply.
    pub population: Population,
}

/// Sends pages of addresses until the roster ends or nobody listens. The last page is an error if something went wrong.
pub async fn run(
    ctx: Ctx,
    call: Call,
    campaign: CampaignId,
    after: Option<IndividualId>,
    pages: mpsc::Sender<Result<Vec<Addressee>, Error>>,
) {
    if let Err(error) = drive(&ctx, &call, campaign, after, &pages).await {
        drop(pages.send(Err(error)).await);
    }
}

async fn drive(
    ctx: &Ctx,
    call: &Call,
    campaign: CampaignId,
    mut after: Option<IndividualId>,
    pages: &mpsc::Sender<Result<Vec<Addressee>, Error>>,
) -> Result<(), Error> {
    store::campaign(ctx.db.read(), campaign).await?;
    let entities = store::entities(ctx.db.read(), campaign).await?;
    record(ctx, call, campaign, after).await?;
    // Without a key nobody was ever imported.
    let Some(key) = store::find_key(ctx.db.read(), campaign).await? else {
        return Ok(());
    };
    let opener = Arc::new(Opener {
        keys: RosterKeys::open(ctx, &key)?,
        entities: entities.into_iter().map(|(key, id)| (id, key)).collect(),
    });
    loop {
        let rows = store::mailable_after(ctx.db.read(), campaign, after, PAGE).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        after = Some(last.id);
        let links = store::entities_between(ctx.db.read(), campaign, first.id, last.id).await?;
        let is_last = (rows.len() as u64) < PAGE;
        let opener = Arc::clone(&opener);
        let page = tokio::task::spawn_blocking(move || opener.page(rows, links)).await;
        let page = page.map_err(|_| Error::ShuttingDown)??;
        if pages.send(Ok(page)).await.is_err() || is_last {
            return Ok(());
        }
    }
}

async fn record(
    ctx: &Ctx,
    call: &Call,
    campaign: CampaignId,
    after: Option<IndividualId>,
) -> Result<(), Error> {
    let act = Act::on("mailing.addresses_exported", "campaign", campaign);
    let event = call.event(
        ctx,
        Some(campaign),
        act,
        json!({ "after_individual_id": after }),
    );
    ctx.db
        .run_tx("audit_export", |tx| {
            let event = event.clone();
            Box::pin(async move { Ok::<_, Error>(audit::record(tx, &[event]).await?) })
        })
        .await
}

struct Opener {
    keys: RosterKeys,
    entities: HashMap<CoveredEntityId, String>,
}

impl Opener {
    fn page(
        &self,
        rows: Vec<individual::Model>,
        links: Vec<(IndividualId, CoveredEntityId)>,
    ) -> Result<Vec<Addressee>, Error> {
        let mut by_person: HashMap<IndividualId, Vec<String>> = HashMap::with_capacity(rows.len());
        for (individual, entity) in links {
            if let Some(key) = self.entities.get(&entity) {
                by_person.entry(individual).or_default().push(key.clone());
            }
        }
        rows.into_iter()
            .map(|row| self.addressee(row, &mut by_person))
            .collect()
    }

    fn addressee(
        &self,
        row: individual::Model,
        by_person: &mut HashMap<IndividualId, Vec<String>>,
    ) -> Result<Addressee, Error> {
        let (salt, sealed) = row.salt.zip(row.sealed).ok_or(Error::IndividualErased)?;
        let person = self
            .keys
            .sealer
            .open(row.id, &salt, &sealed)
            .map_err(error::unreadable)?;
        let mut entities = by_person.remove(&row.id).unwrap_or_default();
        entities.sort_unstable();
        entities.dedup();
        Ok(Addressee {
            individual: row.id,
            name: Secret::new(address::name_line(&person)),
            lines: address::address_lines(&person)
                .into_iter()
                .map(Secret::new)
                .collect(),
            entities,
            population: Population::parse(&row.population)
                .ok_or_else(|| crate::db::Error::corrupt("individual.population"))?,
        })
    }
}
