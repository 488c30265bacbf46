//! The keys of a process, compared with those of every other process on the database.
//!
//! Two keyrings that were given keys apart from each other hold different keys of one version: what one process seals the
//! other cannot open. So the first process that starts with a key notes its fingerprint, and nobody starts with another one.

use std::path::Path;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::entities::{campaign_key, key_fingerprint};
use crate::db::{self, Db, Tx};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::keyring::{KeyProvider, Keyring, Listed, Purpose};
use crate::kernel::person_sealer::PersonSealer;

use super::Stop;

/// How many campaigns a person key that is not known yet is tried on: one damaged row does not keep a process from starting.
const TRIED: u64 = 5;

/// Loads the keys that the process holds, each of which must be there, and no others; and compares them with the keys that this
/// database knows.
pub async fn keys(db: &Db, path: &Path, purposes: &[Purpose]) -> Result<Arc<Keyring>, Stop> {
    let keys = Keyring::load(path)?;
    keys.require(purposes)?;
    let keys = keys.only(purposes);
    let program = db.process().program();
    let now = Clock::system().now();
    let wrong = db
        .run_tx("keys.compare", |tx| {
            let keys = &keys;
            Box::pin(async move { compare(tx, keys, (program, now)).await })
        })
        .await?;
    match wrong {
        None => Ok(Arc::new(keys)),
        Some(wrong) => Err(wrong.refusal(path)),
    }
}

/// A key that is not the one of the database.
enum Wrong {
    /// It is known by another fingerprint.
    Differs(Listed, key_fingerprint::Model),
    /// It is not known yet, and does not open what is there.
    OpensNothing(Listed),
}

/// Notes the fingerprints that are new to the database, unless a key is wrong.
async fn compare(
    tx: &Tx<'_>,
    keys: &Keyring,
    (program, now): (&str, Timestamp),
) -> Result<Option<Wrong>, db::Error> {
    let held = keys.list();
    let known = key_fingerprint::Entity::find().all(tx).await?;
    if let Some(wrong) = differing(&held, &known) {
        return Ok(Some(wrong));
    }
    let is_new = |key: &&Listed| !known.iter().any(|row| is_of(row, key));
    for key in held.iter().filter(is_new) {
        if key.purpose == Purpose::Person && opens_nothing(tx, keys, key.version).await? {
            return Ok(Some(Wrong::OpensNothing(key.clone())));
        }
        note(tx, row(key, program, now)).await?;
    }
    // Of two processes that start together the first decides.
    let known = key_fingerprint::Entity::find().all(tx).await?;
    Ok(differing(&held, &known))
}

/// Finds a key that the database knows by another fingerprint.
fn differing(held: &[Listed], known: &[key_fingerprint::Model]) -> Option<Wrong> {
    held.iter().find_map(|key| {
        let mut rows = known.iter();
        let row = rows.find(|row| is_of(row, key) && row.fingerprint != key.fingerprint)?;
        Some(Wrong::Differs(key.clone(), row.clone()))
    })
}

fn is_of(row: &key_fingerprint::Model, key: &Listed) -> bool {
    (row.purpose.as_str(), row.version) == (key.purpose.as_str(), key.version)
}

/// Tells whether data keys of campaigns are wrapped under a version, and the key that is held opens none of them: a database that was
/// filled before fingerprints were noted shows so which of two keys is the right one.
async fn opens_nothing(tx: &Tx<'_>, keys: &Keyring, version: i32) -> Result<bool, db::Error> {
    let Ok(master) = keys.get(Purpose::Person, version) else {
        return Ok(false);
    };
    let rows = campaign_key::Entity::find()
        .filter(campaign_key::Column::KeyVersion.eq(version))
        .filter(campaign_key::Column::Wrapped.is_not_null())
        .order_by_desc(campaign_key::Column::CampaignId)
        .limit(TRIED)
        .all(tx)
        .await?;
    let opens = |row: &campaign_key::Model| {
        let wrapped = row.wrapped.as_deref().unwrap_or_default();
        PersonSealer::unwrap(&master, row.campaign_id, wrapped).is_ok()
    };
    Ok(!rows.is_empty() && !rows.iter().any(opens))
}

async fn note(tx: &Tx<'_>, row: key_fingerprint::Model) -> Result<(), db::Error> {
    let there = OnConflict::new().do_nothing().to_owned();
    key_fingerprint::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(there)
        .exec_without_returning(tx)
        .await?;
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

impl Wrong {
    /// Says which key is wrong, by what it shows, and what to do.
    fn refusal(&self, path: &Path) -> Stop {
        let path = path.display();
        let (key, shown, whose) = match self {
            Self::Differs(key, known) => {
                let (other, by, at) = (&known.fingerprint, &known.noted_by, known.noted_at);
                let shown = format!(
                    "the database has {other}, noted when {by} first started with it at {at}"
                );
                (key, shown, by.as_str())
            }
            Self::OpensNothing(key) => {
                let shown =
                    "it opens no campaign whose data key is wrapped under that version".to_owned();
                (key, shown, "the process that imported these campaigns")
            }
        };
        let Listed {
            purpose,
            version,
            fingerprint,
            ..
        } = key;
        Stop::Start(format!(
            "the {purpose} key of version {version} in {path} is not the one of this database\n  \
             its fingerprint is {fingerprint}; {shown}\n  \
             nothing was read or written; put the keyring of {whose} in its place, from a backup if it was replaced, or keep {path} \
             aside and copy the keys: redress keys copy THAT-KEYRING {path} --purpose {purpose}"
        ))
    }
}
