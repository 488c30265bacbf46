//! Contacts on record, named by opaque ids.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::r#type::v1::Evidence;

use super::confirm::{other, refused, waiting};
use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but, claims};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn each_contact_on_record_can_be_chosen_by_its_id(database: Database) {
    let house = House::open(&database).await;
    let row = but(ada(2), |row| {
        row.phone = "260-555-0142; 260-555-0143".into();
        row.email = "kate@example.org; k.oneill@example.com".into();
    });
    house.load(FILE, &[row]).await;
    let waiting = house.verify(None, claims()).await.unwrap();
    let shown: Vec<&str> = waiting
        .contacts
        .iter()
        .map(|one| one.masked.as_str())
        .collect();
    assert_eq!(
        shown,
        [
            "e-mail k***@e***.org",
            "e-mail k***@e***.com",
            "telephone ***-***-**42",
            "telephone ***-***-**43"
        ]
    );
    let again = house.verify(None, claims()).await.unwrap();
    assert_eq!(again.contacts, waiting.contacts, "an id does not change");
    let send = |contact_id: &str, channel: ContactChannel| {
        let message = wire::SendConfirmationCodeRequest {
            request_id: house.request_id(),
            campaign: NUMBER.into(),
            verification_id: waiting.verification_id.clone(),
            contact_id: contact_id.into(),
            channel: channel.into(),
        };
        house
            .handlers
            .send_confirmation_code(by(Role::Portal, message))
    };
    let contacts = &waiting.contacts;
    for (at, channel) in [(1, ContactChannel::Sms), (3, ContactChannel::Email)] {
        let refused = send(&contacts[at].contact_id, channel).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    }
    let refused = send("kate@example.org", ContactChannel::Email)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    let refused = send(&house.request_id(), ContactChannel::Email)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::NoContactOnRecord));
    send(&contacts[1].contact_id, ContactChannel::Unspecified)
        .await
        .unwrap();
    send(&contacts[3].contact_id, ContactChannel::Voice)
        .await
        .unwrap();
    let mut sent: Vec<(String, String)> = house
        .messages()
        .iter()
        .map(|one| {
            (
                one["channel"].as_str().unwrap().into(),
                one["to"].as_str().unwrap().into(),
            )
        })
        .collect();
    sent.sort();
    assert_eq!(
        sent,
        [
            ("EMAIL".to_owned(), "k.oneill@example.com".to_owned()),
            ("VOICE".to_owned(), "+12605550143".to_owned())
        ]
    );
}

#[apply(both)]
async fn a_verification_tells_the_tries_that_are_left_and_what_it_rests_on(database: Database) {
    let (house, id) = waiting(&database).await;
    let before = house.verification_as(Role::Portal, &id).await;
    assert_eq!(before.attempts_left, None, "nothing was sent yet");
    assert_eq!(
        before.evidence().collect::<Vec<_>>(),
        [Evidence::RecordMatch]
    );
    house.send(&id, ContactChannel::Sms).await.unwrap();
    let code = house.last_code();
    for left in [5, 4, 3] {
        assert_eq!(
            house.verification_as(Role::Portal, &id).await.attempts_left,
            Some(left)
        );
        refused(&house.confirm(&id, &other(&code)).await);
    }
    let verified = house.confirm(&id, &code).await.unwrap();
    let rests_on = [Evidence::RecordMatch, Evidence::SmsCode];
    assert_eq!(verified.evidence().collect::<Vec<_>>(), rests_on);
    let seen = house.verification_as(Role::Portal, &id).await;
    assert_eq!(
        (seen.attempts_left, seen.evidence),
        (None, verified.evidence)
    );
}

#[apply(both)]
async fn a_person_is_found_by_verification_and_by_enrollment(database: Database) {
    use redress::wire::redress::identity::v1::get_individual_request::Person;
    use redress::wire::redress::identity::v1::roster_service_server::RosterService;
    let (house, letter) = House::with_letter(&database).await;
    let individual = house.individuals().await[0].id.to_string();
    let verification = house
        .verify(Some(letter), claims())
        .await
        .unwrap()
        .verification_id;
    let get = async |person: Option<Person>| {
        let campaign = NUMBER.to_owned();
        let message = wire::GetIndividualRequest { campaign, person };
        let answer = house
            .handlers
            .get_individual(by(Role::CallCenter, message))
            .await;
        let answer = answer.map_err(|status| reason_of(&status))?;
        Ok(answer.into_inner().individual.unwrap().individual_id)
    };
    for person in [
        Person::IndividualId(individual.clone()),
        Person::VerificationId(verification.clone()),
        Person::EnrollmentId(letter.to_string()),
    ] {
        assert_eq!(get(Some(person)).await, Ok(individual.clone()));
    }
    let nobody = Err(Some(Reason::IndividualNotFound));
    assert_eq!(
        get(Some(Person::VerificationId(house.request_id()))).await,
        nobody
    );
    assert_eq!(
        get(Some(Person::EnrollmentId(house.request_id()))).await,
        nobody
    );
    assert_eq!(get(None).await, Err(Some(Reason::InvalidRequest)));
    let refuse = "UPDATE verification SET state = 'REFUSED'";
    sea_orm::ConnectionTrait::execute_unprepared(&house.owner, refuse)
        .await
        .unwrap();
    assert_eq!(
        get(Some(Person::VerificationId(verification))).await,
        nobody
    );
}

/// A filler is nobody's contact: no code goes there, and none is waited for.
#[apply(both)]
async fn whoever_has_only_fillers_is_referred(database: Database) {
    let house = House::open(&database).await;
    let row = but(ada(2), |row| {
        row.phone = "000-000-0000; 012-555-0142".into();
        row.email = "noemail@example.org; kate@noemail.com; noreply1@example.org".into();
    });
    house.load(FILE, &[row]).await;
    let referred = house.verify(None, claims()).await.unwrap();
    assert_eq!(referred.state(), wire::VerificationState::Referred);
    assert_eq!(referred.contacts, []);
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM referral WHERE reason = 'NO_CONTACT_ON_RECORD'")
            .await,
        1
    );
    let message = wire::SendConfirmationCodeRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        verification_id: referred.verification_id,
        contact_id: house.request_id(),
        channel: ContactChannel::Email.into(),
    };
    let sent = house
        .handlers
        .send_confirmation_code(by(Role::Portal, message))
        .await;
    let refused = sent.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationState));
    assert!(house.messages().is_empty());
}
