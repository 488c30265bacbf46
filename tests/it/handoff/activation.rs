//! Activation codes that partners issue themselves: one for each enrollment, and the same one each time.

use std::collections::BTreeSet;
use std::time::Duration;

use redress::db::entities::{ClosedSet as _, activation_code, audit_event};
use redress::handoff::activation::lease::{Terms, lease};
use redress::handoff::partner;
use redress::handoff::queue::lease_store::Pick;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::handoff::v1::{
    ActivationCodeRow, ActivationPool, ImportActivationCodesRequest, ImportActivationCodesResponse,
    ListActivationPoolsRequest, ReplayHandoffRequest,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use tonic::Status;

use super::pull::drain;
use super::world::{BACKOFF, LEASE, World};
use crate::harness::{Database, apply, both};

impl World {
    pub fn pool(&self, partner: PartnerId, codes: &[&str]) -> ImportActivationCodesRequest {
        let rows = codes.iter().zip(2..).map(|(code, line)| ActivationCodeRow {
            line,
            code: (*code).to_owned(),
        });
        ImportActivationCodesRequest {
            request_id: self.request_id(),
            campaign: self.campaign.to_string(),
            partner_id: partner.to_string(),
            rows: rows.collect(),
            low_water: Some(0),
            ..ImportActivationCodesRequest::default()
        }
    }

    pub async fn import(
        &self,
        request: ImportActivationCodesRequest,
    ) -> Result<ImportActivationCodesResponse, Status> {
        let answer = self.admin().import_activation_codes(request).await?;
        Ok(answer.into_inner())
    }

    async fn pools(&self) -> Vec<ActivationPool> {
        let request = ListActivationPoolsRequest {
            campaign: self.campaign.to_string(),
            ..ListActivationPoolsRequest::default()
        };
        let answer = self.admin().list_activation_pools(request).await;
        answer.unwrap().into_inner().pools
    }

    /// Imported, available, assigned.
    pub async fn counts(&self) -> [i64; 3] {
        let pool = &self.pools().await[0];
        [pool.imported, pool.available, pool.assigned]
    }

    async fn code_of(&self, id: HandoffId) -> Option<activation_code::Model> {
        let row = activation_code::Entity::find().filter(activation_code::Column::HandoffId.eq(id));
        row.one(&self.owner).await.unwrap()
    }

    /// What the book says about each enrollment's activation code.
    fn activations(&self) -> Vec<String> {
        let book = self.desk.page(0, 10_000).into_iter();
        book.map(|(entry, _)| entry.activation).collect()
    }

    pub async fn told(&self, action: &str) -> usize {
        let rows = audit_event::Entity::find().filter(audit_event::Column::Action.eq(action));
        rows.all(&self.owner).await.unwrap().len()
    }

    async fn lease_some(&self, partner: PartnerId, most: u64) -> usize {
        let partner = partner::store::by_id(self.db.read(), partner)
            .await
            .unwrap();
        let terms = Terms {
            campaign: self.campaign,
            pick: Pick::Oldest { retries: 10 },
            of_partner: Some(1_000),
            owner: format!("test/{most}"),
            actor: "service/test".to_owned(),
            most,
            lease_for: Duration::from_secs(30),
        };
        let lot = lease(&self.context, &partner, &terms).await.unwrap();
        lot.leased.len()
    }
}

pub fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("CODE-{at:05}")).collect()
}

pub fn borrowed(codes: &[String]) -> Vec<&str> {
    codes.iter().map(String::as_str).collect()
}

/// Many leases at once, and each enrollment has a code that no other has.
#[apply(both)]
async fn enrollments_leased_at_once_get_different_codes(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    for _ in 0..32 {
        world.enroll(partner, "666010001").await;
    }
    let codes = numbered(40);
    world
        .import(world.pool(partner, &borrowed(&codes)))
        .await
        .unwrap();
    let workers = (0..4).map(|_| world.lease_some(partner, 8));
    let leased: usize = futures::future::join_all(workers).await.into_iter().sum();
    assert_eq!(leased + world.lease_some(partner, 32).await, 32);
    let rows = activation_code::Entity::find()
        .all(&world.owner)
        .await
        .unwrap();
    let of: BTreeSet<_> = rows.iter().filter_map(|row| row.handoff_id).collect();
    assert_eq!(of.len(), 32);
    assert_eq!(world.counts().await, [40, 8, 32]);
    // Nothing was sent; what was leased is sent with its own code, and the bureau sees 32 different ones.
    world.hand.advance(LEASE);
    world.worker().step().await.unwrap();
    let seen: BTreeSet<String> = world.activations().into_iter().collect();
    assert_eq!((seen.len(), seen.contains("")), (32, false));
    assert_eq!(
        world.counts().await,
        [40, 8, 32],
        "nobody got a second code"
    );
}

/// Whatever happens between the assignment and the answer, the enrollment keeps its code.
#[apply(both)]
async fn a_crash_between_assignment_and_send_gives_the_same_code_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let codes = numbered(10);
    world
        .import(world.pool(partner, &borrowed(&codes)))
        .await
        .unwrap();
    let id = world.enroll(partner, "666150001").await;
    assert_eq!(world.lease_some(partner, 1).await, 1);
    let code = world.code_of(id).await.unwrap();
    let mut worker = world.worker();
    // The bureau is down at first; each time the same code is offered.
    for _ in 0..4 {
        world.hand.advance(LEASE);
        worker.step().await.unwrap();
    }
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.code_of(id).await, Some(code));
    assert_eq!(world.counts().await, [10, 9, 1]);
    let key = world.desk.key();
    let known = codes
        .iter()
        .map(|code| redress::bureau::digest::activation_digest(key, code));
    let known: BTreeSet<String> = known.collect();
    assert!(
        known.contains(&world.activations()[0]),
        "the bureau got one of its own codes"
    );
}

