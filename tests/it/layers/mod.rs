//! Rules of the house that only the source can show: who imports whom, who knows gRPC, how long a file is.

mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use imports::Imports;

const ROOMS: &[&str] = &["identity", "codes", "handoff", "bureau"];

/// A source file below `services/`, without its tests and comments.
struct Source {
    path: String,
    code: String,
}

#[test]
fn a_service_imports_the_kernel_the_database_the_wire_and_itself() {
    let common = ["kernel", "db", "process", "wire", "access"];
    for source in sources() {
        let Some(room) = ROOMS.iter().find(|room| source.is_in(room)) else {
            continue;
        };
        for named in source.names_after("crate::") {
            let fine = named == **room || common.contains(&named.as_str());
            assert!(fine, "{} imports crate::{named}", source.path);
        }
    }
}

#[test]
fn the_sandbox_bureau_never_touches_our_database() {
    for source in sources().iter().filter(|source| source.is_in("bureau")) {
        assert!(
            !source.names_after("crate::").contains("db"),
            "{}",
            source.path
        );
    }
}

#[test]
fn the_kernel_knows_no_table_and_no_rpc() {
    for source in sources().iter().filter(|source| source.is_in("kernel")) {
        let named = source.names_after("crate::");
        assert!(
            named.iter().all(|name| name == "kernel"),
            "{} imports {named:?}",
            source.path
        );
    }
}

#[test]
fn the_database_layer_knows_the_kernel_alone() {
    for source in sources().iter().filter(|source| source.is_in("db")) {
        let named = source.names_after("crate::");
        let fine = named.iter().all(|name| name == "kernel" || name == "db");
        assert!(fine, "{} imports {named:?}", source.path);
    }
}

#[test]
fn the_client_the_lab_and_the_program_import_downwards_only() {
    let below = ["kernel", "wire", "access", "client"];
    // How a code is written, for guesses that are well typed.
    let in_the_lab = ["lab", "db", "codes"];
    let in_the_program = ["lab", "db", "cli"];
    // What `redress serve` starts.
    let served = ["identity", "codes", "handoff", "bureau"];
    for source in sources() {
        let mut allowed: Vec<&str> = below.to_vec();
        if source.is_in("lab") {
            allowed.extend(in_the_lab);
        } else if source.is_in("cli") {
            allowed.extend(in_the_program);
        } else if !source.is_in("client") {
            continue;
        }
        if source.path.ends_with("services/cli/serve.rs") {
            allowed.extend(served);
        }
        // It measures what is pure, and asks no service.
        if source.path.contains("services/cli/matching") {
            allowed.push("identity");
        }
        for named in source.names_after("crate::") {
            let fine = allowed.contains(&named.as_str());
            assert!(fine, "{} imports crate::{named}", source.path);
        }
        if source.is_in("lab") {
            let of_codes = source.names_after("crate::codes::");
            assert!(
                of_codes.iter().all(|name| name == "code"),
                "{}",
                source.path
            );
        }
    }
}

#[test]
fn the_client_knows_no_command_line_and_prints_nothing() {
    let shows = [
        "clap",
        "comfy_table",
        "indicatif",
        "print!",
        "println!",
        "stdout()",
        "stderr()",
    ];
    for source in sources().iter().filter(|source| source.is_in("client")) {
        for word in shows {
            assert!(!source.code.contains(word), "{} has {word:?}", source.path);
        }
    }
}

#[test]
fn what_every_process_has_knows_no_process() {
    for source in sources().iter().filter(|source| source.is_in("process")) {
        let named = source.names_after("crate::");
        let common = ["kernel", "db", "process"];
        // The contract's shared types are converted in one place.
        let converts = source.path.ends_with("process/convert.rs");
        let fine = named
            .iter()
            .all(|name| common.contains(&name.as_str()) || (converts && name == "wire"));
        assert!(fine, "{} imports {named:?}", source.path);
    }
}

/// Clients must name it too: the worker that calls a partner, and the sandbox where it calls us.
#[test]
fn only_grpc_modules_and_the_kernel_name_a_status() {
    for source in sources() {
        let room = ROOMS.iter().any(|room| source.is_in(room));
        let speaks = source.path.contains("/grpc") || source.path.contains("/client");
        if room && !speaks {
            let named = source.names_after("tonic::");
            assert!(!named.contains("Status"), "{}", source.path);
        }
    }
}

