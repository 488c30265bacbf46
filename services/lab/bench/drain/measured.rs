//! What is measured, and what was seen.

use std::time::Duration;

use crate::kernel::secrets::Secret;
use crate::lab::bench::verify::Latency;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// Orders in a queue that is pushed.
    pub pushed: u64,
    /// Orders in the queue that is pulled.
    pub pulled: u64,
    /// People who enroll with the bureau there, and as many without it.
    pub enrollments: usize,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// So many in this time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many.
    pub orders: u64,
    /// How long it took.
    pub took: Duration,
}

/// Two queues that were due together.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    /// The long one.
    pub one: Pace,
    /// Another partner's.
    pub other: Pace,
}

/// An outage of the bureau.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// How long it takes to enroll while the bureau is there.
    pub with_bureau: Latency,
    /// While it is away.
    pub without_bureau: Latency,
    /// What waited, and how long it took from the bureau's return until all was there.
    pub after: Pace,
    /// By how many places somebody came later than the order of enrolling has it, at most.
    pub displaced: usize,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// Pushed, and nothing else.
    pub alone: Both,
    /// Pushed while people enroll.
    pub beside: Pace,
    /// How long it took these people.
    pub enrolled: (usize, Latency),
    /// Pushed behind poisonous orders.
    pub behind_poison: Both,
    /// The outage.
    pub outage: Outage,
    /// Leased by statements of 1,000 and nothing else.
    pub leased: Pace,
    /// Pulled by one stream and acknowledged.
    pub pulled: Pace,
    /// The most memory that bureau-handoff held until the queues were pushed, and in the end, in MiB.
    pub peak_memory_mib: [Option<f64>; 2],
}
