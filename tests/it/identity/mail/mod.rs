//! What happens to letters: events and calls for its tests.

mod history;
mod letters;
mod record;

use redress::identity::grpc::Handlers;
use redress::kernel::caller::Role;
use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use redress::wire::redress::r#type::v1::{ItemResult, ItemVerdict, PostalAddress};
use tonic::Status;
use wire::MailEventKind::{AddressCorrected, Returned};

use super::house::{FILE, House, by};
use super::people::{ada, date};
use crate::harness::Database;

/// An event of July 2015 with what belongs to its kind.
pub fn event(who: IndividualId, kind: wire::MailEventKind, day: i32) -> wire::MailEvent {
    let mut event = wire::MailEvent {
        individual_id: who.to_string(),
        kind: kind.into(),
        event_date: date(2015, 7, day),
        ..wire::MailEvent::default()
    };
    if kind == Returned {
        event.return_reason = wire::ReturnReason::MovedLeftNoAddress.into();
    }
    if kind == AddressCorrected {
        event.address_source = wire::AddressSource::UspsNcoa.into();
        event.address = Some(gary("9 Elm Ave"));
    }
    event
}

fn gary(street: &str) -> PostalAddress {
    PostalAddress {
        line1: street.into(),
        city: "Gary".into(),
        region: "in".into(),
        postal_code: "464021234".into(),
        ..PostalAddress::default()
    }
}

impl House {
    /// A house with Katherine on the roster.
    async fn with_ada(database: &Database) -> (Self, IndividualId) {
        let house = Self::open(database).await;
        house.load(FILE, &[ada(2)]).await;
        let id = house.individuals().await[0].id;
        (house, id)
    }

    fn mail(&self, events: Vec<wire::MailEvent>) -> wire::RecordMailEventsRequest {
        wire::RecordMailEventsRequest {
            request_id: self.request_id(),
            campaign: self.campaign.to_string(),
            events,
        }
    }

    pub async fn record(&self, events: Vec<wire::MailEvent>) -> Vec<ItemVerdict> {
        record(&self.handlers, self.mail(events)).await.unwrap()
    }

    pub async fn history(&self, who: IndividualId, size: i32) -> Vec<wire::RecordedMailEvent> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = wire::ListMailEventsRequest {
                campaign: self.campaign.to_string(),
                person: Some(wire::list_mail_events_request::Person::IndividualId(
                    who.to_string(),
                )),
                page_size: size,
                page_token,
            };
            let listed = self
                .handlers
                .list_mail_events(by(Role::CallCenter, request))
                .await;
            let listed = listed.unwrap().into_inner();
            all.extend(listed.events);
            page_token = listed.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }
}

async fn record(
    handlers: &Handlers,
    request: wire::RecordMailEventsRequest,
) -> Result<Vec<ItemVerdict>, Status> {
    let answer = handlers
        .record_mail_events(by(Role::Operator, request))
        .await?;
    Ok(answer.into_inner().verdicts)
}

fn outcomes(verdicts: &[ItemVerdict]) -> Vec<ItemResult> {
    verdicts.iter().map(ItemVerdict::result).collect()
}

fn lines(house_export: &[redress::identity::roster::export::Addressee]) -> Vec<Vec<String>> {
    let lines = |one: &redress::identity::roster::export::Addressee| {
        one.lines.iter().map(|line| line.expose().clone()).collect()
    };
    house_export.iter().map(lines).collect()
}
