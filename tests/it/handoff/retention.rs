//! Attempts of long ago are deleted where the settings say so, and never those that still matter.

use std::time::Duration;

use redress::handoff::queue::retention;

use super::world::World;
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn only_old_attempts_of_handoffs_that_are_over_are_deleted(database: Database) {
    let keep = Duration::from_hours(24 * 400);
    let world = World::with_rules(database, |rules| rules.attempt_retention = keep).await;
    let partner = world.push_partner().await;
    let over = world.enroll(partner, "666010001").await;
    let dead = world.enroll(partner, "666010006").await;
    world.forget_person(dead).await;
    world.worker().step().await.unwrap();
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(over).await, "ACTIVE");
    assert_eq!(world.state(dead).await, "DEAD");
    let counts = async || {
        (
            world.attempts(over).await.len(),
            world.attempts(dead).await.len(),
        )
    };
    let before = counts().await;
    assert!(before.0 > 0 && before.1 > 0, "{before:?}");
    retention::prune(&world.context).await.unwrap();
    assert_eq!(counts().await, before, "too young");
    world.hand.advance(keep + Duration::from_hours(1));
    let mut forever = world.context.clone();
    forever.rules.attempt_retention = Duration::ZERO;
    retention::prune(&forever).await.unwrap();
    assert_eq!(counts().await, before, "kept for ever");
    retention::prune(&world.context).await.unwrap();
    assert_eq!(counts().await, (0, before.1));
}
