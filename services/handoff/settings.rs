//! The settings of `bureau-handoff`.

use crate::kernel::retry::Backoff;
use crate::kernel::settings::{Kind, Process, Setting, Values};

use super::context::{Patience, Rules};

/// The process, as far as its settings are concerned.
pub const PROCESS: Process = Process {
    name: "bureau-handoff",
    about: "Hands enrollments to partner bureaus: calls those that are pushed to, answers those that pull.",
    defaults: &[
        ("listen", "127.0.0.1:7443"),
        ("admin_listen", "127.0.0.1:7543"),
    ],
    without: &[],
    extra: &[
        Setting::new(
            "call_timeout",
            Kind::Duration,
            "How long a partner may take to answer one call.",
        )
        .default("5s"),
        Setting::new(
            "push_lease",
            Kind::Duration,
            "How long a handoff is ours while it is pushed; longer than two calls may take.",
        )
        .default("30s"),
        Setting::new(
            "pull_lease",
            Kind::Duration,
            "How long a pulling partner has to acknowledge before a handoff is offered again.",
        )
        .default("60s"),
        Setting::new(
            "poll_interval",
            Kind::Duration,
            "How often the queue is looked at when nothing happens.",
        )
        .default("200ms"),
        Setting::new(
            "follow_up_after",
            Kind::Duration,
            "After this time without an outcome a partner that we push to is asked.",
        )
        .default("15m"),
        Setting::new(
            "retry_base",
            Kind::Duration,
            "The ceiling of the first wait before a handoff is tried again; it doubles.",
        )
        .default("500ms"),
        Setting::new(
            "retry_cap",
            Kind::Duration,
            "The ceiling of every wait before a handoff is tried again.",
        )
        .default("60s"),
        Setting::new(
            "max_failures",
            Kind::Number { min: 1, max: 100 },
            "After so many answers lost or refused a handoff is DEAD; a partner that is down does not count.",
        )
        .default("10"),
        Setting::new(
            "push_workers",
            Kind::Number { min: 0, max: 16 },
            "How many workers push; 0 leaves pushing to other instances.",
        )
        .default("1"),
    ],
};

/// Reads the rules out of the settings. A lease shorter than two calls would make two workers ask at once.
pub fn rules(values: &Values) -> Result<Rules, String> {
    let rules = Rules {
        call_timeout: values.duration("call_timeout"),
        push_lease: values.duration("push_lease"),
        pull_lease: values.duration("pull_lease"),
        poll_interval: values.duration("poll_interval"),
        follow_up_after: values.duration("follow_up_after"),
        patience: Patience {
            backoff: Backoff::new(values.duration("retry_base"), values.duration("retry_cap")),
            max_failures: u32::try_from(values.number("max_failures")).unwrap_or(u32::MAX),
        },
    };
    if rules.push_lease <= rules.call_timeout * 2 {
        return Err("push_lease must be longer than two times call_timeout".to_owned());
    }
    if rules.poll_interval.is_zero() {
        return Err("poll_interval must not be zero".to_owned());
    }
    Ok(rules)
}
