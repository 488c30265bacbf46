//! Who is let in with a letter: what is verified, what a person looks at, and how often one letter can be tried.

use std::time::Duration;

use redress::db::FaultRates;
use redress::identity::rules::Rules;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::EnrollmentId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::VerificationState as State;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use sea_orm::ConnectionTrait as _;
use tonic::Status;

use super::house::{FILE, House, by, generous};
use super::people::{ada, but, claims, date};
use crate::harness::{Database, apply, both};

fn saying(change: impl FnOnce(&mut wire::Claims)) -> wire::Claims {
    let mut claims = claims();
    change(&mut claims);
    claims
}

fn called(given: &str, ssn: &str) -> wire::Claims {
    saying(|claims| {
        claims.name.get_or_insert_default().given_name = given.into();
        claims.ssn = ssn.into();
    })
}

fn born(day: (i32, i32, i32), ssn: &str) -> wire::Claims {
    saying(|claims| {
        claims.date_of_birth = date(day.0, day.1, day.2);
        claims.ssn = ssn.into();
    })
}

/// All that the envelope of Katherine's letter shows, and a birth date.
fn from_envelope(day: (i32, i32, i32)) -> wire::Claims {
    let mut claims = born(day, "");
    claims.postal_code = "46802".into();
    claims.name.get_or_insert_default().middle_name = "K".into();
    claims
}

async fn policy(house: &House, accept: i32, refer: i32) {
    let sql = format!(
        "UPDATE campaign SET policy = '{{\"accept_centibits\": {accept}, \"refer_centibits\": {refer}}}'"
    );
    house.owner.execute_unprepared(&sql).await.unwrap();
}

async fn state(house: &House, letter: EnrollmentId, claims: wire::Claims) -> State {
    match house.verify(Some(letter), claims).await {
        Ok(verification) => verification.state(),
        Err(refused) => {
            assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
            State::Refused
        }
    }
}

/// The spouse or the twin who opens the letter knows the birth date and the last four digits.
#[apply(both)]
async fn a_wrong_given_name_is_never_verified(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    for given in ["Robert", "Katerina", "Katharine"] {
        for ssn in ["", "0001", "666-01-0001"] {
            let state = state(&house, letter, called(given, ssn)).await;
            assert_eq!(state, State::Referred, "{given} {ssn}");
        }
    }
}

#[apply(both)]
async fn a_record_with_nothing_to_check_is_referred(database: Database) {
    let house = House::open(&database).await;
    let bare = but(ada(2), |row| {
        row.date_of_birth = "".into();
        row.ssn = "".into();
    });
    house.load(FILE, &[bare]).await;
    let letter = house.enrollment(house.individuals().await[0].id).await;
    for claims in [claims(), called("Katherine", "0001")] {
        assert_eq!(state(&house, letter, claims).await, State::Referred);
    }
    assert!(house.verify(None, claims()).await.is_err());
}

/// The same with a number on record: it is what can be checked, and only all nine digits are enough.
#[apply(both)]
async fn a_record_without_a_birth_date_is_verified_by_the_whole_number(database: Database) {
    let house = House::open(&database).await;
    house
        .load(FILE, &[but(ada(2), |row| row.date_of_birth = "".into())])
        .await;
    let letter = house.enrollment(house.individuals().await[0].id).await;
    for (ssn, expected) in [
        ("666-01-0001", State::Verified),
        ("0001", State::Referred),
        ("0002", State::Referred),
        ("666-01-0002", State::Referred),
        ("", State::Referred),
        ("7777", State::Refused),
        ("666-77-7777", State::Refused),
    ] {
        let state = state(&house, letter, called("Katherine", ssn)).await;
        assert_eq!(state, expected, "{ssn}");
    }
}

#[apply(both)]
async fn a_birth_date_that_is_wrong_in_one_digit_is_never_verified(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    for near in [
        (1961, 3, 13),
        (1971, 3, 12),
        (1961, 3, 21),
        (1962, 3, 12),
        (1961, 12, 3),
    ] {
        for ssn in ["", "0001", "666-01-0001"] {
            let state = state(&house, letter, born(near, ssn)).await;
            assert_eq!(state, State::Referred, "{near:?} {ssn}");
        }
    }
}

