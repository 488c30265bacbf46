//! From command line, environment and file to the struct of a process.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command, FromArgMatches};

use super::{Problem, Problems, ProcessSettings};
use crate::kernel::secrets::Secret;

const SOURCES: &str = "The command line wins over the environment, that over the file. A secret can also come from a file: \
    --database-url-file PATH or REDRESS_DATABASE_URL_FILE.";

/// What loading comes to.
#[derive(Clone, Debug)]
pub enum Outcome<S> {
    /// The process can start.
    Start(Box<S>),
    /// The user asked for a text: print it and exit with 0.
    Print(String),
}

/// Gives the command line of a process, with the names that its settings have in the environment.
pub fn command<S: ProcessSettings>() -> Command {
    S::command()
        .name(S::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(SOURCES)
        .mut_args(|arg| named(with_default(arg, S::DEFAULTS)))
}

fn with_default(arg: Arg, defaults: &[(&str, &'static str)]) -> Arg {
    let own = defaults.iter().find(|(id, _)| arg.get_id() == id);
    match own {
        Some((_, value)) => arg.required(false).default_value(*value),
        None => arg,
    }
}

/// Names the flag and the variable after the setting, unless another variable is the custom.
fn named(arg: Arg) -> Arg {
    let id = arg.get_id().to_string();
    let usual = format!("REDRESS_{}", id.to_uppercase());
    let custom = arg.get_env().and_then(|name| name.to_str());
    let variable = custom.map_or(usual, str::to_owned);
    let flag = id.replace('_', "-");
    arg.long(flag).env(variable).hide_env_values(true)
}

/// Gives settings as they are when nobody gives any; each of them has a default.
pub fn defaults<A: Args>() -> A {
    build(A::augment_args(Command::new("defaults")), Vec::new())
}

/// Builds the struct from flags that were checked one by one.
fn build<A: FromArgMatches>(command: Command, flags: Vec<String>) -> A {
    let deaf = |arg: Arg| arg.env(Resettable::Reset);
    let command = command.no_binary_name(true).mut_args(deaf);
    let matches = command.try_get_matches_from(flags);
    // The error is not shown: it would repeat the values, and with them perhaps a password.
    let Ok(settings) = matches.and_then(|matches| A::from_arg_matches(&matches)) else {
        unreachable!("every value was checked and every required one is there");
    };
    settings
}

/// Loads the settings of a process from these arguments and this environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn load_here<S: ProcessSettings>(args: Vec<String>) -> Result<Outcome<S>, Problems> {
    load(args, std::env::vars())
}

/// Loads the settings of a process. The file is named by the setting `config`.
pub fn load<S: ProcessSettings>(
    args: impl IntoIterator<Item = String>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Outcome<S>, Problems> {
    let mut command = command::<S>();
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ok(Outcome::Print(command.render_long_help().to_string()));
    }
    if args.iter().any(|arg| arg == "--version") {
        return Ok(Outcome::Print(
            command.render_version().trim_end().to_owned(),
        ));
    }
    let mut loader = Loader {
        known: command.get_arguments().cloned().collect(),
        given: BTreeMap::new(),
        problems: Vec::new(),
    };
    // What is given first wins.
    loader.read_args(args);
    loader.read_env(&env.into_iter().collect());
    loader.read_file();
    let flags = loader.flags();
    if loader.problems.is_empty() {
        let settings: S = build(command, flags);
        loader.problems = settings.problems();
        if loader.problems.is_empty() {
            return Ok(Outcome::Start(Box::new(settings)));
        }
    }
    Err(Problems {
        process: S::NAME,
        problems: loader.problems,
    })
}

/// Gives the variable of an argument that [`named`] has seen.
pub(super) fn variable(arg: &Arg) -> String {
    arg.get_env()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Tells whether the value must not be shown and may come from a file.
pub(super) fn is_secret(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<Secret<String>>()
}

/// A value as it was given.
struct Given {
    text: String,
    /// Whether the text names a file that holds the value.
    is_file: bool,
    from: String,
}

struct Loader {
    known: Vec<Arg>,
    given: BTreeMap<String, Given>,
    problems: Vec<Problem>,
}

impl Loader {
    fn problem(&mut self, setting: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(setting, message));
    }

    /// Finds the setting with this name, and tells whether the name is that of a secret's file.
    fn find(&self, name: &str) -> Result<(String, bool), String> {
        let mut known = self.known.iter();
        let found = known.find_map(|arg| {
            let id = arg.get_id().as_str();
            match name.strip_prefix(id)? {
                "" => Some((id.to_owned(), false)),
                "_file" if is_secret(arg) => Some((id.to_owned(), true)),
                _ => None,
            }
        });
        found.ok_or_else(|| format!("there is no such setting{}", self.nearest(name)))
    }

    fn give(&mut self, (id, is_file): (String, bool), text: String, from: &str) {
        self.given.entry(id).or_insert_with(|| Given {
            text,
            is_file,
            from: format!("from {from}"),
        });
    }

    fn nearest(&self, name: &str) -> String {
        let near = self.known.iter().map(|arg| {
            let id = arg.get_id().as_str();
            (strsim::damerau_levenshtein(id, name), id)
        });
        match near.min_by_key(|(distance, _)| *distance) {
            Some((0..=3, id)) => format!("; perhaps --{}", id.replace('_', "-")),
            _ => String::new(),
        }
    }

    fn read_args(&mut self, args: Vec<String>) {
        let mut args = args.into_iter();
        // The last of several wins.
        let mut flags = Vec::new();
        while let Some(arg) = args.next() {
            let Some(flag) = arg.strip_prefix("--") else {
                // A stray word may be the value of a misspelled secret: it is not repeated.
                self.problem("command line", "a word stands there without its --setting");
                continue;
            };
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (flag, args.next()),
            };
            flags.push((format!("--{flag}"), flag.replace('-', "_"), value));
        }
        for (flag, name, value) in flags.into_iter().rev() {
            match (self.find(&name), value) {
                (Err(problem), _) => self.problem(flag, problem),
                (Ok(_), None) => self.problem(flag, "a value must follow"),
                (Ok(found), Some(value)) => self.give(found, value, &flag),
            }
        }
    }

    fn read_env(&mut self, env: &BTreeMap<String, String>) {
        for arg in self.known.clone() {
            let usual = variable(&arg);
            let of_file = is_secret(&arg).then(|| format!("{usual}_FILE"));
            for (variable, is_file) in [(Some(usual), false), (of_file, true)] {
                let Some(variable) = variable else { continue };
                if let Some(value) = env.get(&variable).filter(|value| !value.is_empty()) {
                    self.give(
                        (arg.get_id().to_string(), is_file),
                        value.clone(),
                        &variable,
                    );
                }
            }
        }
    }

    fn read_file(&mut self) {
        let Some(Given {
            text: path, from, ..
        }) = self.given.get("config")
        else {
            return;
        };
        let (path, from) = (path.clone(), from.clone());
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
            let text = match value {
                toml::Value::String(text) => Ok(text),
                toml::Value::Integer(_) | toml::Value::Boolean(_) => Ok(value.to_string()),
                _ => Err("must be text, a number or a flag".to_owned()),
            };
            match self.find(&name).and_then(|found| Ok((found, text?))) {
                Ok((found, text)) => self.give(found, text, "the file"),
                Err(problem) => self.problem(format!("{name} in {path}"), problem),
            }
        }
    }

    /// Checks every value by itself, and gives the flags that stand for all of them.
    fn flags(&mut self) -> Vec<String> {
        let known = std::mem::take(&mut self.known);
        let flags = known.iter().filter_map(|arg| {
            let id = arg.get_id().as_str();
            match self.value(arg) {
                Ok(value) => Some(format!("--{}={}", id.replace('_', "-"), value?)),
                Err(message) => {
                    self.problem(id, message);
                    None
                }
            }
        });
        flags.collect()
    }

    fn value(&mut self, arg: &Arg) -> Result<Option<String>, String> {
        let Some(Given {
            text,
            is_file,
            from,
        }) = self.given.remove(arg.get_id().as_str())
        else {
            return if arg.is_required_set() {
                Err(missing(arg))
            } else {
                Ok(None)
            };
        };
        let value = if is_file {
            let read = fs::read_to_string(&text);
            let value = read.map_err(|error| format!("{text} ({from}) cannot be read: {error}"))?;
            value.trim_end_matches(['\r', '\n']).to_owned()
        } else {
            text
        };
        match broken_rule(arg, &value) {
            None => Ok(Some(value)),
            Some(rule) if is_secret(arg) => Err(format!("the value ({from}) {rule}")),
            Some(rule) => Err(format!("\"{value}\" ({from}) {rule}")),
        }
    }
}

