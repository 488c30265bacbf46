//! What is wrong with one person, or with one campaign, is not what is wrong with the partner.

use std::time::Duration;

use futures::StreamExt;
use redress::db::entities::ClosedSet;
use redress::kernel::ids::{CampaignId, HandoffId, PartnerId};
use redress::kernel::person_sealer::PersonSealer;
use redress::wire::redress::handoff::v1::Partner;

use super::pull::{acknowledge, drain, orders, wish};
use super::running::Running;
use super::seed::{open_numbered, push};
use super::world::{LEASE, World, ada};
use crate::harness::{Database, apply, both};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

impl World {
    /// Opens another campaign.
    pub async fn another_campaign(&self) -> (CampaignId, PersonSealer) {
        let now = (self.context.clock.now(), "B654321");
        open_numbered(&self.owner, &self.ids, &*self.context.keys, now).await
    }

    /// The sandbox as a partner that takes so many at once.
    pub async fn push_partner_of(&self, max_in_flight: i32) -> PartnerId {
        let endpoint = format!("https://localhost:{}", self.bureau_at.port());
        let partner = Partner {
            max_in_flight,
            ..push("sandbox-bureau", &endpoint)
        };
        self.partner(partner).await
    }

    async fn dead_reason(&self, id: HandoffId) -> Option<&'static str> {
        self.row(id).await.dead_reason.map(ClosedSet::as_str)
    }
}

/// The bureau breaks at ten people, oldest first, and for half of them at questions too. The twenty after them do not wait.
#[apply(both)]
async fn people_at_whom_a_bureau_breaks_do_not_stop_the_others(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(8).await;
    let mut broken = world.enroll_many(partner, "666210001", 5).await;
    broken.extend(world.enroll_many(partner, "666260001", 5).await);
    world.hand.advance(Duration::from_secs(1));
    let good = world.enroll_many(partner, "666010001", 20).await;
    let running = Running::of(world.worker());
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.all_are(&good, "ACCEPTED").await
        })
        .await;
    assert!(!world.all_are(&broken, "DEAD").await);
    // Later ones do not wait either, and those ten end by themselves.
    let later = world.enroll_many(partner, "666010001", 5).await;
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.all_are(&later, "ACCEPTED").await
        })
        .await;
    // A bureau that answers nobody is no reason to give up on somebody; one that answers others is.
    let (minutes, mut looks) = (Duration::from_mins(20), 0);
    let answers = world
        .pass_until(minutes, async || {
            looks += 1;
            if looks % 20 == 0 {
                world.enroll(partner, "666010001").await;
            }
            world.all_are(&broken, "DEAD").await
        })
        .await;
    assert!(answers > Duration::from_secs(1));
    running.stop().await;
    for id in broken {
        assert_eq!(world.dead_reason(id).await, Some("ANSWER_NEVER_SEEN"));
        assert_eq!(world.audited(id).await, ["handoff.dead"]);
    }
    assert!(world.offers().iter().all(|offers| *offers == 1));
}

/// A bureau that never answers for some people holds two of two places for a call's time, and then one at the most.
#[apply(both)]
async fn people_at_whom_a_bureau_hangs_leave_room_for_the_others(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(2).await;
    world.enroll_many(partner, "666220001", 2).await;
    world.hand.advance(Duration::from_secs(1));
    let good = world.enroll_many(partner, "666010001", 20).await;
    let running = Running::of(world.worker());
    world
        .pass_until(Duration::from_mins(2), async || {
            world.all_are(&good, "ACCEPTED").await
        })
        .await;
    running.stop().await;
}

/// Everybody of one campaign is poison, and it came first; the other campaign of the same partner goes on.
#[apply(both)]
async fn a_campaign_at_which_a_bureau_breaks_does_not_stop_another(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner_of(4).await;
    let broken = world.enroll_many(partner, "666210001", 30).await;
    world.hand.advance(Duration::from_secs(1));
    let (campaign, sealer) = world.another_campaign().await;
    let running = Running::of(world.worker());
    world.pass(HALF_A_MINUTE).await;
    let mut good = Vec::new();
    for _ in 0..20 {
        let other = (campaign, &sealer);
        good.push(world.enroll_in(other, partner, &ada("666010001")).await);
    }
    world
        .pass_until(HALF_A_MINUTE, async || {
            world.all_are(&good, "ACCEPTED").await
        })
        .await;
    running.stop().await;
    assert!(!world.all_are(&broken, "DEAD").await);
}

/// Ten orders that a partner never acknowledges fill its window once; then those after them are offered, and the ten end with an alarm.
#[apply(both)]
async fn what_is_never_acknowledged_leaves_the_window_and_ends(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let poison = world.enroll_many(partner, "666010001", 10).await;
    world.hand.advance(Duration::from_secs(1));
    let mut good = world.enroll_many(partner, "666010002", 10).await;
    let is_poison = |id: &str| poison.iter().any(|it| it.to_string() == id);
    let mut leases = 0;
    let mut partner_side = world.as_partner("sandbox-bureau");
    let stream = partner_side.pull_handoffs(wish(10, false)).await;
    let mut stream = stream.unwrap().into_inner();
    while !world.all_are(&poison, "DEAD").await {
        let mut offers = Vec::new();
        let patience = Duration::from_millis(100);
        while let Ok(Some(message)) = tokio::time::timeout(patience, stream.next()).await {
            offers.extend(orders(message.unwrap()));
        }
        offers.retain(|offer| !is_poison(&offer.handoff_id));
        if !offers.is_empty() {
            let mut client = world.as_partner("sandbox-bureau");
            let request = acknowledge(&world, &offers);
            client.acknowledge_handoffs(request).await.unwrap();
        }
        leases += 1;
        if leases == 4 {
            assert!(world.all_are(&good, "ACCEPTED").await);
        }
        assert!(leases < 60, "they never end");
        world.hand.advance(LEASE);
        good.push(world.enroll(partner, "666010002").await);
    }
    assert!(leases > 10, "each was offered ten times");
    for id in poison {
        assert_eq!(world.dead_reason(id).await, Some("NEVER_ACKNOWLEDGED"));
        assert_eq!(world.audited(id).await, ["handoff.dead"]);
    }
}

/// A partner that takes offers and acknowledges nothing at all, for a day: that is not the orders' fault.
#[apply(both)]
async fn a_partner_that_acknowledges_nothing_loses_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let ids = world.enroll_many(partner, "666010001", 3).await;
    for _ in 0..30 {
        drain(&world, 10).await;
        world.hand.advance(LEASE);
    }
    let mut offered = Vec::new();
    for _ in 0..3 {
        let offers = drain(&world, 10).await.into_iter();
        offered.extend(offers.map(|offer| offer.handoff_id));
        world.hand.advance(LEASE);
    }
    let all: Vec<String> = ids.iter().map(ToString::to_string).collect();
    assert!(all.iter().all(|id| offered.contains(id)), "still offered");
}
