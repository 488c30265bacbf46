//! Random lists of operations on a clock that is moved by hand.
//!
//! One database, the processes `enrollment-codes` and `bureau-handoff` over it, and the real sandbox bureau behind TLS. People begin,
//! complete, withdraw and order again; the push worker works, dies in the middle of its work, and starts anew; the bureau is down for some, loses
//! answers, forgets, throttles and breaks; partners are paused; commits are refused or their answers are lost; the books are compared and
//! repaired, however much is under way; time jumps.
//!
//! What must hold, whatever the order:
//!
//! - At any time: nobody is in the bureau's book who was not told "you are enrolled" or is being told so now. Nobody comes into the book
//!   after they were told "you have withdrawn", unless a worker died while their order was on its way. Nobody is in the book twice.
//! - Once nothing is paused or faulty and time has passed: whoever enrolled and did not withdraw stands in the book once, and the
//!   enrollment says what the book says. Whoever withdrew is not active in the book. Only whom the bureau breaks at stands in no book, and
//!   that handoff is kept: DEAD, or waiting while the bureau answers for nobody else.
//!
//! A list that broke one of these is kept in [`found`] as it was drawn.

mod found;
mod operation;
mod oracle;
mod reconcile;
mod run;

use operation::{Operation, draw};
use run::Run;

use crate::harness::Database;
use crate::harness::missing::env;

/// So many lists are drawn for each database.
const LISTS: u64 = 12;
/// So many operations has one.
const LENGTH: usize = 200;

/// How many of a hundred operations must have done something.
const DONE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_lost_or_doubled_whatever_happens_on_sqlite() {
    let (mut done, mut all) = (0, 0);
    for seed in 0..lists() {
        let operations = draw(seed, LENGTH);
        done += play(Database::sqlite().await, seed, &operations).await;
        all += operations.len();
    }
    assert!(done * 100 >= all * DONE, "{done} of {all} did something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_lost_or_doubled_whatever_happens_on_postgres() {
    for seed in 1_000..1_000 + lists() / 4 {
        let Some(database) = Database::postgres().await else {
            return;
        };
        play(database, seed, &draw(seed, LENGTH)).await;
    }
}

/// More of them where somebody asks for it: `REDRESS_TEST_SIMULATIONS=500`.
fn lists() -> u64 {
    let asked = env("REDRESS_TEST_SIMULATIONS");
    asked.map_or(LISTS, |text| text.parse().expect("a number of lists"))
}

/// Plays a list on an empty database, and gives how many operations did something.
async fn play(database: Database, seed: u64, operations: &[Operation]) -> usize {
    let mut run = Run::new(database, seed).await;
    let mut done = 0;
    for (at, operation) in operations.iter().enumerate() {
        done += usize::from(run.perform(*operation).await);
        let found = run.check().await;
        assert!(
            found.is_empty(),
            "seed {seed}, after operation {at}, {operation:?}: {found:?}\n{:?}",
            &operations[..=at]
        );
    }
    run.settle().await;
    let found = run.check_end().await;
    assert!(found.is_empty(), "seed {seed}: {found:?}\n{operations:?}");
    done
}
