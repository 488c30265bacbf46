//! The drill: a backup is taken while people call, more happens, the disk is lost, and the services start on the backup. The bureau's own
//! list brings both books together again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use redress::kernel::caller::Role;
use redress::wire::redress::bureau::v1::bureau_enrollment_service_client::BureauEnrollmentServiceClient;
use redress::wire::redress::bureau::v1::{
    CancelEnrollmentRequest, CancellationReason, EnrollmentProgress,
};
use redress::wire::redress::enrollment::v1::{Enrollment, EnrollmentState};
use sea_orm::ConnectionTrait;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::harness::clients::connect;
use crate::harness::folder::folder;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::person::Person;
use crate::harness::processes::{House, Service, name_of};
use crate::harness::program::Said;
use crate::harness::roster::{Roster, Sandbox};
use crate::harness::walk::{self, SETTLED, Walk};
use crate::harness::{Database, apply, both, cluster, poll};

/// The services whose data is in the database; the bureau's book is not ours to lose.
const OURS: [Service; 3] = [Service::Identity, Service::Codes, Service::Handoff];

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

fn sqlite_file(house: &House) -> Option<PathBuf> {
    let url = house.database().url();
    let path = url.expose().strip_prefix("sqlite:")?;
    Some(PathBuf::from(path))
}

/// As deploy/README.md says, "Backup".
fn back_up(house: &House, to: &Path) {
    let url = house.database().url().expose().clone();
    let to = to.to_str().expect("a path");
    if sqlite_file(house).is_some() {
        house
            .redress(&["backup", to, "--database-url", &url])
            .fine();
        let again = house.redress(&["backup", to, "--database-url", &url]);
        again.refused(2);
    } else {
        let refused = house.redress(&["backup", &format!("{to}.no"), "--database-url", &url]);
        assert!(refused.refused(2).contains("pg_dump"));
        let mut dump = Command::new(cluster::program("pg_dump"));
        run(dump.args(["--format=custom", "--file", to, &url]));
    }
}

/// As deploy/README.md says, "Backup", with every service stopped.
async fn restore(house: &House, from: &Path) {
    if let Some(file) = sqlite_file(house) {
        for left in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{left}", file.display()));
        }
        std::fs::copy(from, file).expect("the copy");
        return;
    }
    let owner = house.database().owner().await;
    let anew = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    owner
        .execute_unprepared(anew)
        .await
        .expect("an empty schema");
    owner.close().await.expect("closed");
    let mut restore = Command::new(cluster::program("pg_restore"));
    let url = house.database().url().expose().clone();
    run(restore
        .args(["--exit-on-error", "--dbname", &url])
        .arg(from));
    let migrated = redress::db::migrate::up(&house.database().url()).await;
    assert_eq!(
        migrated,
        Ok(Vec::new()),
        "the schema is there, and its grants are given again"
    );
}

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: Role::CallCenter,
        number,
        patient: true,
    }
}

/// Enrolls the person with this number.
async fn enroll(house: &House, walk: &Walk, roster: &Roster, number: usize) -> Enrollment {
    let rows = roster.answered(Sandbox::Active);
    let row = rows.into_iter().nth(number).expect("a person");
    let code = &walk.letter_of(row).code;
    let person = person(house, walk, number);
    person.enroll(code, row.claims()).await.expect("enrolled")
}

