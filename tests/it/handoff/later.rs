//! What follows an order: a longer term, and the end of a term, by every way to a partner.

use redress::db::entities::handoff::{CancelReason, Kind, Queued};
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::handoff::v1::UpdatePartnerRequest;
use sea_orm::ConnectionTrait;

use super::files::{Exchange, SANDBOX};
use super::http::{Api, patient};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

impl World {
    /// Queues what follows an order.
    pub async fn later(
        &self,
        of: HandoffId,
        kind: Kind,
        change: impl FnOnce(&mut Queued),
    ) -> HandoffId {
        let before = self.row(of).await;
        let about = (before.enrollment_id, before.coverage_id);
        let mut queued = self.queued(before, about);
        change(&mut queued);
        self.queue(kind, queued).await
    }

    async fn extend_to(&self, of: HandoffId, months: i32) -> HandoffId {
        self.later(of, Kind::Extend, |it| it.term_months = months)
            .await
    }

    async fn term_over(&self, of: HandoffId) -> HandoffId {
        let reason = Some(CancelReason::TermOver);
        self.later(of, Kind::Cancel, |it| it.cancel_reason = reason)
            .await
    }

    /// Queues the restoration of somebody's identity, as the codes process does.
    async fn restore(&self, partner: PartnerId, ssn: &str) -> HandoffId {
        let like = self.enroll(partner, ssn).await;
        let like = self.row(like).await;
        let id = self.ids.uuid();
        let queued = Queued {
            product_code: "RESTORE".to_owned(),
            term_months: 0,
            ..self.queued(like, (id.into(), id.into()))
        };
        self.queue(Kind::Restore, queued).await
    }

    /// Gives the products in the partner's book.
    fn products(&self) -> Vec<String> {
        let entries = self.desk.page(0, 100).into_iter();
        let mut products: Vec<String> = entries.map(|(entry, _)| entry.product).collect();
        products.sort_unstable();
        products
    }

    fn months(&self) -> Vec<i32> {
        let entries = self.desk.page(0, 100);
        entries.into_iter().map(|(entry, _)| entry.months).collect()
    }

    pub async fn work(&self) {
        let mut worker = self.worker();
        while worker.step().await.unwrap() > 0 {}
        while self.reporter().step().await.unwrap() > 0 {}
    }
}

/// An extension is an order of its own: given, refused where it would be too long, and answered once however often it is sent.
#[apply(both)]
async fn a_partner_that_is_called_extends_what_runs(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.work().await;
    let given = world.extend_to(enroll, 36).await;
    let refused = world.extend_to(enroll, 72).await;
    world.work().await;
    assert_eq!(world.state(given).await, "ACTIVE");
    assert_eq!(world.state(refused).await, "REFUSED");
    assert_eq!(world.state(enroll).await, "ACTIVE");
    assert_eq!(world.months(), [36]);
    assert_eq!(world.outcomes(given).await, ["ACTIVE"]);
    assert!(
        world.outcomes(refused).await.is_empty(),
        "the coverage goes on as it was"
    );
    assert_eq!(world.outcomes(enroll).await, ["ACTIVE"]);
}

/// Its answer was never seen: the partner is asked, and knows it.
#[apply(both)]
async fn an_extension_that_may_have_arrived_is_asked_about(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.work().await;
    let extension = world.extend_to(enroll, 36).await;
    world.work().await;
    // As a worker leaves it that dies between the call and its settlement.
    let died = "UPDATE handoff SET state = 'UNSETTLED', settled_at = NULL, acknowledged_at = NULL WHERE kind = 'EXTEND'";
    world.owner.execute_unprepared(died).await.unwrap();
    world.hand.advance(BACKOFF);
    world.work().await;
    assert_eq!(world.state(extension).await, "ACTIVE");
    assert_eq!(world.months(), [36]);
}

