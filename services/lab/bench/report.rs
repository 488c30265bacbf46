//! What a benchmark came to.

use std::collections::BTreeMap;

use super::floor::Floor;

/// All rounds.
pub struct Report {
    /// People in the roster.
    pub people: u64,
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// The share of processor time that nobody used, before the first round.
    pub idle_before: Option<f64>,
    /// The same after the last one.
    pub idle_after: Option<f64>,
    /// The rounds.
    pub rounds: Vec<Round>,
}

/// One step of one round.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What was made: people's rows, codes or letters.
    pub rows: u64,
    /// How long it took, seen from the program.
    pub seconds: f64,
    /// Processor time of all servers together, in seconds.
    pub server_cpu: f64,
    /// Processor time of the program, in seconds.
    pub program_cpu: f64,
}

/// One round.
#[derive(Clone, Debug)]
pub struct Round {
    /// `roster import`.
    pub import: Step,
    /// `codes issue`.
    pub issue: Step,
    /// `mailing export`.
    pub export: Step,
    /// What the database needs by itself.
    pub floor: Floor,
    /// The most memory that each process held, in MiB; the program's counts all rounds before too.
    pub peaks: BTreeMap<String, f64>,
}
