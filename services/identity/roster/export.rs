//! ExportMailingAddresses: names and addresses for letters, in the order of individuals' ids.
//!
//! Three steps run at the same time: the next page is read by key, the pages before it are decrypted on threads, and
//! decrypted pages are sent. Every step waits for the one after it, so memory does not grow with the roster. The audit event
//! is committed before the first address is sent.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::db::entities::individual::Population;
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::{self, Error};
use crate::identity::matching::address;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::secrets::Secret;
use crate::process::{self, Act, Call};

use super::keys::RosterKeys;
use super::letter_language::LetterLanguage;
use super::salutation;
use super::store::{self, Mailable};

/// How many people are read at once; reading more was not faster.
const PAGE: u64 = 2_000;
/// How many pages are decrypted at once, while the next one is read.
const DECRYPTED_AT_ONCE: usize = 2;
/// The most addresses in one message.
const ADDRESSES: usize = 1_000;
/// The most text in one message but for its last address, far below what a client takes by default (4 MiB).
const TEXT: usize = 1 << 20;

/// What one letter needs. Its `Debug` shows nothing personal.
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
    pub language: LetterLanguage,
}

impl Addressee {
    /// Gives about how many bytes it takes in a message.
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

/// Sends addresses, a message at a time, until the roster ends or the reader hangs up. An error is the last message.
pub async fn export_mailing_addresses(
    context: Context,
    call: Call,
    campaign: CampaignId,
    after: Option<IndividualId>,
    messages: mpsc::Sender<Result<Vec<Addressee>, Error>>,
) {
    if let Err(error) = export(&context, &call, campaign, after, &messages).await {
        drop(messages.send(Err(error)).await);
    }
}

async fn export(
    context: &Context,
    call: &Call,
    id: CampaignId,
    after: Option<IndividualId>,
    messages: &mpsc::Sender<Result<Vec<Addressee>, Error>>,
) -> Result<(), Error> {
    let campaign = store::campaign(context.db.read(), id).await?;
    let entities = store::entities(context.db.read(), id).await?;
    let act = Act::on("mailing.addresses_exported", "campaign", id);
    let detail = json!({ "after_individual_id": after });
    let event = call.event(context, Some(id), act, detail);
    disclosure::record(context, "audit_export", &event).await?;
    // A campaign without a key has no roster yet.
    let Some(key) = store::find_key(context.db.read(), id).await? else {
        return Ok(());
    };
    let decryptor = Arc::new(Decryptor {
        keys: RosterKeys::of(context, &key)?,
        entities: entities.into_iter().map(|(key, id)| (id, key)).collect(),
        language: store::language(&campaign),
    });
    let (found, pages) = mpsc::channel(1);
    tokio::spawn(read(context.clone(), id, after, found));
    let decrypt = |page| {
        let decryptor = Arc::clone(&decryptor);
        async move {
            let page: Page = page?;
            let decrypted = tokio::task::spawn_blocking(move || decryptor.decrypt(page)).await;
            decrypted.map_err(|_| process::Error::ShuttingDown)?
        }
    };
    let mut decrypted = ReceiverStream::new(pages)
        .map(decrypt)
        .buffered(DECRYPTED_AT_ONCE);
    while let Some(addressees) = decrypted.next().await {
        for message in messages_of(addressees?) {
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

/// Reads page after page until the roster ends or the reader hangs up. The next page is read together with the entities of
/// the page before it.
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
fn messages_of(addressees: Vec<Addressee>) -> Vec<Vec<Addressee>> {
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

/// Decrypts pages.
struct Decryptor {
    keys: RosterKeys,
    entities: HashMap<CoveredEntityId, String>,
    /// Language of people whose own is not known.
    language: LetterLanguage,
}

impl Decryptor {
    fn decrypt(&self, page: Page) -> Result<Vec<Addressee>, Error> {
        let Page { people, mut links } = page;
        links.sort_unstable();
        links.dedup();
        let mut links = links.into_iter().peekable();
        let mut addressee = |person: Mailable| {
            // The links include people in between to whom no letter can be sent.
            while links.next_if(|(id, _)| *id < person.id).is_some() {}
            let mut entities = Vec::new();
            while let Some((_, entity)) = links.next_if(|(id, _)| *id == person.id) {
                entities.extend(self.entities.get(&entity).cloned());
            }
            entities.sort_unstable();
            self.addressee(&person, entities)
        };
        people.into_iter().map(&mut addressee).collect()
    }

    fn addressee(&self, row: &Mailable, entities: Vec<String>) -> Result<Addressee, Error> {
        let sealer = &self.keys.sealer;
        let person = sealer
            .open(row.id, &row.salt, &row.sealed)
            .map_err(error::unreadable)?;
        let language = LetterLanguage::parse(&row.language).unwrap_or(self.language);
        Ok(Addressee {
            individual: row.id,
            name: Secret::new(salutation::name_line(&person, row.population, language)),
            lines: address::address_lines(&person)
                .into_iter()
                .map(Secret::new)
                .collect(),
            entities,
            population: row.population,
            language,
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
            language: LetterLanguage::En,
        }
    }

    #[test]
    fn a_message_is_full_by_its_addresses_or_by_its_text() {
        let lengths = |people: Vec<Addressee>| -> Vec<usize> {
            messages_of(people).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(vec![somebody("12 Main St"); 2_000]), [1_000, 1_000]);
        assert_eq!(lengths(vec![somebody("12 Main St"); 1_001]), [1_000, 1]);
        let long = lengths(vec![somebody(&"x".repeat(TEXT / 10)); 25]);
        assert_eq!(long, [10, 10, 5]);
    }
}
