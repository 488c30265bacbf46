//! SearchIndividuals on the wire: names every field that is wrong, never its value.

use jiff::civil::Date;
use tonic::Request;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::fold::{self, Folded};
use crate::identity::roster::search::{self, Query};
use crate::kernel::fields::Fields;
use crate::kernel::secrets::Secret;
use crate::process::Call;
use crate::wire::redress::identity::v1 as wire;
use wire::search_individuals_request::Query as Wire;

use super::masked;

/// The longest name or reference.
const LONGEST: usize = 100;

/// SearchIndividuals.
pub async fn search_individuals(
    context: &Context,
    request: &Request<wire::SearchIndividualsRequest>,
) -> Result<wire::SearchIndividualsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let query = query(&mut fields, message.query.as_ref());
    fields.finish()?;
    let query = query.ok_or_else(|| Error::field("query", "must be given"))?;
    let found = search::search_individuals(context, &call, campaign, &query).await?;
    Ok(wire::SearchIndividualsResponse {
        individuals: found.people.into_iter().map(masked).collect(),
        more: found.more,
    })
}

/// Reads a query; none where nothing was given.
fn query(fields: &mut Fields, given: Option<&Wire>) -> Option<Query> {
    match given? {
        Wire::Name(name) => Some(by_name(fields, name)),
        Wire::Reference(reference) => {
            let path = "reference.external_ref";
            let text = fields.text(path, &reference.external_ref, LONGEST);
            let key = &reference.covered_entity_key;
            Some(Query::Reference {
                reference: Secret::new(text),
                entity: (!key.is_empty()).then(|| key.clone()),
            })
        }
    }
}

fn by_name(fields: &mut Fields, name: &wire::NameQuery) -> Query {
    let family = fields.maybe_text("name.family_name", &name.family_name, LONGEST);
    let family: Folded = family.map(fold::family).unwrap_or_default();
    let is_name = !family.is_empty();
    fields.demand(is_name, "name.family_name", "must be a name");
    let given = fields.maybe_text("name.given_name", &name.given_name, LONGEST);
    let year = i16::try_from(name.birth_year)
        .ok()
        .filter(|year| *year != 0);
    let fits = name.birth_year == 0 || year.is_some_and(|year| (1850..=2100).contains(&year));
    fields.demand(fits, "name.birth_year", "must be a year such as 1976");
    let year = year.filter(|year| fits && Date::new(*year, 1, 1).is_ok());
    let postal = fields.maybe_text("name.postal_code", &name.postal_code, LONGEST);
    let postal = postal
        .map(fold::postal)
        .filter(|code| !code.expose().is_empty());
    let narrows = name.birth_year != 0 || postal.is_some();
    fields.demand(
        narrows,
        "name.birth_year",
        "must be given, or name.postal_code: many people share a name",
    );
    Query::Name {
        family,
        given: given.map(fold::name).unwrap_or_default(),
        birth_year: year,
        postal,
    }
}
