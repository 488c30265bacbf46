//! The tables of the documents are what the code says, and the first page stays one page.
//!
//! `<!-- table: NAME -->` and `<!-- /table -->` stand around each. To write them anew:
//! `REDRESS_UPDATE_README=1 cargo test --test it readme`.

mod states;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use redress::access;
use redress::cli::args::Cli;
use redress::kernel::fault::Reason;
use redress::kernel::settings::{command, markdown_table};

use crate::harness::contract;
use crate::harness::missing::env;

const API: &str = "proto/README.md";
const OPERATIONS: &str = "deploy/README.md";
const DOCUMENTS: [&str; 3] = ["README.md", API, OPERATIONS];
/// The most bytes of README.md: one page.
const ONE_PAGE: usize = 9 * 1024;
const REFRESH: &str = "REDRESS_UPDATE_README";
const END: &str = "<!-- /table -->";

#[test]
fn the_tables_of_the_documents_are_what_the_code_says() {
    let tables = tables();
    for document in DOCUMENTS {
        let kept = read(document);
        let now = replaced(&kept, &tables);
        if env(REFRESH).is_some_and(|value| value == "1") {
            std::fs::write(path(document), &now).expect("the document is written");
            continue;
        }
        let stale: Vec<&str> = now
            .lines()
            .filter(|line| !kept.lines().any(|old| old == *line))
            .collect();
        assert!(
            kept == now,
            "{REFRESH}=1 writes the tables of {document} anew; new lines: {stale:#?}"
        );
    }
}

#[test]
fn every_table_stands_once_and_in_its_document() {
    for name in tables().keys() {
        let marker = format!("<!-- table: {name} -->");
        let home = match *name {
            "settings" | "commands" => OPERATIONS,
            _ => API,
        };
        for document in DOCUMENTS {
            let count = usize::from(document == home);
            assert_eq!(
                read(document).matches(&marker).count(),
                count,
                "{marker} in {document}"
            );
        }
    }
}

#[test]
fn the_readme_is_one_page() {
    let bytes = read("README.md").len();
    assert!(
        bytes <= ONE_PAGE,
        "README.md has {bytes} bytes of {ONE_PAGE}"
    );
}

#[test]
fn every_link_between_files_leads_somewhere() {
    for document in DOCUMENTS {
        let folder = path(document).parent().expect("a folder").to_owned();
        let text = prose(&read(document));
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() {
                path(document)
            } else {
                folder.join(file)
            };
            assert!(linked.exists(), "{document}: {target}");
            let headings = || std::fs::read_to_string(&linked).expect("a text");
            assert!(
                heading.is_empty() || headings().lines().any(|line| anchor(line) == heading),
                "{document}: {target}"
            );
        }
    }
}

/// What stands outside of blocks of code.
fn prose(document: &str) -> String {
    document.split("```").step_by(2).collect()
}

/// The anchor of a heading.
fn anchor(line: &str) -> String {
    let words = line.trim_start_matches('#').trim().to_lowercase();
    words.replace(' ', "-")
}

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(document)
}

fn read(document: &str) -> String {
    std::fs::read_to_string(path(document)).expect(document)
}

fn tables() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("rpcs", rpcs()),
        ("commands", commands()),
        ("reasons", reasons()),
        ("settings", settings()),
        ("states", states::table()),
    ])
}

fn replaced(document: &str, tables: &BTreeMap<&'static str, String>) -> String {
    let mut text = document.to_owned();
    for (name, table) in tables {
        let marker = format!("<!-- table: {name} -->\n");
        let Some(start) = text.find(&marker).map(|at| at + marker.len()) else {
            continue;
        };
        let end = text[start..].find(END).expect("the marker of the end") + start;
        text.replace_range(start..end, &format!("{}\n", table.trim_end()));
    }
    text
}

/// The contract's own comments, and the table of who may call.
fn rpcs() -> String {
    let mut text =
        String::from("| Service | RPC | What it does | Who may call |\n|---|---|---|---|\n");
    let mut before = String::new();
    for method in contract::methods() {
        let service = method.parent_service();
        let path = format!("/{}/{}", service.full_name(), method.name());
        let row = access::TABLE
            .iter()
            .copied()
            .flatten()
            .find(|row| row.path == path)
            .expect("a row");
        let roles: Vec<&str> = row.roles.iter().map(|role| role.as_str()).collect();
        let name = if service.full_name() == before {
            String::new()
        } else {
            format!("`{}`", service.full_name())
        };
        service.full_name().clone_into(&mut before);
        let streams = match (method.is_client_streaming(), method.is_server_streaming()) {
            (true, true) => " (streams both ways)",
            (true, false) => " (streams in)",
            (false, true) => " (streams out)",
            (false, false) => "",
        };
        let what = first_sentence(&contract::comment(&method));
        _ = writeln!(
            text,
            "| {name} | `{}`{streams} | {what} | {} |",
            method.name(),
            roles.join(", ")
        );
    }
    text
}

/// What the program itself says that its commands do.
fn commands() -> String {
    let mut text = String::from("| Command | What it does |\n|---|---|\n");
    list(&Cli::command(), "redress", &mut text);
    text
}

fn list(command: &clap::Command, name: &str, text: &mut String) {
    for inner in command.get_subcommands() {
        let name = format!("{name} {}", inner.get_name());
        if inner.has_subcommands() {
            list(inner, &name, text);
        } else {
            let about = inner.get_about().map(ToString::to_string);
            let about = about.unwrap_or_default().replace('|', "\\|");
            _ = writeln!(text, "| `{name}` | {about} |");
        }
    }
}

fn reasons() -> String {
    let mut text =
        String::from("| Reason | Status | Try again | What it says |\n|---|---|---|---|\n");
    for reason in Reason::ALL {
        let code = format!("{:?}", reason.code());
        let code = screaming(&code);
        _ = writeln!(
            text,
            "| `{}` | `{code}` | {} | {} |",
            reason.as_str(),
            if reason.is_retryable() { "yes" } else { "" },
            reason.text()
        );
    }
    text
}

fn settings() -> String {
    markdown_table(&[
        command::<redress::identity::Settings>(),
        command::<redress::codes::Settings>(),
        command::<redress::handoff::Settings>(),
        command::<redress::bureau::Settings>(),
    ])
}

fn screaming(camel: &str) -> String {
    let mut text = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}

fn first_sentence(comment: &str) -> String {
    let flat = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = flat.find(". ").map_or(flat.len(), |at| at + 1);
    flat[..end].replace('|', "\\|")
}
