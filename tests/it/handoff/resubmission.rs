//! Orders that are given again under the same id: to a partner that we call and to one that calls us.

use std::time::Duration;

use redress::db::entities::ClosedSet as _;
use redress::db::entities::resubmission::Model as Resubmission;
use redress::handoff::outcome::resubmit;
use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::bureau_enrollment_service_client::BureauEnrollmentServiceClient;
use redress::wire::redress::bureau::v1::{
    EnrollmentProgress, EnrollmentStatus, HandoffKind, ListEnrollmentStatusesRequest,
};
use redress::wire::redress::handoff::v1::{AcknowledgeHandoffsRequest, HandoffAcknowledgement};
use redress::wire::redress::r#type::v1::{ItemResult, OutcomeClass};
use sea_orm::ConnectionTrait;

use super::pull::{acknowledge, drain};
use super::said::{report, status};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

impl World {
    /// Orders again, as the codes process does.
    pub async fn order_again(&self, handoff: HandoffId, attempt: i32) {
        self.hand.advance(Duration::from_secs(1));
        let row = Resubmission {
            campaign_id: self.campaign,
            handoff_id: handoff,
            order_attempt: attempt,
            trace_context: None,
            created_at: self.context.clock.now(),
        };
        let backend = self.owner.get_database_backend();
        let statement = Resubmission::insert(backend, &[row]);
        self.owner.execute_raw(statement).await.unwrap();
    }

    pub async fn take(&self) -> usize {
        resubmit::step(&self.context).await.unwrap()
    }
}

/// An order that a partner which calls us has got.
async fn offered(database: Database) -> (World, HandoffId) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    drain(&world, 0).await;
    (world, id)
}

/// The bureau refused; the same id with another attempt is another order, and stands once in its book.
#[apply(both)]
async fn a_called_partner_gets_the_next_attempt_under_the_same_id(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666120001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(id).await, "REFUSED");
    let first = world.row(id).await;
    world.order_again(id, 2).await;
    assert_eq!((world.take().await, world.take().await), (1, 0));
    let queued = world.row(id).await;
    assert_eq!((queued.state.as_str(), queued.order_attempt), ("QUEUED", 2));
    assert_eq!((queued.acknowledged_at, queued.settled_at), (None, None));
    assert_eq!(queued.partner_reference, first.partner_reference);
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.state(id).await, "ACCEPTED");
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.outcomes(id).await, ["REFUSED THIN_FILE", "ACTIVE"]);
    assert_eq!(world.booked(), [EnrollmentProgress::Active]);
    assert_eq!(world.offers(), [2]);
    let audited = world.audited(id).await;
    assert_eq!(
        audited,
        ["handoff.refused", "handoff.resubmitted", "handoff.active"]
    );
}

/// The bureau went down between the two orders: the second waits like any other, and the first answer is not taken for its own.
#[apply(both)]
async fn an_inquiry_about_the_next_attempt_is_not_answered_by_the_one_before(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666190001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTION_REQUIRED");
    world.order_again(id, 2).await;
    world.take().await;
    world.keyless_worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "QUEUED", "it cannot be sent");
    world.hand.advance(BACKOFF);
    // It may have been sent, so the bureau is asked: it knows the first attempt alone, and gets the second.
    worker.step().await.unwrap();
    world.reporter().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.offers(), [2]);
}

/// What a push partner offers so that both books can be compared, at the sandbox: whole, page by page, or what changed since.
#[apply(both)]
async fn a_called_partner_lists_what_it_knows(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    for ssn in ["666010001", "666120001", "666010003"] {
        world.enroll(partner, ssn).await;
    }
    world.worker().step().await.unwrap();
    let mut bureau = BureauEnrollmentServiceClient::new(world.bureau_as_redress());
    let mut request = ListEnrollmentStatusesRequest {
        page_size: 2,
        ..ListEnrollmentStatusesRequest::default()
    };
    let mut pages = Vec::new();
    loop {
        let page = bureau.list_enrollment_statuses(request.clone()).await;
        let page = page.unwrap().into_inner();
        pages.push(page.statuses.len());
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, [2, 1]);
    world.hand.advance(BACKOFF);
    let since = world.context.clock.now().to_proto();
    let later = world.enroll(partner, "666110004").await;
    world.worker().step().await.unwrap();
    let changed = ListEnrollmentStatusesRequest {
        changed_since_time: Some(since),
        ..ListEnrollmentStatusesRequest::default()
    };
    let changed = bureau.list_enrollment_statuses(changed).await.unwrap();
    let changed = changed.into_inner().statuses;
    let changed: Vec<_> = changed
        .iter()
        .map(|status| (status.handoff_id.clone(), status.progress()))
        .collect();
    let asks = EnrollmentProgress::ActionRequired;
    assert_eq!(changed, [(later.to_string(), asks)]);
}

