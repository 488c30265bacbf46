//! What is measured about handing over.

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::{Counter, Gauge, Histogram};
use opentelemetry::{KeyValue, global};
use sea_orm::Iterable as _;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{DeadReason, Kind, State};
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::entities::partner::Mode;
use crate::db::entities::reconciliation_difference;

/// In seconds: from a bureau that answers at once to one that takes a week.
const SETTLE_BUCKETS: [f64; 10] = [
    0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0,
];

struct Instruments {
    attempts: Counter<u64>,
    settled: Counter<u64>,
    settle_time: Histogram<f64>,
    dead: Counter<u64>,
    contradictions: Counter<u64>,
    lost_leases: Counter<u64>,
    forgotten: Counter<u64>,
    projected: Counter<u64>,
    breaker: Counter<u64>,
    breaker_open: Gauge<i64>,
    queued: Gauge<i64>,
    oldest: Gauge<f64>,
    codes_left: Gauge<i64>,
    codes_low: Gauge<i64>,
    code_waits: Counter<u64>,
    set_aside: Counter<u64>,
    stopped: Gauge<i64>,
    unreadable: Gauge<i64>,
    files_sent: Counter<u64>,
    file_records: Counter<u64>,
    files_read: Counter<u64>,
    files_refused: Counter<u64>,
    file_problems: Counter<u64>,
    files_overdue: Gauge<i64>,
    files_stopped: Gauge<i64>,
    differences: Gauge<i64>,
}

/// Made at first use, which is after telemetry has started.
static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = global::meter("redress");
    let counter = |name, what| meter.u64_counter(name).with_description(what).build();
    Instruments {
        attempts: counter(
            "redress.handoff.attempts",
            "Calls to partners, by how they ended",
        ),
        settled: counter(
            "redress.handoff.settled",
            "Handoffs whose outcome became known",
        ),
        settle_time: meter
            .f64_histogram("redress.handoff.settle.duration")
            .with_unit("s")
            .with_description("Time from queueing to a known outcome")
            .with_boundaries(SETTLE_BUCKETS.to_vec())
            .build(),
        dead: counter("redress.handoff.dead", "Handoffs given up on"),
        contradictions: counter(
            "redress.handoff.contradictions",
            "Reports of partners that contradict what was known",
        ),
        lost_leases: counter(
            "redress.handoff.leases.lost",
            "Calls that ended after their lease",
        ),
        forgotten: counter(
            "redress.handoff.forgotten",
            "Accepted handoffs that their partner no longer knows",
        ),
        projected: counter(
            "redress.handoff.projected",
            "Fields changed to fit a partner",
        ),
        breaker: counter(
            "redress.handoff.breaker.opened",
            "Times that a partner's circuit breaker opened",
        ),
        breaker_open: meter
            .i64_gauge("redress.handoff.breaker.open")
            .with_description(
                "1 while this instance sends nothing to a partner because its calls failed",
            )
            .build(),
        queued: meter
            .i64_gauge("redress.handoff.queue.depth")
            .with_description("Handoffs that are not settled, by campaign, partner and state")
            .build(),
        oldest: meter
            .f64_gauge("redress.handoff.queue.oldest")
            .with_unit("s")
            .with_description(
                "Age of the oldest of them, from its order or, once the partner has it, from then; 0 where there is none",
            )
            .build(),
        codes_left: meter
            .i64_gauge("redress.activation.codes.available")
            .with_description("Activation codes that no enrollment has")
            .build(),
        codes_low: meter
            .i64_gauge("redress.activation.pool.low")
            .with_description("1 while fewer activation codes are left than the low-water mark")
            .build(),
        code_waits: counter(
            "redress.activation.waits",
            "Times that an enrollment was put back because no activation code was left",
        ),
        set_aside: counter(
            "redress.resubmission.set_aside",
            "Orders to be given again that could not be taken and wait for an operator",
        ),
        stopped: meter
            .i64_gauge("redress.handoff.queue.stopped")
            .with_description("1 while a queue stands still because a key is missing or wrong")
            .build(),
        unreadable: meter
            .i64_gauge("redress.handoff.partner.unreadable")
            .with_description("1 while a partner gets nothing because its row cannot be read")
            .build(),
        files_sent: counter("redress.handoff.files.sent", "Files of orders that were written"),
        file_records: counter("redress.handoff.files.records", "Orders in these files"),
        files_read: counter("redress.handoff.files.read", "Files of partners that were read"),
        files_refused: counter(
            "redress.handoff.files.refused",
            "Files of partners of which nothing could be taken",
        ),
        file_problems: counter(
            "redress.handoff.files.problems",
            "Lines of partners' files that could not be taken",
        ),
        files_overdue: meter
            .i64_gauge("redress.handoff.files.overdue")
            .with_description("Files that a partner has not answered in time")
            .build(),
        files_stopped: meter
            .i64_gauge("redress.handoff.files.stopped")
            .with_description("1 while the files of a partner cannot be written or read")
            .build(),
        differences: meter
            .i64_gauge("redress.reconciliation.differences")
            .with_description("Open differences between a partner's books and ours, by kind")
            .build(),
    }
});

