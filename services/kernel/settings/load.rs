//! From command line, environment and file to checked values.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::net::SocketAddr;

use super::table::placeholder;
use super::{
    Kind, Limits, Problem, Problems, Process, ProcessSettings, ServerSettings, Setting,
    TelemetrySettings, Values, duration, help,
};
use crate::kernel::certs::TlsFiles;
use crate::kernel::secrets::Secret;

/// What loading comes to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The process can start.
    Start(Box<ProcessSettings>),
    /// The user asked for a text: print it and exit with 0.
    Print(String),
}

/// Loads the settings of this process from its command line and environment; prints what is wrong and exits with 2, or
/// prints what was asked for and exits with 0.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks to the user"
)]
pub fn load_or_exit(process: &Process) -> ProcessSettings {
    match load_here(process, std::env::args().skip(1).collect()) {
        Ok(Outcome::Start(settings)) => *settings,
        Ok(Outcome::Print(text)) => {
            println!("{text}");
            std::process::exit(0)
        }
        Err(problems) => {
            eprintln!("{problems}");
            std::process::exit(2)
        }
    }
}

/// Loads the settings of a process from these arguments and this environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn load_here(process: &Process, args: Vec<String>) -> Result<Outcome, Problems> {
    load(process, args, std::env::vars())
}

/// Loads the settings of a process. The file is named by the setting `config`.
pub fn load(
    process: &Process,
    args: impl IntoIterator<Item = String>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Outcome, Problems> {
    let settings = process.settings();
    let mut loader = Loader {
        settings: &settings,
        args: BTreeMap::new(),
        env: env.into_iter().collect(),
        file: BTreeMap::new(),
        problems: Vec::new(),
    };
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ok(Outcome::Print(help(process)));
    }
    if args.iter().any(|arg| arg == "--version") {
        let version = env!("CARGO_PKG_VERSION");
        return Ok(Outcome::Print(format!("{} {version}", process.name)));
    }
    loader.read_args(args);
    loader.read_file();
    let values = loader.values();
    if loader.problems.is_empty() {
        return Ok(Outcome::Start(Box::new(assemble(process, values))));
    }
    Err(Problems {
        process: process.name,
        problems: loader.problems,
    })
}

struct Loader<'a> {
    settings: &'a [Setting],
    args: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn problem(&mut self, setting: impl Display, message: impl Display) {
        self.problems.push(Problem {
            setting: setting.to_string(),
            message: message.to_string(),
        });
    }

    fn read_args(&mut self, args: Vec<String>) {
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(flag) = arg.strip_prefix("--") else {
                // A stray word may be the value of a misspelled secret: it is not repeated.
                self.problem("command line", "a word stands there without its --setting");
                continue;
            };
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (flag.to_owned(), None),
            };
            let name = flag.replace('-', "_");
            if !self.is_known(&name) {
                let hint = self.nearest(&name);
                self.problem(
                    format!("--{flag}"),
                    format!("there is no such setting{hint}"),
                );
                if value.is_none() {
                    args.next();
                }
                continue;
            }
            match value.or_else(|| args.next()) {
                Some(value) => drop(self.args.insert(name, value)),
                None => self.problem(format!("--{flag}"), "a value must follow"),
            }
        }
    }

    fn read_file(&mut self) {
        let config = self
            .settings
            .iter()
            .find(|setting| setting.name == "config");
        let Some((path, from)) = config.and_then(|setting| self.raw(setting)) else {
            return;
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                return self.problem("config", format!("{path} ({from}) cannot be read: {error}"));
            }
        };
        // The parser's own message would repeat the line, and with it perhaps a password.
        let Ok(table) = text.parse::<toml::Table>() else {
            return self.problem("config", format!("{path} ({from}) is not TOML"));
        };
        for (name, value) in table {
            if !self.is_known(&name) {
                let hint = self.nearest(&name);
                self.problem(
                    format!("{name} in {path}"),
                    format!("there is no such setting{hint}"),
                );
                continue;
            }
            match value {
                toml::Value::String(text) => drop(self.file.insert(name, text)),
                toml::Value::Integer(_) | toml::Value::Boolean(_) => {
                    self.file.insert(name, value.to_string());
                }
                _ => self.problem(
                    format!("{name} in {path}"),
                    "must be text, a number or a flag",
                ),
            }
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.settings.iter().any(|setting| {
            let of_secret =
                setting.kind == Kind::Secret && name.strip_suffix("_file") == Some(setting.name);
            setting.name == name || of_secret
        })
    }

    fn nearest(&self, name: &str) -> String {
        let near = self.settings.iter().map(|setting| {
            let distance = strsim::damerau_levenshtein(setting.name, name);
            (distance, setting)
        });
        match near.min_by_key(|(distance, _)| *distance) {
            Some((0..=3, setting)) => format!("; perhaps {}", setting.flag_name()),
            _ => String::new(),
        }
    }

    /// Gives the text of a setting and where it comes from.
    fn raw(&self, setting: &Setting) -> Option<(String, String)> {
        self.raw_as(setting, "", "")
    }

    fn raw_as(&self, setting: &Setting, suffix: &str, loud: &str) -> Option<(String, String)> {
        let name = format!("{}{suffix}", setting.name);
        let variable = format!("{}{loud}", setting.variable_name());
        if let Some(value) = self.args.get(&name) {
            let flag = format!("--{}", name.replace('_', "-"));
            return Some((value.clone(), format!("from {flag}")));
        }
        let from_env = self.env.get(&variable).filter(|value| !value.is_empty());
        if let Some(value) = from_env {
            return Some((value.clone(), format!("from {variable}")));
        }
        let value = self.file.get(&name)?;
        Some((value.clone(), "from the file".to_owned()))
    }

    fn values(&mut self) -> Values {
        let mut values = Values::default();
        for setting in self.settings {
            let value = self.value(setting);
            values.0.insert(setting.name, value.map(Secret::new));
        }
        values
    }

    fn value(&mut self, setting: &Setting) -> Option<String> {
        let given = self.raw(setting).or_else(|| self.secret_file(setting));
        let Some((value, from)) = given else {
            if setting.default.is_none() && setting.required {
                self.problem(setting.name, missing(setting));
            }
            return setting.default.map(str::to_owned);
        };
        match check(setting.kind, &value) {
            Ok(()) => Some(value),
            Err(rule) => {
                let shown = if setting.kind == Kind::Secret {
                    "the value".to_owned()
                } else {
                    format!("\"{value}\"")
                };
                self.problem(setting.name, format!("{shown} ({from}) {rule}"));
                None
            }
        }
    }

    fn secret_file(&mut self, setting: &Setting) -> Option<(String, String)> {
        if setting.kind != Kind::Secret {
            return None;
        }
        let (path, from) = self.raw_as(setting, "_file", "_FILE")?;
        match fs::read_to_string(&path) {
            Ok(text) => Some((text.trim_end_matches(['\r', '\n']).to_owned(), from)),
            Err(error) => {
                self.problem(
                    setting.name,
                    format!("{path} ({from}) cannot be read: {error}"),
                );
                None
            }
        }
    }
}

