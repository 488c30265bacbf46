//! Names and addresses for letters, in the order of individuals' ids.
//!
//! Three things go on beside each other: the next page is read by key, those before it are opened on threads, and what is
//! open is sent. Every step waits for the one after it, so memory does not grow with the roster. The audit event is committed
//! before the first address leaves.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::db::audit;
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::{self, Error};
use crate::identity::matching::address;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::secrets::Secret;

use super::keys::RosterKeys;
use super::locale::Locale;
use super::population::Population;
use super::salutation;
use super::store::{self, Mailable};

/// How many people are read at once: more gain nothing.
const PAGE: u64 = 2_000;
/// How many pages are opened at once, while the next one is read.
const OPENED_AT_ONCE: usize = 2;
/// The most addresses in one message.
const ADDRESSES: usize = 1_000;
/// The most text in one message but for its last address, far below what a client takes by default (4 MiB).
const TEXT: usize = 1 << 20;

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
    /// Language of the letter.
    pub locale: Locale,
}

impl Addressee {
    /// Gives about how much room it takes in a message.
    fn text(&self) -> usize {
        let lines = self.lines.iter().map(|line| line.expose().len());
        let entities = self.entities.iter().map(String::len);
        self.name.expose().len()
            + lines
                .chain(entities)
                .map(|length| length + 4)
                .sum::<usize>()
            + 64
    }
}

/// Sends addresses, a message at a time, until the roster ends or nobody listens. The last one is an error if something went
/// wrong.
pub async fn run(
    context: Context,
    call: Call,
    campaign: CampaignId,
    after: Option<IndividualId>,
    messages: mpsc::Sender<Result<Vec<Addressee>, Error>>,
) {
    if let Err(error) = drive(&context, &call, campaign, after, &messages).await {
        drop(messages.send(Err(error)).await);
    }
}

