//! Manifests that are kept, one a day.

use std::time::Duration;

use redress::db::entities::audit_event;
use redress::handoff::reconciliation::daily_manifest;
use redress::kernel::caller::Role;
use redress::kernel::crypto::sha256_hex;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::PartnerId;
use redress::wire::google::r#type::Date;
use redress::wire::redress::bureau::v1::EnrollmentProgress::Active;
use redress::wire::redress::handoff::v1::{
    GetManifestRequest, HandoffState, ListManifestsRequest, ListManifestsResponse, Manifest,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tonic::Status;

use super::BUREAU;
use crate::handoff::said::another_partner;
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

const HOUR: Duration = Duration::from_hours(1);

/// A day of August 2015.
fn august(day: i32) -> Date {
    Date {
        year: 2015,
        month: 8,
        day,
    }
}

fn days(manifests: &[Manifest]) -> Vec<i32> {
    let days = manifests.iter().map(|it| it.date.unwrap().day);
    days.collect()
}

/// How many handoffs a manifest has in a state, and its hash.
fn in_state(manifest: &Manifest, state: HandoffState) -> (i64, String) {
    let line = manifest.states.iter().find(|it| it.state() == state);
    let line = line.unwrap();
    (line.handoffs, line.sha256.clone())
}

impl World {
    async fn keep(&self) -> u64 {
        daily_manifest::keep(&self.context).await.unwrap()
    }

    async fn kept_on(&self, partner: PartnerId, day: i32) -> Result<Manifest, Status> {
        self.manifest(partner, Some(august(day))).await
    }

    async fn manifest(&self, partner: PartnerId, date: Option<Date>) -> Result<Manifest, Status> {
        let request = GetManifestRequest {
            campaign: "B123456".to_owned(),
            partner_id: partner.to_string(),
            date,
        };
        let answer = self.as_operator().get_manifest(request).await?;
        Ok(answer.into_inner().manifest.unwrap())
    }

    async fn manifests(
        &self,
        (role, name): (Role, &str),
        (partner, token): (&str, &str),
    ) -> Result<ListManifestsResponse, Status> {
        let request = ListManifestsRequest {
            campaign: "B123456".to_owned(),
            partner_id: partner.to_owned(),
            page_size: 2,
            page_token: token.to_owned(),
        };
        let answer = self.reconciling(role, name).list_manifests(request).await?;
        Ok(answer.into_inner())
    }

    async fn events(&self, action: &str) -> u64 {
        let of = audit_event::Column::Action.eq(action);
        let events = audit_event::Entity::find().filter(of);
        events.count(&self.owner).await.unwrap()
    }
}

/// The first look of a day keeps it; later ones change nothing. A day begins at midnight where the campaign is.
#[apply(both)]
async fn a_day_is_kept_once_and_as_it_was(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    assert_eq!(world.keep().await, 0, "nothing is acknowledged");
    let [one, two] = world.accepted(partner).await;
    assert_eq!(world.keep().await, 1);
    let first = world.kept_on(partner, 1).await.unwrap();
    assert_eq!(first.date, Some(august(1)));
    assert_eq!(in_state(&first, HandoffState::Accepted).0, 2);

    world.bureau_reports(&[(one, Active)]).await;
    // 23:30 in Indianapolis, and already the second of August in UTC.
    world.hand.advance(HOUR * 15 + Duration::from_mins(30));
    assert_eq!(world.keep().await, 0);
    assert_eq!(world.kept_on(partner, 1).await.unwrap(), first);
    world.hand.advance(HOUR);
    assert_eq!(world.keep().await, 1);
    assert_eq!(world.keep().await, 0);

    // The partner computes the same from its own books, and so does a call without a date.
    let second = world.kept_on(partner, 2).await.unwrap();
    for (id, state) in [(one, HandoffState::Active), (two, HandoffState::Accepted)] {
        let theirs = sha256_hex(format!("{id}\n").as_bytes());
        assert_eq!(in_state(&second, state), (1, theirs));
    }
    let now = world.manifest(partner, None).await.unwrap();
    assert_eq!((now.date, &now.states), (None, &second.states));
    assert_eq!(world.events("manifest.kept").await, 2);

    let missing = world.kept_on(partner, 3).await.unwrap_err();
    assert_eq!(reason_of(&missing), Some(Reason::ManifestNotFound));
    let no_day = world.kept_on(partner, 32).await.unwrap_err();
    assert_eq!(reason_of(&no_day), Some(Reason::InvalidRequest));
}

/// Instances that look at the same time keep one, and none of them fails.
#[apply(both)]
async fn two_instances_keep_one_manifest_a_day(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [_one] = world.accepted(partner).await;
    for day in 1..=10 {
        let (a, b) = tokio::join!(world.keep(), world.keep());
        assert_eq!(a + b, 1);
        assert_eq!(world.events("manifest.kept").await, day);
        world.hand.advance(HOUR * 24);
    }
}

#[apply(both)]
async fn days_are_listed_newest_first_and_to_their_own_partner(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let other = another_partner(&world).await;
    let [_one] = world.accepted(partner).await;
    for _ in 1..=3 {
        assert_eq!(world.keep().await, 1, "the other one has nothing");
        world.hand.advance(HOUR * 24);
    }
    let own = (Role::Partner, BUREAU);
    let first = world.manifests(own, ("", "")).await.unwrap();
    assert_eq!(days(&first.manifests), [3, 2]);
    let token = first.next_page_token.as_str();
    let rest = world.manifests(own, ("", token)).await.unwrap();
    assert_eq!(
        (days(&rest.manifests), rest.next_page_token),
        (vec![1], String::new())
    );

    let operator = (Role::Operator, "one");
    let named = world.manifests(operator, (&partner.to_string(), "")).await;
    assert_eq!(named.unwrap().manifests, first.manifests);
    let unnamed = world.manifests(operator, ("", "")).await.unwrap_err();
    assert_eq!(reason_of(&unnamed), Some(Reason::InvalidRequest));

    let stranger = (Role::Partner, "other");
    let theirs = world.manifests(stranger, ("", "")).await.unwrap();
    assert!(theirs.manifests.is_empty());
    let refused = world.manifests(stranger, (&partner.to_string(), "")).await;
    assert_eq!(
        reason_of(&refused.unwrap_err()),
        Some(Reason::PartnerNotFound)
    );
    let nothing = world.kept_on(other, 1).await.unwrap_err();
    assert_eq!(reason_of(&nothing), Some(Reason::ManifestNotFound));
}
