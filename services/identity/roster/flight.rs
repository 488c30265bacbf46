//! A batch under way, from its transaction to what became of its rows.
//!
//! Two are under way together on PostgreSQL: one loads its newcomers while the one before it looks up, plans and commits. On
//! SQLite, which has one writer, each waits for the one before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::db;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::kernel::turn::{Pass, Turn};

use super::batch::Batch;
use super::keys::RosterKeys;
use super::plan::Outcome;
use super::settle::{Target, settle};

/// How many rows all imports of the campaign have settled, as far as this import knows; nothing once another has written,
/// and what was seen of the roster counts no more.
pub type Settled = Option<i64>;

/// What all batches of an import have in common.
#[derive(Clone)]
pub struct Route {
    /// The means of the process.
    pub context: Context,
    /// The campaign.
    pub campaign: CampaignId,
    /// The import.
    pub import: ImportId,
    /// The campaign's keys.
    pub keys: Arc<RosterKeys>,
    /// Whether what was seen of the roster counts.
    pub trusts: Arc<AtomicBool>,
}

/// Why a batch's transaction was rolled back.
pub enum Halt {
    /// Another import has written: the batch must be planned anew.
    Overtaken,
    /// The batch before takes long: the turn must be awaited without a transaction.
    TooEarly,
}

/// A batch whose rows are settled.
pub struct Landed {
    /// Lines and what became of them, in order.
    pub outcomes: Vec<(i64, Outcome)>,
    /// How many rows each chunk has.
    pub chunks: Vec<usize>,
    /// What the end says, if it came.
    pub end: Option<i64>,
}

impl Route {
    /// Settles a batch, passes the turn on, and gives what became of its rows.
    ///
    /// If another import has written meanwhile, what was seen of the roster counts no more, for this batch and for all after
    /// it: everything about them is asked for under the lock.
    pub async fn fly(
        self,
        batch: Batch,
        turn: Turn<Settled>,
        pass: Pass<Settled>,
    ) -> Result<Landed, Error> {
        if batch.is_empty().await {
            pass.on(turn.comes().await?);
            return Ok(batch.landed(Vec::new()));
        }
        while self.trusts.load(Ordering::Relaxed) {
            match self.settle(&batch, Some(&turn)).await {
                Ok(Ok(outcomes)) => {
                    let settled = turn.comes().await?;
                    pass.on(settled.map(|settled| settled.saturating_add(new(&outcomes))));
                    return Ok(batch.landed(outcomes));
                }
                Ok(Err(Halt::TooEarly)) => drop(turn.comes().await?),
                Err(error) if !is_there_already(&error) => return Err(error),
                Ok(Err(Halt::Overtaken)) | Err(_) => {
                    self.trusts.store(false, Ordering::Relaxed);
                }
            }
        }
        turn.comes().await?;
        let batch = batch.reopened(&self.keys).await?;
        match self.settle(&batch, None).await? {
            Ok(outcomes) => {
                pass.on(None);
                Ok(batch.landed(outcomes))
            }
            Err(Halt::Overtaken | Halt::TooEarly) => {
                Err(db::Error::corrupt("a batch that trusts nothing").into())
            }
        }
    }

    async fn settle(
        &self,
        batch: &Batch,
        turn: Option<&Turn<Settled>>,
    ) -> Result<Result<Vec<(i64, Outcome)>, Halt>, Error> {
        let target = Target {
            campaign: self.campaign,
            import: self.import,
            keys: &self.keys,
            now: self.context.now(),
        };
        let settled = self.context.db.run_bulk_unless("import_roster", |tx| {
            Box::pin(settle(tx, target, turn, batch))
        });
        settled.await
    }
}

/// Tells whether a row is there already: another import has loaded it, or this batch was committed and nobody heard of it.
fn is_there_already(error: &Error) -> bool {
    matches!(error, Error::Storage(db::Error::Unique { .. }))
}

fn new(outcomes: &[(i64, Outcome)]) -> i64 {
    let is_new = |outcome: &Outcome| matches!(outcome, Outcome::Accepted | Outcome::Merged);
    let new = outcomes.iter().filter(|(_, outcome)| is_new(outcome));
    i64::try_from(new.count()).unwrap_or(i64::MAX)
}
