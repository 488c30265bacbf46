//! Confirmation codes on good and on bad days.

use std::fs;
use std::time::Duration;

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::get_individual_request::Person;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::identity::v1::{ContactChannel, VerificationState as State};
use tonic::Status;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but, claims};
use crate::harness::{Database, apply, both};

/// A house where Katherine has lost her letter and waits for a code.
pub async fn waiting(database: &Database) -> (House, String) {
    let house = House::open(database).await;
    house.load(FILE, &[ada(2)]).await;
    let verification = house.verify(None, claims()).await.unwrap();
    (house, verification.verification_id)
}

impl House {
    async fn send_as(
        &self,
        request_id: &str,
        verification: &str,
        channel: ContactChannel,
    ) -> Result<i64, Status> {
        let message = wire::SendConfirmationCodeRequest {
            request_id: request_id.into(),
            campaign: NUMBER.into(),
            verification_id: verification.into(),
            contact_id: self.contact(verification, channel).await,
            channel: channel.into(),
        };
        let answer = self
            .handlers
            .send_confirmation_code(by(Role::Portal, message))
            .await?;
        Ok(answer.into_inner().expire_time.unwrap().seconds)
    }

    /// The id of the first contact that a channel reaches of the verification's person, or one that nobody has.
    pub async fn contact(&self, verification: &str, channel: ContactChannel) -> String {
        let kind = match channel {
            ContactChannel::Voice => ContactChannel::Sms,
            other => other,
        };
        let seen = self
            .masked_individual(Person::VerificationId(verification.into()))
            .await;
        let contacts = seen.map(|seen| seen.contacts).unwrap_or_default();
        let found = contacts.into_iter().find(|one| one.channel() == kind);
        found.map_or_else(|| self.request_id(), |one| one.contact_id)
    }

    pub async fn send(&self, verification: &str, channel: ContactChannel) -> Result<i64, Status> {
        self.send_as(&self.request_id(), verification, channel)
            .await
    }

    async fn confirm_as(
        &self,
        request_id: &str,
        verification: &str,
        code: &str,
    ) -> Result<wire::Verification, Status> {
        let message = wire::ConfirmCodeRequest {
            request_id: request_id.into(),
            campaign: NUMBER.into(),
            verification_id: verification.into(),
            code: code.into(),
        };
        let answer = self
            .handlers
            .confirm_code(by(Role::Portal, message))
            .await?;
        Ok(answer.into_inner().verification.unwrap())
    }

    pub async fn confirm(
        &self,
        verification: &str,
        code: &str,
    ) -> Result<wire::Verification, Status> {
        self.confirm_as(&self.request_id(), verification, code)
            .await
    }

