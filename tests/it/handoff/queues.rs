//! Queues beside each other: what stops one stops no other, and what a partner can take holds for all that call it.

use std::sync::Arc;
use std::time::Duration;

use redress::db::entities::{ClosedSet as _, handoff};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::PartnerId;
use redress::kernel::keyring::{Keyring, Purpose};
use redress::wire::redress::handoff::v1::{
    Partner, PartnerMode, PartnerState, PausePartnerRequest, ResumePartnerRequest,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::pull::drain;
use super::running::Running;
use super::seed::push;
use super::world::{LEASE, World, ada};
use crate::harness::{Database, apply, both};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

impl World {
    async fn count(&self, state: handoff::State) -> u64 {
        let query = handoff::Entity::find().filter(handoff::Column::State.eq(state));
        query.count(&self.owner).await.unwrap()
    }

    /// The same bureau under another name.
    async fn second_partner(&self) -> PartnerId {
        let endpoint = format!("https://localhost:{}", self.bureau_at.port());
        self.partner(push("second-bureau", &endpoint)).await
    }
}

/// A backlog is worked off as fast as the partner answers, and whoever pauses the partner does not wait for its end; the other partner
/// does not either.
#[apply(both)]
async fn a_backlog_keeps_neither_a_pause_nor_another_partner_waiting(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(2).await;
    world.enroll_many(partner, "666010001", 400).await;
    let running = Running::of(world.worker());
    world
        .wait_until(async || world.count(handoff::State::Accepted).await > 0)
        .await;
    let second = world.second_partner().await;
    let other = world.enroll(second, "666010002").await;
    world
        .wait_until(async || world.state(other).await == "ACCEPTED")
        .await;
    assert!(world.count(handoff::State::Queued).await > 0, "too quick");
    let pause = PausePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        campaign: String::new(),
    };
    world.partners().pause_partner(pause).await.unwrap();
    // What was under way ends, and nothing follows.
    world
        .wait_until(async || world.count(handoff::State::Leased).await == 0)
        .await;
    let left = world.count(handoff::State::Queued).await;
    assert!(left > 0, "the pause came after everything");
    world.pass(HALF_A_MINUTE).await;
    assert_eq!(world.count(handoff::State::Queued).await, left);
    running.stop().await;
}

/// One campaign has no activation code left; its enrollments came first and wait. The other campaign's do not.
#[apply(both)]
async fn missing_activation_codes_stop_one_campaign(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(4).await;
    let only = world.import(world.pool(partner, &["ONLY"])).await;
    only.unwrap();
    world.enroll_many(partner, "666010001", 20).await;
    world.hand.advance(Duration::from_secs(1));
    let (campaign, sealer) = world.another_campaign().await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let other = (campaign, &sealer);
        others.push(world.enroll_in(other, partner, &ada("666010002")).await);
    }
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert!(world.all_are(&others, "ACCEPTED").await);
    assert_eq!(world.count(handoff::State::Accepted).await, 3);
}

/// Two keyrings were given keys apart from each other. The queue stops and says so; nothing is given up on, and another campaign goes on.
#[apply(both)]
async fn a_wrong_key_stops_a_queue_and_loses_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let stuck = world.enroll_many(partner, "666010001", 3).await;
    let other_keys = Keyring::generate(&[Purpose::Person]);
    let mut wrong = world.context.clone();
    wrong.common.keys = Arc::new(other_keys.clone());
    let now = (world.context.clock.now(), "B654321");
    let other = super::seed::open_numbered(&world.owner, &world.ids, &other_keys, now).await;
    let other = (other.0, &other.1);
    let running = Running::of(world.worker_with(wrong.clone()));
    world.pass(Duration::from_secs(10)).await;
    let good = world.enroll_in(other, partner, &ada("666010002")).await;
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.state(good).await == "ACCEPTED"
        })
        .await;
    running.stop().await;
    assert!(world.all_are(&stuck, "QUEUED").await);
    for id in &stuck {
        assert!(world.attempts(*id).await.is_empty(), "never tried");
    }
    let running = Running::of(world.worker());
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.all_are(&stuck, "ACCEPTED").await
        })
        .await;
    running.stop().await;
}

/// By pull, too: nothing is offered, leased or given up on.
#[apply(both)]
async fn a_wrong_key_stops_what_a_partner_pulls(database: Database) {
    let other_keys = Keyring::generate(&[Purpose::Person]);
    let world = World::with_keys(database, other_keys).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    for _ in 0..3 {
        assert!(drain(&world, 0).await.is_empty());
        world.hand.advance(LEASE);
    }
    assert_eq!(world.state(id).await, "QUEUED");
    assert!(world.attempts(id).await.is_empty());
}

