//! Power cuts in the middle of everything: nothing is lost, nothing is doubled, by the bureau's own book.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::{self, StreamExt};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_service_client::EnrollmentServiceClient;
use redress::wire::redress::enrollment::v1::{Enrollment, EnrollmentState, IssueCodesRequest};
use redress::wire::redress::handoff::v1::PartnerMode;
use redress::wire::redress::identity::v1::VerificationState;
use tonic::Code;

use crate::harness::clients::{by, connect, request_id};
use crate::harness::faulty::Faulty;
use crate::harness::one_coverage::{OneCoverage as _, told};
use crate::harness::person::{Person, completion};
use crate::harness::processes::{House, Service};
use crate::harness::roster::{Roster, Row};
use crate::harness::walk::{self, SETTLED, Walk};
use crate::harness::{Database, apply, both, poll};

/// People under way at once.
const AT_ONCE: usize = 8;
/// Callers who try the same thing at once.
const RACERS: usize = 64;

#[apply(both)]
async fn a_power_cut_during_an_import_costs_no_row_and_doubles_none(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(380);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100300").await;
    // The first chunks arrive and are answered, then the lights go out, three times at another place.
    for chunks in [1, 3, 5] {
        let parts = walk::import_parts(&campaign, &roster.rows);
        let parts = stream::iter(parts.into_iter().take(1 + chunks)).chain(stream::pending());
        let answers = house
            .rosters()
            .import_roster(parts)
            .await
            .expect("a stream");
        let mut answers = answers.into_inner();
        let first = walk::first_chunk(&mut answers).await;
        assert!(first.durable_line > 1);
        house.crash(Service::Identity).await;
    }
    let answers = poll::until("the import to go on", SETTLED, async || {
        walk::import(&house, &campaign, &roster.rows).await.ok()
    })
    .await;
    let import = walk::import_result(&answers).import.clone();
    let totals = import.and_then(|import| import.totals).expect("totals");
    assert_eq!(usize::try_from(totals.rows), Ok(roster.rows.len()));
    assert_eq!(usize::try_from(totals.rejected), Ok(roster.rejected));
    let funnel = walk::funnel(&house, &campaign).await;
    assert_eq!(usize::try_from(funnel.rows), Ok(roster.rows.len()));
    assert_eq!(
        usize::try_from(funnel.individuals),
        Ok(roster.individuals())
    );
    assert_eq!(usize::try_from(funnel.rejected), Ok(roster.rejected));
}

#[apply(both)]
async fn a_power_cut_while_codes_are_issued_gives_everybody_one_code(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(380);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100301").await;
    walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let request = IssueCodesRequest {
        request_id: request_id(),
        campaign: campaign.campaign_id.clone(),
        wave_id: String::new(),
    };
    let cut = walk::try_issue(&house, request.clone());
    let lights_out = async {
        tokio::task::yield_now().await;
        house.crash(Service::Codes).await;
    };
    let _ = tokio::join!(cut, lights_out);
    let batch = poll::until("the batch", SETTLED, async || {
        walk::try_issue(&house, request.clone()).await.ok()
    })
    .await;
    assert_eq!(usize::try_from(batch.codes), Ok(roster.letters()));
    let letters = walk::letters(&house, &campaign, &batch).await;
    let codes: BTreeSet<&str> = letters.iter().map(|letter| letter.code.as_str()).collect();
    assert_eq!(
        (letters.len(), codes.len()),
        (roster.letters(), roster.letters())
    );
}

#[apply(both)]
async fn every_process_is_cut_while_people_enroll_and_nobody_is_lost_or_doubled(
    database: Database,
) {
    let house = House::open(database).await;
    let roster = Roster::small(80);
    let walk = walk::prepare(&house, &roster).await;
    let done = AtomicUsize::new(0);
    let enrolling = enroll_all(&house, &roster, &walk, &done);
    let (enrolled, ()) = tokio::join!(enrolling, cut_in_turn(&house, &done, roster.adults.len()));
    // And once more each while outcomes are on their way.
    for service in [Service::Handoff, Service::Bureau, Service::Codes] {
        house.crash(service).await;
    }
    for (number, enrollment) in &enrolled {
        let settled = patient(&house, &walk, *number)
            .settled(&enrollment.enrollment_id)
            .await;
        let class = roster.adults[*number].1.class();
        assert_eq!(
            settled.class(),
            told(class, Role::Portal),
            "person {number}"
        );
    }
    let handoffs: BTreeSet<String> = enrolled
        .into_iter()
        .map(|(_, one)| one.coverage().coverage_id.clone())
        .collect();
    assert_eq!(handoffs.len(), roster.adults.len());
    assert_stand_once_in_the_book(&house, &handoffs).await;
    let funnel = walk::funnel(&house, &walk.campaign).await;
    assert_eq!(usize::try_from(funnel.submitted), Ok(handoffs.len()));
    assert_eq!(funnel.dead, 0);
}

#[apply(both)]
async fn commits_that_fail_or_answer_nothing_lose_and_double_nobody(database: Database) {
    let house = House::new(database);
    house.start(Service::Bureau).await;
    let faulty = Faulty::start(&house).await;
    let roster = Roster::small(40);
    let walk = walk::prepare(&house, &roster).await;
    let done = AtomicUsize::new(0);
    let enrolled = enroll_all(&house, &roster, &walk, &done).await;
    for (number, enrollment) in &enrolled {
        patient(&house, &walk, *number)
            .settled(&enrollment.enrollment_id)
            .await;
    }
    let handoffs: BTreeSet<String> = enrolled
        .into_iter()
        .map(|(_, one)| one.coverage().coverage_id.clone())
        .collect();
    assert_eq!(handoffs.len(), roster.adults.len());
    assert_stand_once_in_the_book(&house, &handoffs).await;
    let funnel = walk::funnel(&house, &walk.campaign).await;
    assert_eq!(
        usize::try_from(funnel.individuals),
        Ok(roster.individuals())
    );
    assert_eq!(usize::try_from(funnel.codes_issued), Ok(roster.codes()));
    faulty.end().await;
}

