//! Whom a campaign covers, and what each population gets from whom.

use std::collections::BTreeSet;

use crate::db::entities::product::Population;
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::r#type::v1 as wire_type;

/// The most covered entities of a campaign.
const ENTITIES: usize = 500;
/// The most products: one a population.
const PRODUCTS: usize = 2;

/// Gives the partners that a campaign names, as far as they are ids.
pub fn partners(campaign: &wire::Campaign) -> Vec<PartnerId> {
    let products = campaign.products.iter().take(PRODUCTS);
    products
        .filter_map(|product| product.partner_id.parse().ok())
        .collect()
}

/// Reads the keys and names of the covered entities.
pub fn entities(wire: &wire::Campaign, fields: &mut Fields) -> Vec<(String, String)> {
    let count = wire.covered_entities.len();
    fields.demand(
        (1..=ENTITIES).contains(&count),
        "campaign.covered_entities",
        "must be 1 to 500",
    );
    let mut keys = BTreeSet::new();
    let mut entities = Vec::new();
    for (at, entity) in wire.covered_entities.iter().take(ENTITIES).enumerate() {
        let path = format!("campaign.covered_entities[{at}]");
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
        entities.push((
            entity.key.clone(),
            fields.text(format!("{path}.name"), &entity.name, 120),
        ));
    }
    entities
}

/// Reads who gets what from whom; `known` are the partners that exist.
pub fn products(
    wire: &wire::Campaign,
    known: &BTreeSet<PartnerId>,
    fields: &mut Fields,
) -> Vec<(Population, String, PartnerId)> {
    let adult = wire
        .products
        .iter()
        .any(|product| product.population() == wire_type::Population::Adult);
    fields.demand(
        adult,
        "campaign.products",
        "must have one for the population ADULT",
    );
    let mut populations = BTreeSet::new();
    let mut products = Vec::new();
    // One too many is enough to say that there are too many.
    for (at, product) in wire.products.iter().take(PRODUCTS + 1).enumerate() {
        let path = format!("campaign.products[{at}]");
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
        fields.demand(
            populations.insert(product.population),
            format!("{path}.population"),
            "stands in the list twice",
        );
        let code = fields.text(format!("{path}.product_code"), &product.product_code, 64);
        let partner: Option<PartnerId> = product.partner_id.parse().ok();
        let exists = partner.is_some_and(|partner| known.contains(&partner));
        fields.demand(
            exists,
            format!("{path}.partner_id"),
            "must be the id of a partner",
        );
        products.extend(
            population
                .zip(partner)
                .map(|(population, partner)| (population, code, partner)),
        );
    }
    products
}
