//! How often an identity may be tried.

use std::time::Duration;

use redress::identity::rules::{Rules, Throttles};
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::kernel::ids::EnrollmentId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;

use super::house::{FILE, House, from_network, generous};
use super::people::{ada, claims, date, name};
use crate::harness::folder::folder;
use crate::harness::{Database, apply, both};

async fn limited(database: &Database, change: impl FnOnce(&mut Throttles)) -> House {
    let mut throttles = generous().throttles;
    change(&mut throttles);
    let house = House::open_with(
        database,
        Rules {
            throttles,
            ..generous()
        },
    )
    .await;
    house.load(FILE, &[ada(2)]).await;
    house
}

#[apply(both)]
async fn a_person_has_a_few_tries_by_letter_and_more_later(database: Database) {
    let house = limited(&database, |limits| limits.person = 3).await;
    let letter = house.enrollment(house.individuals().await[0].id).await;
    let wrong = wire::Claims {
        date_of_birth: date(1975, 6, 30),
        ..claims()
    };
    for _ in 0..3 {
        let refused = house.verify(Some(letter), wrong.clone()).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    }
    let throttled = house.verify(Some(letter), claims()).await.unwrap_err();
    assert_eq!(reason_of(&throttled), Some(Reason::Throttled));
    assert_eq!(retry_after_of(&throttled), Some(Duration::from_mins(20)));
    house.clock.advance(Duration::from_mins(20));
    assert!(house.verify(Some(letter), claims()).await.is_ok());
}

/// Canceling and beginning anew gives a new enrollment and no new tries.
#[apply(both)]
async fn a_new_enrollment_of_the_same_person_brings_no_new_tries(database: Database) {
    let house = limited(&database, |limits| limits.person = 3).await;
    let person = house.individuals().await[0].id;
    let wrong = wire::Claims {
        date_of_birth: date(1975, 6, 30),
        ..claims()
    };
    for _ in 0..3 {
        let letter = house
            .enrollment_in(
                redress::db::entities::enrollment::State::Canceled,
                person,
                None,
            )
            .await;
        let refused = house.verify(Some(letter), wrong.clone()).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    }
    let fresh = house.enrollment(person).await;
    assert_eq!(
        reason_of(&house.verify(Some(fresh), claims()).await.unwrap_err()),
        Some(Reason::Throttled)
    );
}

/// Who waits as long as the hour asks for still comes to the end of the day, and of all tries.
#[apply(both)]
async fn a_person_has_a_few_tries_a_day_and_so_many_at_all(database: Database) {
    let house = limited(&database, |limits| {
        limits.person_a_day = 4;
        limits.letter = 7;
    })
    .await;
    let letter = house.enrollment(house.individuals().await[0].id).await;
    let stranger = house.ids.next();
    for enrollment in [letter, stranger] {
        assert_eq!(tries(&house, enrollment).await, 4);
        house.clock.advance(Duration::from_hours(24));
        assert_eq!(tries(&house, enrollment).await, 3);
        house.clock.advance(Duration::from_hours(24 * 200));
        assert_eq!(tries(&house, enrollment).await, 0);
    }
}

/// A guesser who changes the birth date still names one person; nobody on the roster is counted like somebody.
#[apply(both)]
async fn a_claimed_person_has_a_few_tries_whether_there_is_one_or_not(database: Database) {
    let house = limited(&database, |limits| limits.person = 3).await;
    for ssn in ["666-01-0001", "666-77-7777"] {
        for day in 1..=4 {
            let guess = wire::Claims {
                ssn: ssn.into(),
                date_of_birth: date(1961, 1, day),
                ..claims()
            };
            let answer = house.verify_alone(guess).await;
            let throttled =
                answer.err().and_then(|status| reason_of(&status)) == Some(Reason::Throttled);
            assert_eq!(throttled, day == 4, "{ssn} {day}");
        }
    }
}