fn missing(setting: &Setting) -> String {
    let example = match setting.name {
        "tls_ca" | "tls_cert" | "tls_key" => "; development certificates come from: redress certs",
        "keyring" => "; make one: redress keys init PATH",
        _ => "",
    };
    format!(
        "is not set; give {} {} or {}{example}",
        setting.flag_name(),
        placeholder(setting.kind),
        setting.variable_name(),
    )
}

/// Checks a value; the error is the rule that it breaks.
fn check(kind: Kind, value: &str) -> Result<(), String> {
    let fits = match kind {
        Kind::Text | Kind::Secret | Kind::Path => !value.is_empty(),
        Kind::Address => value.parse::<SocketAddr>().is_ok(),
        Kind::Duration => duration::parse(value).is_some(),
        Kind::Number { min, max } => value
            .parse::<u64>()
            .is_ok_and(|number| (min..=max).contains(&number)),
        Kind::Flag => matches!(value, "true" | "false"),
        Kind::OneOf(words) => words.contains(&value),
    };
    let rule = || match kind {
        Kind::Text | Kind::Secret | Kind::Path => "must not be empty".to_owned(),
        Kind::Address => "must be an address and a port, such as 127.0.0.1:7441".to_owned(),
        Kind::Duration => "must be a number and a unit, such as 200ms, 10s, 5m, 2h".to_owned(),
        Kind::Number { min, max } => format!("must be a whole number from {min} to {max}"),
        Kind::Flag => "must be true or false".to_owned(),
        Kind::OneOf(words) => format!("must be one of {}", words.join(", ")),
    };
    if fits { Ok(()) } else { Err(rule()) }
}

fn assemble(process: &Process, mut values: Values) -> ProcessSettings {
    ProcessSettings {
        server: server(process, &values),
        database_url: Secret::new(absent_or(&values, "database_url").to_owned()),
        database_role: role(&values),
        database_connections: connections(&values),
        database_faults: optional(&values, "database_faults").map(str::to_owned),
        keyring: absent_or(&values, "keyring").into(),
        telemetry: telemetry(&values),
        extra: {
            let own = |name: &str| process.extra.iter().any(|setting| setting.name == name);
            values.0.retain(|name, _| own(name));
            values
        },
    }
}

fn server(process: &Process, values: &Values) -> ServerSettings {
    ServerSettings {
        process: process.name,
        listen: values.address("listen"),
        admin_listen: values.address("admin_listen"),
        tls: TlsFiles {
            ca: values.path("tls_ca"),
            cert: values.path("tls_cert"),
            key: values.path("tls_key"),
        },
        limits: Limits {
            max_concurrency: values.count("max_concurrency"),
            max_streams: values.count("max_streams"),
            max_connections: values.count("max_connections"),
            max_message_bytes: values.count("max_message_bytes"),
            max_deadline: values.duration("max_deadline"),
        },
        drain_timeout: values.duration("drain_timeout"),
    }
}

fn telemetry(values: &Values) -> TelemetrySettings {
    let endpoint = values.maybe("otlp_endpoint");
    let endpoint = endpoint.filter(|_| !values.flag("otel_sdk_disabled"));
    TelemetrySettings {
        log: values.text("log").to_owned(),
        otlp_endpoint: endpoint.map(str::to_owned),
        sample_permille: u32::try_from(values.number("trace_sample_permille")).unwrap_or(1_000),
    }
}

fn role(values: &Values) -> Option<String> {
    let role = optional(values, "database_role");
    role.filter(|role| *role != "none").map(str::to_owned)
}

/// Gives a text, if the process has the setting and it was set.
fn optional<'v>(values: &'v Values, name: &str) -> Option<&'v str> {
    values.has(name).then(|| values.maybe(name)).flatten()
}

fn connections(values: &Values) -> u32 {
    let name = "database_connections";
    let number = values.has(name).then(|| values.number(name));
    u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX)
}

fn absent_or<'a>(values: &'a Values, name: &str) -> &'a str {
    if values.has(name) {
        values.text(name)
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
