//! What every command works with.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::db::Db;
use crate::db::audit::Event;
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::Key;
use crate::kernel::ids::{CampaignId, Ids};
use crate::kernel::keyring::{KeyProvider, Purpose};

use super::error::Error;
use super::known_campaigns::KnownCampaigns;
use super::settings::Retention;

/// Time, ids, database and keys. A service's own context has this one in it. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// The time.
    pub clock: Clock,
    /// Ids and random values.
    pub ids: Ids,
    /// The database.
    pub db: Db,
    /// The keys that this process holds.
    pub keys: Arc<dyn KeyProvider>,
    /// How long what piles up is kept.
    pub retention: Retention,
    hash_key: Purpose,
    pub(super) campaigns: Arc<KnownCampaigns>,
}

impl Context {
    /// Puts a context together. Fingerprints of requests and names of throttled things are hashed under the keys of `hash_key`.
    pub fn new(
        clock: Clock,
        ids: Ids,
        db: Db,
        keys: Arc<dyn KeyProvider>,
        hash_key: Purpose,
    ) -> Self {
        Self {
            clock,
            ids,
            db,
            keys,
            retention: Retention::default(),
            hash_key,
            campaigns: Arc::default(),
        }
    }

    /// Keeps what piles up for so long.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// Gives the current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Gives the key for throttles: the oldest version, which stays the same when keys are rotated. Once it is retired they begin afresh.
    ///
    /// # Errors
    /// [`Error::Key`] where the keyring has none.
    pub fn steady_key(&self) -> Result<Key, Error> {
        let oldest = self.keys.versions(self.hash_key).first().copied();
        Ok(match oldest {
            Some(version) => self.keys.get(self.hash_key, version)?,
            None => self.keys.current(self.hash_key)?.1,
        })
    }

    /// Gives the keys for fingerprints of requests, the current one first: a request is known again by any of them.
    ///
    /// # Errors
    /// [`Error::Key`] where the keyring has none.
    pub fn request_keys(&self) -> Result<Vec<Key>, Error> {
        Ok(self.keys.current_first(self.hash_key)?)
    }

    /// Makes an audit event. `actor` is a caller as `role/name`, or this process.
    pub fn event(
        &self,
        actor: String,
        campaign_id: Option<CampaignId>,
        act: Act,
        detail: Value,
    ) -> Event {
        Event {
            id: self.ids.next(),
            campaign_id,
            at: self.now(),
            actor,
            action: act.action,
            subject_kind: act.subject_kind,
            subject_id: act.subject_id,
            detail,
        }
    }
}

/// What was done to which thing, for an audit event.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// What was done, such as `verification.decided`.
    pub action: &'static str,
    /// To what kind of thing.
    pub subject_kind: &'static str,
    /// To which one.
    pub subject_id: Option<Uuid>,
}

impl Act {
    /// Names an act on one thing of a kind, or on several.
    pub const fn of(
        action: &'static str,
        (subject_kind, subject_id): (&'static str, Option<Uuid>),
    ) -> Self {
        Self {
            action,
            subject_kind,
            subject_id,
        }
    }

    /// Names an act on one thing.
    pub fn on(action: &'static str, subject_kind: &'static str, subject: impl Into<Uuid>) -> Self {
        Self {
            action,
            subject_kind,
            subject_id: Some(subject.into()),
        }
    }
}
