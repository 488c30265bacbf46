//! Verifying people: who is let through, and that the others learn nothing.

use std::time::Duration;

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::EnrollmentId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::VerificationState as State;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use sea_orm::ConnectionTrait as _;
use tonic::Status;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but, claims, date, name, somebody};
use crate::harness::{Database, apply, both};

fn bytes(status: &Status) -> (i32, String, Vec<u8>) {
    (
        status.code().into(),
        status.message().to_owned(),
        status.details().to_vec(),
    )
}

fn saying(change: impl FnOnce(&mut wire::Claims)) -> wire::Claims {
    let mut claims = claims();
    change(&mut claims);
    claims
}

#[apply(both)]
async fn a_fresh_letter_and_the_right_claims_verify(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    for claims in [
        claims(),
        saying(|claims| claims.name.get_or_insert_default().given_name = "Kate".into()),
        saying(|claims| claims.name.get_or_insert_default().family_name = "ONEIL".into()),
        saying(|claims| claims.ssn = "666-01-0001".into()),
        saying(|claims| claims.ssn = "0001".into()),
        saying(|claims| claims.postal_code = "90210".into()),
    ] {
        let verified = house.verify(Some(letter), claims).await.unwrap();
        assert_eq!(verified.state(), State::Verified);
        assert_eq!(verified.enrollment_id, letter.to_string());
        assert!(verified.contacts.is_empty() && verified.waterfall.is_empty());
    }
    let row = house
        .text("SELECT waterfall FROM verification LIMIT 1")
        .await;
    assert!(
        row.contains("DATE_OF_BIRTH") || row.contains("date_of_birth"),
        "{row}"
    );
    assert!(!row.contains("1961") && !row.contains("Katherine"));
}

#[apply(both)]
async fn doubtful_claims_go_to_a_person(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    for claims in [
        saying(|claims| claims.ssn = "666-99-9999".into()),
        saying(|claims| claims.name.get_or_insert_default().family_name = "Taylor".into()),
        saying(|claims| {
            claims.date_of_birth = date(1975, 6, 30);
            claims.ssn = "666-01-0001".into();
        }),
        saying(|claims| claims.date_of_birth = date(1961, 12, 3)),
        saying(|claims| claims.date_of_birth = date(1961, 3, 13)),
    ] {
        assert_eq!(
            house.verify(Some(letter), claims).await.unwrap().state(),
            State::Referred
        );
    }
    let reasons = "SELECT COUNT(*) FROM referral WHERE state = 'OPEN' AND reason = 'SCORE_BETWEEN_THRESHOLDS'";
    assert_eq!(house.number(reasons).await, 5);
}

/// Unknown, wrong, deceased, stolen letter, somebody else's campaign: one answer, byte for byte.
#[apply(both)]
async fn every_refusal_has_the_same_bytes(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    house
        .load(
            "b",
            &[but(somebody(2), |row| row.population = "deceased".into())],
        )
        .await;
    let deceased = house.individuals().await[1].id;
    let estate = house.enrollment(deceased).await;
    let spent = house
        .enrollment_in(
            redress::db::entities::enrollment::State::Canceled,
            house.individuals().await[0].id,
            None,
        )
        .await;
    let dead = wire::Claims {
        name: name(
            somebody(2).columns.given_name.expose(),
            somebody(2).columns.family_name.expose(),
        ),
        date_of_birth: date(1922, 3, 3),
        ssn: somebody(2).columns.ssn.expose().clone(),
        ..wire::Claims::default()
    };
    let stolen = saying(|claims| {
        claims.date_of_birth = date(1975, 6, 30);
        claims.postal_code = "46802".into();
        claims.name.get_or_insert_default().middle_name = "K".into();
    });
    let one_digit_off = wire::Claims {
        date_of_birth: date(1961, 3, 13),
        ..stolen.clone()
    };
    let stranger = wire::Claims {
        name: name("Xenia", "Zorn"),
        ..claims()
    };
    let asked = [
        house.asked(Some(house.ids.next::<EnrollmentId>()), claims()),
        house.asked(Some(letter), stolen.clone()),
        house.asked(None, one_digit_off),
        house.asked(Some(estate), dead.clone()),
        house.asked(Some(spent), claims()),
        house.asked(None, stolen),
        house.asked(None, dead),
        house.asked(None, stranger),
        wire::VerifyIdentityRequest {
            campaign: "Z999999".into(),
            ..house.asked(Some(letter), claims())
        },
        wire::VerifyIdentityRequest {
            campaign: "Z999999".into(),
            ..house.asked(None, claims())
        },
    ];
    let mut seen = Vec::new();
    for message in asked {
        let refused = house.verify_with_help(message.clone()).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::VerificationRefused));
        let again = house.verify_with_help(message).await.unwrap_err();
        assert_eq!(bytes(&refused), bytes(&again));
        seen.push(bytes(&refused));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM verification WHERE state = 'REFUSED'")
            .await,
        8
    );
    let audited = "SELECT COUNT(*) FROM audit_event WHERE action = 'verification.decided'";
    assert_eq!(house.number(audited).await, 10);
}