fn of_attempt(
    id: HandoffId,
    attempt: i32,
    (progress, class): (EnrollmentProgress, OutcomeClass),
) -> EnrollmentStatus {
    EnrollmentStatus {
        attempt,
        partner_reference: String::new(),
        ..status(&id.to_string(), progress, class)
    }
}

const FROZEN: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::ActionRequired, OutcomeClass::FileFrozen);
const NO_HIT: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::Refused, OutcomeClass::NoHit);
const ACTIVE: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::Active, OutcomeClass::Unspecified);

/// What a partner says of an order that another one has replaced settles nothing; that the coverage runs does.
#[apply(both)]
async fn a_pulling_partners_late_words_about_the_first_attempt_change_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let say = async |attempt: i32, said| {
        let said = of_attempt(id, attempt, said);
        report(&world, "sandbox-bureau", vec![said]).await[0]
    };
    let first = drain(&world, 0).await;
    assert_eq!(
        (first[0].kind(), first[0].attempt),
        (HandoffKind::Enroll, 1)
    );
    assert_eq!(say(1, FROZEN).await, "APPLIED");
    world.order_again(id, 2).await;
    world.take().await;
    for attempt in [0, 1] {
        assert_eq!(say(attempt, NO_HIT).await, "UNCHANGED", "{attempt}");
    }
    assert_eq!(world.state(id).await, "QUEUED");
    let again = drain(&world, 0).await;
    assert_eq!(again[0].handoff_id, first[0].handoff_id);
    assert_eq!(
        (again[0].kind(), again[0].attempt),
        (HandoffKind::Update, 2)
    );
    assert!(again[0].subject.is_some() && again[0].coverage == first[0].coverage);
    let late = acknowledge(&world, &first);
    assert_eq!(acknowledged(&world, late).await, ItemResult::Unchanged);
    assert_eq!(world.state(id).await, "LEASED");
    assert_eq!(say(3, ACTIVE).await, "MALFORMED");
    assert_eq!(say(-1, ACTIVE).await, "MALFORMED");
    let taken = acknowledge(&world, &again);
    assert_eq!(acknowledged(&world, taken).await, ItemResult::Applied);
    assert_eq!(say(1, FROZEN).await, "UNCHANGED");
    assert_eq!(say(2, NO_HIT).await, "APPLIED");
    world.order_again(id, 3).await;
    world.take().await;
    assert_eq!(say(1, ACTIVE).await, "APPLIED");
    assert_eq!(world.state(id).await, "ACTIVE");
    assert!(drain(&world, 0).await.is_empty());
}

async fn acknowledged(world: &World, request: AcknowledgeHandoffsRequest) -> ItemResult {
    let mut client = world.as_partner("sandbox-bureau");
    let answer = client.acknowledge_handoffs(request).await.unwrap();
    answer.into_inner().verdicts[0].result()
}

/// A partner that names no attempt is taken to speak of the newest order that it was offered.
#[apply(both)]
async fn an_acknowledgement_without_an_attempt_is_of_the_newest_offer(database: Database) {
    let (world, id) = offered(database).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 0, NO_HIT)]).await;
    world.order_again(id, 2).await;
    world.take().await;
    drain(&world, 0).await;
    let unnamed = AcknowledgeHandoffsRequest {
        request_id: world.request_id(),
        acknowledgements: vec![HandoffAcknowledgement {
            handoff_id: id.to_string(),
            ..HandoffAcknowledgement::default()
        }],
    };
    assert_eq!(acknowledged(&world, unnamed).await, ItemResult::Applied);
    assert_eq!(world.state(id).await, "ACCEPTED");
}

/// The person withdrew while the order was on its way to be given again: nobody is enrolled after that.
#[apply(both)]
async fn who_withdraws_meanwhile_is_not_ordered_again(database: Database) {
    let (world, id) = offered(database).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 1, FROZEN)]).await;
    world.order_again(id, 2).await;
    let cancel = world.cancel(id).await;
    assert_eq!(world.take().await, 1);
    assert_eq!(world.state(id).await, "ACTION_REQUIRED");
    let offers = drain(&world, 0).await;
    let offered: Vec<&str> = offers.iter().map(|it| it.handoff_id.as_str()).collect();
    assert_eq!(offered, [cancel.to_string()]);
    let audited = world.audited(id).await;
    assert_eq!(audited.last().unwrap(), "handoff.not_resubmitted");
}

