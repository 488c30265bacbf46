//! Handoffs of processes whose clocks are hours and days apart, and ids that grow in another order than time passes.

use std::time::Duration;

use redress::db::Process;
use redress::db::entities::handoff::{Kind, Queued};
use redress::db::entities::outcome::{self, OutcomeResult};
use redress::handoff::activation::lease::{Terms, lease};
use redress::handoff::context::Context;
use redress::handoff::queue::lease_store::Pick;
use redress::handoff::{housekeeping, partner};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{HandoffId, Ids, PartnerId};
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::handoff::v1::{Handoff, ReplayHandoffRequest};
use redress::wire::redress::r#type::v1::OutcomeClass;
use sea_orm::EntityTrait;
use tonic::Status;

use super::pull::{acknowledge, drain};
use super::said::{report, status};
use super::world::{LEASE, World};
use crate::harness::clocks::{Moved, ahead, following};
use crate::harness::{Database, apply, both};

const TWO_DAYS: Duration = Duration::from_hours(48);

impl World {
    /// Another instance of the process, with a clock of its own.
    fn twin(&self, (clock, _): Moved) -> Context {
        let mut twin = self.context.clone();
        twin.common.ids = Ids::seeded(clock.clone(), 9);
        twin.common.clock = clock;
        twin
    }

    async fn lease_by(&self, context: &Context, partner: PartnerId) -> usize {
        let partner = partner::store::by_id(self.db.read(), partner)
            .await
            .unwrap();
        let terms = Terms {
            campaign: self.campaign,
            pick: Pick::Oldest { retries: 10 },
            of_partner: Some(10),
            owner: "a worker".to_owned(),
            actor: "a test".to_owned(),
            most: 10,
            lease_for: LEASE,
        };
        let lot = lease(context, &partner, &terms).await.unwrap();
        lot.leased.len()
    }

    /// Queues an enrollment as a process does whose clock is so far ahead.
    async fn enroll_ahead(&self, partner: PartnerId, by: Duration) -> HandoffId {
        let like = self.enroll(partner, "666010001").await;
        let like = self.row(like).await;
        let of = (self.ids.next(), self.ids.next());
        let queued = Queued {
            individual_id: like.individual_id,
            at: self.context.now() + by,
            ..self.queued(like, of)
        };
        self.queue(Kind::Enroll, queued).await
    }

    pub async fn replay(&self, id: HandoffId) -> Result<Handoff, Status> {
        let request = ReplayHandoffRequest {
            request_id: self.request_id(),
            campaign: self.campaign.to_string(),
            handoff_id: id.to_string(),
            partner_forgot: false,
        };
        let answer = self.admin().replay_handoff(request).await?;
        Ok(answer.into_inner().handoff.unwrap())
    }

    async fn offered(&self) -> Vec<String> {
        let offers = drain(self, 0).await.into_iter();
        offers.map(|offer| offer.handoff_id).collect()
    }
}

#[apply(both)]
async fn a_lease_ends_at_one_instant_in_every_process(database: Database) {
    let db = database.open(Process::Handoff).await;
    let moved = following(&db, 0).await;
    let world = World::at(database, moved, |_| {}).await;
    let partner = world.pull_partner().await;
    for hours in [48, 1, -1, -48] {
        redress::process::follow(&world.context.clock, &db)
            .await
            .unwrap();
        let twin = world.twin(following(&db, hours).await);
        let id = world.enroll(partner, "666010001").await;
        world.hand.advance(Duration::from_secs(1));
        // The twin read the clock a moment before the enrollment was queued.
        redress::process::follow(&twin.common.clock, &db)
            .await
            .unwrap();
        assert_eq!(world.lease_by(&twin, partner).await, 1);
        assert!(world.offered().await.is_empty(), "the twin holds it");
        world.hand.advance(LEASE + Duration::from_secs(1));
        let offers = drain(&world, 0).await;
        assert_eq!(offers[0].handoff_id, id.to_string());
        let mut client = world.as_partner("sandbox-bureau");
        let request = acknowledge(&world, &offers);
        client.acknowledge_handoffs(request).await.unwrap();
        assert_eq!(world.state(id).await, "ACCEPTED");
    }
}

/// What is queued, leased or waits for an answer, as processes wrote it that did not know how late it is.
#[apply(both)]
async fn what_a_wrong_clock_dated_is_due_within_a_minute(database: Database) {
    let db = database.open(Process::Handoff).await;
    let moved = following(&db, 0).await;
    let world = World::at(database, moved, |_| {}).await;
    let partner = world.pull_partner().await;
    let leased = world.enroll(partner, "666010001").await;
    let wrong = world.twin(ahead(&db, 48).await);
    assert_eq!(world.lease_by(&wrong, partner).await, 1);
    let queued = world.enroll_ahead(partner, TWO_DAYS).await;
    let right = world.offered().await;
    assert_eq!(right.len(), 1, "the one that the second is like");
    world.hand.advance(LEASE);
    assert_eq!(world.offered().await, right, "the others wait");
    assert_eq!(housekeeping::step(&world.context).await.unwrap(), 2);
    assert_eq!(housekeeping::step(&world.context).await.unwrap(), 0);
    let mut offered = world.offered().await;
    offered.sort();
    let mut both = [leased.to_string(), queued.to_string()];
    both.sort();
    assert_eq!(offered, both);
    assert_eq!(world.attempts(leased).await, ["LEASE_EXPIRED"]);
}