/// Makes the counters that alarms look at, at zero: an increase from nothing is none.
pub(super) fn start() {
    for reason in DeadReason::iter() {
        let labels = [KeyValue::new("reason", reason.as_str())];
        INSTRUMENTS.dead.add(0, &labels);
    }
    INSTRUMENTS.forgotten.add(0, &[]);
    INSTRUMENTS.code_waits.add(0, &[]);
    INSTRUMENTS.lost_leases.add(0, &[]);
    INSTRUMENTS.set_aside.add(0, &[]);
    INSTRUMENTS.files_refused.add(0, &[]);
}

/// The handoffs of one campaign at one partner in one state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue {
    /// The partner's name.
    pub partner: String,
    /// How it is reached: what waits for a night is not late like what waits for a call.
    pub mode: Mode,
    /// The campaign's number.
    pub engagement_number: String,
    /// The state.
    pub state: State,
}

/// Shows how many handoffs a queue holds, and how old the oldest is.
pub(super) fn queue(queue: &Queue, handoffs: i64, oldest: Duration) {
    let labels = [
        KeyValue::new("partner", queue.partner.clone()),
        KeyValue::new("mode", queue.mode.as_str()),
        KeyValue::new("engagement_number", queue.engagement_number.clone()),
        KeyValue::new("state", queue.state.as_str()),
    ];
    INSTRUMENTS.queued.record(handoffs, &labels);
    INSTRUMENTS.oldest.record(oldest.as_secs_f64(), &labels);
}

/// Counts a call that ended.
pub(super) fn attempted(partner: &str, result: AttemptResult) {
    let labels = [
        KeyValue::new("partner", partner.to_owned()),
        KeyValue::new("result", result.as_str()),
    ];
    INSTRUMENTS.attempts.add(1, &labels);
}

/// Counts a handoff whose outcome became known.
pub(super) fn settled(kind: Kind, state: State, took: Duration) {
    let labels = [
        KeyValue::new("kind", kind.as_str()),
        KeyValue::new("state", state.as_str()),
    ];
    INSTRUMENTS.settled.add(1, &labels);
    INSTRUMENTS.settle_time.record(took.as_secs_f64(), &labels);
}

/// Counts a handoff that was given up on.
pub(super) fn dead(reason: DeadReason) {
    INSTRUMENTS
        .dead
        .add(1, &[KeyValue::new("reason", reason.as_str())]);
}

/// Counts a contradiction.
pub(super) fn contradicted(reporter: &str) {
    INSTRUMENTS
        .contradictions
        .add(1, &[KeyValue::new("reporter", reporter.to_owned())]);
}

/// Counts a lease that was lost.
pub(super) fn lease_lost() {
    INSTRUMENTS.lost_leases.add(1, &[]);
}

/// Counts fields changed to fit a partner.
pub(super) fn projected(changes: &[String]) {
    for change in changes {
        INSTRUMENTS
            .projected
            .add(1, &[KeyValue::new("change", change.clone())]);
    }
}

/// Shows whether a partner's circuit breaker is open.
pub(super) fn breaker(partner: &str, is_open: bool) {
    let labels = [KeyValue::new("partner", partner.to_owned())];
    INSTRUMENTS.breaker_open.record(is_open.into(), &labels);
    INSTRUMENTS.breaker.add(0, &labels);
}

