//! Somebody who acts for the affected person.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::VerificationState as State;
use redress::wire::redress::r#type::v1::{
    Authority, Evidence, PersonName, Relationship, Representative,
};
use sea_orm::ConnectionTrait;

use super::house::{FILE, House};
use super::people::{ada, but, claims};
use crate::harness::{Database, apply, both};

fn mother() -> Representative {
    Representative {
        name: Some(PersonName {
            given_name: "Augusta".into(),
            family_name: "Vexillary".into(),
            ..PersonName::default()
        }),
        relationship: Relationship::Parent.into(),
        authority: Authority::ByLaw.into(),
        evidence: vec![Evidence::BirthCertificate.into(), Evidence::PhotoId.into()],
    }
}

fn for_her_child() -> wire::Claims {
    wire::Claims {
        representative: Some(mother()),
        ..claims()
    }
}

async fn minor(database: &Database) -> House {
    let house = House::open(database).await;
    house
        .load(FILE, &[but(ada(2), |row| row.population = "minor".into())])
        .await;
    house
}

#[apply(both)]
async fn a_representative_is_kept_and_the_name_is_told_to_few(database: Database) {
    let house = minor(&database).await;
    let referred = house.verify(None, for_her_child()).await.unwrap();
    assert_eq!(referred.state(), State::Referred);
    let told = referred.representative.unwrap();
    assert_eq!(told.name, None);
    assert_eq!(
        (told.relationship(), told.authority()),
        (Relationship::Parent, Authority::ByLaw)
    );
    let seen = [Evidence::PhotoId, Evidence::BirthCertificate];
    assert_eq!(told.evidence().collect::<Vec<_>>(), seen);
    let viewed =
        "SELECT COUNT(*) FROM audit_event WHERE action = 'verification.representative_viewed'";
    for (role, asked_by, name, audited) in [
        (Role::Portal, "portal/one", None, 0),
        (Role::CallCenter, "call-center/one/b-2", mother().name, 1),
        (Role::Operator, "portal/one", mother().name, 2),
    ] {
        let asked = format!("UPDATE verification SET requested_by = '{asked_by}'");
        house.owner.execute_unprepared(&asked).await.unwrap();
        let seen = house.verification_as(role, &referred.verification_id).await;
        assert_eq!(seen.representative.unwrap().name, name, "{role}");
        assert_eq!(house.number(viewed).await, audited);
    }
    let clear = "SELECT COUNT(*) FROM verification WHERE representative_relationship = 'PARENT' \
        AND representative_name IS NOT NULL";
    assert_eq!(house.number(clear).await, 1);
    let erase = "UPDATE individual SET salt = NULL, sealed = NULL, mailable = FALSE, erased_at = 1";
    house.owner.execute_unprepared(erase).await.unwrap();
    let after = house
        .verification_as(Role::Operator, &referred.verification_id)
        .await;
    assert_eq!(
        after.representative.unwrap().name,
        None,
        "it is erased with the person"
    );
}

#[apply(both)]
async fn of_a_stranger_nothing_but_the_labels_is_kept(database: Database) {
    let house = minor(&database).await;
    let stranger = wire::Claims {
        name: super::people::name("Nobody", "Nowhere"),
        date_of_birth: super::people::date(1900, 1, 1),
        postal_code: "99999".into(),
        ssn: String::new(),
        representative: Some(mother()),
        ..wire::Claims::default()
    };
    let refused = house.verify(None, stranger).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
    let without = "SELECT COUNT(*) FROM verification WHERE representative_authority = 'BY_LAW' \
        AND representative_name IS NULL";
    assert_eq!(house.number(without).await, 1);
}

#[apply(both)]
async fn a_representative_needs_a_name_a_relationship_and_an_authority(database: Database) {
    let house = minor(&database).await;
    let changes: [fn(&mut Representative); 6] = [
        |one| one.name = None,
        |one| one.name.as_mut().unwrap().family_name = "x".repeat(81),
        |one| one.relationship = 0,
        |one| one.authority = 0,
        |one| one.relationship = 99,
        |one| one.evidence = vec![Evidence::Review.into()],
    ];
    for change in changes {
        let mut claims = for_her_child();
        change(claims.representative.as_mut().unwrap());
        let refused = house.verify(None, claims).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    }
    assert_eq!(house.count("verification").await, 0);
}
