//! Who was verified and enrolled is told of it, and can say that it was not them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use redress::db::FaultRates;
use redress::identity::grpc::Handlers;
use redress::identity::notice::send;
use redress::identity::roster::row::RawRow;
use redress::identity::sender::text::PROOFED;
use redress::identity::sender::{Message, SendError, Sender};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{IndividualId, VerificationId};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::identity::v1::{ContactChannel, VerificationState as State};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but, claims, somebody};
use crate::harness::front_ends::told;
use crate::harness::{Database, apply, both};

impl House {
    /// A house with this person, verified with a letter.
    async fn with_verified(database: &Database, row: RawRow) -> (Self, wire::Verification) {
        let house = Self::open(database).await;
        house.load(FILE, &[row]).await;
        let person = house.individuals().await[0].id;
        let letter = house.enrollment(person).await;
        let verified = house.verify(Some(letter), claims()).await.unwrap();
        assert_eq!(verified.state(), State::Verified);
        (house, verified)
    }

    /// A person who was verified with a letter and enrolled.
    async fn submitted_and_due(&self, person: IndividualId) {
        let enrollment = self.enrollment(person).await;
        let verification: VerificationId = self.ids.next();
        let (id, of) = (self.literal(verification), self.literal(enrollment));
        let sql = format!(
            "INSERT INTO verification (campaign_id, id, individual_id, enrollment_id, path, state, score_centibits, waterfall, requested_by, \
             created_at, decided_at, expires_at, evidence, representative_evidence, notice) \
             SELECT campaign_id, {id}, individual_id, id, 'LETTER', 'VERIFIED', 2000, '[]', 'portal/one', 1, 1, 1, '[]', '[]', 'DUE' \
             FROM enrollment WHERE id = {of}"
        );
        self.owner.execute_unprepared(&sql).await.unwrap();
        let sql = format!(
            "UPDATE enrollment SET state = 'SUBMITTED', submitted_at = 1, verification_id = {id} WHERE id = {of}"
        );
        self.owner.execute_unprepared(&sql).await.unwrap();
    }

    /// Completes the one enrollment with a verification, as the codes process would.
    pub async fn completed(&self, verification: &str) {
        let id: VerificationId = verification.parse().unwrap();
        let sql = format!(
            "UPDATE enrollment SET state = 'SUBMITTED', submitted_at = 1, verification_id = {}",
            self.literal(id)
        );
        self.owner.execute_unprepared(&sql).await.unwrap();
    }

    /// The notices of proofing in the outbox.
    pub fn notices(&self) -> Vec<Value> {
        let mut all = self.messages();
        all.retain(|message| message["text"] == PROOFED);
        all
    }

    pub async fn repudiate(&self, role: Role, token: &str) -> Result<(), Status> {
        let message = self.repudiation(NUMBER, token);
        let answer = self.handlers.repudiate_proofing(by(role, message)).await;
        answer.map(|_| ())
    }

    fn repudiation(&self, campaign: &str, token: &str) -> wire::RepudiateProofingRequest {
        wire::RepudiateProofingRequest {
            request_id: self.request_id(),
            campaign: campaign.into(),
            token: token.into(),
        }
    }

    pub async fn repudiations(&self) -> Vec<wire::Repudiation> {
        let message = wire::ListRepudiationsRequest {
            campaign: NUMBER.into(),
            ..Default::default()
        };
        let listed = self.handlers.list_repudiations(by(Role::Auditor, message));
        listed.await.unwrap().into_inner().repudiations
    }

    async fn notice(&self) -> String {
        self.text("SELECT COALESCE(MAX(notice), 'NONE') FROM verification")
            .await
    }
}

pub fn token_of(notice: &Value) -> String {
    notice["token"].as_str().unwrap().to_owned()
}

#[apply(both)]
async fn who_was_enrolled_is_told_and_repudiates_it(database: Database) {
    let (house, verified) = House::with_verified(&database, ada(2)).await;
    assert_eq!(
        send::step(&house.context).await.unwrap(),
        0,
        "not enrolled yet"
    );
    house.completed(&verified.verification_id).await;
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(send::step(&house.context).await.unwrap(), 0);
    let notices = house.notices();
    assert_eq!((notices.len(), house.notice().await.as_str()), (1, "SENT"));
    assert_eq!(notices[0]["channel"], "EMAIL");
    assert_eq!(house.repudiations().await, []);

    let token = token_of(&notices[0]).to_lowercase();
    let typed = format!("{} - {}", &token[..8], &token[8..]);
    house.repudiate(Role::CallCenter, &typed).await.unwrap();
    let seen = house
        .verification_as(Role::Portal, &verified.verification_id)
        .await;
    assert_eq!(seen.state(), State::Refused);
    house.repudiate(Role::Portal, &token).await.unwrap();
    let listed = house.repudiations().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].verification_id, verified.verification_id);
    assert_eq!(listed[0].enrollment_state, "SUBMITTED");
    assert_eq!(listed[0].verified_by, "portal/one");
    assert_eq!(listed[0].repudiated_through, "call-center/one/a-17");
    assert!(listed[0].repudiate_time.is_some());
    let events = "audit_event WHERE action = 'proofing.repudiated'";
    assert_eq!(house.count(events).await, 1);
}

