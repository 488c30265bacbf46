//! Throttles let exactly as much through as their limit says.

use std::time::Duration;

use redress::db::{Db, Process};
use redress::kernel::clock::Timestamp;
use redress::process::throttle::{
    Budget, Charge, Limit, Refusal, Standing, charge, charge_with, prune,
};
use uuid::Uuid;

use super::seed::{NOW, clock, throttle_rows};
use crate::harness::{Database, apply, both};

const TWO_DAYS: Duration = Duration::from_hours(48);
const FIVE_A_MINUTE: Limit = Limit::per(5, Duration::from_mins(1));

fn kind(key: u128) -> &'static str {
    ["none", "first", "second", "third"][usize::try_from(key.min(3)).unwrap()]
}

fn of(key: u128) -> Charge {
    Charge {
        kind: kind(key),
        key: Uuid::from_u128(key),
        limit: FIVE_A_MINUTE,
    }
}

fn budget(key: u128, returned: u32) -> Budget {
    Budget {
        charge: of(key),
        returned,
    }
}

/// Charges as often as it goes and counts what was let through.
async fn passed(db: &Db, key: u128, now: Timestamp) -> usize {
    let mut passed = 0;
    while charge(db, &[of(key)], now).await.is_ok() {
        passed += 1;
    }
    passed
}

#[apply(both)]
async fn a_burst_and_then_one_an_interval(database: Database) {
    let db = database.open(Process::Identity).await;
    let (clock, hand) = clock();
    assert_eq!(passed(&db, 1, clock.now()).await, 5);
    hand.advance(Duration::from_secs(11));
    assert_eq!(passed(&db, 1, clock.now()).await, 0);
    hand.advance(Duration::from_secs(1));
    assert_eq!(passed(&db, 1, clock.now()).await, 1);
    hand.advance(Duration::from_hours(1));
    assert_eq!(passed(&db, 1, clock.now()).await, 5);
}

#[apply(both)]
async fn a_refusal_says_when_it_is_worth_trying_again(database: Database) {
    let db = database.open(Process::Identity).await;
    passed(&db, 1, NOW).await;
    let Err(Refusal::Throttled { kind, retry_after }) = charge(&db, &[of(2), of(1)], NOW).await
    else {
        panic!("let through")
    };
    assert_eq!((kind, retry_after), ("first", Duration::from_secs(12)));
    let later = NOW + retry_after;
    assert_eq!(charge(&db, &[of(1)], later).await, Ok(()));
}

/// The one that was over its limit keeps the others from being charged.
#[apply(both)]
async fn several_charges_are_taken_together_or_not_at_all(database: Database) {
    let db = database.open(Process::Identity).await;
    assert_eq!(passed(&db, 1, NOW).await, 5);
    for _ in 0..10 {
        assert!(charge(&db, &[of(2), of(1), of(3)], NOW).await.is_err());
    }
    assert_eq!(passed(&db, 2, NOW).await, 5);
    assert_eq!(passed(&db, 3, NOW).await, 5);
}

#[apply(both)]
async fn parallel_callers_share_one_limit_exactly(database: Database) {
    let db = database.open(Process::Identity).await;
    let twin = database.open(Process::Identity).await;
    let callers = (0..40).map(|caller: u128| {
        let db = if caller.is_multiple_of(2) {
            db.clone()
        } else {
            twin.clone()
        };
        // Two keys in turned order: whoever locks as called would wait in a circle.
        let charges = if caller.is_multiple_of(3) {
            [of(1), of(2)]
        } else {
            [of(2), of(1)]
        };
        tokio::spawn(async move { charge(&db, &charges, NOW).await })
    });
    let results = futures::future::join_all(callers).await;
    let passed = results
        .into_iter()
        .filter(|result| matches!(result, Ok(Ok(()))))
        .count();
    assert_eq!(passed, 5);
}

#[apply(both)]
async fn each_process_has_throttles_of_its_own(database: Database) {
    let identity = database.open(Process::Identity).await;
    let codes = database.open(Process::Codes).await;
    assert_eq!(passed(&identity, 1, NOW).await, 5);
    assert_eq!(passed(&codes, 1, NOW).await, 5);
}

#[apply(both)]
async fn a_database_that_is_away_lets_nobody_through(database: Database) {
    let db = database.open(Process::Identity).await;
    db.close().await;
    assert!(matches!(
        charge(&db, &[of(1)], NOW).await,
        Err(Refusal::Storage(_))
    ));
}

#[apply(both)]
async fn rows_that_hold_nobody_back_are_pruned(database: Database) {
    let db = database.open(Process::Identity).await;
    passed(&db, 1, NOW).await;
    charge(&db, &[of(2)], NOW).await.unwrap();
    assert_eq!(prune(&db, NOW + Duration::from_secs(30), 10).await, Ok(1));
    assert_eq!(throttle_rows(db.read()).await, 1);
}

#[apply(both)]
async fn everything_is_charged_by_one_statement(database: Database) {
    let db = database.open(Process::Codes).await;
    for _ in 0..2 {
        db.statements().watch();
        charge_with(&db, &[of(3), of(1), of(2)], budget(4, 0), NOW)
            .await
            .unwrap();
        assert_eq!(db.statements().seen().len(), 3, "begin, charge, commit");
    }
    assert_eq!(throttle_rows(db.read()).await, 4);
}

