//! Keys: processes that share one hold the same one, and a new one is taken into use while they run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use redress::db::entities::{campaign, campaign_key};
use redress::kernel::keyring::{KeyProvider, Keyring, Purpose};
use redress::wire::redress::handoff::v1::{Partner, PartnerMode};
use sea_orm::EntityTrait;

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
    let walk = walk::prepare_for(&house, &roster, partner.clone()).await;
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
    assert_new_campaigns_use_the_new_keys(&house, &partner, &roster).await;
}

/// The recipe of `redress keys rotate --help`, each step when some people are through. Afterwards the first instances use the new
/// keys, and second ones, which the portal calls, have them on standby.
async fn rotate(house: &House, done: &AtomicUsize) {
    let before = ["rotate", "promote"];
    for (step, verb) in before.into_iter().enumerate() {
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
    let campaign = walk::campaign(house, partner, "B100299").await;
    walk::import(house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let batch = walk::issue(house, &campaign).await;
    let letters = walk::letters(house, &campaign, &batch).await;
    let walk = Walk { campaign, letters };
    let owner = house.database().owner().await;
    let mut versions = Vec::new();
    for row in campaign::Entity::find().all(&owner).await.unwrap() {
        let key = campaign_key::Entity::find_by_id(row.id).one(&owner).await;
        let key = key.unwrap().expect("its key");
        versions.push((row.engagement_number, row.code_key_version, key.key_version));
    }
    versions.sort();
    assert_eq!(
        versions,
        [("B100200".into(), 1, 1), ("B100299".into(), 2, 2)]
    );
    let keys = ring(&house.keyring(Service::Handoff));
    assert_eq!(keys.current(Purpose::Person).expect("a key").0, 2);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
}
