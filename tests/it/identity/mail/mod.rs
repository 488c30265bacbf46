//! What happens to letters: recorded event by event, told in order, and what follows for the person.

use redress::db::{FaultRates, Process};
use redress::identity::grpc::Handlers;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use sea_orm::ConnectionTrait;
use tonic::Status;
use wire::MailEventKind::{AddressCorrected, Mailed, Remailed, Returned};
use wire::MailEventOutcome::{KnownBefore, Recorded, Refused};
use wire::MailEventRefusal as Refusal;

use super::export::export;
use super::house::{FILE, House, by};
use super::people::{ada, but, date, somebody};
use crate::harness::{Database, apply, both};

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

fn gary(street: &str) -> wire::PostalAddress {
    wire::PostalAddress {
        line1: street.into(),
        city: "Gary".into(),
        region: "in".into(),
        postal_code: "464021234".into(),
        ..wire::PostalAddress::default()
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
            campaign_id: self.campaign.to_string(),
            events,
        }
    }

    pub async fn record(&self, events: Vec<wire::MailEvent>) -> Vec<wire::MailEventVerdict> {
        record(&self.handlers, self.mail(events)).await.unwrap()
    }

    pub async fn history(&self, who: IndividualId, size: i32) -> Vec<wire::RecordedMailEvent> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = wire::ListMailEventsRequest {
                campaign_id: self.campaign.to_string(),
                individual_id: who.to_string(),
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
) -> Result<Vec<wire::MailEventVerdict>, Status> {
    let answer = handlers
        .record_mail_events(by(Role::Operator, request))
        .await?;
    Ok(answer.into_inner().verdicts)
}

fn outcomes(verdicts: &[wire::MailEventVerdict]) -> Vec<wire::MailEventOutcome> {
    verdicts
        .iter()
        .map(wire::MailEventVerdict::outcome)
        .collect()
}

fn lines(house_export: &[redress::identity::roster::export::Addressee]) -> Vec<Vec<String>> {
    let lines = |one: &redress::identity::roster::export::Addressee| {
        one.lines.iter().map(|line| line.expose().clone()).collect()
    };
    house_export.iter().map(lines).collect()
}

#[apply(both)]
async fn a_history_is_told_in_order_however_it_was_recorded(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    let late = [event(who, Remailed, 13), event(who, AddressCorrected, 12)];
    assert_eq!(outcomes(&house.record(late.to_vec()).await), [Recorded; 2]);
    let early = [
        event(who, Returned, 10),
        event(who, Mailed, 3),
        event(who, Returned, 12),
    ];
    assert_eq!(outcomes(&house.record(early.to_vec()).await), [Recorded; 3]);
    for size in [0, 2] {
        let history = house.history(who, size).await;
        let told: Vec<_> = history
            .iter()
            .map(|event| (event.event_date.unwrap().day, event.kind()))
            .collect();
        let order = [
            (3, Mailed),
            (10, Returned),
            (12, Returned),
            (12, AddressCorrected),
            (13, Remailed),
        ];
        assert_eq!(told, order, "pages of {size}");
        assert_eq!(
            history[1].return_reason(),
            wire::ReturnReason::MovedLeftNoAddress
        );
        assert_eq!(history[3].address_source(), wire::AddressSource::UspsNcoa);
        assert!(history[0].record_time.is_some());
    }
    let viewed = "SELECT COUNT(*) FROM audit_event WHERE action = 'individual.mail_events_viewed'";
    assert_eq!(house.number(viewed).await, 4, "one a page");
    assert!(
        house.individuals().await[0].mailable,
        "the letters came back from the old address"
    );
}

#[apply(both)]
async fn who_moved_gets_no_letter_until_the_address_is_corrected(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    let before = house.individuals().await.remove(0);
    house.record(vec![event(who, Returned, 10)]).await;
    let returned = house.individuals().await.remove(0);
    assert!(returned.returned && !returned.mailable);
    assert!(export(&house, None).await.is_empty());
    house.record(vec![event(who, AddressCorrected, 11)]).await;
    let found = house.individuals().await.remove(0);
    assert!(!found.returned && found.mailable);
    assert_eq!(
        (found.region.as_str(), found.country.as_str()),
        ("IN", "US")
    );
    assert_eq!(
        lines(&export(&house, None).await),
        [["9 Elm Ave", "Gary IN 46402-1234"]]
    );
    assert_eq!(
        (found.salt, found.population),
        (before.salt, before.population)
    );
    house.record(vec![event(who, Returned, 12)]).await;
    assert!(!house.individuals().await[0].mailable);
    let abroad = wire::PostalAddress {
        region: String::new(),
        postal_code: "10115".into(),
        city: "Berlin".into(),
        country: "de".into(),
        ..gary("Chausseestr. 5")
    };
    let mut moved = event(who, AddressCorrected, 14);
    moved.address = Some(abroad);
    house.record(vec![moved]).await;
    let person = house.individuals().await.remove(0);
    assert_eq!(
        (
            person.region.as_str(),
            person.country.as_str(),
            person.mailable
        ),
        ("", "DE", true)
    );
    assert_eq!(
        lines(&export(&house, None).await),
        [["Chausseestr. 5", "Berlin 10115", "DE"]]
    );
}

