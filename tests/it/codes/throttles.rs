//! Throttles: counted before the look-up whatever it finds, closed on failure, and a budget of failures that spares who is
//! right.

use std::time::Duration;

use futures::future::join_all;
use redress::codes::settings::Throttles;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tonic::Status;

use super::house::{House, NUMBER, by, limits};
use super::refusals::{STRANGER, seen};
use crate::harness::{Database, apply, both};

const TOLD: &str =
    "audit_event WHERE action = 'campaign.failure_budget_spent' AND campaign_id IS NOT NULL";

fn reason(refused: &Status) -> Reason {
    reason_of(refused).unwrap()
}

async fn check_as(house: &House, role: Role) -> Result<(), Status> {
    let message = wire::CheckCodeRequest {
        campaign: NUMBER.into(),
        code: STRANGER.into(),
    };
    house.handlers.check_code(by(role, message)).await.map(drop)
}

/// What the throttles hold: how many rows, and how far ahead they lie together.
async fn charged(house: &House) -> (i64, i64) {
    let sql = "SELECT count(*) AS n, CAST(COALESCE(sum(tat), 0) AS bigint) AS ahead FROM throttle";
    let row = house.row(sql).await;
    (
        row.try_get("", "n").unwrap(),
        row.try_get("", "ahead").unwrap(),
    )
}

#[apply(both)]
async fn tries_are_counted_whatever_they_find(database: Database) {
    let house = House::open_with(
        &database,
        Throttles {
            campaign: 3,
            ..limits(1_000)
        },
    )
    .await;
    let (_, _, code) = house.one_letter().await;
    for typed in [STRANGER, &code, STRANGER] {
        let _ = house.begin(typed).await;
    }
    let refused = house.begin(&code).await.unwrap_err();
    assert_eq!(reason(&refused), Reason::Throttled);
    assert!(retry_after_of(&refused).unwrap() <= Duration::from_secs(20));
    house.clock.advance(Duration::from_secs(20));
    house.begin(&code).await.unwrap();
}

#[apply(both)]
async fn a_throttle_that_cannot_be_asked_refuses_before_it_looks(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    house.run("ALTER TABLE throttle RENAME TO gone").await;
    let statements = house.context.db.statements();
    statements.watch();
    assert!(house.begin(&code).await.is_err());
    assert!(house.check(&code).await.is_err());
    let sent = statements.seen();
    assert!(sent.iter().any(|sql| sql.contains("INSERT INTO throttle")));
    assert!(
        !sent.iter().any(|sql| sql.contains("FROM code")),
        "{sent:?}"
    );
    assert_eq!(house.count("enrollment").await, 0);
    house.run("ALTER TABLE gone RENAME TO throttle").await;
    house.begin(&code).await.unwrap();
}

#[apply(both)]
async fn one_statement_charges_a_call_the_same_whether_it_is_right_or_wrong(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let statements = house.context.db.statements();
    let mut before = charged(&house).await;
    let mut taken = Vec::new();
    house.ask_of(NUMBER).await;
    for typed in [STRANGER, STRANGER, &code] {
        statements.watch();
        let _ = house.check(typed).await;
        let mut sent = statements.seen();
        let end = sent.iter().position(|sql| sql == "COMMIT").unwrap();
        sent.truncate(end);
        assert_eq!(sent.len(), 2, "begin and charge: {sent:?}");
        let after = charged(&house).await;
        taken.push((sent, after.0, after.1 - before.1));
        before = after;
    }
    assert_eq!(taken[0].1, 4, "caller, campaign, failures, service");
    assert_eq!(taken[1], taken[2]);
    // The next call gives back what the right code was charged too much.
    let _ = house.check(STRANGER).await;
    let interval = 60_000_000 / 1_000_000;
    assert_eq!(charged(&house).await.1 - before.1, 3 * interval);
}

#[apply(both)]
async fn the_whole_service_has_a_limit_over_all_callers_and_campaigns(database: Database) {
    let house = House::open_with(
        &database,
        Throttles {
            service: 3,
            ..limits(1_000)
        },
    )
    .await;
    house.campaign().await;
    let asked = [
        check_as(&house, Role::Portal).await,
        check_as(&house, Role::CallCenter).await,
    ];
    assert!(
        asked
            .iter()
            .all(|asked| reason(asked.as_ref().unwrap_err()) == Reason::CodeNotAccepted)
    );
    assert_eq!(
        reason(&house.check_in("Z999999", STRANGER).await.unwrap_err()),
        Reason::CodeNotAccepted
    );
    assert_eq!(
        reason(&check_as(&house, Role::Portal).await.unwrap_err()),
        Reason::Throttled
    );
    house.clock.advance(Duration::from_secs(20));
    assert_eq!(
        reason(&check_as(&house, Role::Portal).await.unwrap_err()),
        Reason::CodeNotAccepted
    );
}