    /// What lies in the outbox whole, oldest first.
    pub fn messages(&self) -> Vec<serde_json::Value> {
        let mut files: Vec<_> = fs::read_dir(self.outbox.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
            .collect()
    }

    pub fn last_code(&self) -> String {
        self.messages().last().unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Digits that are not these.
pub fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

pub fn refused(answer: &Result<wire::Verification, Status>) -> Vec<u8> {
    let status = answer.as_ref().unwrap_err();
    assert_eq!(reason_of(status), Some(Reason::ConfirmationNotAccepted));
    status.details().to_vec()
}

#[apply(both)]
async fn the_code_that_was_sent_verifies_once(database: Database) {
    let (house, id) = waiting(&database).await;
    house.send(&id, ContactChannel::Sms).await.unwrap();
    let message = house.messages().remove(0);
    assert_eq!(
        (message["to"].as_str(), message["channel"].as_str()),
        (Some("+12605550142"), Some("SMS"))
    );
    assert_eq!(message["expires_at"], "2015-07-17T12:10:00Z");
    let code = house.last_code();
    let request = house.request_id();
    let verified = house.confirm_as(&request, &id, &code).await.unwrap();
    assert_eq!(verified.state(), State::Verified);
    assert_eq!(
        house.confirm_as(&request, &id, &code).await.unwrap(),
        verified
    );
    refused(&house.confirm(&id, &code).await);
    let sent = house.send(&id, ContactChannel::Sms).await.unwrap_err();
    assert_eq!(reason_of(&sent), Some(Reason::VerificationState));
}

#[apply(both)]
async fn five_wrong_tries_spend_the_code(database: Database) {
    let (house, id) = waiting(&database).await;
    house.send(&id, ContactChannel::Email).await.unwrap();
    let code = house.last_code();
    for _ in 0..5 {
        refused(&house.confirm(&id, &other(&code)).await);
    }
    refused(&house.confirm(&id, &code).await);
    house.send(&id, ContactChannel::Email).await.unwrap();
    assert!(house.confirm(&id, &house.last_code()).await.is_ok());
}

#[apply(both)]
async fn tries_at_once_are_all_counted(database: Database) {
    let (house, id) = waiting(&database).await;
    house.send(&id, ContactChannel::Email).await.unwrap();
    let wrong = other(&house.last_code());
    let answers = join_all((0..12).map(|_| house.confirm(&id, &wrong))).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(
        house
            .number("SELECT CAST(attempts AS BIGINT) FROM confirmation_code")
            .await,
        5
    );
    assert_eq!(
        house.text("SELECT state FROM confirmation_code").await,
        "SPENT"
    );
}

#[apply(both)]
async fn the_right_code_at_once_verifies_once(database: Database) {
    let (house, id) = waiting(&database).await;
    house.send(&id, ContactChannel::Email).await.unwrap();
    let code = house.last_code();
    let answers = join_all((0..8).map(|_| house.confirm(&id, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[apply(both)]
async fn a_wrong_try_that_is_repeated_counts_once(database: Database) {
    let (house, id) = waiting(&database).await;
    house.send(&id, ContactChannel::Email).await.unwrap();
    let request = house.request_id();
    let wrong = other(&house.last_code());
    for _ in 0..9 {
        refused(&house.confirm_as(&request, &id, &wrong).await);
    }
    assert_eq!(
        house
            .number("SELECT CAST(attempts AS BIGINT) FROM confirmation_code")
            .await,
        1
    );
}

#[apply(both)]
async fn a_late_code_a_superseded_one_and_none_at_all_look_the_same(database: Database) {
    let (house, id) = waiting(&database).await;
    let unsent = refused(&house.confirm(&id, "123456").await);
    let unknown = refused(&house.confirm(&house.ids.uuid().to_string(), "123456").await);
    house.send(&id, ContactChannel::Sms).await.unwrap();
    let old = house.last_code();
    house.clock.advance(Duration::from_mins(1));
    house.send(&id, ContactChannel::Sms).await.unwrap();
    let new = house.last_code();
    let superseded = refused(&house.confirm(&id, &old).await);
    house.clock.advance(Duration::from_mins(10));
    let late = refused(&house.confirm(&id, &new).await);
    assert!(
        [unknown, superseded, late]
            .iter()
            .all(|bytes| *bytes == unsent)
    );
}

#[apply(both)]
async fn sends_are_limited_and_a_repeated_one_is_the_same_message(database: Database) {
    let (house, id) = waiting(&database).await;
    let request = house.request_id();
    let expires = house
        .send_as(&request, &id, ContactChannel::Sms)
        .await
        .unwrap();
    let code = house.last_code();
    assert_eq!(
        house
            .send_as(&request, &id, ContactChannel::Sms)
            .await
            .unwrap(),
        expires
    );
    assert_eq!((house.messages().len(), house.last_code()), (1, code));
    house.send(&id, ContactChannel::Sms).await.unwrap();
    house.send(&id, ContactChannel::Voice).await.unwrap();
    let spent = house.send(&id, ContactChannel::Email).await.unwrap_err();
    assert_eq!(reason_of(&spent), Some(Reason::VerificationState));
    assert_eq!(house.messages().len(), 3);
}

#[apply(both)]
async fn a_code_goes_only_to_a_contact_on_record(database: Database) {
    let house = House::open(&database).await;
    house
        .load(FILE, &[but(ada(2), |row| row.phone = "".into())])
        .await;
    let id = house.verify(None, claims()).await.unwrap().verification_id;
    let refused = house.send(&id, ContactChannel::Sms).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::NoContactOnRecord));
    assert!(house.messages().is_empty());
    let expires = house.send(&id, ContactChannel::Email).await.unwrap();
    assert_eq!(
        expires - house.context.now().as_micros() / 1_000_000,
        24 * 3_600
    );
}

/// A case before a reviewer tells nobody which contacts are on record.
#[apply(both)]
async fn a_referred_case_does_not_tell_which_contacts_there_are(database: Database) {
    let house = House::open(&database).await;
    house
        .load(FILE, &[but(ada(2), |row| row.phone = "".into())])
        .await;
    let doubtful = wire::Claims {
        ssn: "666-99-9999".into(),
        ..claims()
    };
    let referred = house.verify(None, doubtful).await.unwrap();
    assert_eq!(referred.state(), State::Referred);
    for channel in [
        ContactChannel::Email,
        ContactChannel::Sms,
        ContactChannel::Voice,
    ] {
        let refused = house
            .send(&referred.verification_id, channel)
            .await
            .unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::VerificationState));
    }
    assert_eq!(house.count("confirmation_code").await, 0);
}

#[apply(both)]
async fn a_send_that_is_repeated_after_the_code_was_used_has_its_first_answer(database: Database) {
    let (house, id) = waiting(&database).await;
    let request = house.request_id();
    let expires = house
        .send_as(&request, &id, ContactChannel::Sms)
        .await
        .unwrap();
    house.confirm(&id, &house.last_code()).await.unwrap();
    assert_eq!(
        house
            .send_as(&request, &id, ContactChannel::Sms)
            .await
            .unwrap(),
        expires
    );
    assert_eq!(house.messages().len(), 1);
}

#[apply(both)]
async fn a_verification_that_waited_too_long_gets_no_code(database: Database) {
    let (house, id) = waiting(&database).await;
    house.clock.advance(Duration::from_hours(24));
    let refused = house.send(&id, ContactChannel::Email).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationExpired));
}

/// The carrier is away: the intent is stored, and the same call sends the same digits later.
#[apply(both)]
async fn a_carrier_that_is_away_is_told_and_the_same_call_sends_later(database: Database) {
    let (mut house, id) = waiting(&database).await;
    let folder = house.outbox.path().join("later");
    fs::write(&folder, "in the way").unwrap();
    let away = redress::identity::sender::outbox::Outbox::new(folder.join("x"));
    house.context.sender = std::sync::Arc::new(away);
    let stuck = House {
        handlers: redress::identity::grpc::Handlers::new(house.context.clone()),
        ..house
    };
    let request = stuck.request_id();
    let refused = stuck
        .send_as(&request, &id, ContactChannel::Email)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::SenderUnavailable));
    fs::remove_file(&folder).unwrap();
    stuck
        .send_as(&request, &id, ContactChannel::Email)
        .await
        .unwrap();
    assert_eq!(fs::read_dir(folder.join("x")).unwrap().count(), 1);
    assert_eq!(stuck.count("confirmation_code").await, 1);
}