/// Some field is right that no stranger has: a person looks, however much else is wrong.
#[apply(both)]
async fn an_exact_birth_date_or_number_is_never_refused_outright(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let changed_name = |claims: &mut wire::Claims| {
        let name = claims.name.get_or_insert_default();
        "Maria".clone_into(&mut name.given_name);
        "Garcia".clone_into(&mut name.family_name);
        "90210".clone_into(&mut claims.postal_code);
    };
    for (mut claims, expected) in [
        (born((1961, 3, 12), "9999"), State::Referred),
        (born((1961, 3, 12), "666-99-9999"), State::Referred),
        (born((1975, 6, 30), "0001"), State::Referred),
        (born((1975, 6, 30), "666-01-0001"), State::Referred),
        (born((1975, 6, 30), ""), State::Refused),
        (born((1975, 6, 30), "9999"), State::Refused),
        (born((1961, 3, 13), "9999"), State::Refused),
    ] {
        assert_eq!(state(&house, letter, claims.clone()).await, expected);
        changed_name(&mut claims);
        assert_eq!(state(&house, letter, claims).await, expected);
    }
}

/// Thresholds say how sure a campaign wants to be; they neither let in a contradiction nor send away what a person must see.
#[apply(both)]
async fn no_threshold_overrides_the_rule(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    policy(&house, -100_000, -100_000).await;
    let generous = [
        (claims(), State::Verified),
        (called("Robert", "0001"), State::Referred),
        (born((1961, 3, 13), "0001"), State::Referred),
        (born((1961, 3, 12), "9999"), State::Referred),
        (from_envelope((1975, 6, 30)), State::Refused),
    ];
    for (claims, expected) in generous {
        assert_eq!(state(&house, letter, claims).await, expected);
    }
    policy(&house, 100_000, 100_000).await;
    let strict = [
        (claims(), State::Referred),
        (born((1975, 6, 30), "0001"), State::Referred),
        (from_envelope((1975, 6, 30)), State::Refused),
    ];
    for (claims, expected) in strict {
        assert_eq!(state(&house, letter, claims).await, expected);
    }
}

/// A namesake of whom little is known has the higher sum; the one whose birth date is right counts.
#[apply(both)]
async fn in_a_look_up_a_sum_that_proves_nothing_hides_nobody(database: Database) {
    let house = House::open(&database).await;
    let namesake = but(ada(2), |row| {
        row.date_of_birth = "".into();
        row.ssn = "".into();
    });
    let twin = but(ada(3), |row| {
        row.external_ref = "MRN-2".into();
        row.given_name = "Robert".into();
        row.middle_name = "".into();
        row.ssn = "666-01-0002".into();
    });
    house.load(FILE, &[namesake, twin]).await;
    let found = house.verify(None, from_envelope((1961, 3, 12))).await;
    assert_eq!(found.unwrap().state(), State::Referred);
    let twin = house.individuals().await[1].id;
    let referred = format!(
        "SELECT COUNT(*) FROM verification WHERE state = 'REFERRED' AND individual_id = {}",
        house.literal(twin.as_uuid())
    );
    assert_eq!(house.number(&referred).await, 1);
}

/// A house with the limits of a letter that hold by default, and an enrollment that a letter code began.
async fn with_limits(database: &Database) -> (House, EnrollmentId) {
    let given = Rules::default().throttles;
    let mut throttles = generous().throttles;
    throttles.letter = given.letter;
    throttles.letter_verified = given.letter_verified;
    let rules = Rules {
        throttles,
        ..generous()
    };
    let house = House::open_with(database, rules).await;
    house.load(FILE, &[ada(2)]).await;
    let letter = house.enrollment(house.individuals().await[0].id).await;
    send_letter(&house, letter).await;
    (house, letter)
}

/// Goes on with an enrollment by the code of a new letter.
async fn send_letter(house: &House, enrollment: EnrollmentId) {
    let code: EnrollmentId = house.ids.next();
    let proof = house.context.now() + Duration::from_hours(24);
    let sql = format!(
        "UPDATE enrollment SET code_mac = {}, proof_expires_at = {} WHERE id = {}",
        house.literal(code.as_uuid()),
        proof.as_micros(),
        house.literal(enrollment.as_uuid())
    );
    house.owner.execute_unprepared(&sql).await.unwrap();
}

