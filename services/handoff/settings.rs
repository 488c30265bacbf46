//! The settings of `bureau-handoff`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

use crate::db::Process;
use crate::kernel::settings::{self, CommonSettings, Problem, ProcessSettings, duration, whole};
use crate::process::ServiceSettings;

/// Hands enrollments to partner bureaus: calls those that are pushed to or have a REST API, answers those that pull.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// The rules of handing over.
    #[command(flatten)]
    pub rules: Rules,
    /// The authority that servers of partners must come from, PEM; without it the one for callers. It makes nobody a caller.
    #[arg(long, value_name = "PATH")]
    pub partner_ca: Option<PathBuf>,
    /// The directory of the files to and from partners that are reached by files: a folder for each, with out, in, done and refused in it.
    #[arg(long, value_name = "PATH")]
    pub file_directory: Option<PathBuf>,
    /// The directory of the secrets for partners with a REST API that want a token: in it a file with each one's name. A changed file is taken with the next token.
    #[arg(long, value_name = "PATH")]
    pub partner_secrets: Option<PathBuf>,
    /// How many workers push; 0 leaves pushing to other instances.
    #[arg(long, default_value = "1", value_parser = whole(0..=16_u32))]
    pub push_workers: u32,
}

/// The rules of handing over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Rules {
    /// How long a partner may take to answer one call.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s")]
    pub call_timeout: Duration,
    /// How long a handoff is ours while it is pushed; longer than two calls may take.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub push_lease: Duration,
    /// How long a pulling partner has to acknowledge before a handoff is offered again.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub pull_lease: Duration,
    /// Handoffs that one pulling partner may hold unacknowledged, on all of its streams together.
    #[arg(long, default_value = "5000", value_parser = whole(1..=1_000_000_u64))]
    pub pull_outstanding: u64,
    /// How often the queue is looked at when nothing happens.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "200ms")]
    pub poll_interval: Duration,
    /// After this time without an outcome a partner that we push to is asked.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15m")]
    pub follow_up_after: Duration,
    /// The ceiling of the first wait before a handoff is tried again; it doubles.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms")]
    pub retry_base: Duration,
    /// The ceiling of every wait before a handoff is tried again.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub retry_cap: Duration,
    /// After so many answers lost or refused a handoff is DEAD; a partner that is down does not count.
    #[arg(long, default_value = "10", value_parser = whole(1..=100_u32))]
    pub max_failures: u32,
    /// How long attempts of handoffs that are over are kept; 0s keeps them for ever. They tell when whose data went to which
    /// partner, and an accounting of disclosures reaches back six years (45 CFR 164.528).
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    pub attempt_retention: Duration,
    /// How long a partner's list is kept after it was compared, and an invoice that was broken off; 0s keeps them for ever. Differences that
    /// somebody closed, invoices that were checked and each day's manifest stay as evidence.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "90d")]
    pub list_retention: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        settings::defaults()
    }
}

impl ProcessSettings for Settings {
    const NAME: &'static str = "bureau-handoff";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7443"),
        ("admin_listen", "127.0.0.1:7543"),
        ("database_role", Process::Handoff.role()),
    ];

    fn common(&self) -> &CommonSettings {
        &self.service.common
    }

    /// A lease shorter than two calls would make two workers ask at once.
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.rules.push_lease <= self.rules.call_timeout * 2 {
            let rule = "must be longer than two times call_timeout";
            problems.push(Problem::new("push_lease", rule));
        }
        if self.rules.poll_interval.is_zero() {
            problems.push(Problem::new("poll_interval", "must not be zero"));
        }
        problems
    }
}
