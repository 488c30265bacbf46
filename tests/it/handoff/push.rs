//! Pushing: every outcome and every bad habit of a partner.

use std::time::Duration;

use redress::db::FaultRates;
use redress::db::entities::ClosedSet as _;
use redress::kernel::ids::HandoffId;
use redress::kernel::person::Person;
use redress::wire::redress::handoff::v1::{
    FieldProjection, Partner, PausePartnerRequest, ResumePartnerRequest,
};

use super::seed::push;
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

/// The bureau says "accepted", and later what became of it, by a call of its own.
#[apply(both)]
async fn every_outcome_arrives_once_at_its_state(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let cases = [
        ("666010001", "ACTIVE", "ACTIVE"),
        ("", "ACTIVE", "ACTIVE"),
        (
            "666110001",
            "ACTION_REQUIRED",
            "ACTION_REQUIRED FILE_FROZEN",
        ),
        ("666120001", "REFUSED", "REFUSED THIN_FILE"),
        (
            "666130001",
            "ACTION_REQUIRED",
            "ACTION_REQUIRED SSN_MISMATCH",
        ),
        ("666140001", "REFUSED", "REFUSED ALREADY_ENROLLED"),
        (
            "666180001",
            "ACTION_REQUIRED",
            "ACTION_REQUIRED IDENTITY_NOT_CONFIRMED",
        ),
        ("666190001", "ACTION_REQUIRED", "ACTION_REQUIRED NO_HIT"),
    ];
    let mut queued = Vec::new();
    for (ssn, state, outcome) in cases {
        queued.push((world.enroll(partner, ssn).await, state, outcome));
    }
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), cases.len());
    for (id, _, _) in &queued {
        let row = world.row(*id).await;
        assert_eq!((row.state.as_str(), row.attempts), ("ACCEPTED", 1));
        assert!(row.partner_reference.is_some() && row.acknowledged_at.is_some());
        assert!(world.outcomes(*id).await.is_empty());
    }
    assert_eq!(world.reporter().step().await.unwrap(), cases.len());
    assert_eq!(world.reporter().step().await.unwrap(), 0);
    assert_eq!(worker.step().await.unwrap(), 0);
    for (id, state, outcome) in queued {
        assert_eq!(world.state(id).await, state);
        assert_eq!(world.outcomes(id).await, [outcome]);
        assert_eq!(world.attempts(id).await, ["ANSWERED"]);
        assert_eq!(world.audited(id).await.len(), 1);
    }
    assert_eq!(world.offers(), vec![1; cases.len()]);
}

/// What the partner says it did not take waits, is tried again, and never dies of it.
#[apply(both)]
async fn a_partner_that_is_down_at_first_gets_it_later(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666150001").await;
    let mut worker = world.worker();
    for attempts in 1..=2 {
        assert_eq!(worker.step().await.unwrap(), 1);
        let row = world.row(id).await;
        assert_eq!((row.state.as_str(), row.attempts), ("QUEUED", attempts));
        world.hand.advance(BACKOFF);
    }
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(
        world.attempts(id).await,
        ["UNAVAILABLE", "UNAVAILABLE", "ANSWERED"]
    );
    assert_eq!(world.offers(), [1]);
}

/// The bureau books, and its answer is lost: we ask, and do not send again.
#[apply(both)]
async fn an_answer_that_is_lost_is_asked_after_and_nobody_is_enrolled_twice(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666160001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    let row = world.row(id).await;
    assert_eq!(row.state.as_str(), "UNSETTLED");
    assert!(row.sent_at.is_some());
    assert_eq!(worker.step().await.unwrap(), 0, "it is asked after a pause");
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.attempts(id).await, ["UNSEEN", "ANSWERED"]);
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
    assert_eq!(world.offers(), [1]);
}

/// A partner that cannot be reached costs nothing but time; the breaker keeps the attempts few.
#[apply(both)]
async fn a_partner_without_a_connection_never_kills_a_handoff(database: Database) {
    let world = World::new(database).await;
    let partner = world.partner(push("nobody", "https://localhost:1")).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(world.enroll(partner, "666010001").await);
    }
    let mut worker = world.worker();
    let mut calls = 0;
    for _ in 0..15 {
        calls += worker.step().await.unwrap();
        world.hand.advance(BACKOFF);
    }
    assert!(
        (20..=20 + 15).contains(&calls),
        "one try at a time while the breaker is open: {calls}"
    );
    for id in ids {
        let row = world.row(id).await;
        assert_eq!((row.state.as_str(), row.sent_at), ("QUEUED", None));
    }
}

