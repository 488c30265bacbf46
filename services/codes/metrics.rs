//! What is measured about tries of codes. No label names a campaign or a caller: see the audit log for those.

use std::sync::LazyLock;

use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

struct Instruments {
    refused: Counter<u64>,
    honey: Counter<u64>,
    budgets: Counter<u64>,
    set_aside: Counter<u64>,
}

/// Made at first use, which is after telemetry has started.
static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = global::meter("redress");
    let counter = |name, what| meter.u64_counter(name).with_description(what).build();
    Instruments {
        refused: counter(
            "redress.codes.refused",
            "Codes and verifications that were not accepted, by the cause",
        ),
        honey: counter(
            "redress.codes.honey",
            "Tries of codes that belong to nobody: somebody has a letter file that is not theirs",
        ),
        budgets: counter(
            "redress.codes.failure_budget.spent",
            "Times that a campaign's failure budget was found spent, once an hour each",
        ),
        set_aside: counter(
            "redress.outcome.set_aside",
            "Outcomes that could not be applied and wait for an operator",
        ),
    }
});

/// Makes the counters that alarms look at, at zero: an increase from nothing is none.
pub(super) fn start() {
    INSTRUMENTS.honey.add(0, &[]);
    INSTRUMENTS.budgets.add(0, &[]);
    INSTRUMENTS.set_aside.add(0, &[]);
}

/// Counts a refusal by its cause.
pub(super) fn refused(cause: &'static str) {
    let labels = [KeyValue::new("cause", cause)];
    INSTRUMENTS.refused.add(1, &labels);
}

/// Counts a try of a honey code.
pub(super) fn honey_used() {
    INSTRUMENTS.honey.add(1, &[]);
}

/// Counts a budget that was found spent.
pub(super) fn budget_spent() {
    INSTRUMENTS.budgets.add(1, &[]);
}

/// Counts an outcome that was set aside.
pub(super) fn outcome_set_aside() {
    INSTRUMENTS.set_aside.add(1, &[]);
}