async fn drive(
    context: &Context,
    call: &Call,
    id: CampaignId,
    after: Option<IndividualId>,
    messages: &mpsc::Sender<Result<Vec<Addressee>, Error>>,
) -> Result<(), Error> {
    let campaign = store::campaign(context.db.read(), id).await?;
    let entities = store::entities(context.db.read(), id).await?;
    record(context, call, id, after).await?;
    // Without a key nobody was ever imported.
    let Some(key) = store::find_key(context.db.read(), id).await? else {
        return Ok(());
    };
    let desk = Arc::new(Desk {
        keys: RosterKeys::open(context, &key)?,
        entities: entities.into_iter().map(|(key, id)| (id, key)).collect(),
        locale: store::locale(&campaign),
    });
    let (found, pages) = mpsc::channel(1);
    tokio::spawn(read(context.clone(), id, after, found));
    let open = |page| {
        let desk = Arc::clone(&desk);
        async move {
            let page: Page = page?;
            let opened = tokio::task::spawn_blocking(move || desk.open(page)).await;
            opened.map_err(|_| Error::ShuttingDown)?
        }
    };
    let mut opened = ReceiverStream::new(pages)
        .map(open)
        .buffered(OPENED_AT_ONCE);
    while let Some(addressees) = opened.next().await {
        for message in portions(addressees?) {
            if messages.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// People with the covered entities that listed them, sorted by person.
struct Page {
    people: Vec<Mailable>,
    links: Vec<(IndividualId, CoveredEntityId)>,
}

/// Reads page after page until they end or nobody takes them: the people of one beside the entities of the one before.
async fn read(
    context: Context,
    campaign: CampaignId,
    mut after: Option<IndividualId>,
    found: mpsc::Sender<Result<Page, Error>>,
) {
    let connection = context.db.read();
    let mut people = store::mailable_after(connection, campaign, after, PAGE).await;
    loop {
        let page = match people {
            Ok(page) => page,
            Err(error) => return drop(found.send(Err(error)).await),
        };
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return;
        };
        let (first, last) = (first.id, last.id);
        let is_last = (page.len() as u64) < PAGE;
        after = Some(last);
        let next = async {
            if is_last {
                return Ok(Vec::new());
            }
            store::mailable_after(connection, campaign, after, PAGE).await
        };
        let links = store::entities_between(connection, campaign, first, last);
        let (links, next) = tokio::join!(links, next);
        let page = links.map(|links| Page {
            people: page,
            links,
        });
        let has_failed = page.is_err();
        if found.send(page).await.is_err() || has_failed {
            return;
        }
        people = next;
    }
}

/// Cuts a page into messages.
fn portions(addressees: Vec<Addressee>) -> Vec<Vec<Addressee>> {
    let mut messages = vec![Vec::new()];
    let mut text = 0;
    for addressee in addressees {
        let is_full = messages
            .last()
            .is_some_and(|message| message.len() == ADDRESSES || text > TEXT);
        if is_full {
            messages.push(Vec::new());
            text = 0;
        }
        text += addressee.text();
        if let Some(message) = messages.last_mut() {
            message.push(addressee);
        }
    }
    messages
}

async fn record(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    after: Option<IndividualId>,
) -> Result<(), Error> {
    let act = Act::on("mailing.addresses_exported", "campaign", campaign);
    let event = call.event(
        context,
        Some(campaign),
        act,
        json!({ "after_individual_id": after }),
    );
    context
        .db
        .run_tx("audit_export", |tx| {
            let event = event.clone();
            Box::pin(async move { Ok::<_, Error>(audit::record(tx, &[event]).await?) })
        })
        .await
}

/// Where pages are opened.
struct Desk {
    keys: RosterKeys,
    entities: HashMap<CoveredEntityId, String>,
    /// Language of those of whom none is known.
    locale: Locale,
}

impl Desk {
    fn open(&self, page: Page) -> Result<Vec<Addressee>, Error> {
        let Page { people, mut links } = page;
        links.sort_unstable();
        links.dedup();
        let mut links = links.into_iter().peekable();
        let mut open = |person: Mailable| {
            // Those between who cannot be written to are passed over.
            while links.next_if(|(id, _)| *id < person.id).is_some() {}
            let mut entities = Vec::new();
            while let Some((_, entity)) = links.next_if(|(id, _)| *id == person.id) {
                entities.extend(self.entities.get(&entity).cloned());
            }
            entities.sort_unstable();
            self.addressee(&person, entities)
        };
        people.into_iter().map(&mut open).collect()
    }

    fn addressee(&self, row: &Mailable, entities: Vec<String>) -> Result<Addressee, Error> {
        let sealer = &self.keys.sealer;
        let person = sealer
            .open(row.id, &row.salt, &row.sealed)
            .map_err(error::unreadable)?;
        let population = Population::parse(&row.population)
            .ok_or_else(|| crate::db::Error::corrupt("individual.population"))?;
        let locale = Locale::parse(&row.locale).unwrap_or(self.locale);
        Ok(Addressee {
            individual: row.id,
            name: Secret::new(salutation::name_line(&person, population, locale)),
            lines: address::address_lines(&person)
                .into_iter()
                .map(Secret::new)
                .collect(),
            entities,
            population,
            locale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn somebody(line: &str) -> Addressee {
        Addressee {
            individual: IndividualId::from_uuid(Uuid::from_u128(1)),
            name: "Ann Roe".into(),
            lines: vec![line.into()],
            entities: Vec::new(),
            population: Population::Adult,
            locale: Locale::En,
        }
    }

    #[test]
    fn a_message_is_full_by_its_addresses_or_by_its_text() {
        let lengths = |people: Vec<Addressee>| -> Vec<usize> {
            portions(people).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(vec![somebody("12 Main St"); 2_000]), [1_000, 1_000]);
        assert_eq!(lengths(vec![somebody("12 Main St"); 1_001]), [1_000, 1]);
        let long = lengths(vec![somebody(&"x".repeat(TEXT / 10)); 25]);
        assert_eq!(long, [10, 10, 5]);
    }
}