/// A slow outcome is told when it is known.
#[apply(both)]
async fn an_outcome_that_takes_its_time_arrives_by_itself(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666170001").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.reporter().step().await.unwrap(), 0);
    assert_eq!(world.state(id).await, "ACCEPTED");
    world.hand.advance(Duration::from_secs(2));
    assert_eq!(world.reporter().step().await.unwrap(), 1);
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
}

/// A partner that never reports is asked.
#[apply(both)]
async fn an_overdue_outcome_is_asked_after(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666120001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(worker.step().await.unwrap(), 0);
    world.hand.advance(Duration::from_mins(16));
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.outcomes(id).await, ["REFUSED THIN_FILE"]);
    world.hand.advance(Duration::from_mins(16));
    assert_eq!(
        worker.step().await.unwrap(),
        0,
        "what is settled is not asked after"
    );
    assert_eq!(
        world.reporter().step().await.unwrap(),
        1,
        "and what the partner then reports is known"
    );
    assert_eq!(world.outcomes(id).await.len(), 1);
}

/// Two workers share the queue: each handoff is submitted once.
#[apply(both)]
async fn two_workers_submit_each_handoff_once(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    for _ in 0..80 {
        world.enroll(partner, "666010001").await;
    }
    let (mut one, mut other) = (world.worker(), world.worker());
    let until_done = async |worker: &mut redress::handoff::push::worker::PushWorker| {
        while worker.step().await.unwrap() > 0 {}
    };
    tokio::join!(until_done(&mut one), until_done(&mut other));
    while world.reporter().step().await.unwrap() > 0 {}
    assert_eq!(world.offers(), vec![1; 80]);
}

/// A paused partner gets nothing, and nothing is lost.
#[apply(both)]
async fn a_paused_partner_gets_nothing_until_it_is_resumed(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let pause = PausePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        campaign: String::new(),
    };
    for _ in 0..2 {
        world.partners().pause_partner(pause.clone()).await.unwrap();
    }
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 0);
    let resume = ResumePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        campaign: String::new(),
    };
    world.partners().resume_partner(resume).await.unwrap();
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.state(id).await, "ACCEPTED");
}

/// What is changed to fit the partner's fields is in the audit log.
#[apply(both)]
async fn a_name_that_does_not_fit_is_cut_and_told(database: Database) {
    let world = World::new(database).await;
    let endpoint = format!("https://localhost:{}", world.bureau_at.port());
    let projection = FieldProjection {
        family_name_max: 4,
        ascii_names: true,
        ..Default::default()
    };
    let partner = Partner {
        projection: Some(projection),
        ..push("sandbox-bureau", &endpoint)
    };
    let partner = world.partner(partner).await;
    let person = Person {
        given_name: "Zoë".into(),
        family_name: "Lovelace".into(),
        ..Person::default()
    };
    let id = world.enroll_person(partner, &person).await;
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.audited(id).await, ["handoff.projected"]);
}

/// Serialization failures and commits whose answer is lost change nothing about the result.
#[apply(both)]
async fn a_faulty_database_still_hands_over_exactly_once(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let mut ids: Vec<HandoffId> = Vec::new();
    for ssn in [
        "666010001",
        "666110001",
        "666120001",
        "666150001",
        "666160001",
    ]
    .repeat(4)
    {
        ids.push(world.enroll(partner, ssn).await);
    }
    world.db.faults().set(FaultRates {
        serialization: 0.25,
        lost_answer: 0.25,
        seed: 7,
    });
    let mut worker = world.worker();
    for _ in 0..30 {
        worker.step().await.unwrap();
        world.reporter().step().await.ok();
        world.hand.advance(BACKOFF);
    }
    world.db.faults().clear();
    while world.reporter().step().await.unwrap() > 0 {}
    assert!(world.db.faults().lost_answers() > 0);
    for id in ids {
        let row = world.row(id).await;
        assert!(
            ["ACTIVE", "ACTION_REQUIRED", "REFUSED"].contains(&row.state.as_str()),
            "{:?}",
            row.state
        );
        assert_eq!(world.outcomes(id).await.len(), 1);
    }
    assert_eq!(world.offers(), vec![1; 20]);
}