/// The e-mail address that was confirmed is not told; the telephone is.
#[apply(both)]
async fn the_notice_goes_to_a_contact_that_took_no_part(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    house.enrollment(house.individuals().await[0].id).await;
    let lost = house.verify(None, claims()).await.unwrap();
    let id = lost.verification_id;
    house.send(&id, ContactChannel::Email).await.unwrap();
    let confirmed = house.confirm(&id, &house.last_code()).await.unwrap();
    assert_eq!(confirmed.state(), State::Verified);
    house.completed(&id).await;
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.notices()[0]["channel"], "SMS");
}

/// Without another contact the mail house gets an order, and without an address there is nowhere to send it.
#[apply(both)]
async fn who_has_no_other_contact_is_told_by_post(database: Database) {
    let row = but(ada(2), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    let (house, verified) = House::with_verified(&database, row).await;
    house.completed(&verified.verification_id).await;
    let undeliverable = "UPDATE individual SET mailable = FALSE";
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    let notices = house.notices();
    assert_eq!(notices[0]["channel"], "POST");
    let lines = notices[0]["to"].as_array().unwrap();
    assert!(
        lines.len() >= 3 && lines.iter().all(|line| line != ""),
        "{lines:?}"
    );
    house.owner.execute_unprepared(undeliverable).await.unwrap();
    let again = "UPDATE verification SET notice = 'DUE'";
    house.owner.execute_unprepared(again).await.unwrap();
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.notice().await, "NOWHERE");
    assert_eq!(house.notices().len(), 1);
}

/// A crash between sending and writing it down sends the same notice again, and repeats take one effect.
#[apply(both)]
async fn what_is_sent_or_said_again_is_the_same(database: Database) {
    let (house, verified) = House::with_verified(&database, ada(2)).await;
    house.completed(&verified.verification_id).await;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.5,
        seed: 5,
    });
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    let first = house.notices();
    let again = "UPDATE verification SET notice = 'DUE'";
    house.owner.execute_unprepared(again).await.unwrap();
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.notices(), first);
    let message = house.repudiation(NUMBER, &token_of(&first[0]));
    for _ in 0..3 {
        let said = by(Role::Portal, message.clone());
        house.handlers.repudiate_proofing(said).await.unwrap();
    }
    house.context.db.faults().set(FaultRates::default());
    let events = "audit_event WHERE action = 'proofing.repudiated'";
    assert_eq!(house.count(events).await, 1);
}

#[apply(both)]
async fn a_token_that_is_not_accepted_tells_nothing(database: Database) {
    let (house, verified) = House::with_verified(&database, ada(2)).await;
    house.completed(&verified.verification_id).await;
    send::step(&house.context).await.unwrap();
    let token = token_of(&house.notices()[0]);
    let unknown = "A".repeat(32);
    let refused = house.repudiate(Role::Portal, &unknown).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::TokenNotAccepted));
    let alike = told::<()>(Err(refused));
    let elsewhere = house.repudiation("Z999999", &token);
    let elsewhere = by(Role::Portal, elsewhere);
    assert_eq!(
        told(house.handlers.repudiate_proofing(elsewhere).await),
        alike
    );
    house.clock.advance(Duration::from_hours(24 * 60));
    let late = house.repudiate(Role::Portal, &token).await.unwrap_err();
    assert_eq!(told::<()>(Err(late)), alike);
    let mistyped = house.repudiate(Role::Portal, "1234").await.unwrap_err();
    assert_eq!(reason_of(&mistyped), Some(Reason::InvalidRequest));
    let valid = "verification WHERE state = 'VERIFIED'";
    assert_eq!(house.count(valid).await, 1);
}

#[apply(both)]
async fn what_was_never_completed_is_told_to_nobody(database: Database) {
    let (house, _) = House::with_verified(&database, ada(2)).await;
    assert_eq!(house.notice().await, "DUE");
    house.clock.advance(Duration::from_hours(24 + 2));
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.notice().await, "NONE");
    assert_eq!(house.notices(), [] as [Value; 0]);
    assert_eq!(house.repudiations().await, []);
}

/// What a clinic wrote for everybody is nobody's: a stranger would read there how to stop the enrollment.
#[apply(both)]
async fn a_contact_that_many_share_is_told_nothing(database: Database) {
    let (house, verified) = House::with_verified(&database, ada(2)).await;
    let shared = (3..12).map(|line| {
        but(somebody(line), |row| {
            row.phone = "260-555-0142".into();
            row.email = "kate@example.org".into();
        })
    });
    house.load("b", &shared.collect::<Vec<_>>()).await;
    house.completed(&verified.verification_id).await;
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(house.notices()[0]["channel"], "POST");
}

