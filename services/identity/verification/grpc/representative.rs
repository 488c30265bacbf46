//! Representatives, from the wire and to it.

use crate::identity::verification::representative::Representative;
use crate::kernel::fields::Fields;
use crate::kernel::person::{Person, Text};
use crate::process::convert::{
    authority_of, authority_to_wire, documents_of, evidence_to_wire, relationship_of,
    relationship_to_wire,
};
use crate::wire::redress::identity::v1::Claims;
use crate::wire::redress::r#type::v1 as wire;

/// The most characters of a part of a name.
pub const NAME: usize = 80;

/// Reads who acts for the person, if somebody does.
pub fn acting(fields: &mut Fields, claims: &Claims) -> Option<Representative> {
    const OWN: &str = "claims.representative_verification_id";
    let own = fields.maybe_id(OWN, &claims.representative_verification_id);
    let Some(given) = &claims.representative else {
        fields.demand(own.is_none(), OWN, "needs a representative");
        return None;
    };
    Some(Representative {
        verification: own,
        ..read(fields, given)?
    })
}

/// Reads a representative; names every field that is wrong, never its value.
fn read(fields: &mut Fields, given: &wire::Representative) -> Option<Representative> {
    let relationship = relationship_of(given.relationship());
    let authority = authority_of(given.authority());
    let rule = "must be given";
    let (has_relationship, has_authority) = (relationship.is_some(), authority.is_some());
    fields.demand(has_relationship, "claims.representative.relationship", rule);
    fields.demand(has_authority, "claims.representative.authority", rule);
    let evidence = documents_of(fields, "claims.representative.evidence", &given.evidence);
    let name = name(fields, given.name.as_ref());
    Some(Representative {
        name: Some(name),
        relationship: relationship?,
        authority: authority?,
        evidence,
        verification: None,
    })
}

fn name(fields: &mut Fields, name: Option<&wire::PersonName>) -> Person {
    const FAMILY: &str = "claims.representative.name.family_name";
    const GIVEN: &str = "claims.representative.name.given_name";
    const MIDDLE: &str = "claims.representative.name.middle_name";
    const SUFFIX: &str = "claims.representative.name.suffix";
    let given = name.cloned().unwrap_or_default();
    let mut part = |path: &str, text: &str, most: usize| -> Option<Text> {
        fields.maybe_text(path, text, most).map(Text::from)
    };
    let person = Person {
        given_name: part(GIVEN, &given.given_name, NAME).unwrap_or_default(),
        middle_name: part(MIDDLE, &given.middle_name, NAME),
        family_name: part(FAMILY, &given.family_name, NAME).unwrap_or_default(),
        suffix: part(SUFFIX, &given.suffix, 16),
        ..Person::default()
    };
    fields.demand(
        !person.family_name.expose().is_empty(),
        FAMILY,
        "must be a name",
    );
    person
}

/// Writes a representative as far as it may be told.
pub fn write(representative: &Representative) -> wire::Representative {
    let evidence = representative.evidence.iter();
    wire::Representative {
        name: representative.name.as_ref().map(person_name),
        relationship: relationship_to_wire(representative.relationship).into(),
        authority: authority_to_wire(representative.authority).into(),
        evidence: evidence
            .map(|kind| evidence_to_wire(*kind).into())
            .collect(),
    }
}

fn person_name(person: &Person) -> wire::PersonName {
    let maybe = |text: &Option<Text>| text.as_ref().map(|text| text.expose().clone());
    wire::PersonName {
        given_name: person.given_name.expose().clone(),
        middle_name: maybe(&person.middle_name).unwrap_or_default(),
        family_name: person.family_name.expose().clone(),
        suffix: maybe(&person.suffix).unwrap_or_default(),
    }
}
