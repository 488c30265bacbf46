//! Contacts on record, named by opaque ids.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;

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
