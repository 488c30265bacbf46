//! Keys: processes that share one hold the same one, and a new one is taken into use while they run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use redress::db::entities::{campaign, campaign_key, code_batch};
use redress::db::{self, Db, Process};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::clock::Clock;
use redress::kernel::ids::Ids;
use redress::kernel::keyring::{KeyProvider, Keyring, Purpose, Standing};
use redress::process::request::{Request, answered, record};
use redress::process::{Call, Context, Error};
use redress::wire::redress::enrollment::v1::{CodeBatch, GetCampaignReportRequest};
use redress::wire::redress::handoff::v1::{Partner, PartnerMode};
use sea_orm::{DatabaseConnection, EntityTrait};

use crate::faults::{assert_stand_once_in_the_book, enroll_all, patient};
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::processes::{House, Service};
use crate::harness::program::{bare, said};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED, Walk};
use crate::harness::{Database, apply, both, poll};
use crate::settings::{refusal, says};

const OURS: [Service; 3] = [Service::Identity, Service::Codes, Service::Handoff];

fn ring(path: &Path) -> Keyring {
    Keyring::load(path).expect("a keyring")
}

/// The fingerprint of a key, as `keys list` shows it.
fn fingerprint(path: &Path, purpose: Purpose, version: i32) -> String {
    let keys = ring(path).list();
    let mut keys = keys.into_iter();
    let key = keys.find(|key| (key.purpose, key.version) == (purpose, version));
    key.expect("the key").fingerprint
}

impl House {
    /// Runs a command of `redress keys` about the keyring of a process.
    fn keys(&self, verb: &str, service: Service, more: &[&str]) -> crate::harness::program::Said {
        let file = self.keyring(service).display().to_string();
        self.redress(&[&["keys", verb, &file], more].concat())
    }

    /// Gives the handoff the person keys that identity has.
    fn share_person_key(&self) -> crate::harness::program::Said {
        let to = self.keyring(Service::Handoff).display().to_string();
        self.keys("copy", Service::Identity, &[&to, "--purpose", "person"])
    }

    /// Moves the keyring of the handoff away.
    fn move_away(&self) {
        let file = self.keyring(Service::Handoff);
        std::fs::rename(&file, file.with_extension("wrong")).expect("it is moved");
    }
}

#[apply(both)]
async fn a_process_with_another_key_than_its_peer_does_not_start_and_names_it(database: Database) {
    let house = House::new(database);
    house.start(Service::Identity).await;
    let (right, wrong) = (
        house.keyring(Service::Identity),
        house.keyring(Service::Handoff),
    );
    let print = |path| fingerprint(path, Purpose::Person, 1);
    Keyring::generate(&[Purpose::Person])
        .save(&wrong)
        .expect("another keyring");
    let told = refusal(&house, house.command(Service::Handoff)).await;
    says(
        &told,
        &["person key", "version 1", &print(&right), &print(&wrong)],
    );
    says(&told, &["identity-verification", "redress keys copy"]);
    // As the message says.
    house.move_away();
    house.share_person_key().fine();
    house.start(Service::Handoff).await;
}

#[apply(both)]
async fn two_keyrings_that_were_rotated_apart_are_told_at_the_start(database: Database) {
    let house = House::new(database);
    for service in [Service::Identity, Service::Handoff] {
        let rotated = house.keys("rotate", service, &["--purpose", "person"]);
        rotated.fine();
    }
    house.start(Service::Identity).await;
    let prints = [Service::Identity, Service::Handoff]
        .map(|service| fingerprint(&house.keyring(service), Purpose::Person, 2));
    let prints = [prints[0].as_str(), prints[1].as_str()];
    let told = refusal(&house, house.command(Service::Handoff)).await;
    says(&told, &["person key of version 2"]);
    says(&told, &prints);
    // The keys are not mixed.
    let told = house.share_person_key().refused(2);
    says(
        &told,
        &["person key of version 2", "move the wrong file away"],
    );
    says(&told, &prints);
    house.move_away();
    house.share_person_key().fine();
    house.start(Service::Handoff).await;
}

