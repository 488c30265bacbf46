//! `redress bench`: it measures, and leaves nothing behind.

use std::path::Path;
use std::process::Command;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::harness::Database;
use crate::harness::folder::folder;
use crate::harness::program::{Said, bare, said};

fn bench(folder: &Path, more: &[&str]) -> Command {
    let mut command = bench_of(folder, "letters");
    command.args(["--rounds", "1"]).args(more);
    command
}

fn bench_of(folder: &Path, what: &str) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    command.current_dir(folder).env("TMPDIR", folder);
    command.args(["bench", what, "--people", "400", "--format", "json"]);
    command
}

/// Checks that each step was measured beside its floor, and that the folder is empty again.
fn check(said: Said, database: &str, folder: &Path) {
    let printed = said.fine();
    let told: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(told["database"], database, "{printed}");
    let steps = told["steps"].as_array().unwrap();
    let rows: Vec<u64> = steps
        .iter()
        .map(|step| step["rows"].as_u64().unwrap())
        .collect();
    assert!(
        rows.len() == 3 && rows[0] > 400 && rows[1] == rows[2],
        "{printed}"
    );
    for step in steps {
        for figure in ["seconds", "floor_seconds", "ratio"] {
            assert!(step[figure].is_number(), "{figure}: {printed}");
        }
        assert!(step["rows_per_second"].as_f64().unwrap() > 0.0, "{printed}");
    }
    let peaks = told["peak_mib"].as_object().unwrap();
    for process in ["identity-verification", "enrollment-codes", "redress"] {
        assert!(peaks[process].as_f64().unwrap() > 1.0, "{printed}");
    }
    check_empty(folder);
}

fn check_empty(folder: &Path) {
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(left.is_empty(), "something was left behind: {left:?}");
}

#[test]
fn an_import_is_compared_with_the_truth() {
    let folder = folder();
    let printed = said(&mut bench_of(folder.path(), "resolution")).fine();
    let told: Value = serde_json::from_str(&printed).unwrap();
    let figure = |name: &str| told["figures"][name].as_u64().expect(name);
    assert_eq!(figure("people"), 400, "{printed}");
    assert!(figure("rows") > figure("individuals"), "{printed}");
    assert!(figure("individuals") >= 400, "{printed}");
    let kinds = told["one_person"].as_array().unwrap();
    let all = kinds.last().unwrap();
    assert_eq!(all["kind"], "all");
    assert_eq!(all["true_pairs"], told["figures"]["true_pairs"]);
    let alike = &kinds[0];
    assert_eq!(alike["kind"], "no slip", "{printed}");
    assert_eq!(alike["merged"], alike["true_pairs"], "{printed}");
    check_empty(folder.path());
}

/// What `bench` printed as JSON with these arguments, and its exit code.
fn printed(folder: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    command.current_dir(folder).env("TMPDIR", folder);
    command.arg("bench").args(args).args(["--format", "json"]);
    let said = said(&mut command);
    let told = serde_json::from_str(&said.out);
    let told = told.unwrap_or_else(|error| panic!("{error}: {said:?}"));
    check_empty(folder);
    (said.code, told)
}

#[test]
fn claims_are_decided_as_asked() {
    let folder = folder();
    let args = ["claims", "--claims", "300", "--impostors", "40"];
    let (code, told) = printed(folder.path(), &args);
    let lines = told["lines"].as_array().unwrap();
    let of = |who: &str| -> Vec<&Value> {
        let lines = lines.iter();
        lines.filter(|line| line["who"] == who).collect()
    };
    let sum = |lines: &[&Value], column: &str| -> u64 {
        let lines = lines.iter();
        lines.map(|line| line[column].as_u64().unwrap()).sum()
    };
    for (who, claims) in [
        ("true person with the letter", 300),
        ("true person without the letter", 60),
    ] {
        let (all, kinds) = of(who)
            .split_last()
            .map(|(all, kinds)| (*all, kinds.to_vec()))
            .unwrap();
        assert_eq!(all["claim"], "all", "{told:#}");
        assert!(kinds.len() > 5, "{told:#}");
        for column in ["claims", "verified", "confirmation", "referred", "refused"] {
            assert_eq!(all[column].as_u64(), Some(sum(&kinds, column)), "{told:#}");
        }
        assert_eq!(all["claims"], claims, "{told:#}");
    }
    let impostors = of("impostor with the letter");
    assert_eq!(sum(&impostors, "claims"), 3 * 40, "{told:#}");
    let stolen = of("impostor without letter and contact");
    assert_eq!(sum(&stolen, "claims"), 40, "{told:#}");
    let thieves = of("thief with the letter");
    assert_eq!(sum(&thieves, "claims"), 40 + 4, "{told:#}");
    assert_eq!(told["figures"]["most_tries_with_one_letter"], 10);
    let missed = lines.iter().filter(|line| line["met"] == false);
    let missed: Vec<&Value> = missed.map(|line| &line["claim"]).collect();
    assert!(missed.is_empty(), "{told:#}");
    assert_eq!(code, Some(0));
}

