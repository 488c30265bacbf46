//! Keys are rotated while everything goes on, by the steps of `redress keys rotate --help`, in whatever order.
//!
//! A careless operator may promote a key before it was copied to `bureau-handoff`: its queues stand still then, until it is.

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use redress::codes::batch;
use redress::db::key_use;
use redress::db::{Db, Process};
use redress::identity;
use redress::identity::roster::rewrap::rewrap;
use redress::identity::sender::outbox::Outbox;
use redress::kernel::clock::{Clock, Timestamp};
use redress::kernel::crypto::Key;
use redress::kernel::ids::Ids;
use redress::kernel::keyring::{
    KeyError, KeyProvider, Keyring, Listed, OLD_KEY_KEPT, Purpose, Standing,
};
use redress::kernel::secrets::Secret;
use redress::process;

use super::run::Run;
use crate::harness::Database;

/// More versions than anybody has at once.
const VERSIONS: usize = 6;

/// The keyring of a process, which starts anew whenever it is changed.
pub struct Held(RwLock<Keyring>);

impl Held {
    pub fn of(purposes: &[Purpose]) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Keyring::generate(purposes))))
    }

    pub fn ring(&self) -> Keyring {
        self.0.read().unwrap().clone()
    }

    /// Changes the keyring, and tells whether that made a difference.
    fn change(&self, change: impl FnOnce(&mut Keyring)) -> bool {
        let mut ring = self.0.write().unwrap();
        let before = ring.list();
        change(&mut ring);
        ring.list() != before
    }
}

impl KeyProvider for Held {
    fn current(&self, purpose: Purpose) -> Result<(i32, Key), KeyError> {
        self.0.read().unwrap().current(purpose)
    }

    fn get(&self, purpose: Purpose, version: i32) -> Result<Key, KeyError> {
        self.0.read().unwrap().get(purpose, version)
    }

    fn versions(&self, purpose: Purpose) -> Vec<i32> {
        self.0.read().unwrap().versions(purpose)
    }
}

/// The keyrings of the three processes, and the one that wraps the keys of campaigns.
pub struct Keys {
    pub codes: Arc<Held>,
    pub handoff: Arc<Held>,
    identity: Arc<Held>,
    process: identity::Context,
    url: Secret<String>,
}

impl Keys {
    pub async fn open(database: &Database, clock: &Clock) -> Self {
        let identity = Held::of(&[Purpose::Index, Purpose::Person]);
        let shared = identity.ring().only(&[Purpose::Person]);
        let handoff = Arc::new(Held(RwLock::new(shared)));
        let db = database.open(Process::Identity).await;
        let ids = Ids::seeded(clock.clone(), 9);
        let held: Arc<Held> = Arc::clone(&identity);
        let common = process::Context::new(clock.clone(), ids, db, held, Purpose::Index);
        let process = identity::Context {
            common,
            // Nobody is written to.
            sender: Arc::new(Outbox::new(PathBuf::new())),
            rules: identity::rules::Rules::default(),
        };
        Self {
            codes: Held::of(&[Purpose::Code]),
            handoff,
            identity,
            process,
            url: database.url(),
        }
    }

    /// The database of the process that wraps.
    pub fn db(&self) -> &Db {
        &self.process.db
    }

    /// Adds a version on standby to the keyrings that are changed.
    pub fn add(&self) -> bool {
        let full = self.identity.versions(Purpose::Person).len() >= VERSIONS;
        let added = |held: &Held, purpose| held.change(|ring| _ = ring.add(purpose));
        !full && added(&self.identity, Purpose::Person) && added(&self.codes, Purpose::Code)
    }

    /// Copies the person keys to the process that hands over.
    pub fn copy(&self) -> bool {
        let from = self.identity.ring();
        let copied = |ring: &mut Keyring| _ = ring.copy_from(&from, Purpose::Person).unwrap();
        self.handoff.change(copied)
    }

    /// Uses the newest versions from now on.
    pub fn promote(&self) -> bool {
        let now = self.process.now();
        let promoted = |held: &Held, purpose| held.change(|ring| _ = ring.promote(purpose, now));
        let is_person = promoted(&self.identity, Purpose::Person);
        promoted(&self.codes, Purpose::Code) || is_person
    }

    /// Takes the old person keys out of the keyrings from which `redress keys retire` would take them.
    pub async fn retire(&self) -> bool {
        let mut is_any = false;
        for held in [&self.identity, &self.handoff] {
            for version in old(&held.ring(), self.process.now()) {
                let uses = key_use::of(&self.url, Purpose::Person, version).await;
                if uses.unwrap().is_empty() {
                    is_any |= held.change(|ring| ring.remove(Purpose::Person, version));
                }
            }
        }
        is_any
    }
}

/// The old person keys, once their successor has been in use for long enough.
fn old(ring: &Keyring, now: Timestamp) -> Vec<i32> {
    let keys = ring.list().into_iter();
    let keys: Vec<Listed> = keys.filter(|it| it.purpose == Purpose::Person).collect();
    let current = keys.iter().find(|key| key.standing == Standing::Current);
    let since = current.and_then(|key| key.in_use_since);
    let is_past = since.is_some_and(|since| since + OLD_KEY_KEPT <= now);
    let old = |key: &&Listed| is_past && key.standing == Standing::Old;
    keys.iter().filter(old).map(|key| key.version).collect()
}

impl Run {
    /// Wraps anew what is wrapped under old keys, and tells whether there was anything.
    pub async fn rewrap(&self) -> bool {
        let campaigns = rewrap(&self.keys.process).await;
        let batches = batch::rewrap::rewrap(&self.house.context).await;
        campaigns.is_ok_and(|count| count > 0) || batches.is_ok_and(|count| count > 0)
    }
}
