//! The whole way on real processes: from a roster to live enrollments, and what the bureau's book says about it.

use std::collections::BTreeMap;

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::{
    EnrollmentState, ExportCodesRequest, SealBatchRequest,
};
use redress::wire::redress::handoff::v1::PartnerMode;
use redress::wire::redress::identity::v1::{
    DecideReferralRequest, ListReferralsRequest, ReferralState, VerificationState,
};

use crate::harness::clients::{by, request_id};
use crate::harness::person::Person;
use crate::harness::processes::{House, Service};
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};
use crate::harness::{Database, apply, both, confirm};

/// Adults on the roster; with the others about 200 rows.
const ADULTS: usize = 170;
/// Adults who come, beside those for whom the bureau has another answer than yes.
const TAKE_UP: usize = 40;

/// What a caller was told when the enrollment was completed.
struct Promise {
    enrollment: String,
    handoff: String,
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
        assert_eq!(settled.outcome_class, class);
        let active = settled.state() == EnrollmentState::Active;
        assert_eq!(active, class.is_empty(), "{:?}", promise.sandbox);
        assert_eq!(settled.term_end_date.is_some(), active);
        assert_eq!(
            settled.next_step.is_empty(),
            active,
            "{:?}",
            promise.sandbox
        );
    }
    compare_with_the_book(&house, &promises).await;
    let funnel = walk::funnel(&house, &walk.campaign).await;
    let count = |wanted: fn(&Promise) -> bool| promises.iter().filter(|one| wanted(one)).count();
    let number = |figure: i64| usize::try_from(figure).expect("a count");
    assert_eq!(number(funnel.rows), roster.rows.len());
    assert_eq!(number(funnel.rejected), roster.rejected);
    assert_eq!(number(funnel.individuals), roster.individuals());
    assert_eq!(number(funnel.codes_issued), roster.letters());
    assert_eq!(number(funnel.letters), roster.letters());
    assert_eq!(number(funnel.verified), promises.len());
    assert_eq!(number(funnel.refused), impostors);
    assert_eq!(number(funnel.begun), promises.len() + impostors);
    assert_eq!(number(funnel.submitted), promises.len());
    assert_eq!(number(funnel.handed_off), promises.len());
    assert_eq!(number(funnel.acknowledged), promises.len());
    assert_eq!(
        number(funnel.active),
        count(|one| one.sandbox.class().is_empty())
    );
    let unhappy = number(funnel.action_required + funnel.enrollment_refused);
    assert_eq!(unhappy, count(|one| !one.sandbox.class().is_empty()));
    assert_eq!(funnel.dead, 0);
}

#[apply(both)]
async fn the_same_roster_again_changes_nothing(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100201").await;
    let first = walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let first_end = first.last().expect("a last answer");
    assert!(first_end.done);
    let totals = first_end.totals.expect("totals");
    let expected = (
        roster.rows.len(),
        roster.individuals(),
        roster.merged,
        roster.rejected,
    );
    let counted = (totals.rows, totals.accepted, totals.merged, totals.rejected);
    let number = |figure: i64| usize::try_from(figure).expect("a count");
    let counted = (
        number(counted.0),
        number(counted.1),
        number(counted.2),
        number(counted.3),
    );
    assert_eq!(counted, expected);
    let rejects: usize = first.iter().map(|answer| answer.rejected.len()).sum();
    assert_eq!(rejects, roster.rejected);
    let again = walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import again");
    let again_end = again.last().expect("a last answer");
    assert_eq!(again_end.import_id, first_end.import_id);
    let totals = again_end.totals.expect("totals");
    assert_eq!((totals.accepted, totals.merged), (0, 0));
    let funnel = walk::funnel(&house, &campaign).await;
    assert_eq!(number(funnel.rows), roster.rows.len());
    assert_eq!(number(funnel.individuals), roster.individuals());
}

