//! The RPCs of mail events.

use tonic::Request;

use crate::db::entities::mail_event::{AddressSource, Kind, ReturnReason};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster::grpc::address_columns;
use crate::identity::roster::whom::Whom;
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::Item;
use crate::process::convert::date;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::identity::v1::list_mail_events_request::Person;
use crate::wire::redress::r#type::v1::{ItemReason, ItemVerdict, PostalAddress};

use super::event::{RawAddress, RawEvent};
use super::list::{self, List, Recorded};
use super::record::{self, Record};
use super::refusal::{Cause, Verdict};

/// RecordMailEvents.
pub async fn record_mail_events(
    context: &Context,
    request: &Request<wire::RecordMailEventsRequest>,
) -> Result<wire::RecordMailEventsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let fits = (1..=record::MOST).contains(&message.events.len());
    fields.demand(fits, "events", "must be 1 to 1,000 events");
    fields.finish()?;
    let command = Record {
        request: call.request(context, id, "RecordMailEvents", message)?,
        campaign,
        events: message.events.iter().map(event).collect(),
    };
    let verdicts = record::record_mail_events(context, &call, &command).await?;
    let events = message.events.iter().enumerate().zip(verdicts);
    Ok(wire::RecordMailEventsResponse {
        verdicts: events
            .map(|(at, verdict_on)| verdict(at, verdict_on))
            .collect(),
    })
}

/// ListMailEvents.
pub async fn list_mail_events(
    context: &Context,
    request: &Request<wire::ListMailEventsRequest>,
) -> Result<wire::ListMailEventsResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let whom = message.person.as_ref().map(|person| match person {
        Person::IndividualId(id) => Whom::Individual(fields.id("individual_id", id)),
        Person::VerificationId(id) => Whom::Verification(fields.id("verification_id", id)),
        Person::EnrollmentId(id) => Whom::Enrollment(fields.id("enrollment_id", id)),
    });
    fields.finish()?;
    let whom = whom.ok_or_else(|| Error::field("person", "must be given"))?;
    let individual = whom.find(context, campaign).await?;
    let filter: [&[u8]; 3] = [b"mail_events", campaign.as_bytes(), individual.as_bytes()];
    let after: Option<(String, Kind, i32)> = paging::page_after(&filter, &message.page_token)?;
    let query = List {
        campaign,
        individual,
        after: after.and_then(|(on, kind, generation)| Some((on.parse().ok()?, kind, generation))),
    };
    let room = Room {
        rows: paging::page_size(message.page_size)?,
        bytes: largest_of(request),
        filter: &filter,
    };
    let events = list::list_mail_events(context, &call, &query).await?;
    let entries = events.into_iter().map(|event| {
        (
            (event.on.to_string(), event.kind, event.generation),
            recorded(event),
        )
    });
    let (events, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListMailEventsResponse {
        events,
        next_page_token,
    })
}

/// Takes an event as it was sent; each is judged by itself later.
fn event(event: &wire::MailEvent) -> RawEvent {
    let date = event.event_date.as_ref();
    let date = date.map(|date| (date.year, date.month, date.day));
    RawEvent {
        individual: event.individual_id.clone(),
        kind: kind_of(event.kind()),
        // A date that is wrong is reported in the event's own verdict.
        on: Fields::default().date("", date),
        return_reason: reason_of(event.return_reason()),
        source: source_of(event.address_source()),
        address: event.address.as_ref().map(address),
        generation: event.generation,
    }
}

fn address(address: &PostalAddress) -> RawAddress {
    RawAddress(address_columns(address))
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

fn source_of(source: wire::AddressSource) -> Option<AddressSource> {
    match source {
        wire::AddressSource::Unspecified => None,
        wire::AddressSource::UspsNcoa => Some(AddressSource::UspsNcoa),
        wire::AddressSource::MailHouse => Some(AddressSource::MailHouse),
        wire::AddressSource::CoveredEntity => Some(AddressSource::CoveredEntity),
    }
}

fn source(source: Option<AddressSource>) -> wire::AddressSource {
    match source {
        None => wire::AddressSource::Unspecified,
        Some(AddressSource::UspsNcoa) => wire::AddressSource::UspsNcoa,
        Some(AddressSource::MailHouse) => wire::AddressSource::MailHouse,
        Some(AddressSource::CoveredEntity) => wire::AddressSource::CoveredEntity,
    }
}

/// Writes the verdict on the event at a place of the request.
fn verdict((at, event): (usize, &wire::MailEvent), verdict: Verdict) -> ItemVerdict {
    let item = Item::at(at, &event.individual_id);
    match verdict {
        Verdict::Recorded => item.applied(),
        Verdict::KnownBefore => item.unchanged(),
        Verdict::Refused(refusal) => {
            let field = format!("events[{at}].{}", refusal.field.as_str());
            item.refused(cause(refusal.cause), field, refusal.help())
        }
    }
}

fn cause(cause: Cause) -> ItemReason {
    match cause {
        Cause::Missing => ItemReason::Missing,
        Cause::Malformed => ItemReason::Malformed,
        Cause::TooLong => ItemReason::TooLong,
        Cause::NotExpected => ItemReason::NotExpected,
        Cause::UnknownIndividual => ItemReason::UnknownIndividual,
        Cause::IndividualErased => ItemReason::IndividualErased,
        Cause::DateInFuture => ItemReason::DateInFuture,
        Cause::DateBeforeDiscovery => ItemReason::DateBeforeDiscovery,
        Cause::AddressUndeliverable => ItemReason::AddressUndeliverable,
        Cause::RecordedOtherwise => ItemReason::RecordedOtherwise,
        Cause::UnknownLetter => ItemReason::UnknownLetter,
    }
}

fn recorded(event: Recorded) -> wire::RecordedMailEvent {
    wire::RecordedMailEvent {
        kind: kind(event.kind).into(),
        event_date: Some(date(event.on)),
        return_reason: reason(event.return_reason).into(),
        address_source: source(event.source).into(),
        record_time: Some(event.recorded_at.to_proto()),
        generation: event.generation,
    }
}
