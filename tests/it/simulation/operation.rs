//! What can happen, and how often.

use std::time::Duration;

use redress::lab::people::dice::{Dice, cumulate};

/// So many people have a letter.
pub const PEOPLE: usize = 14;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Somebody begins with their code.
    Begin(usize),
    /// Somebody is verified and completes; the second time it is the same request.
    Complete(usize),
    /// Somebody withdraws.
    Withdraw(usize),
    /// What a partner answered with ACTION_REQUIRED or REFUSED is ordered again.
    OrderAgain(usize),
    /// The worker sends what is due.
    Work,
    /// The worker dies after so many turns of its work, and another one starts.
    Die(u32),
    /// Orders that are to be given again are taken.
    TakeOrders,
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
    /// The bureau's list is compared with our books, and what can be repaired is.
    Reconcile,
    /// Time passes.
    Pass(Duration),
}

/// What can be drawn, with its weight.
const WEIGHTS: [u32; 15] = [14, 16, 5, 3, 16, 7, 2, 8, 10, 2, 3, 2, 3, 3, 9];

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
        1 => Operation::Complete(somebody(dice)),
        2 => Operation::Withdraw(somebody(dice)),
        3 => Operation::OrderAgain(somebody(dice)),
        4 => Operation::Work,
        5 => Operation::Die(dice.below(60)),
        6 => Operation::TakeOrders,
        7 => Operation::Report,
        8 => Operation::Apply,
        9 => Operation::Pause,
        10 => Operation::Resume,
        11 => Operation::Faults,
        12 => Operation::Well,
        13 => Operation::Reconcile,
        _ => {
            let long = [1, 5, 30, 61, 600, 7_200];
            Operation::Pass(Duration::from_secs(*dice.pick(&long)))
        }
    }
}