#[test]
fn keys_are_listed_by_fingerprint_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let redress = |words: &[&str]| {
        let mut command = bare(env!("CARGO_BIN_EXE_redress"));
        said(command.current_dir(&folder).args(words)).fine()
    };
    let mut told = redress(&[
        "keys",
        "init",
        "identity",
        "--purpose",
        "index",
        "--purpose",
        "person",
    ]);
    told += &redress(&["keys", "rotate", "identity", "--purpose", "person"]);
    told += &redress(&["keys", "copy", "identity", "handoff", "--purpose", "person"]);
    told += &redress(&["keys", "promote", "identity", "--purpose", "person"]);
    let file = folder.path().join("identity");
    for format in ["table", "json", "csv"] {
        let listed = redress(&["--format", format, "keys", "list", "identity"]);
        for (purpose, version) in [
            (Purpose::Index, 1),
            (Purpose::Person, 1),
            (Purpose::Person, 2),
        ] {
            says(&listed, &[&fingerprint(&file, purpose, version)]);
        }
        says(&listed, &["CURRENT", "OLD"]);
        told += &listed;
    }
    says(&redress(&["keys", "list", "handoff"]), &["STANDBY"]);
    let again = redress(&["keys", "copy", "identity", "handoff", "--purpose", "person"]);
    says(&again, &["OLD", "CURRENT"]);
    for line in std::fs::read_to_string(&file).expect("the file").lines() {
        let secret = line
            .strip_prefix("secret = ")
            .map(|it| it.trim_matches('"'));
        assert!(secret.is_none_or(|secret| !told.contains(secret)), "{told}");
    }
    let nothing = redress(&["keys", "promote", "identity"]);
    says(&nothing, &["nothing was changed"]);
}

#[apply(both)]
async fn keys_are_rotated_while_people_enroll(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(60);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let (walk, batch) = campaign_of(&house, &partner, (&roster, "B100200")).await;
    let done = AtomicUsize::new(0);
    let enrolling = enroll_all(&house, &roster, &walk, &done);
    let (enrolled, ()) = tokio::join!(enrolling, rotate(&house, &done));
    let mut coverages = BTreeSet::new();
    for (number, enrollment) in enrolled {
        let caller = patient(&house, &walk, number);
        caller.settled(&enrollment.enrollment_id).await;
        coverages.insert(enrollment.coverage().coverage_id.clone());
    }
    assert_eq!(coverages.len(), roster.adults.len());
    assert_stand_once_in_the_book(&house, &coverages).await;
    let owner = house.database().owner().await;
    wrapped_anew(&owner).await;
    // The batch still gives the codes that were printed.
    let codes = walk::plain_codes(&house, &walk.campaign, &batch).await;
    for letter in &walk.letters {
        assert_eq!(codes[&letter.individual_id], letter.code);
    }
    assert_new_campaigns_use_the_new_keys(&house, &partner, &roster).await;
}

