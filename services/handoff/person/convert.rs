//! An order on the wire to a partner.

use crate::db::entities::enrollment::Channel;
use crate::db::entities::evidence::Evidence as Kind;
use crate::handoff::queue::convert::{change_to_wire, kind_to_wire, reason_to_wire};
use crate::handoff::queue::handoff::Handoff;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::HandoffId;
use crate::kernel::person::{Person, Text};
use crate::process::convert::{
    authority_to_wire, date, evidence_to_wire, population_to_wire, relationship_to_wire,
};
use crate::wire::redress::bureau::v1 as wire;
use crate::wire::redress::r#type::v1::{self as shared, PersonName, PostalAddress};

use super::decrypt::{Ask, Enrollee};
use super::evidence::Evidence;
use super::sendable::Sendable;

/// Gives the order as the contract has it.
pub fn order_of(sendable: &Sendable) -> wire::EnrollmentOrder {
    let number = &sendable.engagement_number;
    ordered(&sendable.leased.handoff, number, &sendable.ask)
}

/// Gives what is asked as the contract has it.
pub fn ordered(handoff: &Handoff, engagement: &str, ask: &Ask) -> wire::EnrollmentOrder {
    match ask {
        Ask::Enroll(enrollee) => enroll(handoff, engagement, enrollee),
        Ask::Cancel(of) => cancel(handoff, engagement, of.id),
        Ask::Extend(of) => wire::EnrollmentOrder {
            extends_handoff_id: of.id.to_string(),
            ..order(handoff, engagement)
        },
        Ask::UpdatePerson(of, enrollee) => update_person(handoff, engagement, of.id, enrollee),
    }
}

/// Gives the order to enroll somebody or to restore their identity, who fits the partner's fields already.
fn enroll(handoff: &Handoff, engagement: &str, enrollee: &Enrollee) -> wire::EnrollmentOrder {
    let evidence = enrollee.evidence.as_ref();
    let code = enrollee.activation_code.as_ref();
    let changes = enrollee.changes.iter();
    wire::EnrollmentOrder {
        subject: Some(subject(&enrollee.person, evidence)),
        population: population_to_wire(enrollee.population).into(),
        consent: evidence.map(consent),
        proofing: evidence.map(proofing),
        representative: evidence.and_then(representative),
        activation_code: code
            .map(|code| code.expose().to_owned())
            .unwrap_or_default(),
        projection_changes: changes.map(|it| change_to_wire(it.kept())).collect(),
        ..order(handoff, engagement)
    }
}

/// Gives the order to take the person's data as they are now. The consent stands; its language is that of a person who chose none.
fn update_person(
    handoff: &Handoff,
    engagement: &str,
    updates: HandoffId,
    enrollee: &Enrollee,
) -> wire::EnrollmentOrder {
    let changes = enrollee.changes.iter();
    wire::EnrollmentOrder {
        updates_handoff_id: updates.to_string(),
        subject: Some(subject(&enrollee.person, enrollee.evidence.as_ref())),
        population: population_to_wire(enrollee.population).into(),
        projection_changes: changes.map(|it| change_to_wire(it.kept())).collect(),
        ..order(handoff, engagement)
    }
}

/// Gives the order to cancel what another handoff ordered.
pub fn cancel(handoff: &Handoff, engagement: &str, cancels: HandoffId) -> wire::EnrollmentOrder {
    wire::EnrollmentOrder {
        cancels_handoff_id: cancels.to_string(),
        cancellation_reason: reason_to_wire(handoff.cancel_reason).into(),
        ..order(handoff, engagement)
    }
}

/// Gives what is ordered.
pub fn coverage(handoff: &Handoff) -> wire::OrderedCoverage {
    wire::OrderedCoverage {
        coverage_id: handoff.coverage_id.to_string(),
        product_code: handoff.product_code.clone(),
        term_months: handoff.term_months,
        contract_code: handoff.contract_code.clone().unwrap_or_default(),
    }
}