#[apply(both)]
async fn an_old_letter_needs_a_confirmation(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    house.clock.advance(Duration::from_hours(24));
    let waiting = house.verify(Some(letter), claims()).await.unwrap();
    assert_eq!(waiting.state(), State::ConfirmationRequired);
    let masked: Vec<&str> = waiting
        .contacts
        .iter()
        .map(|contact| contact.masked.as_str())
        .collect();
    assert_eq!(masked, ["e-mail k***@e***.org", "telephone ***-***-**42"]);
}

#[apply(both)]
async fn a_lost_letter_is_found_by_what_is_claimed(database: Database) {
    let house = House::open(&database).await;
    let mut rows: Vec<_> = (3..40).map(somebody).collect();
    rows.push(ada(50));
    house.load(FILE, &rows).await;
    for claims in [
        claims(),
        saying(|claims| {
            claims.name.get_or_insert_default().given_name = "Kit".into();
            claims.ssn = "666010001".into();
        }),
        saying(|claims| {
            claims.name.get_or_insert_default().family_name = "ONeil".into();
            claims.postal_code = "46802".into();
        }),
        saying(|claims| {
            claims.name.get_or_insert_default().family_name = "ONeil".into();
            claims.ssn = "0001".into();
        }),
    ] {
        let found = house.verify(None, claims).await.unwrap();
        assert_eq!(found.state(), State::ConfirmationRequired);
        assert_eq!(found.contacts.len(), 2);
    }
    let swapped = saying(|claims| claims.date_of_birth = date(1961, 12, 3));
    let found = house.verify(None, swapped).await.unwrap();
    assert_eq!(found.state(), State::Referred);
}

#[apply(both)]
async fn two_people_who_fit_go_to_a_person(database: Database) {
    let house = House::open(&database).await;
    let twin = but(ada(3), |row| {
        row.external_ref = "MRN-2".into();
        row.ssn = "".into();
        row.address_line1 = "9 New Ave".into();
        row.phone = "".into();
        row.email = "other@example.org".into();
    });
    house.load(FILE, &[ada(2), twin]).await;
    assert_eq!(
        house.verify(None, claims()).await.unwrap().state(),
        State::Referred
    );
    let with_number = saying(|claims| claims.ssn = "666-01-0001".into());
    assert_eq!(
        house.verify(None, with_number).await.unwrap().state(),
        State::ConfirmationRequired
    );
}

