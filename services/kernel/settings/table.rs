//! The list of settings as people read it.

use std::fmt::Write;

use super::{COMMON, Kind, Process, Setting};

/// Gives the text of `--help`.
pub fn help(process: &Process) -> String {
    let mut text = format!(
        "{}\n\nUsage: {} [--SETTING VALUE]...\n\nThe command line wins over the environment, that over the file.\n",
        process.about, process.name
    );
    for setting in process.settings() {
        let flag = setting.flag_name();
        let variable = setting.variable_name();
        let value = placeholder(setting.kind);
        _ = write!(text, "\n  {flag} {value}\n      {}", setting.help);
        _ = write!(text, "\n      [env: {variable}]");
        if setting.kind == Kind::Secret {
            _ = write!(text, " [or {flag}-file, {variable}_FILE]");
        }
        if let Some(default) = setting.default {
            _ = write!(text, " [default: {default}]");
        } else if setting.required {
            text.push_str(" [required]");
        }
        text.push('\n');
    }
    text.push_str("\n  --help, --version\n");
    text
}

/// Gives the README's table: the common settings, then what each process adds.
pub fn markdown_table(processes: &[&Process]) -> String {
    let mut text = String::from(
        "| Setting | Environment | Default | Process | What it is |\n|---|---|---|---|---|\n",
    );
    for setting in COMMON {
        let defaults: Vec<String> = processes
            .iter()
            .filter_map(|process| {
                let own = process
                    .defaults
                    .iter()
                    .find(|(name, _)| *name == setting.name)?;
                Some(format!("`{}`", own.1))
            })
            .collect();
        let default = match (setting.default, defaults.is_empty()) {
            (_, false) => defaults.join(" "),
            (Some(default), true) => format!("`{default}`"),
            (None, true) if setting.required => "required".to_owned(),
            (None, true) => String::new(),
        };
        row(&mut text, setting, &default, "all");
    }
    for process in processes {
        for setting in process.extra {
            let default = match setting.default {
                Some(default) => format!("`{default}`"),
                None if setting.required => "required".to_owned(),
                None => String::new(),
            };
            row(&mut text, setting, &default, process.name);
        }
    }
    text
}

fn row(text: &mut String, setting: &Setting, default: &str, process: &str) {
    let file = if setting.kind == Kind::Secret {
        " or `…_FILE`"
    } else {
        ""
    };
    _ = writeln!(
        text,
        "| `{}` | `{}`{file} | {default} | {process} | {} |",
        setting.name,
        setting.variable_name(),
        setting.help.replace('|', "\\|"),
    );
}

pub(super) fn placeholder(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Secret => "TEXT".to_owned(),
        Kind::Path => "PATH".to_owned(),
        Kind::Address => "HOST:PORT".to_owned(),
        Kind::Duration => "DURATION".to_owned(),
        Kind::Number { min, max } => format!("{min}..{max}"),
        Kind::Flag => "true|false".to_owned(),
        Kind::OneOf(words) => words.join("|"),
    }
}