fn missing(arg: &Arg) -> String {
    let id = arg.get_id().as_str();
    let example = match id {
        "tls_ca" | "tls_cert" | "tls_key" => "; development certificates come from: redress certs",
        "keyring" => "; make one: redress keys init PATH",
        _ => "",
    };
    let flag = id.replace('_', "-");
    let value = arg.get_value_names().and_then(|names| names.first());
    let value = value.map_or("VALUE", |name| name.as_str());
    format!(
        "is not set; give --{flag} {value} or {}{example}",
        variable(arg)
    )
}

/// Parses a value alone, as clap stops at the first that it cannot parse; gives the rule that it breaks.
fn broken_rule(arg: &Arg, value: &str) -> Option<String> {
    if value.is_empty() {
        return Some("must not be empty".to_owned());
    }
    let flag = format!("--{}={value}", arg.get_id().as_str().replace('_', "-"));
    let alone = Command::new("alone").no_binary_name(true).arg(arg.clone());
    let error = alone.try_get_matches_from([flag]).err()?;
    Some(match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(rule), _) => rule.to_string(),
        (None, Some(ContextValue::Strings(words))) => {
            format!("must be one of {}", words.join(", "))
        }
        _ => "cannot be read".to_owned(),
    })
}

#[cfg(test)]
mod tests;
