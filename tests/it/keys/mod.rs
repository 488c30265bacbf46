//! Keys: processes that share one hold the same one, and a new one is taken into use while they run.

mod requests;
mod retire;
mod rotate;
mod start;

use std::path::Path;

use redress::db::entities::{campaign_key, code_batch};
use redress::kernel::keyring::{Keyring, Purpose};
use redress::wire::redress::enrollment::v1::CodeBatch;
use redress::wire::redress::handoff::v1::Partner;
use sea_orm::{DatabaseConnection, EntityTrait};

use crate::harness::folder::folder;
use crate::harness::poll;
use crate::harness::processes::{House, Service};
use crate::harness::program::{Said, bare, said};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED, Walk};
use crate::settings::says;

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
    fn keys(&self, verb: &str, service: Service, more: &[&str]) -> Said {
        let file = self.keyring(service).display().to_string();
        self.redress(&[&["keys", verb, &file], more].concat())
    }

    /// Gives the handoff the person keys that identity has.
    fn share_person_key(&self) -> Said {
        let to = self.keyring(Service::Handoff).display().to_string();
        self.keys("copy", Service::Identity, &[&to, "--purpose", "person"])
    }

    /// Moves the keyring of the handoff away.
    fn move_away(&self) {
        let file = self.keyring(Service::Handoff);
        std::fs::rename(&file, file.with_extension("wrong")).expect("it is moved");
    }
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

#[test]
fn keys_are_listed_by_fingerprint_and_never_shown() {
    let folder = folder();
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
