//! Who has no letter and asks alone learns nothing, whoever they say they are.

use std::time::Duration;

use prost::Message as _;
use redress::identity::rules::Rules;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use tonic::Status;
use wire::ContactChannel::{self, Email, Sms, Voice};
use wire::VerificationState as State;

use super::confirm::other;
use super::house::{FILE, House, NUMBER, by, generous};
use super::people::{ada, but, claims, date, name, somebody};
use crate::harness::{Database, apply, both, poll};

impl House {
    async fn send_unseen(
        &self,
        verification: &str,
        channel: ContactChannel,
    ) -> Result<wire::SendConfirmationCodeResponse, Status> {
        let message = wire::SendConfirmationCodeRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            verification_id: verification.into(),
            contact_id: String::new(),
            channel: channel.into(),
        };
        let answer = self
            .handlers
            .send_confirmation_code(by(Role::Portal, message));
        Ok(answer.await?.into_inner())
    }

    /// The code is handed over after the answer.
    async fn handed_over(&self, messages: usize) {
        let enough = async || (self.messages().len() >= messages).then_some(());
        poll::until("a code to be handed over", Duration::from_secs(20), enough).await;
    }
}

/// An answer as bytes, but for the id, which is drawn.
fn unnamed(mut verification: wire::Verification) -> Vec<u8> {
    verification.verification_id.clear();
    verification.encode_to_vec()
}

fn bytes(status: &Status) -> (i32, &str, &[u8]) {
    (status.code().into(), status.message(), status.details())
}