#[test]
fn refusals_are_compared_pair_by_pair() {
    let folder = folder();
    let (_, told) = printed(folder.path(), &["refusals", "--calls", "12"]);
    let pairs = told["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 6 + 1 + 1 + 1, "{told:#}");
    for pair in pairs {
        assert_eq!(pair["same_answer"], true, "{told:#}");
        assert!(pair["calls"].as_u64().unwrap() >= 10, "{told:#}");
        // None leaves before the first step of the grid.
        for side in ["one_us", "other_us"] {
            assert!(pair[side].as_f64().unwrap() >= 49_000.0, "{told:#}");
        }
    }
}

#[test]
fn the_letters_are_measured_beside_their_floor_on_sqlite() {
    let folder = folder();
    check(
        said(&mut bench(folder.path(), &[])),
        "SQLite",
        folder.path(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_letters_are_measured_beside_their_floor_on_postgres() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    let folder = folder();
    let mut command = bench(folder.path(), &[]);
    command.env("REDRESS_DATABASE_URL", database.url().expose());
    check(said(&mut command), "PostgreSQL", folder.path());
    let owner = database.owner().await;
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'redress_bench_%_' || current_database()";
    let statement = Statement::from_string(owner.get_database_backend(), sql);
    let row = owner.query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(
        row.try_get_by_index::<i64>(0).unwrap(),
        0,
        "databases were left behind"
    );
}

#[test]
fn an_address_that_is_none_is_named() {
    let folder = folder();
    let mut command = bench(folder.path(), &["--database-url", "mysql://somewhere/else"]);
    let told = said(&mut command).refused(2);
    assert!(told.contains("--database-url"), "{told}");
}

#[test]
fn a_nights_files_hold_everybody_once() {
    let folder = folder();
    let printed = said(bench_of(folder.path(), "files").arg("--fixed")).fine();
    let told: Value = serde_json::from_str(&printed).unwrap();
    let figure = |name: &str| told[name].as_u64().expect(name);
    assert!(figure("queued") >= 400, "{printed}");
    assert_eq!(figure("first_file"), figure("queued"), "{printed}");
    assert_eq!(
        figure("second_file"),
        figure("first_file") - figure("answered"),
        "{printed}"
    );
    for nobody in ["lost", "doubled", "otherwise"] {
        assert_eq!(figure(nobody), 0, "{printed}");
    }
    check_empty(folder.path());
}

/// Runs `bench crashes` and checks that everybody was enrolled once, that all kinds of processes were killed, and that nothing is left.
fn check_crashes(url: Option<&str>) {
    let folder = folder();
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    command
        .current_dir(folder.path())
        .env("TMPDIR", folder.path());
    command.args(["bench", "crashes", "--enrollments", "60", "--kills", "20"]);
    command.args(["--every", "400ms", "--format", "json"]);
    if let Some(url) = url {
        command.env("REDRESS_DATABASE_URL", url);
    }
    let printed = said(&mut command).fine();
    let told: Value = serde_json::from_str(&printed).unwrap();
    let figure = |name: &str| told["figures"][name].as_u64().expect(name);
    assert_eq!(figure("kills"), 20, "{printed}");
    assert_eq!(
        (figure("called"), figure("enrolled")),
        (60, 60),
        "{printed}"
    );
    assert_eq!(figure("promised_coverages"), 120, "{printed}");
    assert!((1..30).contains(&figure("withdrawn")), "{printed}");
    assert!(
        figure("offers") >= 120 - 2 * figure("withdrawn"),
        "{printed}"
    );
    let nothing = [
        "lost",
        "doubled",
        "withdrawn_in_books",
        "unexplained",
        "otherwise",
        "dead",
    ];
    for nobody in nothing {
        assert_eq!(figure(nobody), 0, "{printed}");
    }
    let killed = told["kills"].as_array().unwrap().len();
    assert_eq!(killed, if url.is_some() { 6 } else { 5 }, "{printed}");
    check_empty(folder.path());
}

#[test]
fn nobody_is_lost_or_doubled_when_processes_are_killed_on_sqlite() {
    check_crashes(None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_lost_or_doubled_when_processes_are_killed_on_postgres() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    let url = database.url();
    tokio::task::spawn_blocking(move || check_crashes(Some(url.expose())))
        .await
        .unwrap();
}