#[apply(both)]
async fn the_person_is_looked_up_by_the_new_postal_code_and_no_longer_by_the_old_one(
    database: Database,
) {
    let (house, who) = House::with_ada(&database).await;
    let index = async |column: &str| {
        house
            .number(&format!("SELECT {column} FROM individual_index"))
            .await
    };
    let steady = ["ssn", "name_dob", "last4_dob"];
    let moving = ["name_postal", "dob_postal"];
    let mut before = Vec::new();
    for column in steady.into_iter().chain(moving) {
        before.push(index(column).await);
    }
    house.record(vec![event(who, AddressCorrected, 11)]).await;
    for (column, before) in steady.into_iter().chain(moving).zip(before) {
        assert_eq!(
            index(column).await == before,
            steady.contains(&column),
            "{column}"
        );
    }
}

#[apply(both)]
async fn each_event_is_judged_by_itself_and_the_rest_is_recorded(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[somebody(2), somebody(3)]).await;
    let people = house.individuals().await;
    let (who, gone) = (people[0].id, people[1].id);
    let erased = if database.is_postgres() {
        format!("'{gone}'")
    } else {
        format!("X'{}'", gone.as_uuid().simple())
    };
    let erase = "UPDATE individual SET salt = NULL, sealed = NULL, mailable = FALSE, erased_at = 1 WHERE id = ";
    house
        .owner
        .execute_unprepared(&(erase.to_owned() + &erased))
        .await
        .unwrap();
    let with = |kind, day, change: &dyn Fn(&mut wire::MailEvent)| {
        let mut event = event(who, kind, day);
        change(&mut event);
        event
    };
    let verdicts = house
        .record(vec![
            event(who, Mailed, 3),
            with(Mailed, 3, &|event| event.individual_id = "Katherine".into()),
            event(house.ids.next(), Mailed, 3),
            event(gone, Returned, 3),
            event(who, Mailed, 18),
            with(Mailed, 3, &|event| event.event_date = date(2015, 5, 25)),
            with(Mailed, 3, &|event| event.event_date = date(2015, 2, 30)),
            with(Mailed, 3, &|event| event.kind = 99),
            with(Returned, 4, &|event| event.return_reason = 0),
            with(AddressCorrected, 4, &|event| event.address_source = 0),
            with(AddressCorrected, 4, &|event| {
                event.address.as_mut().unwrap().postal_code = "46".into();
            }),
            with(AddressCorrected, 4, &|event| {
                event.address = Some(gary("UNKNOWN"));
            }),
            with(Remailed, 4, &|event| {
                event.address = Some(gary("9 Elm Ave"));
            }),
            event(who, Returned, 17),
        ])
        .await;
    let told: Vec<(&str, Refusal)> = verdicts
        .iter()
        .map(|one| (one.field.as_str(), one.refusal()))
        .collect();
    assert_eq!(
        told,
        [
            ("", Refusal::Unspecified),
            ("events[1].individual_id", Refusal::Malformed),
            ("events[2].individual_id", Refusal::UnknownIndividual),
            ("events[3].individual_id", Refusal::IndividualErased),
            ("events[4].event_date", Refusal::DateInFuture),
            ("events[5].event_date", Refusal::DateBeforeDiscovery),
            ("events[6].event_date", Refusal::Malformed),
            ("events[7].kind", Refusal::Malformed),
            ("events[8].return_reason", Refusal::Missing),
            ("events[9].address_source", Refusal::Missing),
            ("events[10].address.postal_code", Refusal::Malformed),
            ("events[11].address", Refusal::AddressUndeliverable),
            ("events[12].address", Refusal::NotExpected),
            ("", Refusal::Unspecified),
        ]
    );
    for verdict in &verdicts {
        assert_eq!(
            verdict.outcome() == Refused,
            verdict.way_out.len() > 20,
            "{verdict:?}"
        );
    }
    assert_eq!(house.count("mail_event").await, 2);
    assert!(!house.individuals().await[0].mailable);
    // The day of the campaign's zone counts, not that of the server's clock.
    house.clock.advance(std::time::Duration::from_hours(15));
    assert_eq!(
        outcomes(&house.record(vec![event(who, Mailed, 18)]).await),
        [Refused]
    );
    house.clock.advance(std::time::Duration::from_hours(2));
    assert_eq!(
        outcomes(&house.record(vec![event(who, Mailed, 18)]).await),
        [Recorded]
    );
}

