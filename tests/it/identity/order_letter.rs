//! Who lost the letter orders another one, and learns nothing by it.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use sea_orm::ConnectionTrait;
use tonic::Status;
use wire::VerificationState as State;

use super::house::{FILE, House, NUMBER, agent, by};
use super::people::{ada, but, claims, date, name, somebody};
use crate::harness::{Database, apply, both};

impl House {
    pub fn letter_for(&self, verification: &str) -> wire::OrderLetterRequest {
        wire::OrderLetterRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            verification_id: verification.into(),
        }
    }

    async fn order_letter_as(
        &self,
        message: wire::OrderLetterRequest,
    ) -> Result<wire::OrderLetterResponse, Status> {
        let answer = self.handlers.order_letter(by(Role::Portal, message));
        Ok(answer.await?.into_inner())
    }

    async fn order_letter(&self, verification: &str) -> Result<wire::OrderLetterResponse, Status> {
        self.order_letter_as(self.letter_for(verification)).await
    }
}

fn called(given: &str, family: &str) -> wire::Claims {
    wire::Claims {
        name: name(given, family),
        ..claims()
    }
}

/// On the list with and without a contact, doubtful, deceased, without an address, and not on the list.
#[apply(both)]
async fn everybody_has_the_same_answer_and_only_who_is_owed_one_orders(database: Database) {
    let house = House::open(&database).await;
    let of = |line: i64, given: &str, family: &str| {
        but(somebody(line), |row| {
            row.given_name = given.into();
            row.family_name = family.into();
            row.date_of_birth = "1961-03-12".into();
        })
    };
    let mute = but(of(3, "Grace", "Hopper"), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    let deceased = but(of(4, "Emmy", "Noether"), |row| {
        row.population = "deceased".into();
    });
    let nowhere = but(of(5, "Hedy", "Lamarr"), |row| {
        row.address_line1 = "".into();
        row.address_line2 = "".into();
        row.city = "".into();
        row.postal_code = "".into();
    });
    let minor = but(of(6, "Ada", "Lovelace"), |row| {
        row.population = "minor".into();
    });
    house
        .load(FILE, &[ada(2), mute, deceased, nowhere, minor])
        .await;
    let doubtful = wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    let cases = [
        (claims(), 1),
        (called("Grace", "Hopper"), 1),
        (called("Ada", "Lovelace"), 1),
        (called("Emmy", "Noether"), 0),
        (called("Hedy", "Lamarr"), 0),
        (called("Xenia", "Zorn"), 0),
        // The one of before, whose order waits.
        (doubtful, 0),
    ];
    let mut orders = 0;
    for (claims, ordered) in cases {
        let id = house.verify_alone(claims).await.unwrap().verification_id;
        let message = house.letter_for(&id);
        let first = house.order_letter_as(message.clone()).await.unwrap();
        assert_eq!(first.order_time, Some(house.context.now().to_proto()));
        // The same call, and another one.
        assert_eq!(house.order_letter_as(message).await.unwrap(), first);
        assert_eq!(house.order_letter(&id).await.unwrap(), first);
        orders += ordered;
        assert_eq!(house.count("letter_order").await, orders);
        house.clock.advance(Duration::from_hours(25));
        let late = house.order_letter(&id).await.unwrap_err();
        assert_eq!(reason_of(&late), Some(Reason::VerificationExpired));
    }
    // An event for each that was not the same call, whatever came of it.
    let events = "audit_event WHERE action IN ('letter.ordered', 'letter.not_ordered')";
    assert_eq!(house.count(events).await, 14);
    assert_eq!(house.count("letter_order WHERE attended").await, 0);
    let unknown = house.order_letter(&house.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::VerificationNotFound));
}

/// A person who was withdrawn, erased or whose mail came back after the claim.
#[apply(both)]
async fn a_letter_that_would_reach_nobody_is_not_ordered(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let id = house.verify_alone(claims()).await.unwrap().verification_id;
    for (gone, back) in [
        ("withdrawn_at = 1", "withdrawn_at = NULL"),
        ("returned = TRUE", "returned = FALSE"),
    ] {
        let set = |what: &str| format!("UPDATE individual SET {what}");
        house.owner.execute_unprepared(&set(gone)).await.unwrap();
        house.order_letter(&id).await.unwrap();
        assert_eq!(house.count("letter_order").await, 0, "{gone}");
        house.owner.execute_unprepared(&set(back)).await.unwrap();
    }
    house.order_letter(&id).await.unwrap();
    assert_eq!(house.count("letter_order").await, 1);
    let erased = "UPDATE individual SET salt = NULL, sealed = NULL, erased_at = 1";
    for sql in ["DELETE FROM letter_order", erased] {
        house.owner.execute_unprepared(sql).await.unwrap();
    }
    house.order_letter(&id).await.unwrap();
    assert_eq!(house.count("letter_order").await, 0);
}

