//! Changing a campaign that runs: corrected words for people, entities and products that come later, new consent texts, the front ends
//! that serve it.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::front_ends::FrontEnds;
use crate::db::entities::restoration::Offer;
use crate::db::entities::{campaign, consent_text, covered_entity, product};
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::CampaignId;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::create::{ENTITIES, NewEntity, NewProduct, PRODUCTS, TEXTS, entity_row, product_row};
use super::read::get_campaign;
use super::store::{self, Campaign};

/// What changes; everything in it is valid by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Name for operators.
    pub name: Option<String>,
    /// The one web address.
    pub letter_url: Option<String>,
    /// The one phone number.
    pub letter_phone: Option<String>,
    /// Covered entities to correct or to add.
    pub entities: Vec<NewEntity>,
    /// Products to add.
    pub products: Vec<NewProduct>,
    /// Consent texts: language, version and text.
    pub consent_texts: Vec<(String, String, String)>,
    /// The front ends that serve it from now on.
    pub front_ends: Option<FrontEnds>,
    /// Who restores people's identities from now on.
    pub restoration: Option<Offer>,
}

impl Changes {
    /// Tells whether nothing changes.
    pub const fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.letter_url.is_none()
            && self.letter_phone.is_none()
            && self.entities.is_empty()
            && self.products.is_empty()
            && self.consent_texts.is_empty()
            && self.front_ends.is_none()
            && self.restoration.is_none()
    }

    /// Says in the audit log what changes.
    fn detail(&self) -> Value {
        let entities: Vec<&str> = self.entities.iter().map(|it| it.key.as_str()).collect();
        let products = self.products.iter();
        let products: Vec<&str> = products.map(|it| it.code.as_str()).collect();
        let texts = self.consent_texts.iter();
        let texts: Vec<String> = texts
            .map(|(language, version, _)| format!("{language} {version}"))
            .collect();
        json!({
            "name": self.name, "letter_url": self.letter_url, "letter_phone": self.letter_phone,
            "covered_entities": entities, "products": products, "consent_texts": texts,
            "front_ends": self.front_ends.as_ref().map(FrontEnds::names), "restoration": self.restoration,
        })
    }
}

/// Changes a campaign.
pub async fn update_campaign(
    context: &Context,
    call: &Call,
    request: &Request,
    id: CampaignId,
    changes: &Changes,
) -> Result<Campaign, Error> {
    let now = context.now();
    let act = Act::of("campaign.updated", ("campaign", Some(id.as_uuid())));
    let event = &call.event(context, Some(id), act, changes.detail());
    let done = context.db.run_tx("update_campaign", |tx| {
        Box::pin(async move {
            // Asked under the lock: the same request may have waited for it beside this one.
            store::lock(tx, id).await?;
            if request::answered::<CampaignId>(tx, request)
                .await?
                .is_some()
            {
                return Ok(());
            }
            let row = store::lock_open(tx, id).await?;
            let before = store::complete(tx, vec![row]).await?.pop();
            let before = before.ok_or(Error::CampaignNotFound)?;
            store::correct(tx, words(before.row.clone(), changes)).await?;
            entities(context, tx, &before, &changes.entities).await?;
            products(tx, &before, &changes.products).await?;
            consent_texts(tx, &before, &changes.consent_texts, now).await?;
            audit::record(tx, std::slice::from_ref(event)).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await?;
    context.campaign_cache.forget();
    context.forget_campaigns();
    get_campaign(context, id).await
}

fn words(row: campaign::Model, changes: &Changes) -> campaign::Model {
    let front_ends = changes.front_ends.as_ref().map(FrontEnds::write);
    let or = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
    campaign::Model {
        name: or(&changes.name, row.name),
        letter_url: or(&changes.letter_url, row.letter_url),
        letter_phone: or(&changes.letter_phone, row.letter_phone),
        front_ends: front_ends.unwrap_or(row.front_ends),
        restoration: changes
            .restoration
            .as_ref()
            .map(Offer::write)
            .or(row.restoration),
        ..row
    }
}

async fn entities(
    context: &Context,
    tx: &Tx<'_>,
    before: &Campaign,
    entities: &[NewEntity],
) -> Result<(), Error> {
    let known = |key: &str| before.entities.iter().find(|it| it.entity_key == key);
    let added = entities
        .iter()
        .filter(|it| known(&it.key).is_none())
        .count();
    if before.entities.len() + added > ENTITIES {
        return Err(wrong(
            "changes.covered_entities",
            "a campaign has at most 500",
        ));
    }
    for new in entities {
        let old = known(&new.key);
        let id = old.map_or_else(|| context.ids.next(), |old| old.id);
        let row = entity_row(before.row.id, id, new);
        let row: covered_entity::ActiveModel = row.into();
        store::put_entity(tx, row, old.is_some()).await?;
    }
    Ok(())
}

async fn products(tx: &Tx<'_>, before: &Campaign, products: &[NewProduct]) -> Result<(), Error> {
    let same = |a: &product::Model, b: &product::Model| {
        (a.population, a.partner_id, &a.code) == (b.population, b.partner_id, &b.code)
    };
    let mut count = before.products.len();
    for (at, new) in products.iter().enumerate() {
        let row = product_row(before.row.id, new);
        match before.products.iter().find(|old| same(old, &row)) {
            Some(old) if old.is_promised_as(&row) => {}
            Some(_) => {
                return Err(wrong(
                    format!("changes.products[{at}]"),
                    "the campaign has this product with another term or contract code, which stays as it was promised",
                ));
            }
            None => {
                count += 1;
                crate::codes::store::insert(tx, &row).await?;
            }
        }
    }
    if count > PRODUCTS {
        return Err(wrong("changes.products", "a campaign has at most 12"));
    }
    Ok(())
}

async fn consent_texts(
    tx: &Tx<'_>,
    before: &Campaign,
    texts: &[(String, String, String)],
    now: Timestamp,
) -> Result<(), Error> {
    let current = |language: &str| {
        let mut current = before.consent_texts.iter();
        current.any(|it| it.language == language && it.replaced_at.is_none())
    };
    let mut languages = before
        .consent_texts
        .iter()
        .filter(|it| it.replaced_at.is_none())
        .count();
    for (at, (language, version, text)) in texts.iter().enumerate() {
        let mut known = before.consent_texts.iter();
        let known = known.find(|it| it.language == *language && it.version == *version);
        match known {
            Some(known) if known.text == *text && known.replaced_at.is_none() => continue,
            Some(_) => {
                return Err(wrong(
                    format!("changes.consent_texts[{at}].version"),
                    "was used for another text in this language: give the new text a new version",
                ));
            }
            None => {}
        }
        if current(language) {
            store::replace_text(tx, before.row.id, language, now).await?;
        } else {
            languages += 1;
        }
        let row = consent_text::Model {
            campaign_id: before.row.id,
            language: language.clone(),
            version: version.clone(),
            text: text.clone(),
            replaced_at: None,
        };
        crate::codes::store::insert(tx, &row).await?;
    }
    if languages > TEXTS {
        return Err(wrong(
            "changes.consent_texts",
            "a campaign has at most 20 languages",
        ));
    }
    Ok(())
}

fn wrong(path: impl Into<Cow<'static, str>>, rule: &'static str) -> Error {
    Fault::new(Reason::InvalidRequest).field(path, rule).into()
}