/// Gives what every order has, and nothing of the person.
pub fn order(handoff: &Handoff, engagement: &str) -> wire::EnrollmentOrder {
    wire::EnrollmentOrder {
        handoff_id: handoff.id.to_string(),
        kind: kind_to_wire(handoff.kind, handoff.order_attempt).into(),
        attempt: handoff.order_attempt,
        engagement_number: engagement.to_owned(),
        coverage: Some(coverage(handoff)),
        queue_time: Some(handoff.created_at.to_proto()),
        ..wire::EnrollmentOrder::default()
    }
}

fn subject(person: &Person, evidence: Option<&Evidence>) -> wire::Subject {
    let line = |at: usize| {
        person
            .address_lines
            .get(at)
            .map(exposed)
            .unwrap_or_default()
    };
    wire::Subject {
        name: Some(PersonName {
            given_name: exposed(&person.given_name),
            middle_name: maybe(person.middle_name.as_ref()),
            family_name: exposed(&person.family_name),
            suffix: maybe(person.suffix.as_ref()),
        }),
        prior_names: person.prior_names.iter().map(exposed).collect(),
        date_of_birth: person.date_of_birth.map(date),
        ssn: maybe(person.ssn.as_ref()),
        address: Some(PostalAddress {
            line1: line(0),
            line2: line(1),
            city: maybe(person.city.as_ref()),
            region: maybe(person.region.as_ref()),
            postal_code: maybe(person.postal_code.as_ref()),
            country: maybe(person.country.as_ref()),
        }),
        prior_addresses: person.prior_addresses.iter().map(exposed).collect(),
        email: maybe(person.email.as_ref()),
        phone: maybe(person.phone.as_ref()),
        language_code: language(person, evidence),
    }
}

/// Gives the language that the person chose, or else the one that they consented in.
fn language(person: &Person, evidence: Option<&Evidence>) -> String {
    match (&person.language, evidence) {
        (Some(chosen), _) => chosen.to_string(),
        (None, Some(evidence)) => evidence.language.clone(),
        (None, None) => String::new(),
    }
}

fn consent(evidence: &Evidence) -> wire::ConsentEvidence {
    let channel = match evidence.channel {
        Channel::Web => wire::ConsentChannel::Web,
        Channel::Phone => wire::ConsentChannel::Phone,
        Channel::Partner => wire::ConsentChannel::Partner,
    };
    let relationship = evidence.relationship.map(relationship_to_wire);
    let authority = evidence.authority.map(authority_to_wire);
    wire::ConsentEvidence {
        language_code: evidence.language.clone(),
        version: evidence.version.clone(),
        text_sha256: evidence.text_sha256.clone(),
        consent_time: Some(evidence.given_at.to_proto()),
        channel: channel.into(),
        relationship: relationship.unwrap_or_default().into(),
        authority: authority.unwrap_or_default().into(),
    }
}

fn proofing(evidence: &Evidence) -> wire::ProofingEvidence {
    wire::ProofingEvidence {
        evidence: labels(&evidence.proofing),
        verify_time: evidence.decided_at.map(Timestamp::to_proto),
    }
}

/// Tells who acts for the person: who was verified as such, or else who consented as such.
fn representative(evidence: &Evidence) -> Option<shared::Representative> {
    let relationship = evidence.acting_relationship.or(evidence.relationship)?;
    let authority = evidence.acting_authority.or(evidence.authority)?;
    Some(shared::Representative {
        relationship: relationship_to_wire(relationship).into(),
        authority: authority_to_wire(authority).into(),
        evidence: labels(&evidence.acting_evidence),
        name: None,
    })
}

fn labels(kinds: &[Kind]) -> Vec<i32> {
    let labels = kinds.iter().map(|kind| evidence_to_wire(*kind).into());
    labels.collect()
}

fn exposed(text: &Text) -> String {
    text.expose().clone()
}

fn maybe(text: Option<&Text>) -> String {
    text.map(exposed).unwrap_or_default()
}
