//! Mail events between the wire and the house.

use crate::identity::mail::event::{RawAddress, RawEvent};
use crate::identity::mail::list::Past;
use crate::identity::mail::refusal::Verdict;
use crate::identity::mail::words::{Cause, Kind, ReturnReason, Source};
use crate::identity::roster::row::RawColumns;
use crate::kernel::fields::Fields;
use crate::kernel::secrets::Secret;
use crate::wire::redress::identity::v1 as wire;

use crate::identity::grpc::write;

/// Takes an event over as it was sent; each is judged by itself later.
pub fn event(event: &wire::MailEvent) -> RawEvent {
    let date = event.event_date.as_ref();
    let date = date.map(|date| (date.year, date.month, date.day));
    RawEvent {
        individual: event.individual_id.clone(),
        kind: kind_of(event.kind()),
        // What is wrong with it is told in the event's own verdict.
        on: Fields::default().date("", date),
        return_reason: reason_of(event.return_reason()),
        source: source_of(event.address_source()),
        address: event.address.as_ref().map(address),
    }
}

fn address(address: &wire::PostalAddress) -> RawAddress {
    let hidden = |text: &String| Secret::new(text.clone());
    RawAddress(RawColumns {
        address_line1: hidden(&address.line1),
        address_line2: hidden(&address.line2),
        city: hidden(&address.city),
        region: hidden(&address.region),
        postal_code: hidden(&address.postal_code),
        country: hidden(&address.country),
        ..RawColumns::default()
    })
}

fn kind_of(kind: wire::MailEventKind) -> Option<Kind> {
    match kind {
        wire::MailEventKind::Unspecified => None,
        wire::MailEventKind::Mailed => Some(Kind::Mailed),
        wire::MailEventKind::Returned => Some(Kind::Returned),
        wire::MailEventKind::AddressCorrected => Some(Kind::AddressCorrected),
        wire::MailEventKind::Remailed => Some(Kind::Remailed),
    }
}

fn kind(kind: Kind) -> wire::MailEventKind {
    match kind {
        Kind::Mailed => wire::MailEventKind::Mailed,
        Kind::Returned => wire::MailEventKind::Returned,
        Kind::AddressCorrected => wire::MailEventKind::AddressCorrected,
        Kind::Remailed => wire::MailEventKind::Remailed,
    }
}

fn reason_of(reason: wire::ReturnReason) -> Option<ReturnReason> {
    match reason {
        wire::ReturnReason::Unspecified => None,
        wire::ReturnReason::NotDeliverableAsAddressed => {
            Some(ReturnReason::NotDeliverableAsAddressed)
        }
        wire::ReturnReason::MovedLeftNoAddress => Some(ReturnReason::MovedLeftNoAddress),
        wire::ReturnReason::Vacant => Some(ReturnReason::Vacant),
        wire::ReturnReason::Deceased => Some(ReturnReason::Deceased),
        wire::ReturnReason::Refused => Some(ReturnReason::Refused),
        wire::ReturnReason::Unclaimed => Some(ReturnReason::Unclaimed),
        wire::ReturnReason::Other => Some(ReturnReason::Other),
    }
}

fn reason(reason: Option<ReturnReason>) -> wire::ReturnReason {
    match reason {
        None => wire::ReturnReason::Unspecified,
        Some(ReturnReason::NotDeliverableAsAddressed) => {
            wire::ReturnReason::NotDeliverableAsAddressed
        }
        Some(ReturnReason::MovedLeftNoAddress) => wire::ReturnReason::MovedLeftNoAddress,
        Some(ReturnReason::Vacant) => wire::ReturnReason::Vacant,
        Some(ReturnReason::Deceased) => wire::ReturnReason::Deceased,
        Some(ReturnReason::Refused) => wire::ReturnReason::Refused,
        Some(ReturnReason::Unclaimed) => wire::ReturnReason::Unclaimed,
        Some(ReturnReason::Other) => wire::ReturnReason::Other,
    }
}

fn source_of(source: wire::AddressSource) -> Option<Source> {
    match source {
        wire::AddressSource::Unspecified => None,
        wire::AddressSource::UspsNcoa => Some(Source::UspsNcoa),
        wire::AddressSource::MailHouse => Some(Source::MailHouse),
        wire::AddressSource::CoveredEntity => Some(Source::CoveredEntity),
    }
}

fn source(source: Option<Source>) -> wire::AddressSource {
    match source {
        None => wire::AddressSource::Unspecified,
        Some(Source::UspsNcoa) => wire::AddressSource::UspsNcoa,
        Some(Source::MailHouse) => wire::AddressSource::MailHouse,
        Some(Source::CoveredEntity) => wire::AddressSource::CoveredEntity,
    }
}

/// Writes the verdict on the event at a place of the request.
pub fn verdict((at, verdict): (usize, Verdict)) -> wire::MailEventVerdict {
    let outcome = |outcome: wire::MailEventOutcome| wire::MailEventVerdict {
        outcome: outcome.into(),
        ..wire::MailEventVerdict::default()
    };
    match verdict {
        Verdict::Recorded => outcome(wire::MailEventOutcome::Recorded),
        Verdict::KnownBefore => outcome(wire::MailEventOutcome::KnownBefore),
        Verdict::Refused(refusal) => wire::MailEventVerdict {
            field: format!("events[{at}].{}", refusal.field.as_str()),
            refusal: cause(refusal.cause).into(),
            way_out: refusal.way_out(),
            ..outcome(wire::MailEventOutcome::Refused)
        },
    }
}

fn cause(cause: Cause) -> wire::MailEventRefusal {
    match cause {
        Cause::Missing => wire::MailEventRefusal::Missing,
        Cause::Malformed => wire::MailEventRefusal::Malformed,
        Cause::TooLong => wire::MailEventRefusal::TooLong,
        Cause::NotExpected => wire::MailEventRefusal::NotExpected,
        Cause::UnknownIndividual => wire::MailEventRefusal::UnknownIndividual,
        Cause::IndividualErased => wire::MailEventRefusal::IndividualErased,
        Cause::DateInFuture => wire::MailEventRefusal::DateInFuture,
        Cause::DateBeforeDiscovery => wire::MailEventRefusal::DateBeforeDiscovery,
        Cause::AddressUndeliverable => wire::MailEventRefusal::AddressUndeliverable,
        Cause::RecordedOtherwise => wire::MailEventRefusal::RecordedOtherwise,
    }
}

/// Writes an event of a history.
pub fn past(past: Past) -> wire::RecordedMailEvent {
    wire::RecordedMailEvent {
        kind: kind(past.kind).into(),
        event_date: Some(write::date(past.on)),
        return_reason: reason(past.return_reason).into(),
        address_source: source(past.source).into(),
        record_time: Some(past.recorded_at.to_proto()),
    }
}