/// A pool that is empty makes its enrollments wait, tells the operator once, and stands in nobody's way.
#[apply(both)]
async fn an_empty_pool_waits_and_goes_on_after_an_import(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let mut request = world.pool(partner, &["AAAA-1"]);
    request.low_water = Some(1);
    world.import(request).await.unwrap();
    assert_eq!(world.told("activation_pool.low").await, 0);
    let ids = [
        world.enroll(partner, "666010001").await,
        world.enroll(partner, "666010002").await,
    ];
    let mut worker = world.worker();
    for _ in 0..3 {
        worker.step().await.unwrap();
        world.hand.advance(BACKOFF);
    }
    assert_eq!(world.state(ids[0]).await, "ACCEPTED");
    let waiting = world.row(ids[1]).await;
    assert_eq!(
        (waiting.state.as_str(), waiting.attempts, waiting.sent_at),
        ("QUEUED", 0, None)
    );
    assert_eq!(world.attempts(ids[1]).await, [""; 0]);
    assert_eq!(
        (
            world.told("activation_pool.empty").await,
            world.told("activation_pool.low").await
        ),
        (1, 1)
    );
    let pool = &world.pools().await[0];
    assert!(pool.is_low && pool.empty_since_time.is_some());
    assert_eq!(world.offers(), [1], "none is sent without a code");
    // The same worker looks once more and puts it off; the import brings it back at once.
    worker.step().await.unwrap();
    world
        .import(world.pool(partner, &["BBBB-2", "CCCC-3"]))
        .await
        .unwrap();
    worker.step().await.unwrap();
    assert_eq!(world.state(ids[1]).await, "ACCEPTED");
    let seen: BTreeSet<String> = world.activations().into_iter().collect();
    assert_eq!((seen.len(), seen.contains("")), (2, false));
    let pool = &world.pools().await[0];
    assert!(!pool.is_low && pool.empty_since_time.is_none());
    // It can run low, and empty, a second time.
    let last = [
        world.enroll(partner, "666010003").await,
        world.enroll(partner, "666010004").await,
    ];
    let mut low = world.pool(partner, &["CCCC-3"]);
    low.low_water = Some(1);
    world.import(low).await.unwrap();
    worker.step().await.unwrap();
    assert_eq!(
        (
            world.told("activation_pool.empty").await,
            world.told("activation_pool.low").await
        ),
        (2, 2)
    );
    let states = [world.state(last[0]).await, world.state(last[1]).await];
    assert_eq!(states, ["ACCEPTED", "QUEUED"]);
}

/// A partner without a pool, and a campaign's other partner, are not concerned.
#[apply(both)]
async fn without_a_pool_nothing_waits(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let answer = world.import(world.pool(partner, &["no"])).await.unwrap();
    assert_eq!((answer.imported, answer.rejected.len()), (0, 1));
    assert!(
        world.pools().await.is_empty(),
        "an empty pool would keep everybody waiting"
    );
    let id = world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.activations(), [""]);
}

/// Partners that pull get the code with the offer, the same one with the next offer, and never one that is redacted away.
#[apply(both)]
async fn an_offer_that_is_pulled_carries_its_code(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    world
        .import(world.pool(partner, &["PULL-CODE-1"]))
        .await
        .unwrap();
    let ids = [
        world.enroll(partner, "666010001").await,
        world.enroll(partner, "666010002").await,
    ];
    for _ in 0..2 {
        let offers = drain(&world, 0).await;
        let [offer] = &offers[..] else {
            panic!("one code, one offer: {}", offers.len())
        };
        assert_eq!(
            offer.handoff_id,
            ids[0].to_string(),
            "first come, first served"
        );
        assert_eq!(offer.activation_code, "PULL-CODE-1");
        assert!(!format!("{offer:?}").contains("PULL-CODE"));
        world.hand.advance(LEASE);
    }
    world
        .import(world.pool(partner, &["PULL-CODE-2"]))
        .await
        .unwrap();
    let mut codes = BTreeSet::new();
    for _ in 0..2 {
        let offers = drain(&world, 0).await.into_iter();
        codes.extend(offers.map(|offer| offer.activation_code));
        // What was offered twice in vain comes after a pause.
        world.hand.advance(BACKOFF);
    }
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        ["PULL-CODE-1", "PULL-CODE-2"]
    );
}

/// A withdrawal before the first offer costs no code, and a replay keeps the one it has.
#[apply(both)]
async fn a_code_is_spent_only_on_what_is_offered(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let codes = numbered(5);
    world
        .import(world.pool(partner, &borrowed(&codes)))
        .await
        .unwrap();
    let withdrawn = world.enroll(partner, "666010001").await;
    world.cancel(withdrawn).await;
    world.worker().step().await.unwrap();
    assert_eq!(world.counts().await, [5, 5, 0]);
    let id = world.enroll(partner, "666010002").await;
    let person = world.forget_person(id).await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "DEAD");
    let code = world.code_of(id).await.unwrap();
    person
        .into_active_model()
        .reset_all()
        .update(&world.owner)
        .await
        .unwrap();
    let replay = ReplayHandoffRequest {
        request_id: world.request_id(),
        campaign: world.campaign.to_string(),
        handoff_id: id.to_string(),
        partner_forgot: false,
    };
    world.admin().replay_handoff(replay).await.unwrap();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.code_of(id).await, Some(code));
    assert_eq!(world.counts().await, [5, 4, 1]);
}
