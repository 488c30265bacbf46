//! The settings that every process has.

use super::{Kind, Setting};

/// The settings that every process has, in the order of the README's table.
pub const COMMON: &[Setting] = &[
    Setting::new("config", Kind::Path, "A TOML file with settings under these names."),
    Setting::new("listen", Kind::Address, "Where gRPC is served.").required(),
    Setting::new(
        "admin_listen",
        Kind::Address,
        "Where /healthz, /readyz and /metrics are served in plain HTTP.",
    )
    .required(),
    Setting::new("tls_ca", Kind::Path, "The authority that clients' certificates must come from.")
        .required(),
    Setting::new("tls_cert", Kind::Path, "The certificate of this process.").required(),
    Setting::new("tls_key", Kind::Path, "The key of that certificate.").required(),
    Setting::new(
        "database_url",
        Kind::Secret,
        "The database: postgres://user:password@host/name or sqlite:path.",
    )
    .required(),
    Setting::new(
        "database_role",
        Kind::Text,
        "The PostgreSQL role that every connection takes on; \"none\" where the login has the grants itself.",
    ),
    Setting::new(
        "database_connections",
        Kind::Number { min: 2, max: 1_000 },
        "The most connections to the database.",
    )
    .default("10"),
    Setting::new(
        "database_faults",
        Kind::Text,
        "For tests: faults at commits, such as serialization=0.1,lost_answer=0.1,seed=1.",
    ),
    Setting::new("keyring", Kind::Path, "The file with this process's keys.").required(),
    Setting::new(
        "max_concurrency",
        Kind::Number { min: 1, max: 100_000 },
        "Unary calls at once; further ones are shed.",
    )
    .default("256"),
    Setting::new(
        "max_streams",
        Kind::Number { min: 1, max: 100_000 },
        "Open streams at once; further ones are shed.",
    )
    .default("128"),
    Setting::new(
        "max_connections",
        Kind::Number { min: 1, max: 100_000 },
        "Connections at once; further ones wait to be accepted.",
    )
    .default("1024"),
    Setting::new(
        "max_message_bytes",
        Kind::Number { min: 1_024, max: 67_108_864 },
        "The largest message taken or sent.",
    )
    .default("4194304"),
    Setting::new(
        "max_deadline",
        Kind::Duration,
        "The longest that any unary call may take; each method has its own limit below this.",
    )
    .default("60s"),
    Setting::new(
        "drain_timeout",
        Kind::Duration,
        "How long open calls may run on after SIGTERM.",
    )
    .default("10s"),
    Setting::new("log", Kind::Text, "Which log lines are written: info, debug, redress=debug,warn.")
        .default("info"),
    Setting::new(
        "otlp_endpoint",
        Kind::Text,
        "An OTLP collector over gRPC for traces, metrics and logs; without it metrics are on the admin port.",
    )
    .variable("OTEL_EXPORTER_OTLP_ENDPOINT"),
    Setting::new("otel_sdk_disabled", Kind::Flag, "Sends nothing to the collector.")
        .default("false")
        .variable("OTEL_SDK_DISABLED"),
    Setting::new(
        "trace_sample_permille",
        Kind::Number { min: 0, max: 1_000 },
        "The share of traces kept, in thousandths, where the caller did not decide.",
    )
    .default("1000"),
];