/// A campaign with its letters, and the batch that they are of.
async fn campaign_of(
    house: &House,
    partner: &Partner,
    (roster, number): (&Roster, &str),
) -> (Walk, CodeBatch) {
    let campaign = walk::campaign(house, partner, number).await;
    walk::import(house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let batch = walk::issue(house, &campaign).await;
    let letters = walk::letters(house, &campaign, &batch).await;
    (Walk { campaign, letters }, batch)
}

/// Waits until version 2 wraps what version 1 wrapped.
async fn wrapped_anew(owner: &DatabaseConnection) {
    poll::until("the pass that wraps anew", SETTLED, async || {
        let keys = campaign_key::Entity::find().all(owner).await.ok()?;
        let batches = code_batch::Entity::find().all(owner).await.ok()?;
        let is_done = keys.iter().all(|row| row.key_version == 2)
            && batches.iter().all(|row| row.key_version == 2);
        is_done.then_some(())
    })
    .await;
}

/// The recipe of `redress keys rotate --help`, each step when some people are through. Afterwards the first instances use the new
/// keys, and second ones, which the portal calls, have them on standby.
async fn rotate(house: &House, done: &AtomicUsize) {
    for (step, verb) in ["rotate", "promote"].into_iter().enumerate() {
        poll::until("people to enroll", SETTLED, async || {
            (done.load(Ordering::Relaxed) > step * 4).then_some(())
        })
        .await;
        for service in [Service::Identity, Service::Codes] {
            house.keys(verb, service, &[]).fine();
        }
        house.share_person_key().fine();
        for service in OURS {
            house.crash(service).await;
            if verb == "rotate" {
                let second = house.start_second(service).await;
                house.share(service, second);
            }
        }
    }
}

/// Creates a campaign at the first instances and enrolls somebody at the second ones.
async fn assert_new_campaigns_use_the_new_keys(house: &House, partner: &Partner, roster: &Roster) {
    let (walk, _) = campaign_of(house, partner, (roster, "B100299")).await;
    let owner = house.database().owner().await;
    let campaigns = campaign::Entity::find().all(&owner).await.unwrap();
    let campaigns = campaigns.into_iter();
    let mut versions: Vec<_> = campaigns
        .map(|row| (row.engagement_number, row.code_key_version))
        .collect();
    versions.sort();
    assert_eq!(versions, [("B100200".into(), 1), ("B100299".into(), 2)]);
    wrapped_anew(&owner).await;
    let keys = ring(&house.keyring(Service::Handoff));
    assert_eq!(keys.current(Purpose::Person).expect("a key").0, 2);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
}

#[apply(both)]
async fn a_key_is_retired_once_nothing_needs_it(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let (walk, _) = campaign_of(&house, &partner, (&roster, "B100200")).await;
    let retire = |service, purpose: &str, version: &str| {
        let url = house.database().url().expose().clone();
        let words = [
            "--purpose",
            purpose,
            "--version",
            version,
            "--database-url",
            &url,
        ];
        house.keys("retire", service, &words)
    };
    let current = retire(Service::Identity, "person", "1").refused(2);
    says(&current, &["only a key that another has replaced"]);
    for service in OURS {
        assert_eq!(house.stop(service).await.code(), Some(0));
    }
    for service in [Service::Identity, Service::Codes] {
        house.keys("rotate", service, &[]).fine();
        house.keys("promote", service, &[]).fine();
    }
    house.share_person_key().fine();
    let recent = retire(Service::Identity, "person", "1").refused(2);
    says(
        &recent,
        &["requests that come again are recognised by it until"],
    );
    for service in OURS {
        of_long_ago(&house.keyring(service));
    }
    let needed = retire(Service::Identity, "person", "1").refused(1);
    says(
        &needed,
        &[
            "campaigns whose data keys it wraps: 1",
            "nothing was changed",
        ],
    );
    let needed = retire(Service::Codes, "code", "1").refused(1);
    says(
        &needed,
        &[
            "open batches whose secrets it wraps: 1",
            "campaigns whose codes",
        ],
    );
    for service in OURS {
        house.start(service).await;
    }
    wrapped_anew(&house.database().owner().await).await;
    for service in [Service::Identity, Service::Handoff] {
        retire(service, "person", "1").fine();
        let keys = ring(&house.keyring(service));
        assert_eq!(keys.versions(Purpose::Person), [2]);
        house.crash(service).await;
    }
    // What cannot be wrapped anew keeps its key.
    let kept = retire(Service::Codes, "code", "1").refused(1);
    says(&kept, &["campaigns whose codes", ": 1", "without the code"]);
    assert!(!kept.contains("batches"), "{kept}");
    let kept = retire(Service::Identity, "index", "1").refused(1);
    says(&kept, &["people who are found by keyed hashes"]);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(&house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
}

/// Makes the keys of a keyring ones that were promoted years ago.
fn of_long_ago(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a keyring");
    let lines = text.lines().map(|line| {
        if line.starts_with("in_use_since") {
            "in_use_since = \"2020-01-01T00:00:00Z\""
        } else {
            line
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    std::fs::write(path, text).expect("it is written");
    let keys = ring(path).list();
    let current = keys.iter().filter(|key| key.standing == Standing::Current);
    assert!(current.clone().all(|key| key.in_use_since.is_some()));
    assert!(current.count() > 0);
}

#[apply(both)]
async fn a_request_that_comes_again_is_known_by_any_key_that_is_held(database: Database) {
    let db = database.open(Process::Codes).await;
    let first = Keyring::generate(&[Purpose::Code]);
    let mut standby = first.clone();
    standby.add(Purpose::Code);
    let mut promoted = standby.clone();
    promoted.promote(Purpose::Code, Clock::system().now());
    let mut retired = promoted.clone();
    retired.remove(Purpose::Code, 1);
    let (one, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    // Recorded before the rotation, and by the first instance that uses the new key.
    done(&db, &request(&db, &first, one)).await;
    done(&db, &request(&db, &promoted, other)).await;
    for keys in [&standby, &promoted] {
        for id in [one, other] {
            assert_eq!(ask(&db, &request(&db, keys, id)).await, Ok(Some(7)));
        }
    }
    // That is why an old key stays for as long as requests are kept.
    let unknown = ask(&db, &request(&db, &retired, one)).await;
    assert_eq!(unknown, Err(Error::RequestIdReused));
    assert_eq!(ask(&db, &request(&db, &retired, other)).await, Ok(Some(7)));
}

/// A request as a process with these keys knows it.
fn request(db: &Db, keys: &Keyring, id: uuid::Uuid) -> Request {
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let keys = std::sync::Arc::new(keys.clone());
    let context = Context::new(clock, ids, db.clone(), keys, Purpose::Code);
    let caller = Caller::new(Role::Operator, "admin").expect("a caller");
    let message = GetCampaignReportRequest::default();
    let request = Call::plain(caller).request(&context, id, "OfATest", &message);
    request.expect("a key")
}

async fn done(db: &Db, request: &Request) {
    let now = Clock::system().now();
    db.run_tx("test.record", |tx| {
        Box::pin(async move { Ok::<_, db::Error>(record(tx, request, &7, now).await?) })
    })
    .await
    .expect("it is recorded");
}

async fn ask(db: &Db, request: &Request) -> Result<Option<i32>, Error> {
    db.run_tx("test.ask", |tx| {
        Box::pin(async move { answered(tx, request).await })
    })
    .await
}
