//! Canaries: distinctive people walk the whole journey and its error paths; then nothing that was written may know them.
//!
//! The outbox (messages to the person) and the mailing file are the only places where they may stand.

mod error_paths;

use std::path::Path;

use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::handoff::v1::{ActivationCodeRow, ImportActivationCodesRequest};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tonic::Status;

use crate::harness::canary::{Canary, found};
use crate::harness::clients::request_id;
use crate::harness::person::Person;
use crate::harness::processes::{House, Service};
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};
use crate::harness::{Database, apply, both, confirm, http};

#[apply(both)]
async fn nothing_that_is_written_knows_a_person_or_a_code(database: Database) {
    let mut house = House::new(database);
    for service in Service::ALL {
        house = house.with(service, "log", "debug");
    }
    house.start_all().await;
    let roster = planted();
    let walk = walk::prepare(&house, &roster).await;
    let mut canaries = canaries(&roster);
    canaries.extend(
        walk.letters
            .iter()
            .filter(|letter| !letter.code.is_empty())
            .map(|letter| Canary::new("letter code", &letter.code)),
    );
    let mut heard = Vec::new();
    canaries.extend(activation_codes(&house, &walk, &mut heard).await);
    happy_ways(&house, &roster, &walk).await;
    error_paths::unhappy_ways(&house, &roster, &walk, &mut heard).await;
    let told: Vec<String> = heard
        .iter()
        .map(|status| format!("{status:?} {status}"))
        .collect();
    assert!(told.len() > 6, "errors were provoked");
    assert_eq!(
        found(&canaries, told.join("\n").as_bytes()),
        [""; 0],
        "in error messages"
    );
    let rejects = format!("{:?}", error_paths::rejects(&house, &walk).await);
    assert_eq!(found(&canaries, rejects.as_bytes()), [""; 0], "in rejects");
    let verdicts = format!("{:?}", error_paths::verdicts(&house, &roster, &walk).await);
    assert_eq!(
        found(&canaries, verdicts.as_bytes()),
        [""; 0],
        "in verdicts on mail events"
    );
    for service in Service::ALL {
        let metrics = http::get(house.address(service).admin, "/metrics").await;
        let metrics = metrics.expect("metrics").body;
        assert_eq!(
            found(&canaries, metrics.as_bytes()),
            [""; 0],
            "metrics of {}",
            service.name()
        );
    }
    assert_that_the_outbox_knows_people(&house, &roster);
    if house.database().is_postgres() {
        let dump = dump(&house.database().owner().await).await;
        assert!(
            dump.contains(walk.engagement()),
            "the search would find what is there"
        );
        assert_eq!(
            found(&canaries, dump.as_bytes()),
            [""; 0],
            "in the database"
        );
    }
    for service in Service::ALL {
        let log = house.log(service);
        assert!(!log.is_empty(), "{} wrote a log", service.name());
        house.stop(service).await;
    }
    let log = std::fs::read(house.log_file(Service::Codes)).expect("a log");
    let positive = Canary::new("a method", "BeginEnrollment");
    assert!(positive.is_in(&log), "the search would find what is there");
    search_files(house.path(), &house.outbox(), &canaries);
    if let Some(folder) = house.database().folder() {
        let file = std::fs::read(folder.join("redress.db")).expect("the database");
        let positive = Canary::new("an engagement number", walk.engagement());
        assert!(positive.is_in(&file), "the search would find what is there");
        search_files(folder, &house.outbox(), &canaries);
    }
}

/// A roster of people with names, numbers and addresses that nothing else has.
fn planted() -> Roster {
    let mut roster = Roster::small(10);
    let plant = |row: &mut Row| {
        let number: usize = row.external_ref[row.external_ref.len() - 6..]
            .parse()
            .expect("a number");
        row.given_name = format!("Zyxwolde{}", letters(number));
        row.family_name = format!("Quornbury{}", letters(number));
        row.address_line1 = format!("{} Vexillary Crescent", 7000 + number);
        row.prior_names = format!("Zyxwolde{} Brackwater", letters(number));
        row.prior_addresses = format!("{} Tessellate Row; Old Gary", 7000 + number);
        row.data_elements = "SSN; Grimblewort implant".into();
        if !row.email.is_empty() {
            row.email = format!("canary.{number}@quornbury.example");
            row.phone = format!("+126077{:05}", 31_000 + number);
        }
        row.external_ref = format!("CANARYREF-{number:06}");
        let group = &row.ssn.get(..7).unwrap_or("666-01-").to_owned();
        row.ssn = if row.ssn.len() == 11 {
            format!("{group}{}", 7300 + number)
        } else {
            row.ssn.clone()
        };
    };
    roster
        .rows
        .iter_mut()
        .filter(|row| !row.address_line1.is_empty())
        .for_each(plant);
    roster.adults.iter_mut().for_each(|(row, _)| plant(row));
    plant(&mut roster.deceased);
    plant(&mut roster.minor);
    plant(&mut roster.no_contact);
    // The same person of two covered entities has two references.
    for (at, row) in roster.rows.iter_mut().enumerate() {
        row.external_ref = format!("{}-{at}", row.external_ref);
    }
    roster
}

