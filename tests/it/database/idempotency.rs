//! The same request has the same effect once, however often and however close together it comes.

use redress::db::audit::{self, Event};
use redress::db::entities::audit_event;
use redress::db::{Db, FaultRates, Process, Tx};
use redress::kernel::ids::{AuditId, Ids};
use redress::process::Error;
use redress::process::request::{Known, Request, answered, kept, look_up_all, prune, record};
use sea_orm::{EntityTrait, PaginatorTrait};
use uuid::Uuid;

use super::seed::{NOW, ids};
use crate::harness::{Database, apply, both};

fn request(id: u128) -> Request {
    Request {
        id: Uuid::from_u128(id),
        caller: "portal/web".to_owned(),
        method: "/redress.enrollment.v1.EnrollmentService/CompleteEnrollment",
        fingerprint: Uuid::from_u128(1),
        others: Vec::new(),
    }
}

/// Does the work of a request, which is to write an event, and answers with the event's id.
async fn act(tx: &Tx<'_>, request: &Request, id: AuditId) -> Result<String, Error> {
    match answered(tx, request).await {
        Ok(None) => {}
        Ok(Some(result)) => return Ok(result),
        Err(Error::RequestIdReused) => return Ok("conflict".to_owned()),
        Err(error) => return Err(error),
    }
    audit::record(tx, &[event(id)]).await?;
    record(tx, request, &id, NOW).await?;
    Ok(id.to_string())
}

fn event(id: AuditId) -> Event {
    Event {
        id,
        campaign_id: None,
        at: NOW,
        actor: "portal/web".to_owned(),
        action: "test.done",
        subject_kind: "test",
        subject_id: None,
        detail: serde_json::json!({"count": 1}),
    }
}

async fn serve(db: &Db, request: &Request, ids: &Ids) -> String {
    let id = ids.next();
    db.run_tx("test.serve", |tx| Box::pin(act(tx, request, id)))
        .await
        .unwrap()
}

async fn events(db: &Db) -> u64 {
    audit_event::Entity::find().count(db.read()).await.unwrap()
}

#[apply(both)]
async fn a_repeated_request_gets_the_first_answer(database: Database) {
    let db = database.open(Process::Codes).await;
    let ids = ids();
    let first = serve(&db, &request(1), &ids).await;
    assert_eq!(serve(&db, &request(1), &ids).await, first);
    assert_eq!(events(&db).await, 1);
    let other = Request {
        caller: "call-center/north".to_owned(),
        ..request(1)
    };
    assert_ne!(serve(&db, &other, &ids).await, first);
    assert_eq!(events(&db).await, 2);
}

#[apply(both)]
async fn one_id_with_other_content_is_a_conflict(database: Database) {
    let db = database.open(Process::Codes).await;
    serve(&db, &request(1), &ids()).await;
    let other = Request {
        fingerprint: Uuid::from_u128(2),
        others: Vec::new(),
        ..request(1)
    };
    assert_eq!(serve(&db, &other, &ids()).await, "conflict");
}

#[apply(both)]
async fn twins_at_the_same_moment_act_once(database: Database) {
    let db = database.open(Process::Codes).await;
    let twin = database.open(Process::Codes).await;
    let ids = ids();
    for round in 0..20 {
        let callers = (0..6).map(|caller: u32| {
            let (db, ids) = (
                if caller.is_multiple_of(2) {
                    db.clone()
                } else {
                    twin.clone()
                },
                ids.clone(),
            );
            tokio::spawn(async move { serve(&db, &request(round), &ids).await })
        });
        let answers = futures::future::join_all(callers).await;
        let mut answers: Vec<String> = answers.into_iter().map(Result::unwrap).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(events(&db).await, u64::try_from(round).unwrap() + 1);
    }
}

#[apply(both)]
async fn lost_answers_are_found_again(database: Database) {
    let db = database.open(Process::Codes).await;
    db.faults().set(FaultRates {
        serialization: 0.2,
        lost_answer: 0.4,
        seed: 9,
    });
    let ids = ids();
    for round in 0..50 {
        serve(&db, &request(round), &ids).await;
    }
    assert_eq!(events(&db).await, 50);
    assert!(db.faults().lost_answers() > 10);
}

#[apply(both)]
async fn many_requests_are_looked_up_in_their_order(database: Database) {
    let db = database.open(Process::Codes).await;
    let done = serve(&db, &request(1), &ids()).await;
    let asked = [
        request(2),
        request(1),
        Request {
            fingerprint: Uuid::nil(),
            others: Vec::new(),
            ..request(1)
        },
    ];
    let asked = &asked;
    let known = db
        .run_tx("test.many", |tx| Box::pin(look_up_all(tx, asked)))
        .await
        .unwrap();
    let done = kept(&done).unwrap();
    assert_eq!(known, [Known::New, Known::Done(done), Known::Conflict]);
}

#[apply(both)]
async fn old_answers_are_forgotten(database: Database) {
    let db = database.open(Process::Codes).await;
    serve(&db, &request(1), &ids()).await;
    assert_eq!(prune(&db, NOW, 10).await, Ok(0));
    assert_eq!(
        prune(&db, NOW + std::time::Duration::from_secs(1), 10).await,
        Ok(1)
    );
}

#[apply(both)]
async fn an_event_is_written_once_however_often_it_is_recorded(database: Database) {
    let db = database.open(Process::Codes).await;
    let ids = ids();
    let all: Vec<Event> = (0..1_200).map(|_| event(ids.next())).collect();
    let all = &all;
    for _ in 0..2 {
        db.run_tx("test.record", |tx| Box::pin(audit::record(tx, all)))
            .await
            .unwrap();
    }
    assert_eq!(events(&db).await, 1_200);
}
