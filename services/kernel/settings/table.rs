//! The list of settings as the documents show it.

use std::fmt::Write;

use clap::{Arg, Command};

use super::load::{is_secret, variable};

/// One setting, of one process or of several.
struct Row {
    arg: Arg,
    defaults: Vec<String>,
    processes: Vec<String>,
}

/// Gives the table of every setting of these processes, as [`super::command`] gives them: what several have stands first.
pub fn markdown_table(commands: &[Command]) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for command in commands {
        for arg in command.get_arguments() {
            let same =
                |row: &&mut Row| row.arg.get_id() == arg.get_id() && help(&row.arg) == help(arg);
            let found = rows.iter_mut().find(same);
            let default = default(arg);
            match found {
                Some(row) => {
                    row.processes.push(command.get_name().to_owned());
                    if !row.defaults.contains(&default) {
                        row.defaults.push(default);
                    }
                }
                None => rows.push(Row {
                    arg: arg.clone(),
                    defaults: vec![default],
                    processes: vec![command.get_name().to_owned()],
                }),
            }
        }
    }
    rows.sort_by_key(|row| row.processes.len() == 1);
    let mut text = String::from(
        "| Setting | Environment | Default | Process | What it is |\n|---|---|---|---|---|\n",
    );
    for Row {
        arg,
        defaults,
        processes,
    } in rows
    {
        let file = if is_secret(&arg) {
            " or `…_FILE`"
        } else {
            ""
        };
        let of = if processes.len() == commands.len() {
            "all".to_owned()
        } else {
            processes.join(", ")
        };
        _ = writeln!(
            text,
            "| `{}` | `{}`{file} | {} | {of} | {}. |",
            arg.get_id(),
            variable(&arg),
            defaults.join(" "),
            help(&arg).replace('|', "\\|"),
        );
    }
    text
}

fn help(arg: &Arg) -> String {
    arg.get_help().map_or_else(String::new, ToString::to_string)
}

fn default(arg: &Arg) -> String {
    match arg.get_default_values().first() {
        Some(value) => format!("`{}`", value.to_string_lossy()),
        None if arg.is_required_set() => "required".to_owned(),
        None => String::new(),
    }
}