/// The partner books that the term is over, and not that somebody withdrew; the coverage has ended here already.
#[apply(both)]
async fn the_end_of_a_term_is_handed_off(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.work().await;
    let over = world.term_over(enroll).await;
    world.work().await;
    assert_eq!(world.booked(), [EnrollmentProgress::Ended]);
    assert_eq!(
        (world.state(enroll).await, world.state(over).await),
        ("ENDED", "CANCELED")
    );
    assert!(world.outcomes(over).await.is_empty());
    // That it has ended the partner reports by itself, too; it ended here before.
    assert_eq!(world.outcomes(enroll).await, ["ACTIVE", "ENDED"]);
}

/// Whoever withdraws before an extension was sent is not extended.
#[apply(both)]
async fn an_extension_of_what_is_canceled_is_never_sent(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.work().await;
    let extension = world.extend_to(enroll, 36).await;
    let cancel = world.cancel(enroll).await;
    world.work().await;
    assert_eq!(world.state(extension).await, "CANCELED");
    assert_eq!(world.state(cancel).await, "CANCELED");
    assert_eq!(world.months(), [24]);
    assert!(world.outcomes(extension).await.is_empty());
}

/// Nobody knows whether the partner has the extension when the person withdraws: it is not sent again.
#[apply(both)]
async fn an_extension_that_may_have_been_sent_ends_with_what_it_extends(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    world.work().await;
    let extension = world.extend_to(enroll, 36).await;
    let died = "UPDATE handoff SET state = 'UNSETTLED', sent_at = ordered_at, attempts = 1, tries = 1 WHERE kind = 'EXTEND'";
    world.owner.execute_unprepared(died).await.unwrap();
    world.cancel(enroll).await;
    world.hand.advance(BACKOFF);
    world.work().await;
    assert_eq!(world.state(extension).await, "CANCELED");
    assert_eq!(world.months(), [24]);
    assert!(world.replay(extension).await.is_err());
}

/// What the partner did not take is ordered again on an operator's word, under the same id.
#[apply(both)]
async fn an_operator_orders_again_what_was_not_taken(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    let frozen = world.restore(partner, "666110001").await;
    world.work().await;
    let refused = world.extend_to(enroll, 72).await;
    world.work().await;
    assert_eq!(world.state(refused).await, "REFUSED");
    assert_eq!(world.state(frozen).await, "ACTION_REQUIRED");
    for id in [refused, frozen] {
        world.replay(id).await.unwrap();
        assert_eq!(world.row(id).await.order_attempt, 2);
    }
    world.work().await;
    // The sandbox gives no term of six years, and a second order ends well.
    assert_eq!(world.state(refused).await, "REFUSED");
    assert_eq!(world.state(frozen).await, "ACTIVE");
    let told = ["ACTION_REQUIRED FILE_FROZEN", "ACTIVE"];
    assert_eq!(world.outcomes(frozen).await, told);
    // An enrollment is ordered again by resubmitting it.
    assert!(world.replay(enroll).await.is_err());
}

#[apply(both)]
async fn a_partner_that_pulls_extends_and_ends(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    let pull = async || {
        world.puller().drain().await.unwrap();
        while world.reporter().step().await.unwrap() > 0 {}
    };
    pull().await;
    let extension = world.extend_to(enroll, 36).await;
    pull().await;
    assert_eq!(world.state(extension).await, "ACTIVE");
    assert_eq!(world.outcomes(extension).await, ["ACTIVE"]);
    assert_eq!(world.months(), [36]);
    let over = world.term_over(enroll).await;
    pull().await;
    assert_eq!(world.booked(), [EnrollmentProgress::Ended]);
    assert_eq!(world.state(over).await, "CANCELED");
    assert_eq!(world.state(enroll).await, "ENDED");
}