/// Beside the files of RPCs and of calls to others, one file of a room may convert between the contract and the room's own types, and
/// the start of a process names the generated servers.
#[test]
fn the_wire_stops_in_grpc_modules() {
    for source in sources() {
        let process = ["identity", "codes", "handoff"];
        if !process.iter().any(|room| source.is_in(room)) {
            continue;
        }
        let may = ["/grpc", "/client", "/convert.rs", "/serve.rs"];
        let may = may.iter().any(|part| source.path.contains(part));
        let names = source.names_after("crate::").contains("wire");
        assert!(may || !names, "{} names a wire type", source.path);
    }
}

#[test]
fn modules_are_named_from_the_root_and_not_from_two_levels_up() {
    for source in sources() {
        assert!(!source.code.contains("super::super"), "{}", source.path);
    }
}

#[test]
fn a_pure_state_machine_waits_for_nobody_and_asks_no_table() {
    for source in sources() {
        let pure = source.path.ends_with("/state.rs") || source.path.contains("/state/");
        if ROOMS.iter().any(|room| source.is_in(room)) && pure {
            for word in [
                "async ",
                ".await",
                "sea_orm::Entity",
                "ConnectionTrait",
                "crate::wire",
                "tonic",
            ] {
                assert!(!source.code.contains(word), "{} has {word:?}", source.path);
            }
        }
    }
}

#[test]
fn a_main_is_a_recipe_of_at_most_forty_lines() {
    for path in files(Path::new("services")) {
        if path.ends_with("main.rs") {
            let lines = read(&path).lines().count();
            assert!(lines <= 40, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let imports = Imports::read(root, &files(Path::new("services")));
    let circles = imports.circles();
    assert!(circles.is_empty(), "circles: {circles:#?}");
}

/// Beyond 400 lines ask which two things a file is. Its own tests are not counted.
#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let mut long = Vec::new();
    for folder in ["services", "tests", "benches"] {
        for path in files(Path::new(folder)) {
            let text = read(&path);
            let lines = before_tests(&text).lines().count();
            if lines > 400 {
                long.push(format!("{} ({lines})", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "longer than 400 lines: {long:?}");
}

#[test]
fn an_exception_to_a_lint_is_expected_and_gives_its_reason() {
    for source in sources() {
        if source.path.ends_with("services/wire.rs") {
            continue;
        }
        assert!(!source.code.contains("#[allow("), "{}", source.path);
        assert!(!source.code.contains("#![allow("), "{}", source.path);
    }
}

/// Each process has such machines: a rule about files that are not there proves nothing.
#[test]
fn every_process_has_pure_state_machines() {
    for room in ["identity", "codes", "handoff"] {
        let found = sources();
        let mut machines = found.iter().filter(|source| source.is_in(room));
        assert!(
            machines.any(|source| source.path.ends_with("/state.rs")),
            "{room}"
        );
    }
}

#[test]
fn the_sources_that_these_rules_read_are_found() {
    assert!(sources().len() > 10);
    let comment = "a // crate::db\nuse crate::{kernel::clock, wire};";
    let source = Source {
        path: "services/x.rs".into(),
        code: without_comments(comment),
    };
    let named: Vec<String> = source.names_after("crate::").into_iter().collect();
    assert_eq!(named, ["kernel", "wire"]);
}

impl Source {
    fn is_in(&self, room: &str) -> bool {
        self.path.contains(&format!("services/{room}/"))
            || self.path.ends_with(&format!("services/{room}.rs"))
    }

    /// The names that follow a prefix, in `prefix::name` and in `prefix::{name, other::thing}`.
    fn names_after(&self, prefix: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (at, _) in self.code.match_indices(prefix) {
            let before = self.code[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
                continue;
            }
            let rest = &self.code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(group_heads(group)),
                None => names.extend(head(rest)),
            }
        }
        names
    }
}

/// The first names of the items of a group, whose opening brace is already gone.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut heads = Vec::new();
    let mut item = String::new();
    for letter in group.chars() {
        match letter {
            '}' if depth == 0 => break,
            ',' if depth == 0 => heads.extend(head(&std::mem::take(&mut item))),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => item.push(letter),
            _ => {}
        }
    }
    heads.extend(head(&item));
    heads
}

fn head(text: &str) -> Option<String> {
    let name: String = text
        .trim_start()
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

fn sources() -> Vec<Source> {
    files(Path::new("services"))
        .into_iter()
        .map(|path| Source {
            code: without_comments(before_tests(&read(&path))),
            path: path.display().to_string(),
        })
        .collect()
}

fn before_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries.map(|entry| entry.expect("a folder entry")) {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).expect("a source file")
}