#[apply(both)]
async fn services_that_start_on_a_backup_lose_what_came_later_and_double_nothing(
    database: Database,
) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    let walk = walk::prepare(&house, &roster).await;
    let partner = name_of(Role::Partner);
    let before = enroll(&house, &walk, &roster, 0).await;
    let settled = person(&house, &walk, 0)
        .settled(&before.enrollment_id)
        .await;
    assert_eq!(settled.state(), EnrollmentState::Active);
    // The backup holds this order as one that the bureau has not got yet.
    house.redress(&["partner", "pause", partner]).fine();
    let waiting = enroll(&house, &walk, &roster, 1).await;
    let folder = folder();
    let file = folder.path().join("backup");
    // Somebody enrolls at the same moment: all of it is in the backup, or none.
    let runtime = Handle::current();
    let beside = block_in_place(|| {
        thread::scope(|scope| {
            let backup = scope.spawn(|| back_up(&house, &file));
            let beside = runtime.block_on(enroll(&house, &walk, &roster, 2));
            backup.join().expect("the backup is taken");
            beside
        })
    });
    house.redress(&["partner", "resume", partner]).fine();
    let lost = enroll(&house, &walk, &roster, 3).await;
    for (number, enrolled) in [(1, &waiting), (2, &beside), (3, &lost)] {
        let settled = person(&house, &walk, number)
            .settled(&enrolled.enrollment_id)
            .await;
        assert_eq!(settled.state(), EnrollmentState::Active);
    }

    for service in OURS {
        house.stop(service).await;
    }
    restore(&house, &file).await;
    for service in OURS {
        house.start(service).await;
    }
    house.redress(&["partner", "resume", partner]).fine();

    // Offered again under the same id, it stands once in the bureau's book, and is active on both sides.
    let settled = person(&house, &walk, 1)
        .settled(&waiting.enrollment_id)
        .await;
    assert_eq!(settled.state(), EnrollmentState::Active);
    assert_eq!(settled.handoff(), waiting.handoff());
    let kept = person(&house, &walk, 0)
        .enrollment(&before.enrollment_id)
        .await;
    assert_eq!(kept.expect("it is there").state(), EnrollmentState::Active);
    let owner = house.database().owner().await;
    let torn = "UPDATE enrollment SET state = state WHERE state NOT IN ('STARTED', 'CANCELED') AND NOT EXISTS \
         (SELECT 1 FROM handoff h WHERE h.campaign_id = enrollment.campaign_id AND h.enrollment_id = enrollment.id)";
    let torn = owner.execute_unprepared(torn).await.expect("a look");
    assert_eq!(torn.rows_affected(), 0, "an enrollment without its order");

    // What came after the backup is known to the bureau alone: the difference of the two lists names it.
    let unknown = poll::until(
        "the orders in the backup to be settled",
        SETTLED,
        async || {
            let text = house
                .redress(&["--format", "json", "handoff", "list"])
                .fine();
            let ours: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let ours = ours.as_array().expect("a list");
            let settled = ours.iter().all(|handoff| handoff["state"] == "ACTIVE");
            let ids: BTreeSet<&str> = ours
                .iter()
                .filter_map(|it| it["handoff_id"].as_str())
                .collect();
            let book = walk::book(&house).await;
            let booked = book.into_values().filter_map(|entry| entry.status);
            let booked = booked.map(|status| status.handoff_id);
            let unknown: BTreeSet<String> = booked.filter(|id| !ids.contains(&**id)).collect();
            settled.then_some(unknown)
        },
    );
    let unknown = unknown.await;
    assert!(unknown.contains(lost.handoff()), "{unknown:?}");
    assert!(!unknown.contains(waiting.handoff()) && !unknown.contains(before.handoff()));
    // The letter is good again: whoever holds it can come back.
    let lookup = person(&house, &walk, 3)
        .enrollment(&lost.enrollment_id)
        .await;
    assert_eq!(lookup.unwrap_err().code(), tonic::Code::NotFound);
    let again = enroll(&house, &walk, &roster, 3).await;
    assert_ne!(again.enrollment_id, lost.enrollment_id);
}

/// The bureau's own book as the list that a partner sends.
async fn list_of_the_bureau(house: &House, to: &Path) {
    let mut text = "handoff_id,partner_reference,state,revision\n".to_owned();
    for entry in walk::book(house).await.into_values() {
        let status = entry.status.expect("a status");
        let state = status.progress().as_str_name();
        let state = state.trim_start_matches("ENROLLMENT_PROGRESS_");
        let (id, reference) = (&status.handoff_id, &status.partner_reference);
        _ = writeln!(text, "{id},{reference},{state},{}", status.revision);
    }
    std::fs::write(to, text).expect("the list is written");
}

/// Compares the bureau's book as it stands now.
async fn reconcile(house: &House, folder: &Path, flags: &[&str]) -> Said {
    let list = folder.join("list.csv");
    list_of_the_bureau(house, &list).await;
    let list = list.to_str().expect("a path");
    let partner = name_of(Role::Partner);
    let words = ["--format", "json", "reconcile", list, "--partner", partner];
    house.redress(&[&words, flags].concat())
}

/// The bureau cancels an order that nobody here knows, as it was asked to.
async fn cancel_there(house: &House, handoff: &str) {
    let files = house.caller(Role::Service, Service::Handoff.name());
    let channel = connect(&house.endpoint(Service::Bureau), &files);
    let request = CancelEnrollmentRequest {
        handoff_id: uuid::Uuid::from_u128(1).to_string(),
        cancels_handoff_id: handoff.to_owned(),
        reason: CancellationReason::Withdrawn.into(),
    };
    let mut bureau = BureauEnrollmentServiceClient::new(channel);
    bureau.cancel_enrollment(request).await.expect("canceled");
}

