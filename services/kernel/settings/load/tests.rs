use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use super::*;
use crate::kernel::settings::{
    CommonSettings, Limits, TelemetrySettings, duration, markdown_table,
};

/// Tests.
#[derive(Debug, Parser)]
struct TestSettings {
    #[command(flatten)]
    common: CommonSettings,
    /// The database.
    #[arg(long)]
    database_url: Secret<String>,
    /// The keys.
    #[arg(long, value_name = "PATH")]
    keyring: PathBuf,
    /// How often.
    #[arg(long, value_parser = duration, default_value = "200ms")]
    poll: Duration,
    /// Where.
    #[arg(long)]
    outbox_dir: PathBuf,
    /// How.
    #[arg(long)]
    mode: Option<Mode>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Mode {
    Push,
    Pull,
}

impl ProcessSettings for TestSettings {
    const NAME: &'static str = "test-process";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7441"),
        ("admin_listen", "127.0.0.1:7541"),
    ];

    fn common(&self) -> &CommonSettings {
        &self.common
    }

    fn problems(&self) -> Vec<Problem> {
        let problem = Problem::new("poll", "must not be zero");
        self.poll.is_zero().then_some(problem).into_iter().collect()
    }
}

const NEEDED: &[(&str, &str)] = &[
    ("REDRESS_TLS_CA", "ca.pem"),
    ("REDRESS_TLS_CERT", "a.pem"),
    ("REDRESS_TLS_KEY", "a.key"),
    ("REDRESS_DATABASE_URL", "postgres://a:canary@h/d"),
    ("REDRESS_KEYRING", "keys.toml"),
    ("REDRESS_OUTBOX_DIR", "outbox"),
];

fn run(args: &[&str], env: &[(&str, &str)]) -> Result<TestSettings, Problems> {
    let args = args.iter().map(ToString::to_string);
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match load(args, env)? {
        Outcome::Start(settings) => Ok(*settings),
        Outcome::Print(text) => panic!("{text}"),
    }
}

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [NEEDED, more].concat()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_command_is_one_that_clap_agrees_with() {
    command::<TestSettings>().debug_assert();
}

#[test]
fn defaults_fill_what_nobody_gives() {
    let settings = run(&[], NEEDED).unwrap();
    let common = &settings.common;
    assert_eq!(common.server.listen, "127.0.0.1:7441".parse().unwrap());
    assert_eq!(common.server.limits, Limits::default());
    assert_eq!(common.drain_timeout, Duration::from_secs(10));
    assert_eq!(common.telemetry, defaults::<TelemetrySettings>());
    assert_eq!(common.telemetry.log, "info");
    assert_eq!(settings.poll, Duration::from_millis(200));
    assert_eq!(settings.mode, None);
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file =
        file("max_concurrency = 10\nmax_streams = 10\nmax_connections = 10\nmode = \"pull\"\n");
    let path = file.path().to_str().unwrap();
    let args = [
        "--config",
        path,
        "--max-streams",
        "30",
        "--max-connections=3",
        "--max-connections=30",
    ];
    let env = with(&[
        ("REDRESS_MAX_STREAMS", "20"),
        ("REDRESS_MAX_CONCURRENCY", ""),
    ]);
    let settings = run(&args, &env).unwrap();
    let limits = settings.common.server.limits;
    assert_eq!(limits.max_concurrency, 10);
    assert_eq!(limits.max_streams, 30);
    assert_eq!(limits.max_connections, 30);
    assert_eq!(settings.mode, Some(Mode::Pull));
}