/// The person withdraws after the order was queued again and before it was offered: the partner gets the cancellation, not the order.
#[apply(both)]
async fn who_withdraws_before_the_next_offer_is_only_canceled(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666190001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    world.reporter().step().await.unwrap();
    world.order_again(id, 2).await;
    world.take().await;
    let cancel = world.cancel(id).await;
    for _ in 0..2 {
        worker.step().await.unwrap();
    }
    assert_eq!(
        (world.state(id).await, world.state(cancel).await),
        ("CANCELED", "CANCELED")
    );
    assert_eq!(world.booked(), [EnrollmentProgress::Canceled]);
    assert_eq!(world.offers(), [1], "the second order was never sent");
}

/// A cancellation is confirmed whichever attempt its answer names, and one that was never ordered is refused for an order alone.
#[apply(both)]
async fn a_cancellation_has_no_attempts(database: Database) {
    let (world, id) = offered(database).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 1, FROZEN)]).await;
    world.order_again(id, 2).await;
    world.take().await;
    drain(&world, 0).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 2, FROZEN)]).await;
    let cancel = world.cancel(id).await;
    drain(&world, 0).await;
    let canceled = (EnrollmentProgress::Canceled, OutcomeClass::Unspecified);
    let said = of_attempt(cancel, 2, canceled);
    let verdicts = report(&world, "sandbox-bureau", vec![said]).await;
    assert_eq!(verdicts, ["APPLIED"]);
    assert_eq!(world.state(id).await, "CANCELED");
}

/// A partner that counts its revisions anew with each attempt is not waited for without end: its answer contradicts.
#[apply(both)]
async fn an_older_revision_does_not_answer_an_order_under_way(database: Database) {
    let (world, id) = offered(database).await;
    let numbered = |attempt, said, revision| EnrollmentStatus {
        revision,
        ..of_attempt(id, attempt, said)
    };
    let first = numbered(1, NO_HIT, 5);
    report(&world, "sandbox-bureau", vec![first]).await;
    world.order_again(id, 2).await;
    world.take().await;
    drain(&world, 0).await;
    let late = numbered(2, NO_HIT, 1);
    let verdicts = report(&world, "sandbox-bureau", vec![late]).await;
    assert_eq!(verdicts, ["CONTRADICTS"]);
    let newer = numbered(2, NO_HIT, 6);
    let verdicts = report(&world, "sandbox-bureau", vec![newer]).await;
    assert_eq!(verdicts, ["APPLIED"]);
}

/// The partner activated it before the row was taken: what it became is on its way already.
#[apply(both)]
async fn what_became_active_meanwhile_is_not_ordered_again(database: Database) {
    let (world, id) = offered(database).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 1, FROZEN)]).await;
    world.order_again(id, 2).await;
    report(&world, "sandbox-bureau", vec![of_attempt(id, 1, ACTIVE)]).await;
    assert_eq!((world.take().await, world.take().await), (1, 0));
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(
        world.outcomes(id).await,
        ["ACTION_REQUIRED FILE_FROZEN", "ACTIVE"]
    );
}

/// One order whose handoff cannot be read steps aside, and those beside it are queued; mended and tried again, it is queued too.
#[apply(both)]
async fn an_order_whose_handoff_cannot_be_read_steps_aside(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.enroll(partner, "666120001").await);
    }
    world.worker().step().await.unwrap();
    world.reporter().step().await.unwrap();
    for id in &ids {
        world.order_again(*id, 2).await;
    }
    let run = async |sql: &str| {
        let done = world.owner.execute_unprepared(sql).await;
        done.unwrap().rows_affected()
    };
    let first = "(SELECT handoff_id FROM resubmission ORDER BY created_at LIMIT 1)";
    run(&format!(
        "UPDATE handoff SET outcome_class = NULL WHERE id = {first}"
    ))
    .await;
    assert_eq!((world.take().await, world.take().await), (3, 0));
    let kept = "UPDATE resubmission SET created_at = created_at WHERE set_aside_reason LIKE '%without the reason%'";
    assert_eq!(run(kept).await, 1);
    let mut states = Vec::new();
    for id in &ids {
        states.push(world.state(*id).await);
    }
    assert_eq!(states, ["REFUSED", "QUEUED", "QUEUED"]);
    assert_eq!(
        world.audited(ids[0]).await.last().unwrap(),
        "resubmission.set_aside"
    );
    run("UPDATE handoff SET outcome_class = 'THIN_FILE' WHERE state = 'REFUSED'").await;
    // As `enrollment-codes` does it for an operator.
    run("UPDATE resubmission SET set_aside_at = NULL, set_aside_reason = NULL").await;
    assert_eq!((world.take().await, world.take().await), (1, 0));
    assert_eq!(world.state(ids[0]).await, "QUEUED");
}