/// After the backup an order was sent and became active, one was canceled, and somebody enrolled.
#[apply(both)]
async fn a_restored_backup_is_brought_back_to_the_truth_by_the_bureaus_own_list(
    database: Database,
) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    let walk = walk::prepare(&house, &roster).await;
    let partner = name_of(Role::Partner);
    let mut active = Vec::new();
    for number in [0, 1] {
        let enrolled = enroll(&house, &walk, &roster, number).await;
        person(&house, &walk, number)
            .settled(&enrolled.enrollment_id)
            .await;
        active.push(enrolled);
    }
    let [kept, canceled] = active.try_into().expect("two");
    house.redress(&["partner", "pause", partner]).fine();
    let waiting = enroll(&house, &walk, &roster, 2).await;
    let folder = folder();
    let file = folder.path().join("backup");
    block_in_place(|| back_up(&house, &file));
    house.redress(&["partner", "resume", partner]).fine();
    let lost = enroll(&house, &walk, &roster, 3).await;
    let cancel = ["enrollment", "cancel", &canceled.enrollment_id];
    house
        .redress(&[&cancel[..], &["--reason", "person-asked", "--yes"]].concat())
        .fine();
    let bureau_has = async |handoff: &str, state: EnrollmentProgress| {
        poll::until("the bureau's book", SETTLED, async || {
            let book = walk::book(&house).await;
            let mut booked = book.into_values().filter_map(|entry| entry.status);
            let found = booked.find(|status| status.handoff_id == handoff);
            found.filter(|status| status.progress() == state)
        })
        .await;
    };
    bureau_has(waiting.handoff(), EnrollmentProgress::Active).await;
    bureau_has(lost.handoff(), EnrollmentProgress::Active).await;
    bureau_has(canceled.handoff(), EnrollmentProgress::Canceled).await;

    for service in OURS {
        house.stop(service).await;
    }
    restore(&house, &file).await;
    for service in OURS {
        house.start(service).await;
    }
    // The partner was paused at the moment of the backup: nothing is sent before both books agree.
    let looked = reconcile(&house, folder.path(), &["--repair", "--dry-run"]).await;
    assert!(looked.refused(1).contains("3 findings are open"));
    let repaired = reconcile(&house, folder.path(), &["--repair"]).await;
    assert_eq!(repaired.code, Some(1), "{}", repaired.errors);
    let left: serde_json::Value = serde_json::from_str(&repaired.out).expect("JSON");
    let left = left.as_array().expect("a list").iter();
    let left: Vec<_> = left.filter(|it| it["result"] != "REPAIRED").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["handoff_id"], lost.handoff());
    assert_eq!(left[0]["kind"], "UNKNOWN_HERE");
    assert_eq!(left[0]["do"], "CANCEL_THERE");
    for (number, enrolled, state) in [
        (0, &kept, EnrollmentState::Active),
        (1, &canceled, EnrollmentState::Canceled),
        (2, &waiting, EnrollmentState::Active),
    ] {
        let standing = poll::until("the outcome to arrive", SETTLED, async || {
            let found = person(&house, &walk, number).enrollment(&enrolled.enrollment_id);
            found.await.ok().filter(|it| it.state() == state)
        });
        standing.await;
    }

    // Whoever enrolled since is canceled there and enrolls again: nobody is lost, and nobody is in the book twice.
    cancel_there(&house, lost.handoff()).await;
    let agreed = reconcile(&house, folder.path(), &[]).await;
    assert_eq!(agreed.fine().trim(), "[]");
    house.redress(&["partner", "resume", partner]).fine();
    let again = enroll(&house, &walk, &roster, 3).await;
    let settled = person(&house, &walk, 3).settled(&again.enrollment_id).await;
    assert_eq!(settled.state(), EnrollmentState::Active);
    let book = walk::book(&house).await;
    let mut running: Vec<&str> = book
        .values()
        .filter(|entry| {
            entry.status.as_ref().expect("a status").progress() == EnrollmentProgress::Active
        })
        .map(|entry| entry.subject_digest.as_str())
        .collect();
    assert_eq!(running.len(), 3);
    running.sort_unstable();
    running.dedup();
    assert_eq!(running.len(), 3, "each of three people once");
    assert_eq!(book.len(), 5);
    let agreed = reconcile(&house, folder.path(), &[]).await;
    assert_eq!(agreed.fine().trim(), "[]");
}
