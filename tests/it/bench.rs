//! `redress bench`: it measures, and leaves nothing behind.

use std::path::Path;
use std::process::Command;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::harness::Database;
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
    let folder = tempfile::tempdir().unwrap();
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

#[test]
fn the_letters_are_measured_beside_their_floor_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let mut command = bench(folder.path(), &[]);
    command.env("REDRESS_DATABASE_URL", database.url().expose());
    check(said(&mut command), "PostgreSQL", folder.path());
    let owner = database.owner().await;
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'redress_bench_%'";
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
    let folder = tempfile::tempdir().unwrap();
    let mut command = bench(folder.path(), &["--database-url", "mysql://somewhere/else"]);
    let told = said(&mut command).refused(2);
    assert!(told.contains("--database-url"), "{told}");
}
