//! Every statement about handoffs goes through an index, as the plans that PostgreSQL keeps for them say.

use std::time::Duration;

use redress::handoff::housekeeping;
use redress::handoff::queue::retention;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::{EnrollmentOrder, EnrollmentProgress};
use redress::wire::redress::handoff::v1::{
    GetHandoffRequest, HandoffState, ListHandoffsRequest, Partner, PartnerMode,
    ReplayHandoffRequest,
};
use redress::wire::redress::r#type::v1::OutcomeClass;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::pull::{acknowledge, drain_as};
use super::said::{report, status, word};
use super::world::{BACKOFF, LEASE, World};
use crate::harness::{Database, fill, plans};

/// A partner that pulls.
const PULLS: &str = "puller";

impl World {
    async fn acknowledged(&self, offers: &[EnrollmentOrder]) {
        let request = acknowledge(self, offers);
        let answer = self.as_partner(PULLS).acknowledge_handoffs(request).await;
        let verdicts = answer.unwrap().into_inner().verdicts;
        assert!(verdicts.iter().all(|one| word(one) == "APPLIED"));
    }

    async fn says(&self, id: HandoffId, progress: EnrollmentProgress, class: OutcomeClass) {
        let said = status(&id.to_string(), progress, class);
        let said = redress::wire::redress::bureau::v1::EnrollmentStatus {
            partner_reference: format!("REF-{}", &id.to_string()[30..]),
            ..said
        };
        let verdicts = report(self, PULLS, vec![said]).await;
        assert_eq!(verdicts, ["APPLIED"]);
    }
}

/// Offers that are taken, lost and taken again, outcomes of both kinds, and withdrawals before and after.
async fn pull(world: &World, partner: PartnerId) {
    let codes = ["PULL-1", "PULL-2", "PULL-3", "PULL-4"];
    world.import(world.pool(partner, &codes)).await.unwrap();
    let first = world.enroll(partner, "666010001").await;
    let second = world.enroll(partner, "666010002").await;
    let left = world.enroll(partner, "666010003").await;
    world.cancel(left).await;
    let offers = drain_as(world, PULLS, 0).await;
    assert_eq!(offers.len(), 2, "one was withdrawn in time");
    world.hand.advance(LEASE);
    let offers = drain_as(world, PULLS, 0).await;
    world.acknowledged(&offers).await;
    world
        .says(first, EnrollmentProgress::Active, OutcomeClass::Unspecified)
        .await;
    world
        .says(second, EnrollmentProgress::Refused, OutcomeClass::NoHit)
        .await;
    let cancel = world.cancel(first).await;
    world.enroll_again(first).await;
    let offers = drain_as(world, PULLS, 0).await;
    assert_eq!(offers.len(), 1, "who comes back waits");
    world.acknowledged(&offers).await;
    world
        .says(
            cancel,
            EnrollmentProgress::Canceled,
            OutcomeClass::Unspecified,
        )
        .await;
    assert_eq!(drain_as(world, PULLS, 0).await.len(), 1);
    let get = GetHandoffRequest {
        handoff_id: first.to_string(),
    };
    world.as_partner(PULLS).get_handoff(get).await.unwrap();
}

/// Answers that come, that are lost and that are late, with too few activation codes at first.
async fn push(world: &World, partner: PartnerId) {
    world
        .import(world.pool(partner, &["PUSH-1"]))
        .await
        .unwrap();
    world.enroll(partner, "666010004").await;
    let lost = world.enroll(partner, "666160005").await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 1, "one waits for a code");
    world
        .import(world.pool(partner, &["PUSH-2", "PUSH-3"]))
        .await
        .unwrap();
    worker.step().await.unwrap();
    assert_eq!(world.state(lost).await, "UNSETTLED");
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    world.hand.advance(Duration::from_mins(16));
    assert!(worker.step().await.unwrap() > 0, "asked after");
    world.reporter().step().await.unwrap();
}

/// What can be given to nobody, and is given again.
async fn replay(world: &World, partner: PartnerId) {
    let id = world.enroll(partner, "666010006").await;
    let person = world.forget_person(id).await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "DEAD");
    let person = person.into_active_model().reset_all();
    person.update(&world.owner).await.unwrap();
    let request = ReplayHandoffRequest {
        request_id: world.request_id(),
        campaign: world.campaign.to_string(),
        handoff_id: id.to_string(),
        partner_forgot: false,
    };
    world.admin().replay_handoff(request).await.unwrap();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
}

async fn list(world: &World, state: HandoffState) {
    let mut request = ListHandoffsRequest {
        campaign: world.campaign.to_string(),
        state: state.into(),
        page_size: 2,
        ..ListHandoffsRequest::default()
    };
    for _ in 0..2 {
        let page = world.admin().list_handoffs(request.clone()).await;
        let page = page.unwrap().into_inner();
        assert_eq!(page.handoffs.len(), 2);
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_about_handoffs_reads_a_large_table_whole() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let world = World::new(database).await;
    let pulling = Partner {
        name: PULLS.to_owned(),
        mode: PartnerMode::Pull.into(),
        ..Partner::default()
    };
    let pulling = world.partner(pulling).await;
    let pushed = world.push_partner().await;
    fill::fill(&world.owner, world.campaign, pulling).await;

    let statements = world.db.statements().clone();
    statements.watch();
    pull(&world, pulling).await;
    push(&world, pushed).await;
    replay(&world, pushed).await;
    list(&world, HandoffState::Unspecified).await;
    list(&world, HandoffState::Queued).await;
    let mut keeping = world.context.clone();
    keeping.rules.attempt_retention = Duration::from_secs(1);
    retention::prune(&keeping).await.unwrap();
    // The many wait for an instant that is not reached, and longer than any rule allows.
    assert!(housekeeping::step(&world.context).await.unwrap() > 0);
    let sent = statements.seen();
    // Asked at every lease: through the index over the whole queue it would read all that waits.
    let tried = ("h.tries > 0", "handoff_tried_idx");
    plans::expect_index(&world.owner, &sent, tried).await;
    plans::expect_indexes(&world.owner, sent, 43, &[]).await;
}
