//! Addresses for letters, and the masked view.

use std::sync::Arc;
use std::time::Duration;

use redress::identity::Error;
use redress::identity::roster::export::{Addressee, export_mailing_addresses};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::house::{FILE, House, by, call};
use super::people::{ada, but, somebody};
use crate::harness::{Database, apply, both, poll};

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn export(house: &House, after: Option<IndividualId>) -> Vec<Addressee> {
    let (mut messages, _) = begin(house, after);
    let mut all = Vec::new();
    while let Some(message) = messages.recv().await {
        all.extend(message.unwrap());
    }
    all
}

pub type Messages = mpsc::Receiver<Result<Vec<Addressee>, Error>>;

pub fn begin(house: &House, after: Option<IndividualId>) -> (Messages, JoinHandle<()>) {
    let (sender, messages) = mpsc::channel(1);
    let exporting = tokio::spawn(export_mailing_addresses(
        house.context.clone(),
        call(Role::Operator, "ann"),
        house.campaign,
        after,
        sender,
    ));
    (messages, exporting)
}

#[apply(both)]
async fn letters_are_addressed_in_the_order_of_ids_and_from_anywhere(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (3..1_300)
        .map(|line| {
            if line % 10 == 0 {
                but(somebody(line), |row| row.city = "".into())
            } else {
                somebody(line)
            }
        })
        .collect();
    let again = but(somebody(4), |row| row.covered_entity = "st-francis".into());
    house.load("a", &rows).await;
    house.load("b", &[again]).await;
    let all = export(&house, None).await;
    assert_eq!(all.len(), 1_297 - 129);
    assert!(all.is_sorted_by_key(|one| one.individual));
    let doubled: Vec<_> = all.iter().filter(|one| one.entities.len() == 2).collect();
    assert_eq!(doubled.len(), 1);
    assert_eq!(doubled[0].entities, ["concentra", "st-francis"]);
    let rest = export(&house, Some(all[1_099].individual)).await;
    assert_eq!(rest.len(), all.len() - 1_100);
    assert_eq!(rest[0].individual, all[1_100].individual);
}

#[apply(both)]
async fn the_block_is_printed_and_the_export_is_audited(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let one = export(&house, None).await.remove(0);
    assert_eq!(one.name.expose(), "Katherine K O'Neill");
    let lines: Vec<&str> = one
        .lines
        .iter()
        .map(|line| line.expose().as_str())
        .collect();
    assert_eq!(lines, ["12 Main St", "Apt 3", "Fort Wayne IN 46802"]);
    let audited = "SELECT COUNT(*) FROM audit_event WHERE action = 'mailing.addresses_exported'";
    assert_eq!(house.number(audited).await, 1);
    house.clock.advance(Duration::from_secs(1));
    assert!(!format!("{one:?}").contains("Katherine"));
}

#[apply(both)]
async fn letters_are_addressed_in_the_language_of_whoever_reads_them(database: Database) {
    let house = House::open(&database).await;
    let with = |line, population: &str, language: &str| {
        but(somebody(line), |row| {
            row.given_name = format!("G{line}").into();
            row.family_name = "de la Garza".into();
            row.middle_name = "".into();
            row.population = population.into();
            row.language = language.into();
        })
    };
    house
        .load(
            "a",
            &[
                with(2, "adult", ""),
                with(3, "adult", "es"),
                with(4, "minor", "en"),
                with(5, "minor", "ES"),
                with(6, "deceased", ""),
                with(7, "deceased", "es"),
                with(8, "minor", ""),
            ],
        )
        .await;
    // A second entity knows the language, and what it says of somebody whose language is known does not count.
    let also = |line, language: &str| {
        but(with(line, "minor", language), |row| {
            row.covered_entity = "st-francis".into();
        })
    };
    house.load("b", &[also(4, "es"), also(8, "es")]).await;
    let all = export(&house, None).await;
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|one| (one.name.expose().as_str(), one.language.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("G2 de la Garza", "en"),
            ("G3 de la Garza", "es"),
            ("Parent or Guardian of G4 de la Garza", "en"),
            ("A los padres o tutores de G5 de la Garza", "es"),
            ("Estate of G6 de la Garza", "en"),
            ("A los herederos de G7 de la Garza", "es"),
            ("A los padres o tutores de G8 de la Garza", "es"),
        ]
    );
    let clear = "SELECT COUNT(*) FROM individual WHERE language = 'es'";
    assert_eq!(house.number(clear).await, 4);
}