#[apply(both)]
async fn the_same_again_changes_nothing(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    let events = vec![
        event(who, Mailed, 3),
        event(who, Returned, 10),
        event(who, AddressCorrected, 12),
        event(who, Mailed, 18),
    ];
    let request = house.mail(events.clone());
    let first = record(&house.handlers, request.clone()).await.unwrap();
    assert_eq!(outcomes(&first), [Recorded, Recorded, Recorded, Refused]);
    let (people, audited) = (house.individuals().await, house.count("audit_event").await);
    assert_eq!(
        record(&house.handlers, request.clone()).await.unwrap(),
        first,
        "the same call"
    );
    let again = house.record(events).await;
    assert_eq!(
        outcomes(&again),
        [KnownBefore, KnownBefore, KnownBefore, Refused],
        "the same events"
    );
    let other = wire::RecordMailEventsRequest {
        events: vec![event(who, Remailed, 13)],
        ..request
    };
    let reused = record(&house.handlers, other).await.unwrap_err();
    assert_eq!(reason_of(&reused), Some(Reason::RequestIdReused));
    let mut otherwise = event(who, AddressCorrected, 12);
    otherwise.address = Some(gary("10 Elm Ave"));
    let mut vacant = event(who, Returned, 10);
    vacant.return_reason = wire::ReturnReason::Vacant.into();
    let twice = vec![
        otherwise,
        vacant,
        event(who, Mailed, 3),
        event(who, Mailed, 3),
    ];
    let verdicts = house.record(twice).await;
    assert_eq!(
        outcomes(&verdicts),
        [Refused, Refused, KnownBefore, KnownBefore]
    );
    assert_eq!(verdicts[0].refusal(), Refusal::RecordedOtherwise);
    assert_eq!(house.individuals().await, people);
    assert_eq!(
        (
            house.count("mail_event").await,
            house.count("audit_event").await
        ),
        (3, audited)
    );
}

#[apply(both)]
async fn of_two_who_correct_one_address_at_once_one_is_told(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    for round in 0..4 {
        let both = ["first", "second"].map(|street| {
            let mut event = event(who, AddressCorrected, 5 + round);
            event.address = Some(gary(&format!("{round} {street} Ave")));
            house.mail(vec![event])
        });
        let mut asked = Vec::new();
        for request in both {
            let handlers = Handlers::new(house.twin(database.open(Process::Identity).await));
            asked.push(tokio::spawn(async move {
                record(&handlers, request).await.unwrap()
            }));
        }
        let mut told = Vec::new();
        for answer in asked {
            told.extend(outcomes(&answer.await.unwrap()));
        }
        told.sort_unstable();
        assert_eq!(told, [Recorded, Refused]);
        let street = lines(&export(&house, None).await).remove(0).remove(0);
        assert!(street.starts_with(&format!("{round} ")), "{street}");
    }
    assert_eq!(house.count("mail_event").await, 4);
}

#[apply(both)]
async fn an_older_correction_that_comes_late_changes_no_address(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let mut late = event(who, AddressCorrected, 11);
    late.address = Some(gary("1 Old Rd"));
    assert_eq!(outcomes(&house.record(vec![late]).await), [Recorded]);
    assert_eq!(lines(&export(&house, None).await)[0][0], "9 Elm Ave");
}

