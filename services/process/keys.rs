//! The keys of a process, compared with those of every other process on the database.
//!
//! Two keyrings that were given keys apart from each other hold different keys of one version: what one process seals the
//! other cannot open. So the first process that starts with a key notes its fingerprint, and nobody starts with another one.

use std::path::Path;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::db::entities::key_fingerprint;
use crate::db::{self, Db, Tx};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::keyring::{Keyring, Listed, Purpose};

use super::Stop;

/// Loads the keys that the process holds, each of which must be there, and no others; and compares them with the keys that this
/// database knows.
pub async fn keys(db: &Db, path: &Path, purposes: &[Purpose]) -> Result<Arc<Keyring>, Stop> {
    let keys = Keyring::load(path)?;
    keys.require(purposes)?;
    let keys = keys.only(purposes);
    compare(db, &keys).await?;
    Ok(Arc::new(keys))
}

/// Notes the fingerprints that are new to the database, and refuses a key that it knows by another one.
async fn compare(db: &Db, keys: &Keyring) -> Result<(), Stop> {
    let held = keys.list();
    let program = db.process().program();
    let now = Clock::system().now();
    let known = db
        .run_tx("keys.compare", |tx| {
            let held = &held;
            Box::pin(async move {
                let known = key_fingerprint::Entity::find().all(tx).await?;
                if differing(held, &known).is_none() {
                    note(tx, held.iter().map(|key| row(key, program, now))).await?;
                    return Ok::<_, db::Error>(key_fingerprint::Entity::find().all(tx).await?);
                }
                Ok(known)
            })
        })
        .await?;
    match differing(&held, &known) {
        None => Ok(()),
        Some((key, row)) => Err(refusal(keys.path(), key, row)),
    }
}

/// Finds a key that the database knows by another fingerprint.
fn differing<'a>(
    held: &'a [Listed],
    known: &'a [key_fingerprint::Model],
) -> Option<(&'a Listed, &'a key_fingerprint::Model)> {
    held.iter().find_map(|key| {
        let is_other = |row: &&key_fingerprint::Model| {
            (row.purpose.as_str(), row.version) == (key.purpose.as_str(), key.version)
                && row.fingerprint != key.fingerprint
        };
        Some((key, known.iter().find(is_other)?))
    })
}

/// Writes the fingerprints that are not there yet. Of two processes that start together the first decides.
async fn note(
    tx: &Tx<'_>,
    rows: impl Iterator<Item = key_fingerprint::Model>,
) -> Result<(), db::Error> {
    for row in rows {
        let there = OnConflict::new().do_nothing().to_owned();
        key_fingerprint::Entity::insert(row.into_active_model().reset_all())
            .on_conflict(there)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

fn row(key: &Listed, program: &str, now: Timestamp) -> key_fingerprint::Model {
    key_fingerprint::Model {
        purpose: key.purpose.as_str().to_owned(),
        version: key.version,
        fingerprint: key.fingerprint.clone(),
        noted_by: program.to_owned(),
        noted_at: now,
    }
}

fn refusal(path: &Path, key: &Listed, known: &key_fingerprint::Model) -> Stop {
    let (path, purpose, version) = (path.display(), key.purpose, key.version);
    let (own, other, by, at) = (
        &key.fingerprint,
        &known.fingerprint,
        &known.noted_by,
        known.noted_at,
    );
    Stop::Start(format!(
        "the {purpose} key of version {version} in {path} is not the one of this database\n  \
         its fingerprint is {own}; the database has {other}, noted when {by} first started with it at {at}\n  \
         nothing was read or written; move {path} away and copy the keys from the keyring of {by}: \
         redress keys copy THAT-KEYRING {path} --purpose {purpose}"
    ))
}