/// Names and a birth date alone: every birth date is another key, the name is not.
#[apply(both)]
async fn a_claimed_name_has_a_limit_of_its_own_whatever_else_changes(database: Database) {
    let house = limited(&database, |limits| limits.name = 5).await;
    for (given, family) in [("Katherine", "O'Neill"), ("Xenia", "Zorn")] {
        for day in 1..=6 {
            let guess = wire::Claims {
                name: name(if day % 2 == 0 { given } else { &given[..1] }, family),
                date_of_birth: date(1975, 6, day),
                ..claims()
            };
            let refused = house.verify_alone(guess).await.err();
            let expected = (day == 6).then_some(Reason::Throttled);
            assert_eq!(
                refused.and_then(|it| reason_of(&it)),
                expected,
                "{family} {day}"
            );
        }
    }
}

/// Strangers have spent what leads to her; who stands before an agent goes on.
#[apply(both)]
async fn what_strangers_spend_without_the_letter_stops_nobody_before_an_agent(database: Database) {
    let house = limited(&database, |limits| {
        limits.name = 2;
        limits.person = 2;
    })
    .await;
    for _ in 0..2 {
        house.verify_alone(claims()).await.unwrap();
    }
    let spent = house.verify_alone(claims()).await.unwrap_err();
    assert_eq!(reason_of(&spent), Some(Reason::Throttled));
    assert!(house.verify(None, claims()).await.is_ok());
}

/// One network cannot use up a name's tries for everybody else.
#[apply(both)]
async fn one_network_spends_a_fifth_of_a_names_tries(database: Database) {
    let house = limited(&database, |limits| limits.name = 10).await;
    let ask = |network: &'static str| {
        house
            .handlers
            .verify_identity(from_network(network, house.asked(None, claims())))
    };
    assert!(ask("192.0.2.1").await.is_ok() && ask("192.0.2.9").await.is_ok());
    let spent = ask("192.0.2.17").await.unwrap_err();
    assert_eq!(reason_of(&spent), Some(Reason::Throttled));
    assert!(ask("198.51.100.1").await.is_ok());
}

#[apply(both)]
async fn a_network_a_caller_and_a_campaign_have_limits_of_their_own(database: Database) {
    let house = limited(&database, |limits| limits.network = 2).await;
    let ask = |network: &'static str| {
        house
            .handlers
            .verify_identity(from_network(network, house.asked(None, claims())))
    };
    assert!(ask("192.0.2.1").await.is_ok() && ask("192.0.2.9").await.is_ok());
    assert_eq!(
        reason_of(&ask("192.0.2.17").await.unwrap_err()),
        Some(Reason::Throttled)
    );
    assert!(ask("198.51.100.1").await.is_ok());
    let house = limited_again(&house, |limits| limits.campaign = 1);
    assert!(house.verify(None, claims()).await.is_ok());
    assert_eq!(
        reason_of(&house.verify(None, claims()).await.unwrap_err()),
        Some(Reason::Throttled)
    );
}

#[apply(both)]
async fn a_repeated_request_is_not_charged_again(database: Database) {
    let house = limited(&database, |limits| limits.person = 1).await;
    let message = house.asked(None, claims());
    let first = house.verify_as(message.clone()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(house.verify_as(message.clone()).await.unwrap(), first);
    }
}

#[apply(both)]
async fn a_throttle_that_cannot_be_asked_refuses(database: Database) {
    let house = limited(&database, |_| ()).await;
    house.context.db.close().await;
    let refused = house.verify(None, claims()).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::StorageUnavailable));
}

/// Guesses until it is throttled, and gives how often it was not.
async fn tries(house: &House, letter: EnrollmentId) -> usize {
    let wrong = wire::Claims {
        date_of_birth: date(1975, 6, 30),
        ..claims()
    };
    for done in 0..20 {
        let refused = house.verify(Some(letter), wrong.clone()).await.unwrap_err();
        if reason_of(&refused) == Some(Reason::Throttled) {
            return done;
        }
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    }
    panic!("never throttled")
}

/// The same house with other limits; its throttles start fresh a minute later.
fn limited_again(house: &House, change: impl FnOnce(&mut Throttles)) -> House {
    house.clock.advance(Duration::from_hours(2));
    let mut throttles = generous().throttles;
    change(&mut throttles);
    let context = redress::identity::Context {
        rules: Rules {
            throttles,
            ..generous()
        },
        ..house.context.clone()
    };
    House {
        handlers: redress::identity::grpc::Handlers::new(context.clone()),
        context,
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        owner: house.owner.clone(),
        campaign: house.campaign,
        outbox: folder(),
    }
}
