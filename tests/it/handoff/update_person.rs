//! What a person mends after the bureau has enrolled them, told by every way to a partner.

use redress::bureau::digest::digest;
use redress::db::entities::handoff::Kind;
use redress::db::entities::supplement;
use redress::kernel::ids::HandoffId;
use redress::kernel::person::Person;
use redress::kernel::person_sealer::Place;
use redress::wire::google::r#type::Date;
use redress::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentProgress, EnrollmentStatus, HandoffKind, Subject,
};
use redress::wire::redress::handoff::v1::UpdatePartnerRequest;
use redress::wire::redress::r#type::v1::{OutcomeClass, PersonName};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};

use super::files::{Exchange, SANDBOX};
use super::http::{Api, OVERDUE, layout, patient};
use super::pull::drain;
use super::said::{report, status};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

const SSN: &str = "666010001";
const NAME: &str = "sandbox-bureau";

impl World {
    /// Takes another last name, as the identity process does.
    async fn marries(&self, enroll: HandoffId, family_name: &str) {
        let id = self.row(enroll).await.individual_id;
        let over = Person {
            family_name: family_name.into(),
            ..Person::default()
        };
        let salt = self.salt(id).await;
        let row = supplement::Model {
            campaign_id: self.campaign,
            individual_id: id,
            sealed: self.sealer.seal_at(Place::supplement_of(id), &salt, &over),
            updated_at: self.context.clock.now(),
            updated_by: "portal/one".into(),
        };
        let key = (self.campaign, id);
        let before = supplement::Entity::delete_by_id(key);
        before.exec(&self.owner).await.unwrap();
        row.into_active_model().insert(&self.owner).await.unwrap();
    }

    /// Queues what tells the partner, as the codes process does the first time.
    async fn update(&self, enroll: HandoffId) -> HandoffId {
        self.later(enroll, Kind::UpdatePerson, |_| {}).await
    }

    /// Somebody who is enrolled by a partner that is called, has married, and whose bureau is to be told.
    async fn king(database: Database) -> (Self, HandoffId, HandoffId) {
        let world = Self::new(database).await;
        let partner = world.push_partner().await;
        let enroll = world.enroll(partner, SSN).await;
        world.work().await;
        assert_eq!(world.state(enroll).await, "ACTIVE");
        world.marries(enroll, "King").await;
        let update = world.update(enroll).await;
        (world, enroll, update)
    }

    /// Tells whether the bureau has the person under this name, once.
    fn knows(&self, family_name: &str) -> bool {
        let subject = subject(family_name);
        let book = self.desk.page(0, 10).into_iter();
        let known: Vec<String> = book.map(|(entry, _)| entry.digest).collect();
        known == [digest(self.desk.key(), &subject)]
    }
}

fn subject(family_name: &str) -> Subject {
    Subject {
        ssn: SSN.to_owned(),
        name: Some(PersonName {
            family_name: family_name.to_owned(),
            ..PersonName::default()
        }),
        date_of_birth: Some(Date {
            year: 1815,
            month: 12,
            day: 10,
        }),
        ..Subject::default()
    }
}

fn family_name(order: &EnrollmentOrder) -> String {
    let name = order.subject.clone().unwrap().name.unwrap();
    name.family_name
}

#[apply(both)]
async fn a_called_partner_gets_the_new_data_of_who_is_enrolled(database: Database) {
    let (world, enroll, update) = World::king(database).await;
    assert!(world.knows("Lovelace"));
    world.work().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert!(world.knows("King"));
    assert_eq!(world.offers(), [2]);
    assert_eq!(world.booked(), [EnrollmentProgress::Active]);
    // The coverage is not concerned.
    assert!(world.outcomes(update).await.is_empty());
    assert_eq!(world.outcomes(enroll).await, ["ACTIVE"]);
    assert_eq!(world.state(enroll).await, "ACTIVE");
}

/// The data are read when they are sent: an update that waits needs no other order. One that was taken is followed by the next attempt.
#[apply(both)]
async fn of_several_corrections_the_bureau_ends_with_the_newest(database: Database) {
    let (world, enroll, update) = World::king(database).await;
    world.marries(enroll, "Byron").await;
    world.order_again(update, 2).await;
    assert_eq!((world.take().await, world.take().await), (1, 0));
    world.work().await;
    assert!(world.knows("Byron"));
    assert_eq!(world.row(update).await.order_attempt, 1);
    world.marries(enroll, "Noel").await;
    world.order_again(update, 2).await;
    assert_eq!(world.take().await, 1);
    assert_eq!(world.state(update).await, "QUEUED");
    world.work().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert!(world.knows("Noel"));
    assert_eq!(world.offers(), [3]);
    assert!(world.outcomes(update).await.is_empty());
}