#[apply(both)]
async fn an_overdue_outcome_that_a_wrong_clock_dated_is_asked_for(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    world.hand.set(world.context.now() - TWO_DAYS);
    assert_eq!(world.worker().step().await.unwrap(), 0);
    assert_eq!(housekeeping::step(&world.context).await.unwrap(), 1);
    assert_eq!(world.worker().step().await.unwrap(), 1, "asked");
}

/// An operator need not wait for the next round.
#[apply(both)]
async fn what_a_wrong_clock_dated_can_be_replayed(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let queued = world.enroll_ahead(partner, TWO_DAYS).await;
    let lost = world.enroll(partner, "666160001").await;
    world.hand.advance(Duration::from_hours(47));
    world.worker().step().await.unwrap();
    assert_eq!(world.state(lost).await, "UNSETTLED");
    for id in [queued, lost] {
        let refused = world.replay(id).await.unwrap_err();
        let reason = reason_of(&refused);
        assert_eq!(reason, Some(Reason::HandoffState), "it waits as it should");
    }
    world.hand.set(world.context.now() - TWO_DAYS);
    for (id, state) in [(queued, "QUEUED"), (lost, "UNSETTLED")] {
        world.replay(id).await.unwrap();
        assert_eq!(world.state(id).await, state);
        assert_eq!(world.row(id).await.not_before, world.context.now());
        assert_eq!(world.audited(id).await.last().unwrap(), "handoff.replayed");
        world.replay(id).await.unwrap_err();
    }
    world.worker().step().await.unwrap();
    assert_eq!(world.state(queued).await, "ACCEPTED");
    // The bureau goes by the same clock, and booked it two days ahead of now: it has it all the same.
    assert_eq!(world.state(lost).await, "ACCEPTED");
    world.hand.advance(TWO_DAYS);
    world.worker().step().await.unwrap();
    assert_eq!(world.state(lost).await, "ACTIVE");
}

/// The withdrawal's id was made by a process whose clock is ahead, and is greater than that of what comes after it.
#[apply(both)]
async fn who_comes_back_waits_for_the_withdrawal_whatever_its_id(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let first = world.enroll(partner, "666010001").await;
    world.puller().drain().await.unwrap();
    world.reporter().step().await.unwrap();
    let before = world.row(first).await;
    let of = (before.enrollment_id, before.coverage_id);
    let (clock, _hand) =
        redress::kernel::clock::Clock::manual(world.context.now() + Duration::from_hours(1));
    let cancel = Queued {
        handoff_id: Ids::seeded(clock.clone(), 9).next(),
        at: clock.now(),
        ..world.queued(before, of)
    };
    let cancel = world.queue(Kind::Cancel, cancel).await;
    let second = world.enroll_again(first).await;
    assert!(second < cancel);
    assert!(world.offered().await.is_empty());
    world.hand.advance(Duration::from_hours(1));
    assert_eq!(world.offered().await, [cancel.to_string()]);
    world.hand.advance(LEASE);
    while world.puller().drain().await.unwrap() > 0 {}
    while world.reporter().step().await.unwrap() > 0 {}
    assert_eq!(
        (world.state(cancel).await, world.state(second).await),
        ("CANCELED", "ACTIVE")
    );
}

/// Whoever enrolled first by the clock gets the last code, whatever the ids say.
#[apply(both)]
async fn the_oldest_enrollment_gets_the_last_activation_code(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    world.import(world.pool(partner, &["LAST"])).await.unwrap();
    let newer = world.enroll(partner, "666010001").await;
    let like = world.row(newer).await;
    let of = (world.ids.next(), world.ids.next());
    let older = Queued {
        at: world.context.now() - Duration::from_secs(1),
        ..world.queued(like, of)
    };
    let older = world.queue(Kind::Enroll, older).await;
    assert!(newer < older);
    assert_eq!(world.offered().await, [older.to_string()]);
}

/// Two reports about one handoff in one call are two outcomes, and the first one is earlier.
#[apply(both)]
async fn reports_of_one_call_become_outcomes_in_their_order(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await.to_string();
    drain(&world, 0).await;
    let said = |progress| status(&id, progress, OutcomeClass::Unspecified);
    let reports = [EnrollmentProgress::Active, EnrollmentProgress::Suspended].map(said);
    let verdicts = report(&world, "sandbox-bureau", reports.to_vec()).await;
    assert_eq!(verdicts, ["APPLIED", "APPLIED"]);
    let mut outcomes = outcome::Entity::find().all(&world.owner).await.unwrap();
    outcomes.sort_by_key(|outcome| outcome.created_at);
    assert!(outcomes[0].created_at < outcomes[1].created_at);
    let results = outcomes.iter().map(|outcome| outcome.result);
    assert_eq!(
        results.collect::<Vec<_>>(),
        [OutcomeResult::Active, OutcomeResult::Suspended]
    );
}