#[apply(both)]
async fn a_spent_budget_refuses_nobody_and_takes_nothing(database: Database) {
    let db = database.open(Process::Codes).await;
    for _ in 0..5 {
        assert_eq!(
            charge_with(&db, &[], budget(1, 0), NOW).await,
            Ok(Standing::Charged)
        );
    }
    let spent = Ok(Standing::Spent {
        retry_after: Duration::from_secs(12),
    });
    for _ in 0..3 {
        assert_eq!(charge_with(&db, &[of(2)], budget(1, 0), NOW).await, spent);
    }
    // What goes with it was charged each time, and a throttle is still a throttle.
    assert_eq!(passed(&db, 2, NOW).await, 2);
    let refused = charge_with(&db, &[of(2)], budget(1, 0), NOW).await;
    assert!(matches!(
        refused,
        Err(Refusal::Throttled { kind: "second", .. })
    ));
    assert_eq!(
        charge_with(&db, &[], budget(1, 0), NOW + Duration::from_secs(12)).await,
        Ok(Standing::Charged)
    );
}

#[apply(both)]
async fn what_is_given_back_can_be_charged_again_and_no_more(database: Database) {
    let db = database.open(Process::Codes).await;
    for _ in 0..4 {
        charge_with(&db, &[], budget(1, 0), NOW).await.unwrap();
    }
    // Each gives the one before back.
    for _ in 0..20 {
        assert_eq!(
            charge_with(&db, &[], budget(1, 1), NOW).await,
            Ok(Standing::Charged)
        );
    }
    assert_eq!(
        charge_with(&db, &[], budget(1, 0), NOW).await,
        Ok(Standing::Charged)
    );
    assert!(matches!(
        charge_with(&db, &[], budget(1, 0), NOW).await,
        Ok(Standing::Spent { .. })
    ));
    // More than was taken gives no credit beyond the burst.
    assert_eq!(
        charge_with(&db, &[], budget(1, 100), NOW).await,
        Ok(Standing::Charged)
    );
    let mut more = 0;
    while charge_with(&db, &[], budget(1, 0), NOW).await == Ok(Standing::Charged) {
        more += 1;
    }
    assert_eq!(more, 4);
}

#[apply(both)]
async fn parallel_callers_share_one_budget_exactly(database: Database) {
    let db = database.open(Process::Codes).await;
    let twin = database.open(Process::Codes).await;
    let callers = (0..40).map(|caller: u32| {
        let db = if caller.is_multiple_of(2) {
            db.clone()
        } else {
            twin.clone()
        };
        tokio::spawn(async move { charge_with(&db, &[], budget(1, 0), NOW).await.unwrap() })
    });
    let standings = futures::future::join_all(callers).await;
    let charged = standings
        .into_iter()
        .filter(|standing| matches!(standing, Ok(Standing::Charged)));
    assert_eq!(charged.count(), 5);
}

/// Two days ahead, as a process wrote it whose clock was wrong.
#[apply(both)]
async fn a_row_that_lies_too_far_ahead_counts_as_used_up_and_heals(database: Database) {
    let db = database.open(Process::Identity).await;
    assert_eq!(passed(&db, 1, NOW + TWO_DAYS).await, 5);
    assert_eq!(passed(&db, 2, NOW + TWO_DAYS).await, 5);
    // Refused for another reason it stays as it is, and still holds nobody back.
    assert_eq!(passed(&db, 3, NOW).await, 5);
    let refused = charge(&db, &[of(1), of(3)], NOW).await;
    assert!(matches!(
        refused,
        Err(Refusal::Throttled { kind: "third", .. })
    ));
    assert_eq!(passed(&db, 1, NOW).await, 1);
    let refused = charge(&db, &[of(1)], NOW).await;
    let Err(Refusal::Throttled { retry_after, .. }) = refused else {
        panic!("let through")
    };
    assert_eq!(retry_after, Duration::from_secs(12));
    assert_eq!(passed(&db, 1, NOW + Duration::from_mins(1)).await, 5);
    // A budget's row too.
    let charged = charge_with(&db, &[], budget(2, 0), NOW).await;
    assert_eq!(charged, Ok(Standing::Charged));
    let spent = charge_with(&db, &[], budget(2, 0), NOW).await;
    assert!(matches!(spent, Ok(Standing::Spent { .. })));
}

/// Calls that read the clock earlier than others and come to the row later gain nothing by it.
#[apply(both)]
async fn a_call_that_comes_late_to_a_full_row_is_let_through_no_more_than_others(
    database: Database,
) {
    let db = database.open(Process::Identity).await;
    assert_eq!(passed(&db, 1, NOW).await, 5);
    for late in 1..=30 {
        let then = NOW - Duration::from_secs(late);
        assert_eq!(passed(&db, 1, then).await, 0);
    }
    assert_eq!(passed(&db, 1, NOW + Duration::from_secs(11)).await, 0);
    assert_eq!(passed(&db, 1, NOW + Duration::from_secs(12)).await, 1);
}