#[apply(both)]
async fn after_sealing_nobody_can_recover_a_code_and_codes_still_work(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(12);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100202").await;
    walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let batch = walk::issue(&house, &campaign).await;
    let letters = walk::letters(&house, &campaign, &batch).await;
    let again = walk::letters(&house, &campaign, &batch).await;
    assert!(
        letters
            .iter()
            .zip(&again)
            .all(|(one, other)| one.code == other.code)
    );
    let seal = SealBatchRequest {
        request_id: request_id(),
        campaign_id: campaign.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    house
        .codes()
        .seal_batch(seal)
        .await
        .expect("the batch is sealed");
    let export = ExportCodesRequest {
        campaign_id: campaign.campaign_id.clone(),
        batch_id: batch.batch_id,
        after_individual_id: String::new(),
    };
    let refused = match house.codes().export_codes(export).await {
        Ok(stream) => stream.into_inner().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    let refused = refused.expect_err("a sealed batch gives no codes");
    assert_eq!(reason_of(&refused), Some(Reason::BatchSealed));
    let walk = Walk { campaign, letters };
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    person(&house, &walk, 0)
        .enroll(&code, row.claims())
        .await
        .expect("the code still works");
}

#[apply(both)]
async fn a_lost_letter_is_replaced_by_a_contact_that_was_on_the_roster(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(12);
    let walk = walk::prepare(&house, &roster).await;
    let row = &roster.adults[0].0;
    let caller = person(&house, &walk, 1);
    let verification = caller
        .verify("", row.claims())
        .await
        .expect("the person is found");
    assert_eq!(
        verification.state(),
        VerificationState::ConfirmationRequired
    );
    let masked = format!("{:?}", verification.contacts);
    assert!(!masked.contains(&row.email));
    confirm::by_mail(caller, &verification.verification_id, &row.email).await;
    let id = verification.verification_id;
    let begun = caller.begin(Entitlement::VerificationId(id.clone())).await;
    let begun = begun.expect("the verification is enough");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    caller.complete(&enrollment, &id).await.expect("completed");
    assert_eq!(
        caller.settled(&enrollment).await.state(),
        EnrollmentState::Active
    );
    // Whoever finds the letter now holds nothing.
    let code = walk.letter_of(row).code.clone();
    let finder = person(&house, &walk, 2)
        .begin(Entitlement::Code(code))
        .await;
    let refused = finder.expect_err("the letter is worthless");
    assert_eq!(reason_of(&refused), Some(Reason::CodeNotAccepted));
}

#[apply(both)]
async fn a_minor_is_enrolled_after_another_person_looked(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = person(&house, &walk, 1);
    let code = walk.letter_of(&roster.minor).code.clone();
    let begun = caller.begin(Entitlement::Code(code)).await.expect("begun");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    let verification = caller
        .verify(&enrollment, roster.minor.claims())
        .await
        .expect("referred");
    assert_eq!(verification.state(), VerificationState::Referred);
    let id = verification.verification_id;
    let early = caller
        .complete(&enrollment, &id)
        .await
        .expect_err("nobody has looked");
    assert_eq!(reason_of(&early), Some(Reason::NotVerified));
    approve_the_only_referral(&house, &walk).await;
    caller.complete(&enrollment, &id).await.expect("completed");
    assert_eq!(
        caller.settled(&enrollment).await.state(),
        EnrollmentState::Active
    );
}

#[apply(both)]
async fn the_deceased_and_strangers_get_the_same_refusal(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = person(&house, &walk, 1);
    let estate = walk.letter_of(&roster.deceased).code.clone();
    let of_the_estate = caller
        .begin(Entitlement::Code(estate))
        .await
        .expect_err("refused");
    let unknown = confirm::well_formed_but_never_issued(&walk.letters);
    let of_nobody = caller
        .begin(Entitlement::Code(unknown))
        .await
        .expect_err("refused");
    assert_eq!(reason_of(&of_the_estate), Some(Reason::CodeNotAccepted));
    assert_eq!(of_the_estate.code(), of_nobody.code());
    assert_eq!(of_the_estate.message(), of_nobody.message());
    assert_eq!(of_the_estate.details(), of_nobody.details());
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
        assert_eq!(settled.outcome_class, promise.sandbox.class());
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

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: if number.is_multiple_of(2) {
            Role::Portal
        } else {
            Role::CallCenter
        },
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
            enrollment: enrolled.enrollment_id,
            handoff: enrolled.handoff_id,
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
    let by_handoff: BTreeMap<&str, &Promise> = promises
        .iter()
        .map(|one| (one.handoff.as_str(), one))
        .collect();
    assert_eq!(
        by_handoff.len(),
        promises.len(),
        "every promise has a handoff of its own"
    );
    for (handoff, promise) in &by_handoff {
        let entry = book
            .get(*handoff)
            .unwrap_or_else(|| panic!("{:?} was lost", promise.sandbox));
        let active =
            entry.status.as_ref().expect("a status").progress() == EnrollmentProgress::Active;
        assert_eq!(active, promise.sandbox.class().is_empty());
    }
    assert_eq!(
        book.len(),
        by_handoff.len(),
        "the bureau enrolled somebody nobody promised"
    );
    let people: std::collections::BTreeSet<_> = book
        .values()
        .map(|entry| entry.subject_digest.clone())
        .collect();
    assert_eq!(people.len(), book.len(), "somebody was enrolled twice");
}

async fn approve_the_only_referral(house: &House, walk: &Walk) {
    let mut operator = house.verifications(Role::Operator);
    let list = ListReferralsRequest {
        campaign_id: walk.campaign_id(),
        ..ListReferralsRequest::default()
    };
    let waiting = operator
        .list_referrals(list)
        .await
        .expect("referrals")
        .into_inner();
    assert_eq!(waiting.referrals.len(), 1);
    let decide = DecideReferralRequest {
        request_id: request_id(),
        campaign_id: walk.campaign_id(),
        referral_id: waiting.referrals[0].referral_id.clone(),
        decision: ReferralState::Approved.into(),
    };
    let decided = operator
        .decide_referral(by(Role::Operator, 0, decide))
        .await;
    decided.expect("the referral is decided");
}