/// A second entity lists the person at the address that letters came back from.
#[apply(both)]
async fn an_import_does_not_undo_what_the_post_said(database: Database) {
    let house = House::open(&database).await;
    house
        .load("a", &[but(ada(2), |row| row.phone = "".into())])
        .await;
    let who = house.individuals().await[0].id;
    house.record(vec![event(who, Returned, 10)]).await;
    house
        .load(
            "b",
            &[but(ada(2), |row| row.covered_entity = "st-francis".into())],
        )
        .await;
    assert!(!house.individuals().await[0].mailable);
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let again = but(ada(2), |row| row.external_ref = "MRN-9".into());
    house
        .load("c", &[but(again, |row| row.suffix = "Jr".into())])
        .await;
    assert!(house.individuals().await[0].mailable);
    assert_eq!(lines(&export(&house, None).await)[0][0], "9 Elm Ave");
}

#[apply(both)]
async fn a_database_that_stumbles_neither_loses_nor_doubles_an_event(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..42).map(somebody).collect();
    house.load(FILE, &rows).await;
    let people = house.individuals().await;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.3,
        seed: 0,
    });
    for people in people.chunks(5) {
        let events = people.iter().flat_map(|one| {
            [
                event(one.id, Returned, 10),
                event(one.id, AddressCorrected, 12),
            ]
        });
        assert_eq!(
            outcomes(&house.record(events.collect()).await),
            [Recorded; 10]
        );
    }
    house.context.db.faults().set(FaultRates::default());
    assert_eq!(house.count("mail_event").await, 80);
    let corrected =
        "SELECT COUNT(*) FROM audit_event WHERE action = 'individual.address_corrected'";
    let calls = "SELECT COUNT(*) FROM audit_event WHERE action = 'mailing.events_recorded'";
    assert_eq!(
        (house.number(corrected).await, house.number(calls).await),
        (40, 8)
    );
    assert!(house.individuals().await.iter().all(|one| one.mailable));
}

#[apply(both)]
async fn a_call_that_cannot_be_meant_is_refused_as_a_whole(database: Database) {
    let house = House::open(&database).await;
    let nobody = || event(house.ids.next(), Mailed, 3);
    assert_eq!(
        house.record(vec![nobody()]).await[0].refusal(),
        Refusal::UnknownIndividual,
        "no roster yet"
    );
    house.load(FILE, &[ada(2)]).await;
    let refused = async |change: &dyn Fn(&mut wire::RecordMailEventsRequest)| {
        let mut request = house.mail(vec![nobody()]);
        change(&mut request);
        reason_of(&record(&house.handlers, request).await.unwrap_err())
    };
    assert_eq!(
        refused(&|request| request.events.clear()).await,
        Some(Reason::InvalidRequest)
    );
    assert_eq!(
        refused(&|request| request.events = vec![nobody(); 1_001]).await,
        Some(Reason::InvalidRequest)
    );
    assert_eq!(
        refused(&|request| request.request_id.clear()).await,
        Some(Reason::InvalidRequest)
    );
    let stranger = house
        .ids
        .next::<redress::kernel::ids::CampaignId>()
        .to_string();
    assert_eq!(
        refused(&|request| request.campaign_id.clone_from(&stranger)).await,
        Some(Reason::CampaignNotFound)
    );
    let request = wire::ListMailEventsRequest {
        campaign_id: house.campaign.to_string(),
        individual_id: stranger,
        ..wire::ListMailEventsRequest::default()
    };
    let unknown = house
        .handlers
        .list_mail_events(by(Role::Operator, request))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::IndividualNotFound));
}

#[apply(both)]
async fn a_thousand_events_are_one_call(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..502).map(somebody).collect();
    house.import(FILE, &rows, 500).await;
    let people = house.individuals().await;
    let events = people.iter().flat_map(|one| {
        [
            event(one.id, Returned, 10),
            event(one.id, AddressCorrected, 12),
        ]
    });
    assert_eq!(
        outcomes(&house.record(events.collect()).await),
        [Recorded; 1_000]
    );
    assert_eq!(
        lines(&export(&house, None).await),
        vec![["9 Elm Ave", "Gary IN 46402-1234"]; 500]
    );
}

#[apply(both)]
async fn neither_the_audit_nor_the_history_knows_an_address(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let detail = "SELECT detail FROM audit_event WHERE action = 'individual.address_corrected'";
    assert_eq!(
        house.text(detail).await,
        r#"{"on":"2015-07-12","source":"USPS_NCOA"}"#
    );
    let sealed = house.individuals().await.remove(0).sealed.unwrap();
    assert!(!sealed.windows(3).any(|bytes| bytes == b"Elm"));
    assert_eq!(
        house.text("SELECT recorded_by FROM mail_event").await,
        "operator/one"
    );
}
