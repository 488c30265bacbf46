//! Taking codes back: those of one person, of a wave or of a batch.
//!
//! The codes are walked in the order of the individuals' ids, chunk by chunk, each in one transaction. A second call after a
//! kill walks again from the start, skips what is revoked already, and comes to the same end.
//!
//! What was begun with a code that is taken back is canceled with it ([`super::begun`]).
//!
//! A code whose batch was never exported gets no letter any more. One whose batch was keeps its line in the file, which is the
//! same whenever it is made again: the letter may be on its way.

use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::codes::batch::issue::finish_reissue;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::{batch, campaign, wave};
use crate::db::Tx;
use crate::db::audit::{self, Event};
use crate::db::entities::{code_batch, revocation as entity};
use crate::kernel::ids::{AuditId, BatchId, CampaignId, IndividualId, RevocationId, WaveId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::begun::{self, Fate, Which};
use super::revocation;
use super::revoke_store::{self, Chunk, Found, Scope};
use super::store;

/// Codes in one transaction: few, because people who enroll wait for them.
const CHUNK: u64 = 16_384;

/// Whose codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those of one individual.
    Individual(IndividualId),
    /// Those of a wave's batches.
    Wave(WaveId),
    /// Those of a batch.
    Batch(BatchId),
}

/// How far a revocation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Codes of the target.
    pub codes: i64,
    /// What was found among those looked at so far.
    pub found: Found,
    /// Whether that is all of them.
    pub done: bool,
}

/// A revocation that was allowed and recorded.
pub struct Revoke {
    context: Context,
    campaign: CampaignId,
    scope: Scope,
    codes: i64,
    id: RevocationId,
    end: Event,
    chunk: u64,
}

impl Revoke {
    /// Finds out what is meant and records that it begins.
    pub async fn begin(
        context: &Context,
        call: &Call,
        request: &Request,
        (campaign, target): (CampaignId, Target),
        reason: &str,
    ) -> Result<Self, Error> {
        let fresh: RevocationId = context.ids.next();
        let begun = context.db.run_tx("revoke_codes", |tx| {
            Box::pin(async move {
                campaign::store::lock(tx, campaign)
                    .await?
                    .ok_or(Error::CampaignNotFound)?;
                let before = request::answered::<RevocationId>(tx, request).await?;
                let (scope, codes) = scope(context, tx, campaign, target).await?;
                if before.is_none() {
                    let detail = json!({ "codes": codes, "reason": reason });
                    let event = call.event(
                        context,
                        Some(campaign),
                        Act::of("codes.revoking", subject(target)),
                        detail,
                    );
                    audit::record(tx, &[event]).await?;
                    request::record(tx, request, &fresh, context.now()).await?;
                }
                let id = before.unwrap_or(fresh);
                let (kind, target_id) = kept(target);
                let row = entity::Model {
                    campaign_id: campaign,
                    id,
                    target: kind,
                    target_id,
                    reason: reason.to_owned(),
                    actor: call.actor(),
                    codes,
                    revoked: 0,
                    started_at: context.now(),
                    finished_at: None,
                };
                revocation::keep(tx, row).await?;
                Ok::<_, Error>((scope, codes, id))
            })
        });
        let (scope, codes, id) = begun.await?;
        let detail = json!({ "reason": reason });
        let event = call.event(
            context,
            Some(campaign),
            Act::of("codes.revoked", subject(target)),
            detail,
        );
        Ok(Self {
            context: context.clone(),
            campaign,
            scope,
            codes,
            id,
            // However often it is resumed, one event records its end.
            end: Event {
                id: AuditId::from_uuid(id.as_uuid()),
                ..event
            },
            chunk: CHUNK,
        })
    }

    /// Makes the chunks shorter, so that tests see several.
    #[must_use]
    pub fn in_chunks_of(mut self, codes: u64) -> Self {
        self.chunk = codes;
        self
    }

    /// Revokes and tells how far it is; stops early when the caller has hung up; a second call resumes it.
    pub async fn run(self, progress: mpsc::Sender<Result<Progress, Error>>) {
        if let Err(error) = self.walk(&progress).await {
            // A caller that has hung up calls again.
            let _ = progress.send(Err(error)).await;
        }
    }

    async fn walk(self, progress: &mpsc::Sender<Result<Progress, Error>>) -> Result<(), Error> {
        let mut step = Progress {
            codes: self.codes,
            found: Found::default(),
            done: false,
        };
        let mut after = IndividualId::from_uuid(Uuid::nil());
        loop {
            let chunk = self.next(after).await?;
            let found = self.chunk(chunk).await?;
            step.found.seen += found.seen;
            step.found.revoked += found.revoked;
            let Some(to) = chunk.to else { break };
            after = to;
            if progress.send(Ok(step)).await.is_err() {
                return Ok(());
            }
        }
        self.finish(step.found).await?;
        step.done = true;
        // A caller that has hung up misses nothing but this.
        let _ = progress.send(Ok(step)).await;
        Ok(())
    }

