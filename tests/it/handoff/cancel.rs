//! Withdrawing: never before the enrollment, and not at all where the partner never heard of it.

use super::world::{BACKOFF, World};
use crate::harness::both;

both! {
    /// The enrollment is still on its way when it is withdrawn.
    async fn a_cancel_waits_for_its_enroll(database: Database) {
        let world = World::new(database).await;
        let partner = world.push_partner().await;
        let enroll = world.enroll(partner, "666150001").await;
        let mut worker = world.worker();
        worker.step().await.unwrap();
        let cancel = world.cancel(enroll).await;
        // Due already, but the ENROLL is not known to the partner.
        assert_eq!(worker.step().await.unwrap(), 0);
        world.hand.advance(BACKOFF);
        worker.step().await.unwrap();
        assert_eq!((world.state(enroll).await.as_str(), world.state(cancel).await.as_str()), ("QUEUED", "QUEUED"));
        world.hand.advance(BACKOFF);
        worker.step().await.unwrap();
        assert_eq!(world.state(enroll).await, "ACCEPTED");
        worker.step().await.unwrap();
        assert_eq!((world.state(enroll).await.as_str(), world.state(cancel).await.as_str()), ("CANCELED", "CANCELED"));
        assert_eq!(world.outcomes(cancel).await, ["CANCELED"]);
        assert!(world.outcomes(enroll).await.is_empty(), "the enrollment hears of it once");
        // The bureau reports the withdrawal by itself, too.
        assert_eq!(world.reporter().step().await.unwrap(), 1);
        assert_eq!(world.outcomes(enroll).await.len() + world.outcomes(cancel).await.len(), 1);
    }

    /// Nobody tells a bureau about a person who changed her mind in time.
    async fn an_enrollment_withdrawn_in_time_is_never_sent(database: Database) {
        let world = World::new(database).await;
        let partner = world.push_partner().await;
        let enroll = world.enroll(partner, "666010001").await;
        let cancel = world.cancel(enroll).await;
        let other = world.enroll(partner, "666010002").await;
        let mut worker = world.worker();
        assert_eq!(worker.step().await.unwrap(), 1);
        assert_eq!((world.state(enroll).await.as_str(), world.state(cancel).await.as_str()), ("CANCELED", "CANCELED"));
        assert_eq!(world.row(enroll).await.acknowledged_at, None);
        assert_eq!(world.outcomes(enroll).await, ["CANCELED"]);
        assert!(world.outcomes(cancel).await.is_empty());
        assert_eq!(world.state(other).await, "ACCEPTED");
        assert_eq!(world.offers(), [1]);
    }

    /// An active enrollment is withdrawn at a partner that pulls.
    async fn a_pulling_partner_is_told_what_to_withdraw(database: Database) {
        let world = World::new(database).await;
        let partner = world.pull_partner().await;
        let enroll = world.enroll(partner, "666010001").await;
        world.puller().drain().await.unwrap();
        world.reporter().step().await.unwrap();
        assert_eq!(world.state(enroll).await, "ACTIVE");
        let cancel = world.cancel(enroll).await;
        assert_eq!(world.puller().drain().await.unwrap(), 1);
        world.reporter().step().await.unwrap();
        assert_eq!((world.state(enroll).await.as_str(), world.state(cancel).await.as_str()), ("CANCELED", "CANCELED"));
        assert_eq!(world.outcomes(cancel).await, ["CANCELED"]);
        assert_eq!(world.outcomes(enroll).await, ["ACTIVE"]);
    }
}
