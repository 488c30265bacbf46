//! What people mend or choose for their enrollments.

use redress::db::entities::supplement;
use redress::identity::roster::keys::RosterKeys;
use redress::identity::roster::store;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::EnrollmentId;
use redress::kernel::person::Person;
use redress::kernel::person_sealer::Place;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::r#type::v1::{PersonName, PostalAddress};
use sea_orm::{ConnectionTrait, EntityTrait};
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, claims, date, somebody};
use crate::harness::{Database, apply, both};

fn mended() -> wire::Correction {
    wire::Correction {
        name: Some(PersonName {
            given_name: "Katherine".into(),
            family_name: "Taylor".into(),
            ..PersonName::default()
        }),
        prior_names: vec![PersonName {
            given_name: "Katherine".into(),
            family_name: "O'Neill".into(),
            ..PersonName::default()
        }],
        address: Some(PostalAddress {
            line1: "9 Elm Ave".into(),
            city: "Gary".into(),
            region: "IN".into(),
            postal_code: "46401".into(),
            ..PostalAddress::default()
        }),
        language_code: "es".into(),
        ..wire::Correction::default()
    }
}

fn contact(email: &str, phone: &str) -> wire::Correction {
    wire::Correction {
        email: email.into(),
        phone: phone.into(),
        ..wire::Correction::default()
    }
}

impl House {
    fn correction(
        &self,
        enrollment: EnrollmentId,
        verification: &str,
        correction: wire::Correction,
    ) -> wire::CorrectEnrollmentRequest {
        wire::CorrectEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.to_string(),
            verification_id: verification.into(),
            correction: Some(correction),
        }
    }

    async fn correct(
        &self,
        message: wire::CorrectEnrollmentRequest,
    ) -> Result<i64, Option<Reason>> {
        let answer: Result<_, Status> = self
            .handlers
            .correct_enrollment(by(Role::Portal, message))
            .await;
        let answer = answer.map_err(|status| reason_of(&status))?;
        Ok(answer.into_inner().update_time.unwrap().seconds)
    }

    /// The first person's supplement, decrypted.
    async fn supplement(&self) -> Person {
        let row = supplement::Entity::find()
            .one(&self.owner)
            .await
            .unwrap()
            .unwrap();
        let key = store::find_key(self.context.db.read(), self.campaign).await;
        let keys = RosterKeys::of(&self.context, &key.unwrap().unwrap()).unwrap();
        let individuals = self.individuals().await;
        let of = individuals
            .iter()
            .find(|one| one.id == row.individual_id)
            .unwrap();
        let (place, salt) = (Place::supplement_of(of.id), of.salt.as_ref().unwrap());
        keys.sealer.open_at(place, salt, &row.sealed).unwrap()
    }
}

/// Katherine with a letter, verified by it.
async fn verified(database: &Database) -> (House, EnrollmentId, String) {
    let (house, letter) = House::with_letter(database).await;
    let verification = house.verify(Some(letter), claims()).await.unwrap();
    (house, letter, verification.verification_id)
}

/// Katherine with a letter that is too old, verified by a code to her telephone.
async fn confirmed(database: &Database) -> (House, EnrollmentId, String) {
    let (house, letter) = House::with_letter(database).await;
    house.clock.advance(std::time::Duration::from_hours(24));
    let id = house
        .verify(Some(letter), claims())
        .await
        .unwrap()
        .verification_id;
    house.send(&id, ContactChannel::Sms).await.unwrap();
    house.confirm(&id, &house.last_code()).await.unwrap();
    (house, letter, id)
}

#[apply(both)]
async fn what_a_person_mends_is_sealed_beside_the_record(database: Database) {
    let (house, letter, id) = verified(&database).await;
    let before = house.individuals().await;
    let message = house.correction(letter, &id, mended());
    let at = house.correct(message.clone()).await.unwrap();
    assert_eq!(
        house.correct(message.clone()).await,
        Ok(at),
        "the same call is the same call"
    );
    let other = wire::CorrectEnrollmentRequest {
        correction: Some(contact("kate@example.org", "")),
        ..message
    };
    assert_eq!(
        house.correct(other).await,
        Err(Some(Reason::RequestIdReused))
    );
    assert_eq!(
        house.individuals().await,
        before,
        "the roster stays as it is"
    );
    let person = house.supplement().await;
    assert_eq!(person.family_name.expose(), "Taylor");
    assert_eq!(person.prior_names[0].expose(), "Katherine O'Neill");
    assert_eq!(person.city.as_ref().unwrap().expose(), "Gary");
    assert!(person.ssn.is_none() && person.email.is_none());

    let second = house.correction(letter, &id, contact("kate@example.org", "(260) 555-0142"));
    house.correct(second).await.unwrap();
    let person = house.supplement().await;
    assert_eq!(
        person.family_name.expose(),
        "Taylor",
        "the first correction stays"
    );
    assert_eq!(person.phone.as_ref().unwrap().expose(), "+12605550142");
    assert_eq!(house.count("supplement").await, 1);
    assert!(
        house.messages().is_empty(),
        "contacts on record are no news"
    );
    let audited = "SELECT COUNT(*) FROM audit_event WHERE action = 'enrollment.corrected'";
    assert_eq!(house.number(audited).await, 2);
    let row = supplement::Entity::find()
        .one(&house.owner)
        .await
        .unwrap()
        .unwrap();
    for canary in ["Taylor", "Gary", "kate@"] {
        let is_there = row
            .sealed
            .windows(canary.len())
            .any(|bytes| bytes == canary.as_bytes());
        assert!(!is_there, "{canary}");
    }
}