    async fn next(&self, after: IndividualId) -> Result<Chunk, Error> {
        let read = self.context.db.read();
        let to = match self.scope {
            Scope::Individual(_) => None,
            Scope::Batches(_) => {
                revoke_store::end_of_chunk(read, self.campaign, after, self.chunk).await?
            }
        };
        Ok(Chunk { after, to })
    }

    async fn chunk(&self, chunk: Chunk) -> Result<Found, Error> {
        let (campaign, scope) = (self.campaign, &self.scope);
        let (context, actor) = (&self.context, self.end.actor.as_str());
        let now = context.now();
        let found = context.db.run_bulk("revoke_chunk", |tx| {
            Box::pin(async move {
                let unprinted = unprinted(tx, campaign, scope).await?;
                let begun = (campaign, Which::Among(scope, chunk));
                begun::cancel(context, tx, begun, (actor, Fate::Revoked)).await?;
                let revoked =
                    revoke_store::revoke(tx, (campaign, scope, chunk), &unprinted, now).await?;
                for (batch, codes) in revoked.withheld {
                    batch::store::withhold(tx, campaign, batch, codes).await?;
                }
                Ok::<_, Error>(revoked.found)
            })
        });
        found.await
    }

    async fn finish(&self, found: Found) -> Result<(), Error> {
        let mut end = self.end.clone();
        if let Some(detail) = end.detail.as_object_mut() {
            detail.insert("codes".to_owned(), json!(found.seen));
            detail.insert("revoked".to_owned(), json!(found.revoked));
        }
        let end = &end;
        let key = (self.campaign, self.id);
        let now = self.context.now();
        let done = self.context.db.run_tx("revoked_codes", |tx| {
            Box::pin(async move {
                revocation::finish(tx, key, found.revoked, now).await?;
                Ok::<_, Error>(audit::record(tx, std::slice::from_ref(end)).await?)
            })
        });
        done.await
    }
}

/// Gives the batches of which a code that is revoked now gets no letter; nothing where all of the scope were exported, and then
/// nobody has to wait. A reissue under way ends first, so that its code is seen, and so does the begin of a first export.
async fn unprinted(
    tx: &Tx<'_>,
    campaign: CampaignId,
    scope: &Scope,
) -> Result<Vec<BatchId>, Error> {
    if let Scope::Batches(batches) = scope {
        let unprinted = batch::store::unprinted(tx, campaign).await?;
        if !batches.iter().any(|batch| unprinted.contains(batch)) {
            return Ok(Vec::new());
        }
    }
    campaign::store::lock(tx, campaign).await?;
    Ok(batch::store::unprinted(tx, campaign).await?)
}

const fn kept(target: Target) -> (entity::Target, Uuid) {
    match target {
        Target::Individual(id) => (entity::Target::Individual, id.as_uuid()),
        Target::Wave(id) => (entity::Target::Wave, id.as_uuid()),
        Target::Batch(id) => (entity::Target::Batch, id.as_uuid()),
    }
}

fn subject(target: Target) -> (&'static str, Option<Uuid>) {
    match target {
        Target::Individual(id) => ("individual", Some(id.as_uuid())),
        Target::Wave(id) => ("wave", Some(id.as_uuid())),
        Target::Batch(id) => ("batch", Some(id.as_uuid())),
    }
}

/// Finds the codes that are meant. No code may come to a batch behind the walk, so each must be complete.
async fn scope(
    context: &Context,
    tx: &Tx<'_>,
    campaign: CampaignId,
    target: Target,
) -> Result<(Scope, i64), Error> {
    let batches = match target {
        Target::Individual(individual) => {
            store::addressee(tx, campaign, individual)
                .await?
                .ok_or(Error::IndividualNotFound)?;
            let codes = revoke_store::count(tx, campaign, individual).await?;
            return Ok((Scope::Individual(individual), codes));
        }
        Target::Batch(batch) => {
            let batch = batch::store::lock(tx, campaign, batch).await?;
            vec![batch.ok_or(Error::BatchNotFound)?]
        }
        Target::Wave(wave) => {
            wave::store::lock(tx, campaign, wave)
                .await?
                .ok_or(Error::WaveNotFound)?;
            wave::store::batches(tx, campaign, wave).await?
        }
    };
    let codes = batches.iter().map(|batch| batch.codes).sum();
    let ids = batches.iter().map(|batch| batch.id).collect();
    for batch in batches {
        complete(context, tx, batch).await?;
    }
    Ok((Scope::Batches(ids), codes))
}

async fn complete(context: &Context, tx: &Tx<'_>, batch: code_batch::Model) -> Result<(), Error> {
    if batch.completed_at.is_none() {
        finish_reissue(tx, batch, context.now()).await?;
    }
    Ok(())
}
