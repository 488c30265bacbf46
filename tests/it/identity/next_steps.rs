//! What can be done next about a verification, as callers see it.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1 as enrollment;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use sea_orm::ConnectionTrait;
use wire::VerificationState as State;

use super::house::{FILE, House};
use super::people::{ada, but, claims, date};
use crate::harness::{Database, apply, both};
use enrollment::NextAction::{
    self, Complete, ConfirmCode, GuardianActs, OrderLetter, SendConfirmationCode, ShowDocuments,
    VerifyIdentity, Wait,
};

fn actions(verification: &wire::Verification) -> Vec<NextAction> {
    let steps = verification.next_steps.iter();
    steps.map(enrollment::NextStep::action).collect()
}

#[apply(both)]
async fn the_steps_follow_the_verification_until_the_enrollment_is_completed(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let lost = house.verify(None, claims()).await.unwrap();
    let id = lost.verification_id.clone();
    assert_eq!(lost.state(), State::ConfirmationRequired);
    assert_eq!(
        actions(&lost),
        [SendConfirmationCode, OrderLetter, ShowDocuments]
    );
    // A portal reads nothing that is for agents.
    assert!(
        lost.next_steps
            .iter()
            .all(|step| step.agent_text.is_empty())
    );
    house.send(&id, ContactChannel::Email).await.unwrap();
    let sent = house.verification_as(Role::Operator, &id).await;
    let all = [
        ConfirmCode,
        SendConfirmationCode,
        OrderLetter,
        ShowDocuments,
    ];
    assert_eq!(actions(&sent), all);
    assert!(
        sent.next_steps
            .iter()
            .all(|step| !step.agent_text.is_empty())
    );
    for _ in 0..2 {
        house.send(&id, ContactChannel::Email).await.unwrap();
    }
    let spent = house.verification_as(Role::Portal, &id).await;
    assert_eq!(actions(&spent), [ConfirmCode, OrderLetter, ShowDocuments]);
    let confirmed = house.confirm(&id, &house.last_code()).await.unwrap();
    assert_eq!(actions(&confirmed), [Complete]);

    let verified = house.verify(Some(letter), claims()).await.unwrap();
    assert_eq!(actions(&verified), [Complete]);
    let id = verified.verification_id;
    let used: redress::kernel::ids::VerificationId = id.parse().unwrap();
    let sql = format!(
        "UPDATE enrollment SET state = 'SUBMITTED', submitted_at = 1, verification_id = {}",
        house.literal(used)
    );
    house.owner.execute_unprepared(&sql).await.unwrap();
    let done = house.verification_as(Role::Portal, &id).await;
    assert_eq!(actions(&done), []);
}

#[apply(both)]
async fn who_waits_for_a_review_is_told_until_when_and_what_else_helps(database: Database) {
    let (house, letter) = House::with_letter(&database).await;
    let doubtful = wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    let referred = house.verify(Some(letter), doubtful).await.unwrap();
    assert_eq!(referred.state(), State::Referred);
    assert_eq!(actions(&referred), [Wait, ShowDocuments]);
    assert!(referred.next_steps[0].person_text.contains("2015-07-22"));
    let id = referred.verification_id;
    let case = house.referrals(0, "").await.referrals.remove(0);
    let denial = house.decision(&case.referral_id, wire::ReferralState::Denied);
    house.decide("ann", denial).await.unwrap();
    let denied = house.verification_as(Role::Portal, &id).await;
    assert_eq!(
        (denied.state(), actions(&denied)),
        (State::Refused, vec![ShowDocuments])
    );
    let spanish = "UPDATE enrollment SET language = 'es-MX'";
    house.owner.execute_unprepared(spanish).await.unwrap();
    let denied = house.verification_as(Role::Portal, &id).await;
    assert!(denied.next_steps[0].person_text.contains("documentos"));
}

#[apply(both)]
async fn a_guardian_is_asked_for_only_where_the_claims_were_right(database: Database) {
    let house = House::open(&database).await;
    let child = but(ada(2), |row| {
        row.date_of_birth = "2009-03-12".into();
        row.population = "minor".into();
    });
    house.load(FILE, &[child]).await;
    let right = wire::Claims {
        date_of_birth: date(2009, 3, 12),
        ..claims()
    };
    let doubtful = wire::Claims {
        date_of_birth: date(2009, 12, 3),
        ..claims()
    };
    for (claims, expected) in [
        (right, vec![GuardianActs, Wait, ShowDocuments, OrderLetter]),
        (doubtful, vec![Wait, ShowDocuments, OrderLetter]),
    ] {
        let asked = house.verify(None, claims).await.unwrap();
        assert_eq!(asked.state(), State::Referred);
        assert_eq!(actions(&asked), expected);
        let seen = house.verification_as(Role::Operator, &asked.verification_id);
        assert_eq!(actions(&seen.await), expected);
    }
}

#[apply(both)]
async fn who_asks_alone_is_told_the_same_whatever_is_true(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let stranger = wire::Claims {
        date_of_birth: date(1990, 1, 1),
        ..claims()
    };
    let mut ids = Vec::new();
    for claims in [claims(), stranger] {
        let asked = house.verify_alone(claims).await.unwrap();
        let all = [
            SendConfirmationCode,
            ConfirmCode,
            OrderLetter,
            ShowDocuments,
        ];
        assert_eq!(actions(&asked), all);
        ids.push(asked.verification_id);
    }
    house.clock.advance(Duration::from_hours(25));
    for id in ids {
        let late = house.verification_as(Role::Portal, &id).await;
        assert_eq!(actions(&late), [VerifyIdentity, ShowDocuments]);
    }
}

/// Without a letter there is no enrollment to say it; with one it is the enrollment's word.
#[apply(both)]
async fn who_has_no_letter_is_spoken_to_as_they_ask(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    for (language, text, code) in [
        ("es-MX", "código", "es-MX"),
        ("", "code", "en"),
        ("fr", "code", "fr"),
    ] {
        let asked = wire::VerifyIdentityRequest {
            language_code: language.into(),
            ..house.asked(None, claims())
        };
        let answer = house.verify_with_help(asked.clone()).await.unwrap();
        assert_eq!(house.verify_with_help(asked).await.unwrap(), answer);
        let id = answer.verification_id.clone();
        let seen = house.verification_as(Role::Portal, &id).await;
        for shown in [&answer, &seen] {
            assert!(shown.next_steps[0].person_text.contains(text), "{language}");
        }
        house.send(&id, ContactChannel::Email).await.unwrap();
        let sent = house.messages();
        let in_it = sent.iter().filter(|one| one["language_code"] == code);
        assert_eq!(in_it.count(), 1, "{language}");
    }
    let letter = house.enrollment(house.individuals().await[0].id).await;
    let asked = wire::VerifyIdentityRequest {
        language_code: "es".into(),
        ..house.asked(Some(letter), claims())
    };
    let verified = house.verify_as(asked).await.unwrap();
    assert!(verified.next_steps[0].person_text.contains("consent text"));
}