/// The bureau says "slower" and not for how long: it gets a rest, and not the next call at once.
#[apply(both)]
async fn a_partner_that_throttles_without_a_delay_gets_a_rest(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(1).await;
    let ids = world.enroll_many(partner, "666230001", 4).await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 1);
    for _ in 0..5 {
        assert_eq!(worker.step().await.unwrap(), 0, "the clock stands");
    }
    // Each is refused twice, and none dies of it.
    let running = Running::of(worker);
    world
        .pass_until(Duration::from_mins(10), async || {
            world.all_are(&ids, "ACCEPTED").await
        })
        .await;
    running.stop().await;
}

/// One instance is told to slow down: the other does not call either, and both go on after the rest.
#[apply(both)]
async fn all_workers_together_keep_a_rest(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(1).await;
    world.enroll_many(partner, "666230001", 2).await;
    let (mut one, mut other, mut third) = (world.worker(), world.worker(), world.worker());
    assert_eq!(other.step().await.unwrap(), 1);
    assert_eq!(one.step().await.unwrap(), 0, "it has just begun");
    world.hand.advance(Duration::from_secs(1));
    assert_eq!(third.step().await.unwrap(), 1, "the rest is over");
    assert_eq!(one.step().await.unwrap(), 0, "the next has begun");
}

/// Two workers, as of two instances, call a partner that takes two at once.
#[apply(both)]
async fn all_workers_together_call_no_more_than_a_partner_takes(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(2).await;
    world.enroll_many(partner, "666220001", 10).await;
    let (mut one, mut other) = (world.worker(), world.worker());
    let (first, second) = tokio::join!(one.step(), other.step());
    assert_eq!(first.unwrap() + second.unwrap(), 2);
}

/// Questions about what was accepted long ago are calls, too.
#[apply(both)]
async fn questions_are_no_more_than_a_partner_takes(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    world.enroll_many(partner, "666010001", 10).await;
    world.worker().step().await.unwrap();
    let update = redress::wire::redress::handoff::v1::UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        max_in_flight: Some(2),
        ..Default::default()
    };
    world.partners().update_partner(update).await.unwrap();
    world.hand.advance(Duration::from_mins(16));
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 2);
    assert_eq!(worker.step().await.unwrap(), 2);
}

/// A partner's row that cannot be read stops nobody else's handoffs.
#[apply(both)]
async fn an_unreadable_partner_stops_no_other(database: Database) {
    let world = World::new(database).await;
    for mode in [PartnerMode::Push, PartnerMode::Pull] {
        let name = format!("broken-{}", mode as i32);
        let broken = Partner {
            mode: mode.into(),
            endpoint: if mode == PartnerMode::Push {
                "https://localhost:1".to_owned()
            } else {
                String::new()
            },
            ..push(&name, "")
        };
        world.partner(broken).await;
    }
    let break_them = "UPDATE partner SET breaker = '{' WHERE name LIKE 'broken-%'";
    world.owner.execute_unprepared(break_them).await.unwrap();
    let partner = world.push_partner().await;
    let good = world.enroll(partner, "666010001").await;
    let running = Running::of(world.worker());
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.state(good).await == "ACCEPTED"
        })
        .await;
    running.stop().await;
    redress::handoff::housekeeping::step(&world.context)
        .await
        .unwrap();
    assert_eq!(world.row(good).await.state.as_str(), "ACCEPTED");
}

/// One campaign waits at a partner, and no other, until it is resumed.
#[apply(both)]
async fn a_campaign_can_be_paused_by_itself(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let waits = world.enroll(partner, "666010001").await;
    let (campaign, sealer) = world.another_campaign().await;
    let other = (campaign, &sealer);
    let goes = world.enroll_in(other, partner, &ada("666010002")).await;
    let pause = PausePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        campaign: "B123456".to_owned(),
    };
    for _ in 0..2 {
        let paused = world.partners().pause_partner(pause.clone()).await;
        let paused = paused.unwrap().into_inner().partner.unwrap();
        assert_eq!(paused.paused_campaign_ids, [world.campaign.to_string()]);
        assert_eq!(paused.state(), PartnerState::Active);
    }
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 1);
    assert!(world.all_are(&[goes], "ACCEPTED").await);
    assert!(world.all_are(&[waits], "QUEUED").await);
    let resume = ResumePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        campaign: world.campaign.to_string(),
    };
    let resumed = world.partners().resume_partner(resume).await.unwrap();
    let resumed = resumed.into_inner().partner.unwrap();
    assert!(resumed.paused_campaign_ids.is_empty());
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.state(waits).await, "ACCEPTED");
    let unknown = PausePartnerRequest {
        request_id: world.request_id(),
        campaign: "B000000".to_owned(),
        ..pause
    };
    let refused = world.partners().pause_partner(unknown).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignNotFound));
}
