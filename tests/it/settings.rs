//! What an operator gets wrong: one message that says what to do, exit code 2, and no secret in it.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::harness::child::Running;
use crate::harness::clients::request_id;
use crate::harness::processes::{House, Service};
use crate::harness::walk::SETTLED;
use crate::harness::{Database, apply, both, http, poll};

const PASSWORD: &str = "hunter2-5e11";
const SOON: Duration = Duration::from_mins(1);
const OURS: [Service; 3] = [Service::Identity, Service::Codes, Service::Handoff];

/// Runs a process that cannot start and gives what it said, after the checks that hold for every refusal.
pub async fn refusal(house: &House, command: Command) -> String {
    let log = house.path().join(format!("refusal-{}.log", request_id()));
    let mut running = Running::start(command, &log);
    let status = running.ended(SOON).await;
    let said = running.log();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(!said.contains(PASSWORD), "the password is shown: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        !said.contains("Error {") && !said.contains("Os {"),
        "Debug text: {said}"
    );
    let plain = said
        .lines()
        .filter(|line| !line.trim_start().starts_with('{'));
    let plain: Vec<&str> = plain.filter(|line| !line.trim().is_empty()).collect();
    assert!(!plain.is_empty(), "nothing was said: {said}");
    assert!(plain.len() <= 12, "more than one message: {said}");
    plain.join("\n")
}

pub fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_wrong_settings_are_named_in_one_message() {
    let house = House::new(Database::sqlite().await);
    for service in Service::ALL {
        let mut command = house.command(service);
        command.args([
            "--listen",
            "nowhere",
            "--drain-timeout",
            "soon",
            "--max-streams",
            "0",
        ]);
        command
            .args(["--no-such-setting", "1"])
            .env("REDRESS_MAX_CONCURRENCY", "many");
        let said = refusal(&house, command).await;
        says(
            &said,
            &[
                "listen",
                "drain_timeout",
                "max_streams",
                "no-such-setting",
                "max_concurrency",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bureau_that_exchanges_files_needs_their_folder() {
    let house = House::new(Database::sqlite().await);
    let mut command = house.command(Service::Bureau);
    command.args(["--mode", "file"]);
    let said = refusal(&house, command).await;
    says(&said, &["files: must be given in mode file"]);
    let mut command = house.command(Service::Bureau);
    command.args(["--mode", "file", "--files", "here", "--listen", "nowhere"]);
    let said = refusal(&house, command).await;
    says(&said, &["listen"]);
    assert!(!said.contains("files"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_nothing_names_everything_it_needs() {
    let house = House::new(Database::sqlite().await);
    for service in OURS {
        let mut command = crate::harness::program::bare(service.binary());
        command.current_dir(house.path());
        let said = refusal(&house, command).await;
        says(
            &said,
            &["tls_ca", "tls_cert", "tls_key", "database_url", "keyring"],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_keyring_names_the_command_that_makes_one() {
    let house = House::new(Database::sqlite().await);
    for service in OURS {
        std::fs::remove_file(house.keyring(service)).expect("the keyring was there");
        let said = refusal(&house, house.command(service)).await;
        let file = house.keyring(service).display().to_string();
        says(&said, &[&file, "redress keys init"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_that_others_can_read_is_refused() {
    let house = House::new(Database::sqlite().await);
    for service in OURS {
        let open = Permissions::from_mode(0o644);
        std::fs::set_permissions(house.keyring(service), open).expect("a mode");
        let said = refusal(&house, house.command(service)).await;
        says(&said, &["chmod 600"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_without_the_keys_of_the_process_is_refused() {
    let house = House::new(Database::sqlite().await);
    for (service, other) in [
        (Service::Identity, Service::Codes),
        (Service::Codes, Service::Handoff),
    ] {
        std::fs::copy(house.keyring(other), house.keyring(service)).expect("a copy");
        says(&refusal(&house, house.command(service)).await, &["key"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_certificate_names_the_file_and_the_command() {
    let house = House::new(Database::sqlite().await);
    for service in Service::ALL {
        let file = house.certs().join(format!("{}.pem", service.name()));
        std::fs::remove_file(&file).expect("the certificate was there");
        let said = refusal(&house, house.command(service)).await;
        says(&said, &[&file.display().to_string(), "redress certs"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_named_with_its_setting() {
    let house = House::new(Database::sqlite().await);
    for service in Service::ALL {
        let address = house.address(service);
        for (port, setting) in [(address.port, "listen"), (address.admin, "admin")] {
            let _held = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
            let said = refusal(&house, house.command(service)).await;
            says(&said, &[&port.to_string(), setting]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_database_is_named_without_its_password() {
    let house = House::new(Database::sqlite().await);
    let port = crate::harness::ports::free();
    let url = format!("postgres://redress:{PASSWORD}@127.0.0.1:{port}/redress");
    for service in OURS {
        let mut command = house.command(service);
        command.env("REDRESS_DATABASE_URL", &url);
        says(&refusal(&house, command).await, &["database"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_without_telling_it() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::new(database);
    let url = house
        .database()
        .url()
        .expose()
        .replace("postgres@", &format!("nobody:{PASSWORD}@"));
    let mut command = house.command(Service::Codes);
    command.env("REDRESS_DATABASE_URL", url);
    says(&refusal(&house, command).await, &["database"]);
}

/// A build that does not see the project's settings would go without; and what an operator sets goes before them.
#[test]
fn the_allocator_is_set_in_every_program() {
    for program in [
        env!("CARGO_BIN_EXE_redress"),
        env!("CARGO_BIN_EXE_identity-verification"),
        env!("CARGO_BIN_EXE_enrollment-codes"),
        env!("CARGO_BIN_EXE_bureau-handoff"),
        env!("CARGO_BIN_EXE_sandbox-bureau"),
    ] {
        let told = |settings: &str| {
            let mut command = Command::new(program);
            command.arg("--help").env("MALLOC_CONF", settings);
            String::from_utf8(command.output().unwrap().stderr).unwrap()
        };
        let own = told("stats_print:true");
        says(
            &own,
            &[
                "opt.narenas: 2",
                "opt.dirty_decay_ms: 200",
                "opt.muzzy_decay_ms: 0",
            ],
        );
        says(&told("stats_print:true,narenas:3"), &["opt.narenas: 3"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_a_schema_names_the_migrator() {
    let house = House::new(Database::sqlite_without_file());
    for service in OURS {
        says(
            &refusal(&house, house.command(service)).await,
            &["redress migrate"],
        );
    }
}

/// A release that is rolled out adds to the schema while instances of the one before still serve.
#[apply(both)]
async fn a_program_runs_with_a_later_step_that_says_so(database: Database) {
    use sea_orm::ConnectionTrait;
    let house = House::open(database).await;
    let owner = house.database().owner().await;
    let tomorrow = "INSERT INTO schema_version (version, applied_at) VALUES ('9999_tomorrow', 1)";
    let of_today = "INSERT INTO schema_support (step, runs_since) \
         SELECT '9999_tomorrow', max(step) FROM schema_support";
    for statement in [of_today, tomorrow] {
        owner
            .execute_unprepared(statement)
            .await
            .expect("a step of tomorrow");
    }
    for service in OURS {
        house.crash(service).await;
    }
    let alone = "UPDATE schema_support SET runs_since = step WHERE step = '9999_tomorrow'";
    owner
        .execute_unprepared(alone)
        .await
        .expect("a step that takes away");
    for service in OURS {
        let admin = house.address(service).admin;
        poll::until("a process that is not ready", SETTLED, async || {
            let answer = http::get(admin, "/readyz").await?;
            (answer.status == 503).then_some(())
        })
        .await;
    }
}

#[apply(both)]
async fn an_older_and_a_newer_schema_are_told_apart(database: Database) {
    use sea_orm::ConnectionTrait;
    let house = House::new(database);
    let owner = house.database().owner().await;
    let insert =
        "INSERT INTO schema_version (version, applied_at) VALUES ('m999999_of_tomorrow', 1)";
    owner
        .execute_unprepared(insert)
        .await
        .expect("a migration of tomorrow");
    for service in OURS {
        says(&refusal(&house, house.command(service)).await, &["newer"]);
    }
    let newest = "DELETE FROM schema_version WHERE version IN \
        (SELECT version FROM (SELECT version FROM schema_version ORDER BY version DESC LIMIT 2) AS newest)";
    owner
        .execute_unprepared(newest)
        .await
        .expect("the newest go");
    for service in OURS {
        says(
            &refusal(&house, house.command(service)).await,
            &["redress migrate"],
        );
    }
}