/// Counts a breaker that opened.
pub(super) fn breaker_opened(partner: &str) {
    INSTRUMENTS
        .breaker
        .add(1, &[KeyValue::new("partner", partner.to_owned())]);
}

/// Counts an accepted handoff that its partner no longer knows.
pub(super) fn forgotten() {
    INSTRUMENTS.forgotten.add(1, &[]);
}

/// Shows what is left of a pool of activation codes.
pub(super) fn pool((partner, engagement_number): (&str, &str), available: i64, is_low: bool) {
    let labels = [
        KeyValue::new("partner", partner.to_owned()),
        KeyValue::new("engagement_number", engagement_number.to_owned()),
    ];
    INSTRUMENTS.codes_left.record(available, &labels);
    INSTRUMENTS.codes_low.record(is_low.into(), &labels);
}

/// Counts enrollments that were put back because no activation code was left.
pub(super) fn waited(enrollments: usize) {
    INSTRUMENTS.code_waits.add(enrollments as u64, &[]);
}

/// Counts an order to be given again that was set aside.
pub(super) fn resubmission_set_aside() {
    INSTRUMENTS.set_aside.add(1, &[]);
}

/// Shows whether a queue stands still for want of a key.
pub(super) fn stopped((partner, engagement_number): (&str, &str), is_stopped: bool) {
    let labels = [
        KeyValue::new("partner", partner.to_owned()),
        KeyValue::new("engagement_number", engagement_number.to_owned()),
    ];
    INSTRUMENTS.stopped.record(is_stopped.into(), &labels);
}

/// Shows whether a partner gets nothing because its row cannot be read.
pub(super) fn unreadable(partner: &str, is_unreadable: bool) {
    let labels = [KeyValue::new("partner", partner.to_owned())];
    INSTRUMENTS.unreadable.record(is_unreadable.into(), &labels);
}

fn of_partner(partner: &str) -> [KeyValue; 1] {
    [KeyValue::new("partner", partner.to_owned())]
}

/// Counts a file of orders.
pub(super) fn file_sent(partner: &str, records: u64) {
    INSTRUMENTS.files_sent.add(1, &of_partner(partner));
    INSTRUMENTS.file_records.add(records, &of_partner(partner));
}

/// Counts a file of a partner that was read, and its lines that could not be taken.
pub(super) fn file_read(partner: &str, problems: u64) {
    INSTRUMENTS.files_read.add(1, &of_partner(partner));
    INSTRUMENTS
        .file_problems
        .add(problems, &of_partner(partner));
}

/// Counts a file of a partner of which nothing could be taken.
pub(super) fn file_refused(partner: &str) {
    INSTRUMENTS.files_refused.add(1, &of_partner(partner));
}

/// Shows how many files a partner has not answered in time, and whether its files stand still.
pub(super) fn files(partner: &str, overdue: usize, is_stopped: bool) {
    let overdue = i64::try_from(overdue).unwrap_or(i64::MAX);
    INSTRUMENTS
        .files_overdue
        .record(overdue, &of_partner(partner));
    let stopped = i64::from(is_stopped);
    INSTRUMENTS
        .files_stopped
        .record(stopped, &of_partner(partner));
    // Counters that a partner's first fault makes would hide that fault: they begin at 0.
    INSTRUMENTS.files_refused.add(0, &of_partner(partner));
    INSTRUMENTS.file_problems.add(0, &of_partner(partner));
}

/// The differences of one kind, of one campaign at one partner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Differences {
    /// The partner's name.
    pub partner: String,
    /// The campaign's number.
    pub engagement_number: String,
    /// The kind.
    pub kind: reconciliation_difference::Kind,
}

/// Shows how many differences of a kind are open.
pub(super) fn differences(of: &Differences, open: i64) {
    let labels = [
        KeyValue::new("partner", of.partner.clone()),
        KeyValue::new("engagement_number", of.engagement_number.clone()),
        KeyValue::new("kind", of.kind.as_str()),
    ];
    INSTRUMENTS.differences.record(open, &labels);
}