#[apply(both)]
async fn a_spent_failure_budget_slows_down_who_fails_and_nobody_else(database: Database) {
    let house = House::open_with(
        &database,
        Throttles {
            failures: 3,
            ..limits(1_000_000)
        },
    )
    .await;
    let campaign = house.campaign().await;
    house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    let codes: Vec<String> = house
        .export(&batch)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, code)| code)
        .collect();
    house.run("UPDATE code SET state = 'REVOKED', settled_at = 1 WHERE individual_id = (SELECT id FROM individual ORDER BY id DESC LIMIT 1)").await;
    // Who is right spends nothing, however often.
    for _ in 0..10 {
        house.check(&codes[0]).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(
            reason(&house.check(STRANGER).await.unwrap_err()),
            Reason::CodeNotAccepted
        );
    }
    assert_eq!(house.count(TOLD).await, 0);
    let statements = house.context.db.statements();
    let slowed = house.check(STRANGER).await.unwrap_err();
    assert_eq!(reason(&slowed), Reason::Throttled);
    assert_eq!(retry_after_of(&slowed), Some(Duration::from_secs(20)));
    assert_eq!(house.count(TOLD).await, 1);
    // The same bytes after the same statements, whatever is wrong, and the operator is told once.
    statements.watch();
    let again = house.check(STRANGER).await.unwrap_err();
    let sent = statements.seen();
    statements.watch();
    let revoked = house.check(&codes[2]).await.unwrap_err();
    assert_eq!((statements.seen(), seen(&revoked)), (sent, seen(&again)));
    assert_eq!(seen(&again), seen(&slowed));
    assert_eq!(
        seen(&house.begin(&codes[2]).await.unwrap_err()),
        seen(&slowed)
    );
    // A right code is answered as ever, and takes nothing from the budget or gives to it.
    for _ in 0..5 {
        house.check(&codes[0]).await.unwrap();
    }
    house.begin(&codes[1]).await.unwrap();
    assert_eq!(
        seen(&house.check(STRANGER).await.unwrap_err()),
        seen(&slowed)
    );
    assert_eq!(house.count(TOLD).await, 1);
    // Another campaign's number has a budget of its own; one that no campaign has is told to nobody.
    for expected in [
        Reason::CodeNotAccepted,
        Reason::CodeNotAccepted,
        Reason::CodeNotAccepted,
        Reason::Throttled,
    ] {
        assert_eq!(
            reason(&house.check_in("Z999999", STRANGER).await.unwrap_err()),
            expected
        );
    }
    assert_eq!(house.count(TOLD).await, 1);
    house.clock.advance(Duration::from_secs(20));
    assert_eq!(
        reason(&house.check(STRANGER).await.unwrap_err()),
        Reason::CodeNotAccepted
    );
    assert_eq!(
        reason(&house.check(STRANGER).await.unwrap_err()),
        Reason::Throttled
    );
    assert_eq!(house.count(TOLD).await, 1);
    house.clock.advance(Duration::from_hours(1));
    for _ in 0..5 {
        house.check(STRANGER).await.unwrap_err();
    }
    assert_eq!(house.count(TOLD).await, 2);
}

#[apply(both)]
async fn many_who_fail_at_once_share_one_budget_exactly(database: Database) {
    let house = House::open_with(
        &database,
        Throttles {
            failures: 5,
            ..limits(1_000_000)
        },
    )
    .await;
    let (_, _, code) = house.one_letter().await;
    let answers = join_all((0..40).map(|_| house.check(STRANGER))).await;
    let refused = answers
        .iter()
        .map(|answer| reason(answer.as_ref().unwrap_err()));
    assert_eq!(
        refused
            .filter(|reason| *reason == Reason::CodeNotAccepted)
            .count(),
        5
    );
    assert_eq!(house.count(TOLD).await, 1);
    // Right ones at once with wrong ones get through, all of them.
    let right = join_all((0..20).map(|_| house.check(&code)));
    let wrong = join_all((0..20).map(|_| house.check(STRANGER)));
    let (right, wrong) = tokio::join!(right, wrong);
    assert!(right.iter().all(Result::is_ok));
    assert!(
        wrong
            .iter()
            .all(|answer| reason(answer.as_ref().unwrap_err()) == Reason::Throttled)
    );
    assert_eq!(house.count(TOLD).await, 1);
}
