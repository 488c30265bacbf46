//! The whole way on real processes: from a roster to live enrollments, and what the bureau's book says about it.

mod exceptions;

use std::collections::BTreeMap;

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::enrollment::v1::EnrollmentState;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::handoff::v1::PartnerMode;
use redress::wire::redress::r#type::v1::OutcomeClass;

use crate::harness::one_coverage::{OneCoverage as _, told};
use crate::harness::person::Person;
use crate::harness::processes::{House, Service};
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};
use crate::harness::{Database, apply, both};

/// Adults on the roster; with the others about 200 rows.
const ADULTS: usize = 170;
/// Adults who come, beside those for whom the bureau has another answer than yes.
const TAKE_UP: usize = 40;

/// What a caller was told when the enrollment was completed.
struct Promise {
    enrollment: String,
    coverage: String,
    number: usize,
    sandbox: Sandbox,
}

#[apply(both)]
async fn every_promise_to_a_caller_stands_once_in_the_bureaus_book(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(ADULTS);
    let walk = walk::prepare(&house, &roster).await;
    let promises = take_up(&house, &roster, &walk).await;
    let impostors = impostors(&house, &roster, &walk).await;
    for promise in &promises {
        let settled = person(&house, &walk, promise.number)
            .settled(&promise.enrollment)
            .await;
        let class = promise.sandbox.class();
        assert_eq!(settled.class(), told(class, role(promise.number)));
        let active = settled.state() == EnrollmentState::Active;
        assert_eq!(
            active,
            class == OutcomeClass::Unspecified,
            "{:?}",
            promise.sandbox
        );
        assert_eq!(settled.term_end().is_some(), active);
        assert_eq!(settled.next_step.is_none(), active, "{:?}", promise.sandbox);
    }
    compare_with_the_book(&house, &promises).await;
    let funnel = walk::funnel(&house, &walk.campaign).await;
    let count = |wanted: fn(&Promise) -> bool| promises.iter().filter(|one| wanted(one)).count();
    let number = |figure: i64| usize::try_from(figure).expect("a count");
    assert_eq!(number(funnel.rows), roster.rows.len());
    assert_eq!(number(funnel.rejected), roster.rejected);
    assert_eq!(number(funnel.individuals), roster.individuals());
    assert_eq!(number(funnel.codes_issued), roster.codes());
    assert_eq!(number(funnel.letters), roster.letters());
    assert_eq!(number(funnel.verified), promises.len());
    assert_eq!(number(funnel.refused), impostors);
    assert_eq!(number(funnel.begun), promises.len() + impostors);
    assert_eq!(number(funnel.submitted), promises.len());
    assert_eq!(number(funnel.handed_off), promises.len());
    assert_eq!(number(funnel.acknowledged), promises.len());
    assert_eq!(
        number(funnel.active),
        count(|one| one.sandbox.class() == OutcomeClass::Unspecified)
    );
    let unhappy = number(funnel.action_required + funnel.enrollment_refused);
    assert_eq!(
        unhappy,
        count(|one| one.sandbox.class() != OutcomeClass::Unspecified)
    );
    assert_eq!(funnel.dead, 0);
}

#[apply(both)]
async fn a_partner_that_pulls_gets_each_enrollment_once(database: Database) {
    let house = House::new(database).with(Service::Bureau, "mode", "pull");
    house.start_all().await;
    let roster = Roster::small(20);
    let partner = walk::partner(&house, PartnerMode::Pull).await;
    let walk = walk::prepare_for(&house, &roster, partner).await;
    let promises = take_up(&house, &roster, &walk).await;
    for promise in &promises {
        let settled = person(&house, &walk, promise.number)
            .settled(&promise.enrollment)
            .await;
        let class = told(promise.sandbox.class(), role(promise.number));
        assert_eq!(settled.class(), class);
    }
    compare_with_the_book(&house, &promises).await;
}

#[apply(both)]
async fn the_separate_programs_walk_the_same_way(database: Database) {
    let house = House::new(database).of_separate_programs();
    house.start_all().await;
    let roster = Roster::small(8);
    let walk = walk::prepare(&house, &roster).await;
    let promises = take_up(&house, &roster, &walk).await;
    for promise in &promises {
        person(&house, &walk, promise.number)
            .settled(&promise.enrollment)
            .await;
    }
    compare_with_the_book(&house, &promises).await;
}

/// Half of them come on the page, half by telephone.
fn role(number: usize) -> Role {
    if number.is_multiple_of(2) {
        Role::Portal
    } else {
        Role::CallCenter
    }
}

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: role(number),
        number,
        patient: false,
    }
}

/// Who comes: some for whom the bureau says yes, and everybody for whom it says something else.
async fn take_up(house: &House, roster: &Roster, walk: &Walk) -> Vec<Promise> {
    let mut yes = 0;
    let mut promises = Vec::new();
    for (number, (row, sandbox)) in roster.adults.iter().enumerate() {
        yes += usize::from(*sandbox == Sandbox::Active);
        if *sandbox == Sandbox::Active && yes > TAKE_UP {
            continue;
        }
        let code = walk.letter_of(row).code.clone();
        let enrolled = person(house, walk, number)
            .enroll(&code, row.claims())
            .await;
        let enrolled = enrolled.unwrap_or_else(|status| panic!("{row:?}: {status}"));
        promises.push(Promise {
            coverage: enrolled.coverage().coverage_id.clone(),
            enrollment: enrolled.enrollment_id,
            number,
            sandbox: *sandbox,
        });
    }
    promises
}

/// People who hold somebody's letter and are somebody else; gives how many tried.
async fn impostors(house: &House, roster: &Roster, walk: &Walk) -> usize {
    let victims: Vec<&Row> = roster
        .answered(Sandbox::Active)
        .skip(TAKE_UP)
        .take(3)
        .collect();
    for (number, victim) in victims.iter().enumerate() {
        let caller = person(house, walk, 500 + number);
        let code = walk.letter_of(victim).code.clone();
        let begun = caller
            .begin(Entitlement::Code(code))
            .await
            .expect("the code is good");
        let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
        let stranger = Row::adult(390 - number, Sandbox::Active);
        let refused = caller.verify(&enrollment, stranger.claims()).await;
        let refused = refused.expect_err("an impostor");
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    }
    victims.len()
}

/// The bureau's memory, not ours: nothing lost, nothing doubled, nobody let in who was not promised.
async fn compare_with_the_book(house: &House, promises: &[Promise]) {
    let book = walk::book(house).await;
    let by_coverage: BTreeMap<&str, &Promise> = promises
        .iter()
        .map(|one| (one.coverage.as_str(), one))
        .collect();
    assert_eq!(
        by_coverage.len(),
        promises.len(),
        "every promise has a coverage of its own"
    );
    for (coverage, promise) in &by_coverage {
        let entry = book
            .get(*coverage)
            .unwrap_or_else(|| panic!("{:?} was lost", promise.sandbox));
        let active =
            entry.status.as_ref().expect("a status").progress() == EnrollmentProgress::Active;
        assert_eq!(active, promise.sandbox.class() == OutcomeClass::Unspecified);
    }
    assert_eq!(
        book.len(),
        by_coverage.len(),
        "the bureau enrolled somebody nobody promised"
    );
    let people: std::collections::BTreeSet<_> = book
        .values()
        .map(|entry| entry.subject_digest.clone())
        .collect();
    assert_eq!(people.len(), book.len(), "somebody was enrolled twice");
}