#[apply(both)]
async fn of_sixty_four_callers_who_complete_one_enrollment_exactly_one_wins(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = patient(&house, &walk, 0);
    let (enrollment, verification) = verified(caller, &walk, &roster.adults[0].0).await;
    let second = house.start_second(Service::Codes).await;
    let race = (0..RACERS).map(|racer| {
        let request = completion(walk.engagement(), &enrollment, &verification);
        let port = if racer % 2 == 0 {
            house.address(Service::Codes)
        } else {
            second
        }
        .port;
        let channel = connect(
            &format!("https://localhost:{port}"),
            &house.files(Role::Portal),
        );
        async move {
            let mut client = EnrollmentServiceClient::new(channel);
            client
                .complete_enrollment(by(Role::Portal, racer, request))
                .await
        }
    });
    let answers = futures::future::join_all(race).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for answer in lost {
        let status = answer.expect_err("a loser");
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        let reasons = [Some(Reason::EnrollmentState), Some(Reason::CodeNotAccepted)];
        assert!(reasons.contains(&reason_of(&status)), "{status}");
    }
    caller.settled(&enrollment).await;
    assert_eq!(walk::book(&house).await.len(), 1);
}

#[apply(both)]
async fn the_same_completion_sixty_four_times_is_one(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = patient(&house, &walk, 0);
    let (enrollment, verification) = verified(caller, &walk, &roster.adults[0].0).await;
    let request = completion(walk.engagement(), &enrollment, &verification);
    let calls = (0..RACERS).map(|_| caller.complete_as(request.clone()));
    let answers = futures::future::join_all(calls).await;
    let handoffs: BTreeSet<String> = answers
        .into_iter()
        .map(|answer| answer.expect("the same answer to each"))
        .map(|one| one.coverage().coverage_id.clone())
        .collect();
    assert_eq!(handoffs.len(), 1);
    caller.settled(&enrollment).await;
    assert_stand_once_in_the_book(&house, &handoffs).await;
}

#[apply(both)]
async fn two_instances_of_every_service_do_each_thing_once(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    let walk = walk::prepare(&house, &roster).await;
    for service in [Service::Identity, Service::Codes, Service::Handoff] {
        let second = house.start_second(service).await;
        house.share(service, second);
    }
    let done = AtomicUsize::new(0);
    let enrolled = enroll_all(&house, &roster, &walk, &done).await;
    for (number, enrollment) in &enrolled {
        patient(&house, &walk, *number)
            .settled(&enrollment.enrollment_id)
            .await;
    }
    let handoffs: BTreeSet<String> = enrolled
        .into_iter()
        .map(|(_, one)| one.coverage().coverage_id.clone())
        .collect();
    assert_eq!(handoffs.len(), roster.adults.len());
    assert_stand_once_in_the_book(&house, &handoffs).await;
}

pub fn patient<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: Role::Portal,
        number,
        patient: true,
    }
}

async fn verified(person: Person<'_>, walk: &Walk, row: &Row) -> (String, String) {
    let code = walk.letter_of(row).code.clone();
    let begun = person.begin(Entitlement::Code(code)).await.expect("begun");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    let verification = person
        .verify(&enrollment, row.claims())
        .await
        .expect("verified");
    assert_eq!(verification.state(), VerificationState::Verified);
    (enrollment, verification.verification_id)
}

/// Everybody enrolls, a few at once, each as patient as it takes.
pub async fn enroll_all(
    house: &House,
    roster: &Roster,
    walk: &Walk,
    done: &AtomicUsize,
) -> Vec<(usize, Enrollment)> {
    let people = roster.adults.iter().enumerate();
    let calls = people.map(|(number, (row, _))| async move {
        let code = walk.letter_of(row).code.clone();
        let enrolled = patient(house, walk, number)
            .enroll(&code, row.claims())
            .await;
        let enrolled = enrolled.unwrap_or_else(|status| panic!("person {number}: {status}"));
        assert_ne!(enrolled.state(), EnrollmentState::Started);
        done.fetch_add(1, Ordering::Relaxed);
        (number, enrolled)
    });
    stream::iter(calls)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// Cuts the power of one process after the other, each when some more people are through.
async fn cut_in_turn(house: &House, done: &AtomicUsize, people: usize) {
    let cuts = [
        Service::Codes,
        Service::Handoff,
        Service::Bureau,
        Service::Identity,
        Service::Codes,
        Service::Handoff,
        Service::Bureau,
    ];
    for (cut, service) in cuts.into_iter().enumerate() {
        let wanted = (cut + 1) * people / (cuts.len() + 1);
        poll::until("people to enroll", SETTLED, async || {
            (done.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
        house.crash(service).await;
    }
}

pub async fn assert_stand_once_in_the_book(house: &House, handoffs: &BTreeSet<String>) {
    let book = walk::book(house).await;
    let booked: BTreeSet<String> = book.keys().cloned().collect();
    assert_eq!(&booked, handoffs);
    let people: BTreeSet<&str> = book
        .values()
        .map(|entry| entry.subject_digest.as_str())
        .collect();
    assert_eq!(people.len(), book.len(), "somebody was enrolled twice");
}