#[apply(both)]
async fn an_agents_order_says_so_where_the_claims_were_accepted(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let doubtful = wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    for (claims, state, attended) in [
        (doubtful, State::Referred, 0),
        (claims(), State::ConfirmationRequired, 1),
    ] {
        let asked = house.verify(None, claims).await.unwrap();
        assert_eq!(asked.state(), state);
        let mut request = by(Role::Portal, house.letter_for(&asked.verification_id));
        request.extensions_mut().insert(agent());
        house.handlers.order_letter(request).await.unwrap();
        assert_eq!(house.count("letter_order").await, 1);
        assert_eq!(house.count("letter_order WHERE attended").await, attended);
    }
}

/// Whoever holds an old letter and reaches no contact orders as well; who is verified needs none.
#[apply(both)]
async fn a_letter_is_ordered_beside_an_old_one_and_not_once_verified(database: Database) {
    let (house, enrollment) = House::with_letter(&database).await;
    house.clock.advance(Duration::from_hours(25));
    let stale = house.verify(Some(enrollment), claims()).await.unwrap();
    assert_eq!(stale.state(), State::ConfirmationRequired);
    house.order_letter(&stale.verification_id).await.unwrap();
    assert_eq!(house.count("letter_order").await, 1);
    let person = house.individuals().await[0].id;
    let canceled = "UPDATE enrollment SET state = 'CANCELED', settled_at = 1, cancel_reason = 'OTHER', canceled_by = 'x', cancel_requested_at = 1";
    house.owner.execute_unprepared(canceled).await.unwrap();
    let fresh = house.enrollment(person).await;
    let verified = house.verify(Some(fresh), claims()).await.unwrap();
    assert_eq!(verified.state(), State::Verified);
    let refused = house
        .order_letter(&verified.verification_id)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationState));
}

/// What the codes process writes when a limit declines an order is told to the agent, and to nobody without one.
#[apply(both)]
async fn an_agent_is_told_that_a_limit_declined_the_letter_and_until_when(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let alone = house.verify_alone(claims()).await.unwrap();
    house.order_letter(&alone.verification_id).await.unwrap();
    let before = house
        .verification_as(Role::Portal, &alone.verification_id)
        .await;
    let asked = house.verify(None, claims()).await.unwrap();
    let order = || {
        let mut request = by(Role::Portal, house.letter_for(&asked.verification_id));
        request.extensions_mut().insert(agent());
        house.handlers.order_letter(request)
    };
    order().await.unwrap();
    let until = house.context.now() + Duration::from_hours(48);
    let declined = format!(
        "UPDATE letter_order SET possible_at = {}",
        until.as_micros()
    );
    house.owner.execute_unprepared(&declined).await.unwrap();
    let told = house
        .verification_as(Role::Portal, &asked.verification_id)
        .await;
    assert_eq!(told.letter_possible_time, Some(until.to_proto()));
    let mut texts = told.next_steps.iter().map(|step| &step.person_text);
    assert!(texts.any(|text| text.contains("from 2015-07-19 on")));
    let same = house
        .verification_as(Role::Portal, &alone.verification_id)
        .await;
    assert_eq!(same, before);
    // Another order waits again, and so does one without an agent.
    order().await.unwrap();
    let waits = "letter_order WHERE possible_at IS NULL";
    assert_eq!(house.count(waits).await, 1);
    let told = house
        .verification_as(Role::Portal, &asked.verification_id)
        .await;
    assert_eq!(told.letter_possible_time, None);
    house.owner.execute_unprepared(&declined).await.unwrap();
    house.clock.advance(Duration::from_hours(49));
    let told = house
        .verification_as(Role::Portal, &asked.verification_id)
        .await;
    assert_eq!(told.letter_possible_time, None, "the time has come");
}