/// A number in letters, so that it is part of the name.
fn letters(number: usize) -> String {
    let digits = number.to_string();
    digits
        .bytes()
        .map(|digit| char::from(b'a' + digit - b'0'))
        .collect()
}

fn canaries(roster: &Roster) -> Vec<Canary> {
    let mut canaries = vec![
        Canary::new("given name", "Zyxwolde"),
        Canary::new("family name", "Quornbury"),
        Canary::new("street", "Vexillary"),
        Canary::new("reference", "CANARYREF"),
        Canary::new("prior name", "Brackwater"),
        Canary::new("prior address", "Tessellate"),
        Canary::new("exposed data in words", "Grimblewort"),
    ];
    for row in roster
        .rows
        .iter()
        .chain(roster.adults.iter().map(|(row, _)| row))
    {
        if row.ssn.len() == 11 {
            canaries.push(Canary::new("SSN", &row.ssn));
        }
        if !row.phone.is_empty() {
            canaries.push(Canary::new("phone", &row.phone));
        }
        if let Ok(date) = row.date_of_birth.parse() {
            canaries.extend(Canary::dates("birth date", date));
        }
    }
    canaries
}

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: Role::CallCenter,
        number,
        patient: false,
    }
}

async fn happy_ways(house: &House, roster: &Roster, walk: &Walk) {
    let (with_letter, without) = (&roster.adults[0].0, &roster.adults[1].0);
    let caller = person(house, walk, 1);
    let code = walk.letter_of(with_letter).code.clone();
    let enrolled = caller
        .enroll(&code, with_letter.claims())
        .await
        .expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
    let caller = person(house, walk, 2);
    let verification = caller.verify("", without.claims()).await.expect("found");
    confirm::by_mail(caller, &verification.verification_id, &without.email).await;
    let id = verification.verification_id;
    let begun = caller
        .begin(Entitlement::VerificationId(id.clone()))
        .await
        .expect("begun");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    caller.complete(&enrollment, &id).await.expect("completed");
    caller.settled(&enrollment).await;
    // The bureau says no, later or not at all.
    for (number, sandbox) in [(3, Sandbox::Active), (4, Sandbox::Active)] {
        let row = &roster.adults[number].0;
        let code = walk.letter_of(row).code.clone();
        let caller = person(house, walk, number + 10);
        let enrolled = caller.enroll(&code, row.claims()).await;
        assert!(enrolled.is_ok(), "{sandbox:?}");
    }
}

/// Codes of the bureau's own, one for each enrollment; one is refused with everything that came with it.
async fn activation_codes(house: &House, walk: &Walk, heard: &mut Vec<Status>) -> Vec<Canary> {
    let codes: Vec<String> = (0..20).map(|at| format!("QUORNACT-{at:04}-ZX")).collect();
    let rows = codes.iter().zip(2..).map(|(code, line)| ActivationCodeRow {
        line,
        code: code.clone(),
    });
    let import = ImportActivationCodesRequest {
        request_id: request_id(),
        campaign: walk.campaign_id(),
        partner_id: walk.campaign.products[0].partner_id.clone(),
        rows: rows.collect(),
        low_water: Some(20),
        ..ImportActivationCodesRequest::default()
    };
    let mut queue = house.queue();
    let answer = queue.import_activation_codes(import.clone()).await;
    assert_eq!(answer.expect("imported").into_inner().imported, 20);
    let mut wrong = import;
    wrong.request_id.clone_from(&codes[0]);
    wrong.campaign.clone_from(&codes[1]);
    heard.extend(queue.import_activation_codes(wrong.clone()).await.err());
    assert!(!format!("{:?}", wrong.rows).contains("QUORNACT"));
    let canary = |code: &String| Canary::new("activation code", code);
    codes.iter().map(canary).collect()
}

fn assert_that_the_outbox_knows_people(house: &House, roster: &Roster) {
    let messages = confirm::messages(&house.outbox()).join("\n");
    assert!(
        messages.contains(&roster.adults[1].0.email),
        "the search would find what is there"
    );
}

/// Every row of every table as text.
async fn dump(owner: &DatabaseConnection) -> String {
    let backend = owner.get_database_backend();
    let ask = async |sql: String| {
        let rows = owner
            .query_all_raw(Statement::from_string(backend, sql))
            .await;
        let rows = rows.expect("the owner may read");
        let texts = rows
            .iter()
            .map(|row| row.try_get_by_index::<String>(0).expect("a text"));
        texts.collect::<Vec<_>>()
    };
    let tables = ask(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
            .into(),
    );
    let mut dump = String::new();
    for table in tables.await {
        for row in ask(format!("SELECT t::text FROM \"{table}\" AS t")).await {
            dump.push_str(&row);
            dump.push('\n');
        }
    }
    dump
}

/// Searches every file below a folder, or one file, but for the outbox.
fn search_files(place: &Path, outbox: &Path, canaries: &[Canary]) {
    if place.starts_with(outbox) {
        return;
    }
    if place.is_dir() {
        for entry in std::fs::read_dir(place).expect("a folder") {
            search_files(&entry.expect("an entry").path(), outbox, canaries);
        }
        return;
    }
    let bytes = std::fs::read(place).expect("a file");
    assert_eq!(found(canaries, &bytes), [""; 0], "in {}", place.display());
}