#[apply(both)]
async fn a_partner_that_takes_files_extends_and_ends(database: Database) {
    let world = World::new(database).await;
    let exchange = Exchange::open(&world, SANDBOX).await;
    let enroll = world.enroll(exchange.partner, "666010001").await;
    let night = async || {
        exchange.night().await;
        exchange.bureau().await;
        exchange.step().await;
        exchange.bureau().await;
        exchange.step().await;
    };
    night().await;
    assert_eq!(world.state(enroll).await, "ACTIVE");
    let extension = world.extend_to(enroll, 36).await;
    let refused = world.extend_to(enroll, 72).await;
    night().await;
    assert_eq!(world.state(extension).await, "ACTIVE");
    assert_eq!(world.state(refused).await, "REFUSED");
    assert_eq!(world.months(), [36]);
    let over = world.term_over(enroll).await;
    night().await;
    assert_eq!(world.booked(), [EnrollmentProgress::Ended]);
    assert_eq!(world.state(over).await, "CANCELED");
    assert_eq!(world.state(enroll).await, "ENDED");
}

/// Where the layout has no call for it, an operator is told; nothing is sent as something else.
#[apply(both)]
async fn a_partner_with_a_rest_api_extends_and_ends(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let enroll = world.enroll(api.partner, "666010001").await;
    world.work().await;
    world.hand.advance(super::http::OVERDUE);
    world.work().await;
    assert_eq!(world.state(enroll).await, "ACTIVE");
    let extension = world.extend_to(enroll, 36).await;
    world.work().await;
    assert_eq!(world.state(extension).await, "ACTIVE");
    assert_eq!(world.months(), [36]);
    let plain = super::http::layout(api.address);
    let (head, rest) = plain.split_once("[extend]").unwrap();
    let (_, rest) = rest.split_once("[answers]").unwrap();
    let update = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: api.partner.to_string(),
        http_layout: Some(format!("{head}[answers]{rest}")),
        ..UpdatePartnerRequest::default()
    };
    world.partners().update_partner(update).await.unwrap();
    let unfit = world.extend_to(enroll, 48).await;
    world.work().await;
    assert_eq!(world.state(unfit).await, "ACTION_REQUIRED");
    let native = world.row(unfit).await.native_code;
    assert_eq!(native.as_deref(), Some("CANNOT_PROJECT kind"));
    assert_eq!(world.months(), [36]);
    let over = world.term_over(enroll).await;
    world.work().await;
    assert_eq!(world.booked(), [EnrollmentProgress::Ended]);
    assert_eq!(world.state(over).await, "CANCELED");
}

/// The person goes with the order, enrolled or not; a field that has to be mended comes back as for an enrollment.
#[apply(both)]
async fn identities_are_restored_by_every_way_to_a_partner(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let by_rest = world.restore(api.partner, "666010001").await;
    let frozen = world.restore(api.partner, "666110001").await;
    world.work().await;
    world.hand.advance(super::http::OVERDUE);
    world.work().await;
    assert_eq!(world.state(by_rest).await, "ACTIVE");
    assert_eq!(world.state(frozen).await, "ACTION_REQUIRED");
    assert_eq!(world.outcomes(by_rest).await, ["ACTIVE"]);
    let both = ["RESTORE", "RESTORE", "TRIPLE-24", "TRIPLE-24"];
    assert_eq!(world.products(), both);
}

#[apply(both)]
async fn a_partner_over_grpc_restores(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let pushed = world.restore(partner, "666010001").await;
    world.work().await;
    assert_eq!(world.state(pushed).await, "ACTIVE");
    assert_eq!(world.products(), ["RESTORE", "TRIPLE-24"]);
}

#[apply(both)]
async fn a_partner_that_takes_files_restores(database: Database) {
    let world = World::new(database).await;
    let exchange = Exchange::open(&world, SANDBOX).await;
    let filed = world.restore(exchange.partner, "666010001").await;
    for _ in 0..2 {
        exchange.night().await;
        exchange.bureau().await;
        exchange.step().await;
    }
    exchange.bureau().await;
    exchange.step().await;
    assert_eq!(world.state(filed).await, "ACTIVE");
    assert_eq!(world.products(), ["RESTORE", "TRIPLE-24"]);
}
