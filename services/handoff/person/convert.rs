//! An order on the wire to a partner.

use crate::db::entities::confirmation_code::Channel as ContactChannel;
use crate::db::entities::enrollment::Channel;
use crate::db::entities::verification::Path;
use crate::handoff::queue::convert::kind_to_wire;
use crate::handoff::queue::handoff::Handoff;
use crate::kernel::ids::HandoffId;
use crate::kernel::person::{Person, Text};
use crate::process::convert::{authority_to_wire, date, population_to_wire, relationship_to_wire};
use crate::wire::redress::bureau::v1 as wire;
use crate::wire::redress::r#type::v1::{self as shared, PersonName, PostalAddress};

use super::decrypt::Enrollee;
use super::evidence::Evidence;
use super::projection::Change;

/// Gives the order to enroll somebody, who fits the partner's fields already.
pub fn enroll(handoff: &Handoff, engagement: &str, enrollee: &Enrollee) -> wire::EnrollmentOrder {
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
        projection_changes: changes.map(|it| change(*it)).collect(),
        ..order(handoff, engagement)
    }
}

/// Gives the order to cancel what another handoff ordered.
pub fn cancel(handoff: &Handoff, engagement: &str, cancels: HandoffId) -> wire::EnrollmentOrder {
    wire::EnrollmentOrder {
        cancels_handoff_id: cancels.to_string(),
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

/// Gives what every order has.
fn order(handoff: &Handoff, engagement: &str) -> wire::EnrollmentOrder {
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
        prior_names: Vec::new(),
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
        prior_addresses: Vec::new(),
        email: maybe(person.email.as_ref()),
        phone: maybe(person.phone.as_ref()),
        language_code: evidence.map(|it| it.language.clone()).unwrap_or_default(),
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
    let letter = (evidence.path == Path::Letter).then_some(shared::Evidence::LetterCode);
    let confirmed = evidence.confirmed_by.map(|channel| match channel {
        ContactChannel::Email => shared::Evidence::EmailCode,
        ContactChannel::Sms => shared::Evidence::SmsCode,
        ContactChannel::Voice => shared::Evidence::VoiceCode,
    });
    let reviewed = evidence.is_reviewed.then_some(shared::Evidence::Review);
    let kinds = [
        Some(shared::Evidence::RecordMatch),
        letter,
        confirmed,
        reviewed,
    ];
    wire::ProofingEvidence {
        evidence: kinds.into_iter().flatten().map(i32::from).collect(),
        verify_time: evidence.decided_at.map(|at| at.to_proto()),
    }
}

fn representative(evidence: &Evidence) -> Option<shared::Representative> {
    Some(shared::Representative {
        relationship: relationship_to_wire(evidence.relationship?).into(),
        authority: authority_to_wire(evidence.authority?).into(),
        ..shared::Representative::default()
    })
}

fn change(change: Change) -> wire::ProjectionChange {
    let (field, action) = match change {
        Change::Folded(field) => (field, wire::ProjectionAction::Folded),
        Change::Cut(field) => (field, wire::ProjectionAction::Cut),
    };
    wire::ProjectionChange {
        field: field.path().to_owned(),
        action: action.into(),
    }
}

fn exposed(text: &Text) -> String {
    text.expose().clone()
}

fn maybe(text: Option<&Text>) -> String {
    text.map(exposed).unwrap_or_default()
}
