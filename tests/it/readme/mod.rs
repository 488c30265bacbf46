//! The README's tables are what the code says.
//!
//! `<!-- table: NAME -->` and `<!-- /table -->` stand around each. To write them anew:
//! `REDRESS_UPDATE_README=1 cargo test --test it readme`.

mod states;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use redress::access;
use redress::kernel::fault::Reason;
use redress::kernel::settings::{command, markdown_table};

use crate::harness::contract;
use crate::harness::missing::env;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const REFRESH: &str = "REDRESS_UPDATE_README";
const END: &str = "<!-- /table -->";

#[test]
fn the_tables_of_the_readme_are_what_the_code_says() {
    let tables = tables();
    let kept = std::fs::read_to_string(README).expect("README.md");
    let now = replaced(&kept, &tables);
    if env(REFRESH).is_some_and(|value| value == "1") {
        std::fs::write(README, &now).expect("README.md is written");
        return;
    }
    let stale: Vec<&str> = now
        .lines()
        .filter(|line| !kept.lines().any(|old| old == *line))
        .collect();
    assert!(
        kept == now,
        "{REFRESH}=1 writes the tables of README.md anew; new lines: {stale:#?}"
    );
}

#[test]
fn the_readme_has_every_table_once() {
    let readme = std::fs::read_to_string(README).expect("README.md");
    for name in tables().keys() {
        let marker = format!("<!-- table: {name} -->");
        assert_eq!(readme.matches(&marker).count(), 1, "{marker}");
    }
}

fn tables() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("rpcs", rpcs()),
        ("reasons", reasons()),
        ("settings", settings()),
        ("states", states::table()),
    ])
}

fn replaced(readme: &str, tables: &BTreeMap<&'static str, String>) -> String {
    let mut text = readme.to_owned();
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

fn reasons() -> String {
    let mut text = String::from("| Reason | Status | What it says |\n|---|---|---|\n");
    for reason in Reason::ALL {
        let code = format!("{:?}", reason.code());
        let code = screaming(&code);
        _ = writeln!(
            text,
            "| `{}` | `{code}` | {} |",
            reason.as_str(),
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