/// More than the pages that are under way at once, with gaps and people of two entities on their borders.
#[apply(both)]
async fn a_long_export_keeps_its_order_and_its_entities(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (3..6_503)
        .map(|line| {
            if line % 7 == 0 {
                but(somebody(line), |row| row.city = "".into())
            } else {
                somebody(line)
            }
        })
        .collect();
    let also: Vec<_> = rows
        .iter()
        .filter(|row| row.line % 500 < 4)
        .map(|row| but(row.clone(), |row| row.covered_entity = "st-francis".into()))
        .collect();
    house.import("a", &rows, 500).await;
    house.import("b", &also, 500).await;
    let (mut messages, _) = begin(&house, None);
    let mut all = Vec::new();
    while let Some(message) = messages.recv().await {
        let message = message.unwrap();
        assert!((1..=1_000).contains(&message.len()));
        all.extend(message);
    }
    assert_eq!(
        all.len(),
        rows.iter().filter(|row| row.line % 7 != 0).count()
    );
    assert!(all.is_sorted_by(|a, b| a.individual < b.individual));
    let doubled = all
        .iter()
        .filter(|one| one.entities == ["concentra", "st-francis"])
        .count();
    assert_eq!(doubled, also.iter().filter(|row| row.line % 7 != 0).count());
    assert!(all.iter().all(|one| !one.entities.is_empty()));
}

#[apply(both)]
async fn whoever_stops_listening_stops_the_export(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (3..2_503).map(somebody).collect();
    house.import("a", &rows, 500).await;
    // Whatever works for the export holds the keys.
    let holders = || Arc::strong_count(&house.context.keys);
    let before = holders();
    let (mut messages, exporting) = begin(&house, None);
    messages.recv().await.unwrap().unwrap();
    // One message waits to be read, and another one to take its place.
    assert!(!exporting.is_finished() && holders() > before);
    drop(messages);
    let ended = async || (exporting.is_finished() && holders() == before).then_some(());
    poll::until("the export to end with all that it began", PATIENCE, ended).await;
    exporting.await.unwrap();
}

#[apply(both)]
async fn a_campaign_without_a_roster_exports_nothing(database: Database) {
    let house = House::open(&database).await;
    assert!(export(&house, None).await.is_empty());
}

#[apply(both)]
async fn an_individual_is_seen_masked_and_the_view_is_audited(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let id = house.individuals().await[0].id;
    let asked = |id: IndividualId| wire::GetIndividualRequest {
        campaign: house.campaign.to_string(),
        person: Some(wire::get_individual_request::Person::IndividualId(
            id.to_string(),
        )),
    };
    let seen = house
        .handlers
        .get_individual(by(Role::CallCenter, asked(id)))
        .await
        .unwrap();
    let seen = seen.into_inner().individual.unwrap();
    assert_eq!(
        (seen.masked_name.as_str(), seen.birth_year, seen.has_ssn),
        ("K*** O***", 1961, true)
    );
    let contacts: Vec<&str> = seen
        .contacts
        .iter()
        .map(|contact| contact.masked.as_str())
        .collect();
    assert_eq!(contacts, ["e-mail k***@e***.org", "telephone ***-***-**42"]);
    assert_eq!(seen.covered_entity_keys, ["concentra"]);
    let actor = "SELECT actor FROM audit_event WHERE action = 'individual.viewed_masked'";
    assert_eq!(house.text(actor).await, "call-center/one/a-17");
    let nobody = house
        .handlers
        .get_individual(by(Role::Operator, asked(house.ids.next())))
        .await;
    assert_eq!(
        reason_of(&nobody.unwrap_err()),
        Some(Reason::IndividualNotFound)
    );
}

#[apply(both)]
async fn statistics_count_the_roster(database: Database) {
    let house = House::open(&database).await;
    let rows = [
        ada(2),
        but(somebody(3), |row| row.population = "minor".into()),
        but(somebody(4), |row| row.population = "deceased".into()),
        but(somebody(5), |row| row.postal_code = "".into()),
    ];
    house.load(FILE, &rows).await;
    let message = wire::GetRosterStatisticsRequest {
        campaign: house.campaign.to_string(),
    };
    let counts = house
        .handlers
        .get_roster_statistics(by(Role::Operator, message))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (counts.rows, counts.individuals, counts.mailable),
        (4, 4, 3)
    );
    let populations: Vec<i64> = counts
        .populations
        .iter()
        .map(|one| one.individuals)
        .collect();
    assert_eq!(populations, [2, 1, 1]);
    assert_eq!(counts.last_import_date.unwrap().day, 17);
}
