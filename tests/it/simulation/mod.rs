//! Random lists of operations on a clock that is moved by hand.
//!
//! One database, the processes `enrollment-codes` and `bureau-handoff` over it, and the real sandbox bureau behind TLS and a network that
//! loses calls. People begin, are verified, complete, withdraw and order again; the push worker works, dies in the middle of its work, and
//! starts anew, or the bureau pulls; the bureau is down for some, acknowledges twice, forgets, throttles and breaks; a call to it is lost, or
//! its answer; partners are paused; keys are rotated and copied too late; commits are refused or their answers are lost; the books are
//! compared and repaired, however much is under way; time jumps.
//!
//! What must hold, whatever the order:
//!
//! - At any time: nobody is in the bureau's book who was not told "you are enrolled" or is being told so now. Nobody comes into the book
//!   after they were told "you have withdrawn", unless a worker died while their order was on its way. Nobody is in the book twice.
//! - Once nothing is paused or faulty, the keys are where they should be, and time has passed: whoever enrolled and did not withdraw stands
//!   in the book once, and the enrollment says what the book says. Whoever withdrew is not active in the book. Only whom the bureau breaks at
//!   stands in no book, and that handoff is kept: DEAD, or waiting while the bureau answers for nobody else.
//!
//! A list that broke one of these is kept in [`found`] as it was drawn.

mod found;
mod keys;
mod network;
mod operation;
mod oracle;
mod person;
mod reconcile;
mod run;
mod settle;
mod worker;

use std::collections::BTreeMap;
use std::ops::Range;

use operation::{Operation, draw};
use rstest::rstest;
use run::Run;

use crate::harness::Database;
use crate::harness::missing::env;

/// So many lists are played on SQLite where nobody asks for more, as CI does with `REDRESS_TEST_SIMULATIONS`.
const LISTS: u64 = 24;
/// For so many on SQLite one is played on PostgreSQL.
const ON_POSTGRES: u64 = 8;
/// So many operations has one.
const LENGTH: usize = 200;
/// How many of a hundred operations must have done something.
const DONE: usize = 50;
/// In so many lists each kind of operation must have done something.
const MANY: usize = 40;
/// So many tests share the lists, to be run at once.
const BLOCKS: usize = 4;

/// How often each kind of operation did something, and how often it was performed.
type Tally = BTreeMap<&'static str, (usize, usize)>;

#[rstest]
#[tokio::test]
async fn nobody_is_lost_or_doubled_whatever_happens_on_sqlite(#[values(0, 1, 2, 3)] block: usize) {
    let open = async || Some(Database::sqlite().await);
    play_all((0..lists(), block), open).await;
}

#[rstest]
#[tokio::test]
async fn nobody_is_lost_or_doubled_whatever_happens_on_postgres(
    #[values(0, 1, 2, 3)] block: usize,
) {
    let seeds = 1_000_000..1_000_000 + lists() / ON_POSTGRES;
    play_all((seeds, block), Database::postgres).await;
}

fn lists() -> u64 {
    let asked = env("REDRESS_TEST_SIMULATIONS");
    asked.map_or(LISTS, |text| text.parse().expect("a number of lists"))
}

/// Plays the lists of a block, each on an empty database; most of their operations must do something, and every kind some time.
async fn play_all((seeds, block): (Range<u64>, usize), open: impl AsyncFn() -> Option<Database>) {
    let mut tally = Tally::default();
    let (mut lists, mut lost) = (0, 0);
    for seed in seeds.skip(block).step_by(BLOCKS) {
        let Some(database) = open().await else {
            return;
        };
        lost += play(database, seed, &draw(seed, LENGTH), &mut tally).await;
        lists += 1;
    }
    let (done, all) = tally
        .values()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(
        done * 100 >= all * DONE,
        "{done} of {all} did something: {tally:?}"
    );
    let is_idle = tally.values().any(|(done, _)| *done == 0);
    assert!(
        lists < MANY || (!is_idle && lost >= lists),
        "{lost} calls were lost in {lists} lists: {tally:?}"
    );
}

/// Plays a list on an empty database, and counts which operations did something; gives how many calls were lost.
async fn play(database: Database, seed: u64, operations: &[Operation], tally: &mut Tally) -> usize {
    let mut run = Run::new(database, seed).await;
    for (at, operation) in operations.iter().enumerate() {
        let counted = tally.entry(operation.into()).or_default();
        counted.0 += usize::from(run.perform(*operation).await);
        counted.1 += 1;
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
    run.network.lost()
}