async fn by_agent(
    house: &House,
    letter: EnrollmentId,
    claims: wire::Claims,
) -> Result<State, Status> {
    let message = house.asked(Some(letter), claims);
    let answer = house
        .handlers
        .verify_identity(by(Role::CallCenter, message))
        .await?;
    Ok(answer.into_inner().verification.unwrap().state())
}

/// Whoever guesses has two tries that can succeed; after them a person looks at what is right.
#[apply(both)]
async fn a_letter_is_verified_by_its_first_tries_only(database: Database) {
    let (house, letter) = with_limits(&database).await;
    let wrong = from_envelope((1975, 6, 30));
    for _ in 0..2 {
        assert_eq!(state(&house, letter, wrong.clone()).await, State::Refused);
    }
    house.clock.advance(Duration::from_hours(24 * 100));
    assert_eq!(state(&house, letter, claims()).await, State::Referred);
    assert_eq!(state(&house, letter, wrong).await, State::Refused);
    send_letter(&house, letter).await;
    assert_eq!(state(&house, letter, claims()).await, State::Verified);
}

/// Whoever begins several times and is right each time is no guesser, whatever slips there were between.
#[apply(both)]
async fn who_was_right_has_all_tries_again(database: Database) {
    let (house, letter) = with_limits(&database).await;
    let wrong = from_envelope((1975, 6, 30));
    for _ in 0..3 {
        assert_eq!(state(&house, letter, wrong.clone()).await, State::Refused);
        assert_eq!(state(&house, letter, claims()).await, State::Verified);
    }
}

/// A database that stumbles spends none of the few tries: the call that was not answered is not one.
#[apply(both)]
async fn a_try_that_was_not_answered_is_none(database: Database) {
    let (house, letter) = with_limits(&database).await;
    let wrong = from_envelope((1975, 6, 30));
    house.context.db.faults().set(FaultRates {
        serialization: 0.4,
        lost_answer: 0.4,
        seed: 5,
    });
    for _ in 0..6 {
        send_letter(&house, letter).await;
        assert_eq!(state(&house, letter, wrong.clone()).await, State::Refused);
        assert_eq!(state(&house, letter, claims()).await, State::Verified);
    }
}

/// A stranger who spends every try of a letter stops neither its holder before an agent nor the next letter.
#[apply(both)]
async fn a_letter_has_ten_tries_and_then_an_agent(database: Database) {
    let (house, letter) = with_limits(&database).await;
    let wrong = from_envelope((1975, 6, 30));
    for _ in 0..10 {
        assert_eq!(state(&house, letter, wrong.clone()).await, State::Refused);
    }
    house.clock.advance(Duration::from_hours(24 * 100));
    let throttled = house.verify(Some(letter), claims()).await.unwrap_err();
    assert_eq!(reason_of(&throttled), Some(Reason::Throttled));
    for said in [claims(), wrong] {
        let attended = by_agent(&house, letter, said).await.unwrap();
        assert_eq!(attended, State::Referred);
    }
    send_letter(&house, letter).await;
    assert_eq!(state(&house, letter, claims()).await, State::Verified);
}

/// An agent's tries are counted for the agent and the letter; what is verified by claims is counted for the letter alone.
#[apply(both)]
async fn an_agent_has_tries_of_their_own(database: Database) {
    let (mut house, letter) = with_limits(&database).await;
    house.context.rules.throttles.person = 2;
    house.handlers = redress::identity::grpc::Handlers::new(house.context.clone());
    let wrong = || from_envelope((1975, 6, 30));
    for _ in 0..2 {
        let refused = by_agent(&house, letter, wrong()).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    }
    let throttled = by_agent(&house, letter, wrong()).await.unwrap_err();
    assert_eq!(reason_of(&throttled), Some(Reason::Throttled));
    assert_eq!(state(&house, letter, claims()).await, State::Referred);
}
