//! Whom a campaign covers, and what each population gets from whom.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::codes::campaign::create::{ENTITIES, LONGEST_TERM, NewEntity, NewProduct, PRODUCTS};
use crate::codes::convert::parts;
use crate::db::entities::covered_entity::Notifier;
use crate::db::entities::product::Population;
use crate::db::entities::restoration::Offer;
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::r#type::v1 as wire_type;

/// Gives the partners that products and the restoration name, as far as they are ids.
pub fn partners(
    products: &[wire::Product],
    restoration: Option<&wire::RestorationOffer>,
) -> Vec<PartnerId> {
    let products = products.iter().take(PRODUCTS).map(|it| &it.partner_id);
    let named = products.chain(restoration.map(|it| &it.partner_id));
    named.filter_map(|id| id.parse().ok()).collect()
}

/// Reads who restores people's identities.
pub fn restoration(
    wire: Option<&wire::RestorationOffer>,
    path: &str,
    known: &BTreeSet<PartnerId>,
    fields: &mut Fields,
) -> Option<Offer> {
    let offer = wire?;
    let code = fields.text(format!("{path}.product_code"), &offer.product_code, CODE);
    let contract = fields.maybe_text(format!("{path}.contract_code"), &offer.contract_code, CODE);
    let partner: Option<PartnerId> = offer.partner_id.parse().ok();
    let partner = partner.filter(|partner| known.contains(partner));
    fields.demand(
        partner.is_some(),
        format!("{path}.partner_id"),
        "must be the id of a partner",
    );
    Some(Offer {
        partner: partner?.as_uuid(),
        product_code: code,
        contract_code: contract.map(str::to_owned),
    })
}

/// The longest code of a product or a contract.
const CODE: usize = 64;
/// The longest contact of a covered entity.
const CONTACT: usize = 200;

/// Reads covered entities that stand at a path; `today` is the day in the campaign's zone, if that is known.
pub fn entities(
    list: &[wire::CoveredEntity],
    path: &str,
    today: Option<Date>,
    fields: &mut Fields,
) -> Vec<NewEntity> {
    fields.demand(list.len() <= ENTITIES, path, "must be 1 to 500");
    let of = path;
    let mut keys = BTreeSet::new();
    let mut entities = Vec::new();
    for (at, entity) in list.iter().take(ENTITIES).enumerate() {
        let path = format!("{of}[{at}]");
        let fits = (1..=40).contains(&entity.key.len())
            && entity
                .key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fields.demand(
            fits,
            format!("{path}.key"),
            "must have 1 to 40 lower-case letters, digits or dashes",
        );
        fields.demand(
            keys.insert(&entity.key),
            format!("{path}.key"),
            "stands in the list twice",
        );
        entities.push(NewEntity {
            key: entity.key.clone(),
            name: fields.text(format!("{path}.name"), &entity.name, 120),
            discovered_on: discovery(entity, (&path, today), fields),
            notifier: notifier(entity, &path, fields),
            contact: contact(entity, &path, fields),
        });
    }
    entities
}

fn discovery(
    entity: &wire::CoveredEntity,
    (path, today): (&str, Option<Date>),
    fields: &mut Fields,
) -> Option<Date> {
    let given = entity.discovery_date.as_ref()?;
    let path = format!("{path}.discovery_date");
    let day = fields.date(path.clone(), Some(parts(given)))?;
    let fits = today.is_none_or(|today| day <= today);
    fields.demand(fits, path, "must not lie in the future");
    Some(day)
}

fn notifier(entity: &wire::CoveredEntity, path: &str, fields: &mut Fields) -> Notifier {
    match wire::Notifier::try_from(entity.notifier) {
        Ok(wire::Notifier::Unspecified | wire::Notifier::CoveredEntity) => Notifier::CoveredEntity,
        Ok(wire::Notifier::BusinessAssociate) => Notifier::BusinessAssociate,
        Err(_) => {
            fields.wrong(format!("{path}.notifier"), "must be one of the contract");
            Notifier::default()
        }
    }
}

fn contact(entity: &wire::CoveredEntity, path: &str, fields: &mut Fields) -> String {
    if entity.contact.trim().is_empty() {
        return String::new();
    }
    fields.text(format!("{path}.contact"), &entity.contact, CONTACT)
}

/// Reads products that stand at a path; `known` are the partners that exist.
pub fn products(
    list: &[wire::Product],
    path: &str,
    known: &BTreeSet<PartnerId>,
    fields: &mut Fields,
) -> Vec<NewProduct> {
    fields.demand(list.len() <= PRODUCTS, path, "must be at most 12");
    let of = path;
    let mut seen = BTreeSet::new();
    let mut products = Vec::new();
    for (at, product) in list.iter().take(PRODUCTS).enumerate() {
        let path = format!("{of}[{at}]");
        let population = match product.population() {
            wire_type::Population::Adult => Some(Population::Adult),
            wire_type::Population::Minor => Some(Population::Minor),
            _ => None,
        };
        fields.demand(
            population.is_some(),
            format!("{path}.population"),
            "must be ADULT or MINOR",
        );
        let code = fields.text(format!("{path}.product_code"), &product.product_code, CODE);
        let partner: Option<PartnerId> = product.partner_id.parse().ok();
        let exists = partner.is_some_and(|partner| known.contains(&partner));
        fields.demand(
            exists,
            format!("{path}.partner_id"),
            "must be the id of a partner",
        );
        let term_months = product.term_months;
        fields.demand(
            (1..=LONGEST_TERM).contains(&term_months),
            format!("{path}.term_months"),
            "must be 1 to 120 months",
        );
        let contract = fields.maybe_text(
            format!("{path}.contract_code"),
            &product.contract_code,
            CODE,
        );
        let (Some(population), Some(partner)) = (population, partner) else {
            continue;
        };
        let is_new = seen.insert((population, partner, code.clone()));
        fields.demand(is_new, &path, "stands in the list twice");
        products.push(NewProduct {
            population,
            code,
            partner,
            term_months,
            contract_code: contract.map(str::to_owned),
        });
    }
    products
}