/// The bureau holds an order with the older data: the newer ones are sent after it, and what is said of the older order is no answer to them.
#[apply(both)]
async fn a_correction_while_an_update_is_held_is_sent_after_it(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, SSN).await;
    world.puller().drain().await.unwrap();
    while world.reporter().step().await.unwrap() > 0 {}
    assert_eq!(world.state(enroll).await, "ACTIVE");
    world.marries(enroll, "King").await;
    let update = world.update(enroll).await;
    let first = drain(&world, 0).await.remove(0);
    assert_eq!(first.kind(), HandoffKind::UpdatePerson);
    assert_eq!(first.updates_handoff_id, enroll.to_string());
    assert_eq!(family_name(&first), "King");
    assert!(first.consent.is_none() && first.coverage.is_some());
    world.marries(enroll, "Byron").await;
    world.order_again(update, 2).await;
    assert_eq!(world.take().await, 0, "it waits for the order on its way");
    let taken = |attempt| EnrollmentStatus {
        attempt,
        ..status(
            &update.to_string(),
            EnrollmentProgress::Active,
            OutcomeClass::Unspecified,
        )
    };
    report(&world, NAME, vec![taken(1)]).await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert_eq!(world.take().await, 1);
    let late = report(&world, NAME, vec![taken(1)]).await;
    assert_eq!(late, ["UNCHANGED"]);
    assert_eq!(world.state(update).await, "QUEUED");
    let second = drain(&world, 0).await.remove(0);
    assert_eq!(second.handoff_id, first.handoff_id);
    assert_eq!((second.attempt, &*family_name(&second)), (2, "Byron"));
    report(&world, NAME, vec![taken(2)]).await;
    assert_eq!(world.state(update).await, "ACTIVE");
}

/// What becomes of an enrollment is reported under its own id.
#[apply(both)]
async fn an_update_neither_suspends_nor_ends_anything(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, SSN).await;
    world.puller().drain().await.unwrap();
    while world.reporter().step().await.unwrap() > 0 {}
    let update = world.update(enroll).await;
    world.puller().drain().await.unwrap();
    assert_eq!(world.state(update).await, "ACTIVE");
    for progress in [EnrollmentProgress::Suspended, EnrollmentProgress::Ended] {
        let said = EnrollmentStatus {
            partner_reference: String::new(),
            ..status(&update.to_string(), progress, OutcomeClass::Unspecified)
        };
        report(&world, NAME, vec![said]).await;
        assert_eq!(world.state(update).await, "ACTIVE");
    }
    assert_eq!(world.state(enroll).await, "ACTIVE");
}

/// The answer was never seen, and the data changed meanwhile: that the bureau has the older order is no answer to the newer one.
#[apply(both)]
async fn a_correction_while_an_answer_is_missing_is_sent_after_it(database: Database) {
    let (world, enroll, update) = World::king(database).await;
    world.work().await;
    // As a worker leaves it that dies between the call and its settlement.
    let died = "UPDATE handoff SET state = 'UNSETTLED', settled_at = NULL, acknowledged_at = NULL WHERE kind = 'UPDATE_PERSON'";
    world.owner.execute_unprepared(died).await.unwrap();
    world.marries(enroll, "Byron").await;
    world.order_again(update, 2).await;
    assert_eq!(world.take().await, 1);
    world.hand.advance(BACKOFF);
    world.work().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert_eq!(world.row(update).await.order_attempt, 2);
    assert!(world.knows("Byron"));
    assert_eq!(world.offers(), [3]);
}

/// The bureau does not know the enrollment: that is an operator's matter, and the coverage goes on.
#[apply(both)]
async fn what_the_bureau_refuses_changes_nothing_until_an_operator_has_it_told_again(
    database: Database,
) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, SSN).await;
    let runs = "UPDATE handoff SET state = 'ACTIVE', settled_at = created_at";
    world.owner.execute_unprepared(runs).await.unwrap();
    world.marries(enroll, "King").await;
    let update = world.update(enroll).await;
    world.work().await;
    assert_eq!(world.state(update).await, "REFUSED");
    assert_eq!(world.state(enroll).await, "ACTIVE");
    assert!(world.outcomes(update).await.is_empty());
    let order = EnrollmentOrder {
        kind: HandoffKind::Enroll.into(),
        attempt: 1,
        subject: Some(subject("Lovelace")),
        ..EnrollmentOrder::default()
    };
    world.desk.submit(enroll.as_uuid(), &order).await.unwrap();
    world.replay(update).await.unwrap();
    world.work().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert_eq!(world.row(update).await.order_attempt, 2);
    assert!(world.knows("King"));
}