#[apply(both)]
async fn without_a_contact_or_of_age_a_person_decides(database: Database) {
    let house = House::open(&database).await;
    let mute = but(ada(2), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    let child = but(ada(3), |row| {
        row.external_ref = "MRN-2".into();
        row.ssn = "666-01-0002".into();
        row.given_name = "Timothy".into();
        row.date_of_birth = "2005-05-05".into();
    });
    house.load(FILE, &[mute, child]).await;
    assert_eq!(
        house.verify(None, claims()).await.unwrap().state(),
        State::Referred
    );
    let letter = house.enrollment(house.individuals().await[1].id).await;
    let guardian = saying(|claims| {
        claims.name.get_or_insert_default().given_name = "Tim".into();
        claims.date_of_birth = date(2005, 5, 5);
    });
    assert_eq!(
        house.verify(Some(letter), guardian).await.unwrap().state(),
        State::Referred
    );
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM referral WHERE reason = 'NO_CONTACT_ON_RECORD'")
            .await,
        1
    );
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM referral WHERE reason = 'MINOR'")
            .await,
        1
    );
}

#[apply(both)]
async fn the_same_request_is_one_verification_also_at_once(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let message = house.asked(Some(letter), claims());
    let answers = join_all((0..16).map(|_| house.verify_as(message.clone()))).await;
    let first = answers[0].as_ref().unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == first)
    );
    assert_eq!(house.count("verification").await, 1);
    let other = wire::VerifyIdentityRequest {
        claims: Some(saying(|claims| claims.ssn = "0001".into())),
        ..message
    };
    let refused = house.verify_as(other).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::RequestIdReused));
}

#[apply(both)]
async fn only_an_operator_sees_the_waterfall(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let made = house.verify(Some(letter), claims()).await.unwrap();
    let asked = || wire::GetVerificationRequest {
        campaign: NUMBER.into(),
        verification_id: made.verification_id.clone(),
    };
    let portal = house
        .handlers
        .get_verification(by(Role::Portal, asked()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(portal.verification.unwrap(), made);
    let operator = house
        .handlers
        .get_verification(by(Role::Operator, asked()))
        .await
        .unwrap()
        .into_inner();
    let waterfall = operator.verification.unwrap().waterfall;
    assert_eq!(waterfall.len(), 6);
    assert_eq!(
        waterfall
            .iter()
            .map(|one| one.weight_centibits)
            .sum::<i32>(),
        1_950
    );
}

#[apply(both)]
async fn every_bad_field_is_named_at_once(database: Database) {
    let house = House::open(&database).await;
    let message = wire::VerifyIdentityRequest {
        request_id: "1".into(),
        campaign: "x".into(),
        enrollment_id: "y".into(),
        claims: Some(wire::Claims {
            ssn: "12".into(),
            ..wire::Claims::default()
        }),
        language_code: "??".into(),
    };
    let refused = house.verify_as(message).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    let details = String::from_utf8_lossy(refused.details()).into_owned();
    for path in [
        "request_id",
        "campaign",
        "enrollment_id",
        "language_code",
        "claims.name.given_name",
        "claims.name.family_name",
        "claims.date_of_birth",
        "claims.ssn",
    ] {
        assert!(details.contains(path), "{path}");
    }
}

#[apply(both)]
async fn a_closed_campaign_lets_those_begun_finish_and_finds_nobody_else(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let unknown = house
        .verify(Some(house.ids.next()), claims())
        .await
        .unwrap_err();
    house
        .owner
        .execute_unprepared("UPDATE campaign SET state = 'CLOSED', closed_at = 1")
        .await
        .unwrap();
    assert_eq!(
        house.verify(Some(letter), claims()).await.unwrap().state(),
        State::Verified
    );
    let lost = house.verify(None, claims()).await.unwrap_err();
    let stranger = house
        .verify(Some(house.ids.next()), claims())
        .await
        .unwrap_err();
    assert_eq!(reason_of(&lost), Some(Reason::VerificationRefused));
    assert_eq!(
        (bytes(&lost), bytes(&stranger)),
        (bytes(&unknown), bytes(&unknown))
    );
    let refused =
        "SELECT COUNT(*) FROM verification WHERE state = 'REFUSED' AND individual_id IS NULL";
    assert_eq!(house.number(refused).await, 3);
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM audit_event WHERE action = 'verification.decided'")
            .await,
        4
    );
}