#[apply(both)]
async fn everybody_without_letter_and_agent_has_the_same_answers(database: Database) {
    let house = House::open(&database).await;
    let mute = but(somebody(3), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    let of = |line: i64, given: &str, family: &str, population: &str| {
        but(somebody(line), |row| {
            row.given_name = given.into();
            row.family_name = family.into();
            row.population = population.into();
            row.date_of_birth = "1961-03-12".into();
        })
    };
    let mute = but(mute, |row| {
        row.given_name = "Grace".into();
        row.family_name = "Hopper".into();
        row.date_of_birth = "1961-03-12".into();
    });
    let rows = [
        ada(2),
        mute,
        of(4, "Emmy", "Noether", "deceased"),
        of(5, "Hedy", "Lamarr", "minor"),
    ];
    house.load(FILE, &rows).await;
    let called = |given: &str, family: &str| wire::Claims {
        name: name(given, family),
        ..claims()
    };
    let doubtful = wire::Claims {
        date_of_birth: date(1961, 12, 3),
        ..claims()
    };
    let (mut verified, mut sent, mut seen, mut refused) = (vec![], vec![], vec![], vec![]);
    for claims in [
        claims(),
        doubtful,
        called("Grace", "Hopper"),
        called("Emmy", "Noether"),
        called("Hedy", "Lamarr"),
        called("Xenia", "Zorn"),
    ] {
        let verification = house.verify_alone(claims).await.unwrap();
        assert_eq!(verification.state(), State::ConfirmationRequired);
        let id = verification.verification_id.clone();
        verified.push(unnamed(verification));
        for channel in [Email, Sms] {
            sent.push((channel, house.send_unseen(&id, channel).await.unwrap()));
        }
        let wrong = house.confirm(&id, "000000").await.unwrap_err();
        assert_eq!(reason_of(&wrong), Some(Reason::ConfirmationNotAccepted));
        refused.push(wrong);
        house.send_unseen(&id, Voice).await.unwrap();
        refused.push(house.send_unseen(&id, Voice).await.unwrap_err());
        seen.push(unnamed(house.verification_as(Role::Portal, &id).await));
    }
    assert!(verified.iter().all(|one| *one == verified[0]));
    assert!(seen.iter().all(|one| *one == verified[0]));
    for (channel, answer) in &sent {
        let first = sent.iter().find(|(other, _)| other == channel).unwrap();
        assert_eq!(*answer, first.1);
    }
    for pair in refused.chunks(2) {
        assert_eq!(bytes(&pair[0]), bytes(&refused[0]));
        assert_eq!(bytes(&pair[1]), bytes(&refused[1]));
    }
    // Inside each is what it is, and somebody looks at those who may be right.
    for (state, number) in [
        ("CONFIRMATION_REQUIRED", 1),
        ("REFERRED", 3),
        ("REFUSED", 2),
    ] {
        let stored = format!("verification WHERE state = '{state}'");
        assert_eq!(house.count(&stored).await, number, "{state}");
    }
    house.handed_over(3).await;
    assert_eq!(house.messages().len(), 3, "to the one who is known");
}

#[apply(both)]
async fn the_code_that_comes_to_a_known_contact_verifies(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let id = house.verify_alone(claims()).await.unwrap().verification_id;
    house.send_unseen(&id, Sms).await.unwrap();
    house.handed_over(1).await;
    let code = house.last_code();
    assert!(house.confirm(&id, &other(&code)).await.is_err());
    let verified = house.confirm(&id, &code).await.unwrap();
    assert_eq!(verified.state(), State::Verified);
    let seen = house.verification_as(Role::Portal, &id).await;
    assert_eq!(seen.state(), State::Verified);
    let spent = house.send_unseen(&id, Sms).await.unwrap_err();
    assert_eq!(reason_of(&spent), Some(Reason::VerificationState));
}

/// A review is what helps who has no contact; the page sees it once it approves.
#[apply(both)]
async fn an_approval_shows_and_a_denial_does_not(database: Database) {
    let house = House::open(&database).await;
    let mute = but(ada(2), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    house.load(FILE, &[mute]).await;
    let asked = house.verify_alone(claims()).await.unwrap();
    let id = asked.verification_id.clone();
    let operator = house.verification_as(Role::Operator, &id).await;
    assert_eq!(operator.state(), State::Referred);
    let case = house.referrals(0, "").await.referrals.remove(0);
    let denial = house.decision(&case.referral_id, wire::ReferralState::Denied);
    house.decide("ann", denial).await.unwrap();
    let seen = house.verification_as(Role::Portal, &id).await;
    assert_eq!(unnamed(seen), unnamed(asked), "to the last byte");
    house.clock.advance(Duration::from_hours(48));
    let late = house.send_unseen(&id, Email).await.unwrap_err();
    assert_eq!(reason_of(&late), Some(Reason::VerificationExpired));
}

#[apply(both)]
async fn a_channel_is_needed_and_a_contact_is_not_named(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let id = house.verify_alone(claims()).await.unwrap().verification_id;
    let none = house.send_unseen(&id, ContactChannel::Unspecified).await;
    assert_eq!(reason_of(&none.unwrap_err()), Some(Reason::InvalidRequest));
    let named = house.send(&id, Email).await.unwrap_err();
    assert_eq!(reason_of(&named), Some(Reason::InvalidRequest));
    assert_eq!(house.count("confirmation_code").await, 0);
}

/// A person has so many codes a day. Whoever asks once more has the same answer, and no code goes out.
#[apply(both)]
async fn what_a_person_has_spent_does_not_show(database: Database) {
    let mut throttles = generous().throttles;
    throttles.sends = 1;
    let rules = Rules {
        throttles,
        ..generous()
    };
    let house = House::open_with(&database, rules).await;
    house.load(FILE, &[ada(2)]).await;
    // A wrong claim spends nothing of hers.
    let wrong = wire::Claims {
        ssn: "666-99-9999".into(),
        date_of_birth: date(1975, 6, 30),
        postal_code: "46802".into(),
        ..claims()
    };
    for claims in [wrong, claims(), claims()] {
        let id = house.verify_alone(claims).await.unwrap().verification_id;
        house.send_unseen(&id, Email).await.unwrap();
    }
    let sent = house.count("confirmation_code WHERE state = 'SENT'").await;
    assert_eq!((house.count("confirmation_code").await, sent), (3, 1));
}

/// What a clinic wrote for everybody is nobody's contact.
#[apply(both)]
async fn a_contact_that_many_share_receives_no_code(database: Database) {
    let house = House::open(&database).await;
    let shared = (3..12).map(|line| {
        but(somebody(line), |row| {
            row.phone = "260-555-0142".into();
            row.email = "kate@example.org".into();
        })
    });
    let mut rows: Vec<_> = shared.collect();
    let own = but(somebody(20), |row| row.phone = "260-555-0142".into());
    rows.extend([own.clone(), ada(30)]);
    house.load(FILE, &rows).await;
    let shown = house.verify(None, claims()).await.unwrap();
    assert_eq!(shown.state(), State::Referred);
    let id = house.verify_alone(claims()).await.unwrap().verification_id;
    house.send_unseen(&id, Sms).await.unwrap();
    assert_eq!(
        house.count("confirmation_code WHERE state = 'SENT'").await,
        0
    );
    // The e-mail address that is somebody's own is not lost with it.
    let said = wire::Claims {
        name: name(
            own.columns.given_name.expose(),
            own.columns.family_name.expose(),
        ),
        date_of_birth: date(1940, 9, 21),
        ..claims()
    };
    let shown = house.verify(None, said).await.unwrap();
    let channels: Vec<_> = shown
        .contacts
        .iter()
        .map(wire::MaskedContact::channel)
        .collect();
    assert_eq!(channels, [Email]);
}

/// Nor is a second number in the same cell, whichever of the cells it stands in.
#[apply(both)]
async fn a_further_contact_that_many_share_receives_no_code(database: Database) {
    let house = House::open(&database).await;
    let shared = (3..12).map(|line| {
        but(somebody(line), |row| {
            row.phone = format!("{}; 260-555-0199", row.phone.expose()).into();
        })
    });
    let mut rows: Vec<_> = shared.collect();
    rows.push(but(ada(30), |row| {
        row.phone = "260-555-0142; 260-555-0199; 260-555-0177".into();
    }));
    house.load(FILE, &rows).await;
    let shown = house.verify(None, claims()).await.unwrap();
    let masked = shown.contacts.iter().map(|contact| contact.masked.as_str());
    let masked: Vec<&str> = masked.collect();
    assert_eq!(masked.len(), 3, "{masked:?}");
    assert!(
        !masked.iter().any(|contact| contact.ends_with("99")),
        "{masked:?}"
    );
    assert!(
        masked.iter().any(|contact| contact.ends_with("77")),
        "{masked:?}"
    );
}
