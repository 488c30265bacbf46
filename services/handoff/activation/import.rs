//! Adds activation codes that a partner issued to the pool of a campaign.

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::idempotency::{self, Known};
use crate::db::{self, Tx, audit};
use crate::handoff::campaign_key::{CampaignKey, Unusable};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::kept_verdicts::{keep, recall};
use crate::handoff::partner;
use crate::kernel::ids::PartnerId;

use super::alerts::{Alerts, about_pool};
use super::code::{ActivationCode, CodeSealer};
use super::pool_store::{Alert, PoolKey};
use super::{code_store, pool_store, waiting};

/// With fewer codes left than this a new pool is low, unless the operator says otherwise.
const LOW_WATER: i32 = 100;

/// What is imported, and by whom.
pub struct Import {
    /// The request's id.
    pub id: Uuid,
    /// The caller, `role/name`.
    pub caller: String,
    /// The method's full name.
    pub method: &'static str,
    /// The request as it came, to tell it from another.
    pub message: Zeroizing<Vec<u8>>,
    /// The pool.
    pub pool: PoolKey,
    /// The codes in the order of the file; `None` where there is no code.
    pub codes: Vec<Option<ActivationCode>>,
    /// The new low-water mark.
    pub low_water: Option<i32>,
}

/// What became of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
pub enum Verdict {
    /// Added.
    #[strum(serialize = "I")]
    Imported,
    /// Was there before.
    #[strum(serialize = "K")]
    Known,
    /// Cannot be a code.
    #[strum(serialize = "M")]
    Malformed,
    /// Stands earlier in the same request.
    #[strum(serialize = "D")]
    Duplicate,
}

/// A code ready to be added, with its place in the request.
struct Ready {
    at: usize,
    mac: Uuid,
    sealed: Vec<u8>,
}

/// Imports codes; gives a verdict for each, in order. A repeated request gives the verdicts of the first.
pub async fn import_activation_codes(
    context: &Context,
    import: &Import,
) -> Result<Vec<Verdict>, Error> {
    let sealer = sealer(context, import.pool).await?;
    let request = idempotency::Request {
        id: import.id,
        caller: import.caller.clone(),
        method: import.method,
        fingerprint: sealer.fingerprint(&import.message),
    };
    let (verdicts, mut ready) = judge(&sealer, &import.codes);
    // Two importers that meet at the same codes wait for each other in one order.
    ready.sort_unstable_by_key(|ready| ready.mac);
    let (verdicts, alerts) = context
        .db
        .run_tx("activation.import", |tx| {
            let (request, verdicts, ready) = (&request, verdicts.clone(), &ready);
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(letters) => return Ok((recall(&letters)?, Alerts::default())),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let (verdicts, alerts) = add(tx, context, import, verdicts, ready).await?;
                let letters = keep(&verdicts);
                idempotency::record(tx, request, &letters, context.clock.now()).await?;
                Ok((verdicts, alerts))
            })
        })
        .await?;
    alerts.log();
    context.queue_changed.notify_waiters();
    Ok(verdicts)
}

/// Derives the keys of the pool from the campaign's, which the import of the roster makes.
async fn sealer(context: &Context, pool: PoolKey) -> Result<CodeSealer, Error> {
    let db = context.db.read();
    let partner: PartnerId = partner::store::by_id(db, pool.partner).await?.id;
    let key = CampaignKey::get(db, pool.campaign).await?;
    let key = key.ok_or(Error::CampaignNotFound)?;
    let people = key
        .unwrap(&*context.keys)
        .map_err(|unusable| match unusable {
            Unusable::Destroyed => Error::CampaignErased,
            Unusable::Missing => Error::CampaignWithoutKey {
                campaign: pool.campaign,
            },
            Unusable::Keyring(error) => error.into(),
            Unusable::Corrupt(_) => db::Error::corrupt("campaign_key.wrapped").into(),
        })?;
    Ok(CodeSealer::of(&people, partner))
}

/// Judges each code by itself. Those that can be added are encrypted, and count as known until they are added.
fn judge(keys: &CodeSealer, codes: &[Option<ActivationCode>]) -> (Vec<Verdict>, Vec<Ready>) {
    let mut seen = HashSet::with_capacity(codes.len());
    let mut ready = Vec::with_capacity(codes.len());
    let verdicts = codes.iter().enumerate().map(|(at, code)| {
        let Some(code) = code else {
            return Verdict::Malformed;
        };
        let mac = keys.mac(code);
        if !seen.insert(mac) {
            return Verdict::Duplicate;
        }
        let sealed = keys.seal(mac, code);
        ready.push(Ready { at, mac, sealed });
        Verdict::Known
    });
    (verdicts.collect(), ready)
}

async fn add(
    tx: &Tx<'_>,
    context: &Context,
    import: &Import,
    mut verdicts: Vec<Verdict>,
    ready: &[Ready],
) -> Result<(Vec<Verdict>, Alerts), Error> {
    let (key, now) = (import.pool, context.clock.now());
    let mut alerts = Alerts::default();
    // A pool comes with its first code: an empty one would keep every enrollment waiting.
    if !ready.is_empty() {
        let low_water = import.low_water.unwrap_or(LOW_WATER);
        pool_store::create(tx, key, low_water, now).await?;
    }
    let mut moved = false;
    if let Some(low_water) = import.low_water {
        moved = pool_store::set_low_water(tx, key, low_water).await?;
    }
    let codes: Vec<(Uuid, Vec<u8>)> = ready
        .iter()
        .map(|ready| (ready.mac, ready.sealed.clone()))
        .collect();
    let added: HashSet<Uuid> = code_store::add(tx, key, &codes, now)
        .await?
        .into_iter()
        .collect();
    for ready in ready {
        if added.contains(&ready.mac)
            && let Some(verdict) = verdicts.get_mut(ready.at)
        {
            *verdict = Verdict::Imported;
        }
    }
    if added.is_empty() && !moved {
        return Ok((verdicts, alerts));
    }
    if !added.is_empty() {
        pool_store::clear(tx, key, Alert::Empty).await?;
        waiting::wake(tx, key, now, added.len()).await?;
    }
    let pool = pool_store::get(tx, key).await?;
    let pool = pool.ok_or_else(|| db::Error::corrupt("a pool that was just made"))?;
    let detail = json!({"imported": added.len(), "low_water": pool.low_water});
    let actor = &import.caller;
    let event = about_pool(context, actor, "activation_codes.imported", key, detail);
    audit::record(tx, &[event]).await?;
    alerts.check_low(tx, (context, actor), &pool).await?;
    Ok((verdicts, alerts))
}
