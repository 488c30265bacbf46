use super::*;
use std::io::Write;
use std::time::Duration;

const PROCESS: Process = Process {
    name: "test-process",
    about: "Tests.",
    defaults: &[
        ("listen", "127.0.0.1:7441"),
        ("admin_listen", "127.0.0.1:7541"),
    ],
    without: &[],
    extra: &[
        Setting::new("poll", Kind::Duration, "How often.").default("200ms"),
        Setting::new("outbox_dir", Kind::Path, "Where.").required(),
        Setting::new("mode", Kind::OneOf(&["push", "pull"]), "How."),
    ],
};

const NEEDED: &[(&str, &str)] = &[
    ("REDRESS_TLS_CA", "ca.pem"),
    ("REDRESS_TLS_CERT", "a.pem"),
    ("REDRESS_TLS_KEY", "a.key"),
    ("REDRESS_DATABASE_URL", "postgres://a:canary@h/d"),
    ("REDRESS_KEYRING", "keys.toml"),
    ("REDRESS_OUTBOX_DIR", "outbox"),
];

fn run(args: &[&str], env: &[(&str, &str)]) -> Result<ProcessSettings, Problems> {
    let args = args.iter().map(ToString::to_string);
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match load(&PROCESS, args, env)? {
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
fn defaults_fill_what_nobody_gives() {
    let settings = run(&[], NEEDED).unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:7441".parse().unwrap());
    assert_eq!(settings.server.limits, Limits::default());
    assert_eq!(settings.server.drain_timeout, Duration::from_secs(10));
    assert_eq!(settings.telemetry, TelemetrySettings::default());
    assert_eq!(settings.extra.duration("poll"), Duration::from_millis(200));
    assert_eq!(settings.extra.maybe("mode"), None);
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file = file("max_concurrency = 10\nmax_streams = 10\nmax_connections = 10\n");
    let path = file.path().to_str().unwrap();
    let args = [
        "--config",
        path,
        "--max-streams",
        "30",
        "--max-connections=30",
    ];
    let env = with(&[
        ("REDRESS_MAX_STREAMS", "20"),
        ("REDRESS_MAX_CONCURRENCY", ""),
    ]);
    let limits = run(&args, &env).unwrap().server.limits;
    assert_eq!(limits.max_concurrency, 10);
    assert_eq!(limits.max_streams, 30);
    assert_eq!(limits.max_connections, 30);
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
fn a_secret_can_come_from_a_file_and_is_never_shown() {
    let secret = file("postgres://a:canary@h/d\n");
    let path = secret.path().to_str().unwrap();
    let mut env: Vec<(&str, &str)> = NEEDED.to_vec();
    env.retain(|(name, _)| *name != "REDRESS_DATABASE_URL");
    env.push(("REDRESS_DATABASE_URL_FILE", path));
    let settings = run(&[], &env).unwrap();
    assert_eq!(settings.database_url.expose(), "postgres://a:canary@h/d");
    assert!(!format!("{settings:?}").contains("canary"));
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
    assert!(on.telemetry.otlp_endpoint.is_some());
    let off = run(&[], &with(&[endpoint, ("OTEL_SDK_DISABLED", "true")])).unwrap();
    assert_eq!(off.telemetry.otlp_endpoint, None);
}

#[test]
fn a_process_without_a_database_needs_none() {
    const BARE: Process = Process {
        without: &[
            "database_url",
            "database_role",
            "database_connections",
            "database_faults",
            "keyring",
        ],
        extra: &[],
        ..PROCESS
    };
    let env = NEEDED.iter().filter(|(name, _)| name.contains("TLS"));
    let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let Ok(Outcome::Start(settings)) = load(&BARE, [], env) else {
        panic!("starts");
    };
    assert_eq!(settings.database_url.expose(), "");
    assert_eq!(settings.database_role, None);
}

#[test]
fn help_and_the_table_name_every_setting() {
    let Ok(Outcome::Print(help)) = load(&PROCESS, ["--help".to_owned()], []) else {
        panic!("--help prints");
    };
    let table = super::super::markdown_table(&[&PROCESS]);
    for setting in PROCESS.settings() {
        assert!(help.contains(&setting.flag_name()), "{}", setting.name);
        assert!(table.contains(&setting.variable_name()), "{}", setting.name);
    }
    assert!(help.contains("[default: 127.0.0.1:7441]"));
    assert!(table.contains("| `poll` | `REDRESS_POLL` | `200ms` | test-process | How often. |"));
}
