//! The two commands that somebody who has just cloned the project types: `demo` and `up`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redress::db::migrate;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::child::Running;
use crate::harness::folder::folder;
use crate::harness::program::{bare, said};
use crate::harness::{Database, http, poll, ports};

/// How long everything may take to start or to end, on a busy machine.
const BOUND: Duration = Duration::from_mins(2);

/// Figures that the demonstration promises to print.
const FIGURES: &[&str] = &[
    "rows",
    "rejected",
    "individuals",
    "codes_issued",
    "letters",
    "begun",
    "verified",
    "refused",
    "submitted",
    "handed_off",
    "acknowledged",
    "in_spanish",
    "active_in_part",
    "active",
    "action_required",
    "impostors_tried",
    "impostors_enrolled",
    "lost",
    "doubled",
    "seconds",
];

fn redress(folder: &Path, words: &[&str]) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    command.current_dir(folder).args(words);
    command
}

#[test]
fn the_demonstration_loses_doubles_and_lets_in_nobody_on_sqlite() {
    let folder = folder();
    let words = [
        "demo", "--people", "300", "--seed", "11", "--format", "json",
    ];
    check(&said(&mut redress(folder.path(), &words)).fine());
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").collect();
    assert!(left.is_empty(), "something was left behind: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_loses_doubles_and_lets_in_nobody_on_postgres() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    let folder = folder();
    let mut command = redress(
        folder.path(),
        &["demo", "--people", "300", "--format", "json"],
    );
    command.env("REDRESS_DATABASE_URL", database.url().expose());
    check(&said(&mut command).fine());
    let steps = migrate::status(&database.url()).await.expect("the steps");
    assert!(!steps.is_empty() && steps.iter().all(|step| step.applied));
}

fn check(printed: &str) {
    let told: Value = serde_json::from_str(printed).expect("one JSON object");
    for figure in FIGURES {
        assert!(told[figure].is_number(), "{figure} in {printed}");
    }
    let figure = |name: &str| {
        told[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {printed}"))
    };
    for nobody in ["impostors_enrolled", "lost", "doubled"] {
        assert_eq!(figure(nobody), 0, "{nobody} in {printed}");
    }
    assert!(
        figure("impostors_tried") > 0 && figure("active") > 0,
        "{printed}"
    );
    let settled = figure("active") + figure("action_required") + figure("enrollment_refused");
    assert_eq!(settled, figure("submitted"), "{printed}");
    assert_eq!(figure("promised"), figure("submitted"), "{printed}");
    assert_eq!(figure("acknowledged"), figure("handed_off"), "{printed}");
    assert!(figure("handed_off") > figure("submitted"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_starts_everything_ctrl_c_drains_it_and_the_next_up_goes_on() {
    let folder = folder();
    let ports = ports::free_row();
    for round in 0..2 {
        let mut up = up(folder.path(), ports);
        ready(folder.path(), &mut up).await;
        let told = said(&mut redress(
            folder.path(),
            &["--format", "json", "partner", "list"],
        ))
        .fine();
        assert!(told.contains("sandbox-bureau"), "round {round}: {told}");
        up.signal(Signal::INT);
        let ended = up.ended(BOUND).await;
        assert_eq!(ended.code(), Some(0), "round {round}: {}", up.log());
        assert!(admin_ports(folder.path()).await.is_empty(), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outlives_an_up_that_is_killed() {
    let folder = folder();
    let mut up = up(folder.path(), ports::free_row());
    ready(folder.path(), &mut up).await;
    up.kill();
    poll::until("the children to end", BOUND, async || {
        admin_ports(folder.path()).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_up_in_one_directory_is_refused_before_it_touches_anything() {
    let folder = folder();
    let mut first = up(folder.path(), ports::free_row());
    ready(folder.path(), &mut first).await;
    let file = folder.path().join(".redress/endpoints.toml");
    let before = std::fs::read_to_string(&file).expect("endpoints");
    let ports = ports::free_row().to_string();
    let told = said(&mut redress(folder.path(), &["up", "--ports-from", &ports])).refused(1);
    assert!(
        told.contains("is up in") && told.contains("--dir"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(&file).expect("endpoints"), before);
    assert!(first.is_running());
    first.signal(Signal::INT);
    first.ended(BOUND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_dies_is_named_and_ends_the_others() {
    let folder = folder();
    let mut up = up(folder.path(), ports::free_row());
    ready(folder.path(), &mut up).await;
    let pid = endpoints(folder.path())["pids"]["enrollment-codes"]
        .as_integer()
        .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    kill_process(pid.expect("a process id"), Signal::KILL).expect("the child is there");
    let ended = up.ended(BOUND).await;
    let log = up.log();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("enrollment-codes stopped by itself"), "{log}");
    assert!(admin_ports(folder.path()).await.is_empty(), "{log}");
}

fn up(folder: &Path, ports: u16) -> Running {
    let ports = ports.to_string();
    Running::start(
        redress(folder, &["up", "--ports-from", &ports]),
        &folder.join("up.log"),
    )
}

/// Waits until every process answers the operator.
async fn ready(folder: &Path, up: &mut Running) {
    poll::until("everything to be up", BOUND, async || {
        assert!(up.is_running(), "{}", up.log());
        let health = said(&mut redress(folder, &["health"]));
        (health.code == Some(0)).then_some(())
    })
    .await;
}

/// The admin ports that still answer.
async fn admin_ports(folder: &Path) -> Vec<u16> {
    let endpoints = endpoints(folder);
    let admin = endpoints.get("admin").and_then(toml::Value::as_table);
    let mut open = Vec::new();
    for address in admin.into_iter().flat_map(toml::Table::values) {
        let port = address
            .as_str()
            .and_then(|text| text.rsplit(':').next()?.parse().ok());
        let port = port.expect("a port");
        if http::get(port, "/healthz").await.is_some() {
            open.push(port);
        }
    }
    open
}

fn endpoints(folder: &Path) -> toml::Table {
    let file = folder.join(".redress/endpoints.toml");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.parse().expect("a TOML file")
}