#[apply(both)]
async fn who_withdraws_meanwhile_is_not_told(database: Database) {
    let (world, enroll, update) = World::king(database).await;
    let cancel = world.cancel(enroll).await;
    world.work().await;
    assert_eq!(world.state(update).await, "CANCELED");
    assert_eq!(world.state(cancel).await, "CANCELED");
    assert!(world.knows("Lovelace"));
    assert!(world.replay(update).await.is_err());
    world.order_again(update, 2).await;
    assert_eq!(world.take().await, 1);
    assert_eq!(world.state(update).await, "CANCELED");
    assert!(world.outcomes(update).await.is_empty());
}

#[apply(both)]
async fn a_partner_that_takes_files_gets_the_new_data(database: Database) {
    let world = World::new(database).await;
    let exchange = Exchange::open(&world, SANDBOX).await;
    let enroll = world.enroll(exchange.partner, SSN).await;
    let night = async || {
        exchange.night().await;
        exchange.bureau().await;
        exchange.step().await;
        exchange.bureau().await;
        exchange.step().await;
    };
    night().await;
    assert_eq!(world.state(enroll).await, "ACTIVE");
    world.marries(enroll, "King").await;
    let update = world.update(enroll).await;
    night().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert!(world.knows("King"));
    // The layout of a bureau that cannot see which enrollment is meant: it might enroll the person again.
    let column = "    { name = \"updates_handoff_id\", field = \"updates_handoff_id\" },\n";
    assert!(SANDBOX.contains(column));
    let request = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: exchange.partner.to_string(),
        file_layout: Some(SANDBOX.replace(column, "")),
        ..UpdatePartnerRequest::default()
    };
    world.partners().update_partner(request).await.unwrap();
    world.marries(enroll, "Byron").await;
    world.order_again(update, 2).await;
    world.take().await;
    night().await;
    assert_eq!(world.state(update).await, "ACTION_REQUIRED");
    let native = world.row(update).await.native_code;
    assert_eq!(native.as_deref(), Some("CANNOT_PROJECT kind"));
    assert!(world.knows("King"));
    assert_eq!(world.state(enroll).await, "ACTIVE");
}

#[apply(both)]
async fn a_partner_with_a_rest_api_gets_the_new_data(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let enroll = world.enroll(api.partner, SSN).await;
    world.work().await;
    world.hand.advance(OVERDUE);
    world.work().await;
    assert_eq!(world.state(enroll).await, "ACTIVE");
    let longer = "K".repeat(61);
    world.marries(enroll, &longer).await;
    let update = world.update(enroll).await;
    world.work().await;
    let native = async || world.row(update).await.native_code.unwrap_or_default();
    assert_eq!(world.state(update).await, "ACTION_REQUIRED");
    assert_eq!(native().await, "CANNOT_PROJECT family_name");
    assert!(world.knows("Lovelace"));
    world.marries(enroll, "King").await;
    world.order_again(update, 2).await;
    world.take().await;
    world.work().await;
    assert_eq!(world.state(update).await, "ACTIVE");
    assert!(world.knows("King"));
    // Where the layout has no call for it, an operator is told; nothing is sent as something else.
    let plain = layout(api.address);
    let (head, rest) = plain.split_once("[update_person]").unwrap();
    let (_, rest) = rest.split_once("[restore]").unwrap();
    let request = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: api.partner.to_string(),
        http_layout: Some(format!("{head}[restore]{rest}")),
        ..UpdatePartnerRequest::default()
    };
    world.partners().update_partner(request).await.unwrap();
    world.marries(enroll, "Byron").await;
    world.order_again(update, 3).await;
    world.take().await;
    world.work().await;
    assert_eq!(world.state(update).await, "ACTION_REQUIRED");
    assert_eq!(native().await, "CANNOT_PROJECT kind");
    assert!(world.knows("King"));
    assert_eq!(world.outcomes(enroll).await, ["ACTIVE"]);
}
