//! What ends with a guardian's own verification, and with a childhood.

use std::time::Duration;

use redress::db::entities::enrollment::State::Canceled;
use redress::identity::notice::send;
use redress::identity::verification::of_age::come_of_age;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{IndividualId, VerificationId};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::VerificationState as State;
use sea_orm::ConnectionTrait;

use super::guardians::{Family, child, for_luz};
use super::house::House;
use super::notice::token_of;
use super::people::{but, date};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn who_repudiates_an_own_proofing_repudiates_the_childs(database: Database) {
    let family = Family::open(&database).await;
    let house = &family.house;
    let childs = family.verified().await;
    let wrong = wire::Claims {
        date_of_birth: date(1997, 7, 21),
        ..for_luz(&family.own)
    };
    assert_eq!(family.referred(wrong).await, (true, true));
    let case = house.referrals(0, "").await.referrals.remove(0);
    house.completed_by(family.mother, &family.own).await;
    house
        .completed_by(family.child, &childs.verification_id)
        .await;
    assert_eq!(send::step(&house.context).await.unwrap(), 2);
    let notices = house.notices();
    let told: Vec<_> = notices.iter().map(|one| one["channel"].clone()).collect();
    assert!(
        told.contains(&"EMAIL".into()) && told.contains(&"SMS".into()),
        "{told:?}"
    );
    let own = notices
        .iter()
        .find(|one| one["channel"] == "EMAIL")
        .unwrap();
    for _ in 0..2 {
        house.repudiate(Role::Portal, &token_of(own)).await.unwrap();
    }
    let mut listed: Vec<String> = house
        .repudiations()
        .await
        .into_iter()
        .map(|one| one.verification_id)
        .collect();
    let mut expected = vec![
        family.own.clone(),
        childs.verification_id,
        case.verification_id,
    ];
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'proofing.repudiated'")
            .await,
        3
    );
    assert_eq!(house.count("referral WHERE state = 'DENIED'").await, 1);
    let approve = house.decision(&case.referral_id, wire::ReferralState::Approved);
    let decided = house.decide("ann", approve).await.unwrap_err();
    assert_eq!(reason_of(&decided), Some(Reason::ReferralDecided));
    // The letter of the child counts on: it was somebody else who acted.
    family
        .run("UPDATE enrollment SET state = 'STARTED', submitted_at = NULL, verification_id = NULL")
        .await;
    assert_eq!(family.referred(for_luz(&family.own)).await, (false, false));
}

impl House {
    /// Completes somebody's enrollment with a verification, as the codes process would.
    async fn completed_by(&self, person: IndividualId, verification: &str) {
        let id: VerificationId = verification.parse().unwrap();
        let sql = format!(
            "UPDATE enrollment SET state = 'SUBMITTED', submitted_at = 1, verification_id = {} WHERE individual_id = {}",
            self.literal(id),
            self.literal(person)
        );
        self.owner.execute_unprepared(&sql).await.unwrap();
    }
}

#[apply(both)]
async fn what_rests_on_a_void_verification_is_not_approved(database: Database) {
    let away = but(child(3), |row| row.address_line1 = "14 Main Street".into());
    let family = Family::of(&database, away).await;
    let house = &family.house;
    assert_eq!(family.referred(for_luz(&family.own)).await, (true, false));
    let case = house.referrals(0, "").await.referrals.remove(0);
    let own: VerificationId = family.own.parse().unwrap();
    let canceled = house.enrollment_in(Canceled, family.mother, None).await;
    let (own, canceled) = (house.literal(own), house.literal(canceled));
    let replaced = format!("UPDATE verification SET enrollment_id = {canceled} WHERE id = {own}");
    family.run(&replaced).await;
    let approval = || house.decision(&case.referral_id, wire::ReferralState::Approved);
    let refused = house.decide("ann", approval()).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationState));
    let denial = house.decision(&case.referral_id, wire::ReferralState::Denied);
    house.decide("ann", denial).await.unwrap();
}

#[apply(both)]
async fn what_was_denied_is_not_decided_without_a_person_whoever_acts(database: Database) {
    let family = Family::open(&database).await;
    let house = &family.house;
    let coded = format!(
        "UPDATE enrollment SET code_mac = id WHERE id = {}",
        house.literal(family.letter)
    );
    family.run(&coded).await;
    assert_eq!(family.referred(for_luz("")).await, (false, false));
    let case = house.referrals(0, "").await.referrals.remove(0);
    let denial = house.decision(&case.referral_id, wire::ReferralState::Denied);
    house.decide("ann", denial).await.unwrap();
    let again = house
        .verify(Some(family.letter), for_luz(&family.own))
        .await;
    let refused = reason_of(&again.unwrap_err());
    assert_eq!(refused, Some(Reason::VerificationRefused));
}

#[apply(both)]
async fn no_guardian_acts_for_who_is_of_age(database: Database) {
    let family = Family::open(&database).await;
    let house = &family.house;
    let begun = family.verified().await;
    assert_eq!(family.referred(for_luz("")).await, (false, false));
    house.clock.advance(Duration::from_hours(3 * 24));
    assert_eq!(come_of_age(&house.context).await.unwrap(), 1);
    let lapsed = house
        .verification_as(Role::Portal, &begun.verification_id)
        .await;
    assert_eq!(lapsed.state(), State::Refused);
    assert!(lapsed.next_steps[0].person_text.contains("18"));
    assert!(house.referrals(0, "").await.referrals.is_empty());
    assert_eq!(
        house
            .count("audit_event WHERE action = 'verification.lapsed'")
            .await,
        2
    );
    family
        .run("UPDATE enrollment SET proof_expires_at = 9000000000000000")
        .await;
    let by_mother = house
        .verify(Some(family.letter), for_luz(&family.own))
        .await;
    assert_eq!(by_mother.unwrap().state(), State::Referred);
    // Nothing that the mother said stands against the grown child.
    let own = wire::Claims {
        representative: None,
        ..for_luz("")
    };
    let slip = wire::Claims {
        date_of_birth: date(1997, 7, 21),
        ..own.clone()
    };
    let slipped = house.verify(Some(family.letter), slip).await.unwrap();
    assert_eq!(slipped.state(), State::Referred);
    let grown = house.verify(Some(family.letter), own).await.unwrap();
    assert_eq!(grown.state(), State::Verified);
}

#[apply(both)]
async fn what_a_guardian_completed_goes_on(database: Database) {
    let family = Family::open(&database).await;
    let house = &family.house;
    let begun = family.verified().await;
    house
        .completed_by(family.child, &begun.verification_id)
        .await;
    house.clock.advance(Duration::from_hours(3 * 24));
    assert_eq!(come_of_age(&house.context).await.unwrap(), 1);
    let active = house
        .verification_as(Role::Portal, &begun.verification_id)
        .await;
    assert_eq!(active.state(), State::Verified);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'verification.lapsed'")
            .await,
        0
    );
}
