//! A parent or guardian who is on the list as well acts for a child.

use std::time::Duration;

use redress::db::entities::enrollment::State::Canceled;
use redress::identity::roster::row::RawRow;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{EnrollmentId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1::NextAction;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::VerificationState as State;
use redress::wire::redress::r#type::v1::{
    Authority, Evidence, PersonName, Relationship, Representative,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::house::{FILE, House};
use super::people::{ada, but, claims, date, name};
use crate::harness::{Database, apply, both};

/// The child lives with Katherine; the house's day is 17 July 2015.
pub fn child(line: i64) -> RawRow {
    but(ada(line), |row| {
        row.external_ref = "MRN-2".into();
        row.given_name = "Luz".into();
        row.date_of_birth = "1997-07-20".into();
        row.ssn = "".into();
        row.address_line1 = "12 Main Street".into();
        row.address_line2 = "#3".into();
        row.email = "".into();
    })
}

fn called(name: Option<PersonName>, own: &str) -> wire::Claims {
    wire::Claims {
        name: self::name("Luz", "O'Neill"),
        date_of_birth: date(1997, 7, 20),
        representative: Some(Representative {
            name,
            relationship: Relationship::Parent.into(),
            authority: Authority::ByLaw.into(),
            evidence: Vec::new(),
        }),
        representative_verification_id: own.into(),
        ..wire::Claims::default()
    }
}

pub fn for_luz(own: &str) -> wire::Claims {
    called(name("Kate", "O'Neill"), own)
}

/// Katherine and a child, each with a letter, and Katherine's own verification.
pub struct Family {
    pub house: House,
    pub mother: IndividualId,
    pub child: IndividualId,
    pub letter: EnrollmentId,
    pub own: String,
}

impl Family {
    pub async fn open(database: &Database) -> Self {
        Self::of(database, child(3)).await
    }

    pub async fn of(database: &Database, child: RawRow) -> Self {
        let house = House::open(database).await;
        house.load(FILE, &[ada(2), child]).await;
        let people = house.individuals().await;
        let (mother, child) = (people[0].id, people[1].id);
        let own = house.enrollment(mother).await;
        let own = house.verify(Some(own), claims()).await.unwrap();
        assert_eq!(own.state(), State::Verified);
        Self {
            letter: house.enrollment(child).await,
            own: own.verification_id,
            house,
            mother,
            child,
        }
    }

    pub async fn verified(&self) -> wire::Verification {
        let claims = for_luz(&self.own);
        let verified = self.house.verify(Some(self.letter), claims).await.unwrap();
        assert_eq!(verified.state(), State::Verified);
        verified
    }

    /// Says how one claim is answered, and what its reviewer learns of the guardian.
    pub async fn referred(&self, claims: wire::Claims) -> (bool, bool) {
        let referred = self.house.verify(Some(self.letter), claims).await.unwrap();
        assert_eq!(referred.state(), State::Referred);
        let cases = self.house.referrals(0, "").await.referrals;
        let case = cases
            .iter()
            .find(|case| case.verification_id == referred.verification_id);
        let known = case.unwrap().guardian.unwrap();
        (known.verified, known.shares_address)
    }

    /// Gives an answer without what is another one's in each.
    async fn told(&self, claims: wire::Claims) -> wire::Verification {
        let asked = self.house.verify(Some(self.letter), claims).await.unwrap();
        wire::Verification {
            verification_id: String::new(),
            ..asked
        }
    }

    pub async fn run(&self, sql: &str) {
        self.house.owner.execute_unprepared(sql).await.unwrap();
    }
}

fn first_action(of: &wire::Verification) -> NextAction {
    of.next_steps[0].action()
}

#[apply(both)]
async fn a_guardian_verified_at_the_childs_address_verifies_the_child(database: Database) {
    let family = Family::open(&database).await;
    let house = &family.house;
    let verified = family.verified().await;
    let grounds: Vec<Evidence> = verified.evidence().collect();
    let expected = [
        Evidence::LetterCode,
        Evidence::RecordMatch,
        Evidence::GuardianVerified,
    ];
    assert_eq!(grounds, expected);
    assert_eq!(first_action(&verified), NextAction::Complete);
    let own: VerificationId = family.own.parse().unwrap();
    let bound = format!(
        "verification WHERE guardian_verification_id = {} AND notice = 'DUE'",
        house.literal(own)
    );
    assert_eq!(house.count(&bound).await, 1);
    assert_eq!(house.count("referral").await, 0);
    // What the child says is needed all the same.
    let wrong = wire::Claims {
        date_of_birth: date(1997, 7, 21),
        ..for_luz(&family.own)
    };
    assert_eq!(family.referred(wrong).await, (true, true));
}

#[apply(both)]
async fn anything_else_about_the_guardian_is_left_to_a_person(database: Database) {
    let family = Family::open(&database).await;
    let own = family.own.as_str();
    let house = &family.house;
    let unknown = Uuid::from_u128(9).to_string();
    let mut by_kin = for_luz(own);
    by_kin.representative.as_mut().unwrap().relationship = Relationship::Guardian.into();
    let guardian = house.verify(Some(family.letter), by_kin.clone()).await;
    assert_eq!(guardian.unwrap().state(), State::Verified);
    for claims in [
        for_luz(""),
        for_luz(&unknown),
        called(name("Karl", "O'Neill"), own),
        called(name("Kate", "Vexillary"), own),
        called(name("", "O'Neill"), own),
    ] {
        assert_eq!(family.referred(claims).await, (false, false));
    }
    by_kin.representative.as_mut().unwrap().relationship = Relationship::NextOfKin.into();
    let referred = house.verify(Some(family.letter), by_kin).await.unwrap();
    assert_eq!(referred.state(), State::Referred);
    // Another front end asked for it.
    let elsewhere = "UPDATE verification SET requested_by = 'portal/two' WHERE guardian_verification_id IS NULL";
    family.run(elsewhere).await;
    assert_eq!(family.referred(for_luz(own)).await, (false, false));
    family.run(&elsewhere.replace("two", "one")).await;
    assert_eq!(
        family.referred(for_luz(&house.request_id())).await,
        (false, false)
    );
    // It was canceled, and with it what it was made for.
    let canceled = house.enrollment_in(Canceled, family.mother, None).await;
    let own_id: VerificationId = own.parse().unwrap();
    let (canceled, own_id) = (house.literal(canceled), house.literal(own_id));
    let of = format!("UPDATE verification SET enrollment_id = {canceled} WHERE id = {own_id}");
    family.run(&of).await;
    assert_eq!(family.referred(for_luz(own)).await, (false, false));
    let void = house
        .verification_as(Role::Operator, &verified_before(&family).await)
        .await;
    assert_eq!(first_action(&void), NextAction::GuardianActs);
}

/// What was verified first.
async fn verified_before(family: &Family) -> String {
    let sql = "SELECT CAST(id AS TEXT) FROM verification WHERE guardian_verification_id IS NOT NULL AND state = 'VERIFIED'";
    let sql = match family.house.owner.get_database_backend() {
        sea_orm::DbBackend::Postgres => sql.to_owned(),
        _ => sql.replace("CAST(id AS TEXT)", "LOWER(HEX(id))"),
    };
    let id: Uuid = family.house.text(&sql).await.parse().unwrap();
    id.to_string()
}

#[apply(both)]
async fn an_old_letter_or_an_old_verification_needs_a_look(database: Database) {
    let family = Family::open(&database).await;
    let late = "UPDATE enrollment SET proof_expires_at = 1 WHERE id = ";
    let letter = family.house.literal(family.letter);
    family.run(&format!("{late}{letter}")).await;
    assert_eq!(family.referred(for_luz(&family.own)).await, (true, true));
    family.house.clock.advance(Duration::from_hours(25));
    assert_eq!(family.referred(for_luz(&family.own)).await, (false, false));
}

#[apply(both)]
async fn a_verification_that_does_not_count_is_as_none(database: Database) {
    let family = Family::open(&database).await;
    let own = family.own.as_str();
    let mut told = vec![family.told(for_luz("")).await];
    let unknown = Uuid::from_u128(9).to_string();
    for claims in [for_luz(&unknown), called(name("Karl", "O'Neill"), own)] {
        told.push(family.told(claims).await);
    }
    family
        .run("UPDATE verification SET requested_by = 'portal/two'")
        .await;
    told.push(family.told(for_luz(own)).await);
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    let alone = wire::Claims {
        representative: None,
        ..for_luz(own)
    };
    for claims in [alone, for_luz("mother")] {
        let refused = family.house.verify(Some(family.letter), claims).await;
        let refused = reason_of(&refused.unwrap_err());
        assert_eq!(refused, Some(Reason::InvalidRequest));
    }
}