#[test]
fn all_problems_are_told_at_once_and_say_what_to_do() {
    let env = [
        ("REDRESS_LISTEN", "here"),
        ("REDRESS_MODE", "carrier"),
        ("REDRESS_DATABASE_URL", "postgres://a:canary@h/d"),
    ];
    let args = ["--drain-timeout", "10", "--max-conections", "5", "--poll"];
    let problems = run(&args, &env).unwrap_err();
    let text = problems.to_string();
    for part in [
        "test-process cannot start: 10 problems with its settings",
        "listen: \"here\" (from REDRESS_LISTEN) must be an address and a port",
        "tls_ca: is not set; give --tls-ca PATH or REDRESS_TLS_CA; development certificates come from: redress certs",
        "keyring: is not set; give --keyring PATH or REDRESS_KEYRING; make one: redress keys init PATH",
        "drain_timeout: \"10\" (from --drain-timeout) must be a number and a unit",
        "--max-conections: there is no such setting; perhaps --max-connections",
        "--poll: a value must follow",
        "mode: \"carrier\" (from REDRESS_MODE) must be one of push, pull",
        "outbox_dir: is not set",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("canary"));
}

#[test]
fn values_that_do_not_fit_together_are_told() {
    let text = run(&["--poll", "0s"], NEEDED).unwrap_err().to_string();
    assert!(text.contains("poll: must not be zero"), "{text}");
}

#[test]
fn an_unknown_key_of_the_file_is_told_with_the_nearest_known_one() {
    let file = file("max_conections = 10\npoll = 1.5\n");
    let path = file.path().to_str().unwrap();
    let text = run(&["--config", path], NEEDED).unwrap_err().to_string();
    for part in [
        "there is no such setting; perhaps --max-connections",
        "must be text, a number or a flag",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_secret_can_come_from_a_file_and_is_never_shown() {
    let secret = file("postgres://a:canary@h/d\n");
    let path = secret.path().to_str().unwrap();
    let mut env: Vec<(&str, &str)> = NEEDED.to_vec();
    env.retain(|(name, _)| *name != "REDRESS_DATABASE_URL");
    env.push(("REDRESS_DATABASE_URL_FILE", path));
    let settings = run(&[], &env).unwrap();
    assert_eq!(settings.database_url.expose(), "postgres://a:canary@h/d");
    assert!(!format!("{settings:?}").contains("canary"));
    assert!(run(&["--keyring-file", path], NEEDED).is_err());
}

#[test]
fn a_broken_file_is_named_but_not_quoted() {
    let file = file("database_url = postgres://a:canary@h/d\n");
    let path = file.path().to_str().unwrap();
    let text = run(&["--config", path], NEEDED).unwrap_err().to_string();
    assert!(text.contains(path) && text.contains("is not TOML") && !text.contains("canary"));
}

#[test]
fn a_stray_word_is_not_repeated() {
    let text = run(&["canary"], NEEDED).unwrap_err().to_string();
    assert!(text.contains("command line: a word stands there") && !text.contains("canary"));
}

#[test]
fn the_collector_is_off_when_the_sdk_is_disabled() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    let on = run(&[], &with(&[endpoint])).unwrap();
    assert!(on.common.telemetry.collector().is_some());
    let off = run(&[], &with(&[endpoint, ("OTEL_SDK_DISABLED", "true")])).unwrap();
    assert_eq!(off.common.telemetry.collector(), None);
}

#[test]
fn help_and_the_table_name_every_setting() {
    let Ok(Outcome::Print(help)) = load::<TestSettings>(["--help".to_owned()], []) else {
        panic!("--help prints");
    };
    let command = command::<TestSettings>();
    let table = markdown_table(std::slice::from_ref(&command));
    for setting in command.get_arguments() {
        let flag = format!("--{} ", setting.get_id().as_str().replace('_', "-"));
        assert!(help.contains(&flag), "{flag}\n{help}");
        let row = format!("| `{}` | `{}`", setting.get_id(), variable(setting));
        assert!(table.contains(&row), "{row}\n{table}");
    }
    assert!(help.contains("[default: 127.0.0.1:7441]"));
    assert!(help.contains("[env: REDRESS_LISTEN]"));
    assert!(table.contains("| `database_url` | `REDRESS_DATABASE_URL` or `…_FILE` | required |"));
    assert!(table.contains("| `poll` | `REDRESS_POLL` | `200ms` | all | How often. |"));
}