#[apply(both)]
async fn a_new_contact_needs_a_code_or_a_review_and_the_old_one_is_told(database: Database) {
    let (house, letter, id) = verified(&database).await;
    let new = contact("new@example.org", "");
    let refused = house
        .correct(house.correction(letter, &id, new.clone()))
        .await;
    assert_eq!(refused, Err(Some(Reason::StepUpRequired)));
    let wrong = wire::Correction {
        ssn: "12345".into(),
        ..mended()
    };
    let wrong = by(Role::Portal, house.correction(letter, &id, wrong));
    let refused = house.handlers.correct_enrollment(wrong).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["correction.ssn"], "one fault is told once");
    assert_eq!(house.count("supplement").await, 0);

    house.clock.advance(std::time::Duration::from_hours(24));
    let id = house
        .verify(Some(letter), claims())
        .await
        .unwrap()
        .verification_id;
    house.send(&id, ContactChannel::Sms).await.unwrap();
    house.confirm(&id, &house.last_code()).await.unwrap();
    let sent = house.messages().len();
    let message = house.correction(letter, &id, new);
    house.correct(message.clone()).await.unwrap();
    house.correct(message).await.unwrap();
    let messages = house.messages();
    assert_eq!(
        messages.len(),
        sent + 1,
        "one notice, however often the call is made"
    );
    let mut notices = messages.iter().filter(|one| one["notice_id"].is_string());
    let notice = notices.next().unwrap();
    assert_eq!(
        (notice["to"].as_str(), notice["channel"].as_str()),
        (Some("kate@example.org"), Some("EMAIL"))
    );
    assert!(!notice.to_string().contains("new@example.org"));
    let again = house.correction(letter, &id, contact("new@example.org", ""));
    house.correct(again).await.unwrap();
    assert_eq!(house.messages().len(), sent + 1, "it is known by now");
}

#[apply(both)]
async fn only_who_is_verified_for_the_enrollment_corrects_it(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), somebody(3)]).await;
    let people = house.individuals().await;
    let (letter, other) = (
        house.enrollment(people[0].id).await,
        house.enrollment(people[1].id).await,
    );
    let id = house
        .verify(Some(letter), claims())
        .await
        .unwrap()
        .verification_id;
    let not_verified = Err(Some(Reason::NotVerified));
    assert_eq!(
        house.correct(house.correction(other, &id, mended())).await,
        not_verified
    );
    let unknown = house.correction(house.ids.next(), &id, mended());
    assert_eq!(house.correct(unknown).await, not_verified);
    let stranger = house.request_id();
    assert_eq!(
        house
            .correct(house.correction(letter, &stranger, mended()))
            .await,
        not_verified
    );
    let cancel = "UPDATE enrollment SET state = 'CANCELED', settled_at = 1, cancel_reason = 'OTHER', \
        canceled_by = 'portal/one', cancel_requested_at = 1 WHERE state = 'STARTED'";
    house.owner.execute_unprepared(cancel).await.unwrap();
    let canceled = house.correct(house.correction(letter, &id, mended())).await;
    assert_eq!(canceled, Err(Some(Reason::EnrollmentState)));
    let second = house.enrollment(people[0].id).await;
    let mend = house.correction(second, &id, mended());
    assert!(
        house.correct(mend).await.is_ok(),
        "it is of the same individual"
    );
    // What a letter began and was canceled takes its verification with it.
    let by_letter = "UPDATE enrollment SET code_mac = id";
    house.owner.execute_unprepared(by_letter).await.unwrap();
    assert_eq!(
        house.correct(house.correction(second, &id, mended())).await,
        not_verified
    );
    house.clock.advance(std::time::Duration::from_hours(24));
    let late = house.correct(house.correction(letter, &id, mended())).await;
    assert_eq!(late, Err(Some(Reason::VerificationExpired)));
}

#[apply(both)]
async fn a_correction_follows_the_rules_of_a_roster(database: Database) {
    let (house, letter, id) = verified(&database).await;
    let changes: [fn(&mut wire::Correction); 9] = [
        |one| *one = wire::Correction::default(),
        |one| one.name = Some(PersonName::default()),
        |one| {
            // One name is a name; a middle name alone is none.
            one.name = Some(PersonName {
                middle_name: "K".into(),
                ..PersonName::default()
            });
        },
        |one| one.address = Some(PostalAddress::default()),
        |one| one.date_of_birth = date(2999, 1, 1),
        |one| one.ssn = "12345".into(),
        |one| one.email = "kate@example.org; k@example.org".into(),
        |one| one.language_code = "english".into(),
        |one| one.prior_names = vec![PersonName::default()],
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut wrong = mended();
        change(&mut wrong);
        let refused = house.correct(house.correction(letter, &id, wrong)).await;
        assert_eq!(refused, Err(Some(Reason::InvalidRequest)), "{at}");
    }
    assert_eq!(house.count("supplement").await, 0);
}

#[apply(both)]
async fn a_correction_is_erased_with_the_person(database: Database) {
    let (house, letter, id) = confirmed(&database).await;
    house
        .correct(house.correction(letter, &id, mended()))
        .await
        .unwrap();
    let erase = "UPDATE individual SET salt = NULL, sealed = NULL, mailable = FALSE, erased_at = 1";
    house.owner.execute_unprepared(erase).await.unwrap();
    let refused = house.correct(house.correction(letter, &id, mended())).await;
    assert_eq!(refused, Err(Some(Reason::IndividualErased)));
}