/// Takes the messages of one address alone, and says of the others why not.
pub struct Choosy {
    pub takes: &'static str,
    pub error: Mutex<SendError>,
    pub taken: Mutex<usize>,
}

impl Choosy {
    pub fn new(takes: &'static str, error: SendError) -> Arc<Self> {
        Arc::new(Self {
            takes,
            error: Mutex::new(error),
            taken: Mutex::new(0),
        })
    }
}

impl Sender for Choosy {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        let is_taken = message.email().is_some_and(|to| to.expose() == self.takes);
        if is_taken {
            *self.taken.lock().unwrap() += 1;
        }
        let error = *self.error.lock().unwrap();
        Box::pin(async move { is_taken.then_some(()).ok_or(error) })
    }
}

/// However many notices a carrier does not take, the one behind them is sent. They wait ever longer, and each is sent in the end.
#[apply(both)]
async fn what_cannot_be_sent_stands_in_nobodys_way(database: Database) {
    let mut house = House::open(&database).await;
    let rows: Vec<_> = (2..207).map(somebody).collect();
    house.load(FILE, &rows).await;
    for person in house.individuals().await {
        house.submitted_and_due(person.id).await;
    }
    let choosy = Choosy::new("p206@example.org", SendError::Transient);
    let outbox = std::mem::replace(&mut house.context.sender, choosy.clone());
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    assert_eq!(*choosy.taken.lock().unwrap(), 1);
    let due = "verification WHERE notice = 'DUE' AND notice_attempts = 1";
    assert_eq!(house.count(due).await, 204);
    for _ in 0..3 {
        house.clock.advance(Duration::from_hours(1));
        assert_eq!(send::step(&house.context).await.unwrap(), 0);
    }
    let later = "verification WHERE notice = 'DUE' AND notice_attempts = 4";
    assert_eq!(house.count(later).await, 204);
    // None is tried before its time, and one that a wrong clock put far off is not left there.
    let far = "UPDATE verification SET notice_retry_at = CASE WHEN notice_attempts = 4 THEN 9000000000000000 END";
    house.owner.execute_unprepared(far).await.unwrap();
    house.context.sender = outbox;
    assert_eq!(send::step(&house.context).await.unwrap(), 204);
    let again = "UPDATE verification SET notice = 'DUE', notice_retry_at = ";
    let soon = (house.context.now() + Duration::from_secs(9)).as_micros();
    house
        .owner
        .execute_unprepared(&format!("{again}{soon}"))
        .await
        .unwrap();
    assert_eq!(send::step(&house.context).await.unwrap(), 0);
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(send::step(&house.context).await.unwrap(), 205);
}

/// What the carrier refuses for good is not sent again, and stays to be seen.
#[apply(both)]
async fn a_notice_that_is_refused_for_good_ends(database: Database) {
    let (mut house, verified) = House::with_verified(&database, ada(2)).await;
    house.completed(&verified.verification_id).await;
    let outbox = std::mem::replace(
        &mut house.context.sender,
        Choosy::new("nobody", SendError::Permanent),
    );
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.5,
        seed: 5,
    });
    assert_eq!(send::step(&house.context).await.unwrap(), 1);
    house.context.db.faults().set(FaultRates::default());
    let kept = "verification WHERE notice = 'NOWHERE' AND notice_refused_at IS NOT NULL AND notice_mac IS NOT NULL";
    assert_eq!(house.count(kept).await, 1);
    let events = "audit_event WHERE action = 'proofing.notice_refused'";
    assert_eq!(house.count(events).await, 1);
    house.context.sender = outbox;
    house.clock.advance(Duration::from_hours(2));
    assert_eq!(send::step(&house.context).await.unwrap(), 0);
    assert_eq!(house.notices(), [] as [Value; 0]);
}

/// An agent is told which kind it is: later again, or another contact.
#[apply(both)]
async fn a_contact_that_takes_no_code_is_told_from_a_gateway_that_rests(database: Database) {
    let (mut house, id) = super::confirm::waiting(&database).await;
    let choosy = Choosy::new("nobody", SendError::Transient);
    house.context.sender = choosy.clone();
    house.handlers = Handlers::new(house.context.clone());
    let rests = house.send(&id, ContactChannel::Email).await.unwrap_err();
    assert_eq!(reason_of(&rests), Some(Reason::SenderUnavailable));
    *choosy.error.lock().unwrap() = SendError::Permanent;
    let refused = house.send(&id, ContactChannel::Email).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::VerificationState));
    assert_eq!(state_in(&refused), "CONTACT_REFUSED");
    let events = "audit_event WHERE action = 'confirmation_code.contact_refused'";
    assert_eq!(house.count(events).await, 1);
}

fn state_in(refused: &Status) -> String {
    let details = refused.get_details_error_info().unwrap();
    details.metadata["state"].clone()
}
