//! What can happen, and how often.

use std::time::Duration;

use redress::lab::people::dice::{Dice, cumulate};

use super::network::Loss;

/// So many people have a letter.
pub const PEOPLE: usize = 20;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Operation {
    /// Somebody begins with their code.
    Begin(usize),
    /// Somebody whom the call center has verified begins without the letter.
    BeginVerified(usize),
    /// Somebody who has begun is verified.
    Verify(usize),
    /// Somebody completes, after they have begun and were verified; the second time it is the same request.
    Complete(usize),
    /// Somebody withdraws.
    Withdraw(usize),
    /// What a partner answered with ACTION_REQUIRED or REFUSED is ordered again.
    OrderAgain(usize),
    /// The worker sends what is due, or the partner pulls it.
    Work,
    /// The worker dies after so many turns of its work, and another one starts.
    Die(u32),
    /// The network loses the next call to the bureau, or its answer.
    Lose(Loss),
    /// Orders that are to be given again are taken.
    TakeOrders,
    /// The bureau acknowledges again what stands in its book.
    Acknowledge(usize),
    /// The bureau reports what Redress does not know.
    Report,
    /// Outcomes are applied to enrollments.
    Apply,
    /// The partner gets nothing.
    Pause,
    /// The partner gets its orders again.
    Resume,
    /// Commits are refused, or their answers are lost.
    Faults,
    /// The database is well again.
    Well,
    /// The keyrings get a new version of each key, on standby.
    AddKeys,
    /// `bureau-handoff` starts with the keys that `identity-verification` has.
    CopyKeys,
    /// The newest keys become the current ones; nobody asks whether they were copied.
    PromoteKeys,
    /// What is wrapped under old keys is wrapped anew.
    Rewrap,
    /// Old person keys that nothing needs any more are taken out.
    RetireKeys,
    /// The bureau's list is compared with our books, and what can be repaired is.
    Reconcile,
    /// Time passes.
    Pass(Duration),
}

/// What can be drawn, with its weight.
const WEIGHTS: [u32; 25] = [
    12, 4, 4, 22, 6, 6, 18, 6, 3, 3, 3, 3, 8, 8, 2, 4, 2, 3, 3, 4, 4, 4, 3, 2, 16,
];

/// How much time can pass, in seconds: a moment, a back-off, a lease, hours, and once in a while more than an old key is kept.
const LONG: [u64; 13] = [1, 1, 5, 5, 30, 30, 61, 61, 600, 600, 7_200, 7_200, 691_200];

/// Draws a list.
pub fn draw(seed: u64, length: usize) -> Vec<Operation> {
    let mut dice = Dice::new(seed, 1);
    let weights = cumulate(WEIGHTS);
    (0..length).map(|_| one(&mut dice, &weights)).collect()
}

fn one(dice: &mut Dice, weights: &[u32]) -> Operation {
    let people = u32::try_from(PEOPLE).unwrap();
    let somebody = |dice: &mut Dice| dice.below(people) as usize;
    match dice.weighted(weights) {
        0 => Operation::Begin(somebody(dice)),
        1 => Operation::BeginVerified(somebody(dice)),
        2 => Operation::Verify(somebody(dice)),
        3 => Operation::Complete(somebody(dice)),
        4 => Operation::Withdraw(somebody(dice)),
        5 => Operation::OrderAgain(somebody(dice)),
        6 => Operation::Work,
        7 => Operation::Die(dice.below(60)),
        8 => Operation::Lose(Loss::Request),
        9 => Operation::Lose(Loss::Answer),
        10 => Operation::TakeOrders,
        11 => Operation::Acknowledge(somebody(dice)),
        12 => Operation::Report,
        13 => Operation::Apply,
        14 => Operation::Pause,
        15 => Operation::Resume,
        16 => Operation::Faults,
        17 => Operation::Well,
        18 => Operation::AddKeys,
        19 => Operation::CopyKeys,
        20 => Operation::PromoteKeys,
        21 => Operation::Rewrap,
        22 => Operation::RetireKeys,
        23 => Operation::Reconcile,
        _ => Operation::Pass(Duration::from_secs(*dice.pick(&LONG))),
    }
}
