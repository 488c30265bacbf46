//! Recording what happened to letters: each event is judged by itself and written once.

use redress::db::{FaultRates, Process};
use redress::identity::grpc::Handlers;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use redress::wire::redress::r#type::v1::ItemReason as Refusal;
use redress::wire::redress::r#type::v1::ItemResult::{Applied, Refused, Unchanged};
use sea_orm::ConnectionTrait;
use wire::MailEventKind::{AddressCorrected, Mailed, Remailed, Returned};

use super::{event, gary, lines, outcomes, record};
use crate::harness::{Database, apply, both};
use crate::identity::export::export;
use crate::identity::house::{FILE, House, by};
use crate::identity::people::{ada, date, somebody};

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
        .map(|one| (one.field.as_str(), one.reason()))
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
            verdict.result() == Refused,
            verdict.help.len() > 20,
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
        [Applied]
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
    assert_eq!(outcomes(&first), [Applied, Applied, Applied, Refused]);
    let (people, audited) = (house.individuals().await, house.count("audit_event").await);
    assert_eq!(
        record(&house.handlers, request.clone()).await.unwrap(),
        first,
        "the same call"
    );
    let again = house.record(events).await;
    assert_eq!(
        outcomes(&again),
        [Unchanged, Unchanged, Unchanged, Refused],
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
        [Refused, Refused, Unchanged, Unchanged]
    );
    assert_eq!(verdicts[0].reason(), Refusal::RecordedOtherwise);
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
        assert_eq!(told, [Applied, Refused]);
        let street = lines(&export(&house, None).await).remove(0).remove(0);
        assert!(street.starts_with(&format!("{round} ")), "{street}");
    }
    assert_eq!(house.count("mail_event").await, 4);
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
            [Applied; 10]
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
        house.record(vec![nobody()]).await[0].reason(),
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
        refused(&|request| request.campaign.clone_from(&stranger)).await,
        Some(Reason::CampaignNotFound)
    );
    let request = wire::ListMailEventsRequest {
        campaign: house.campaign.to_string(),
        person: Some(wire::list_mail_events_request::Person::IndividualId(
            stranger,
        )),
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
        [Applied; 1_000]
    );
    assert_eq!(
        lines(&export(&house, None).await),
        vec![["9 Elm Ave", "Gary IN 46402-1234"]; 500]
    );
}
