//! Writing the codes of a chunk, one transaction a chunk.

use std::collections::BTreeSet;
use std::sync::Arc;

use sea_orm::ConnectionTrait;

use crate::codes::batch;
use crate::codes::batch::code_store::{Issued, Load, Owed};
use crate::codes::code::uniformity::Tally;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::code_batch;
use crate::kernel::ids::IndividualId;
use crate::kernel::turn::{Pass, Turn};

use super::batch::open_campaign;
use super::derive::derive_all;
use super::{Chunk, Filling, Means};

/// How often a chunk is derived anew when two of its codes are equal, or one equals another's: 70 bits make that a matter
/// of one in a hundred million campaigns of four million people.
const GENERATIONS: i32 = 3;

/// Why the transaction of a chunk was rolled back.
enum Halt {
    /// These have a code by now, and the rest must be counted without them.
    Overtaken(BTreeSet<IndividualId>),
    /// Another call went on with this batch and came to its end, and it may be sealed: who is new since then waits for the next
    /// one.
    Ended,
    /// The chunk before takes long: the turn must be awaited without a transaction.
    TooEarly,
}

impl Filling {
    /// Writes a chunk, passes the turn on, and gives how many codes were written.
    pub(crate) async fn write(
        self,
        means: Arc<Means>,
        chunk: Chunk,
        turn: Turn<i64>,
        pass: Pass<i64>,
    ) -> Result<i64, Error> {
        let Chunk {
            mut codes,
            mut tally,
            ..
        } = chunk;
        let mut generation = 1;
        loop {
            if codes.is_empty() {
                pass.on(turn.comes().await?);
                return Ok(0);
            }
            let holders = match self.load(&means, generation, (&codes, &tally), &turn).await {
                Ok(Ok(loaded)) => {
                    pass.on(turn.comes().await? + loaded);
                    return Ok(loaded);
                }
                Ok(Err(Halt::Ended)) => {
                    pass.on(turn.comes().await?);
                    return Ok(0);
                }
                Ok(Err(Halt::TooEarly)) => {
                    turn.comes().await?;
                    continue;
                }
                Ok(Err(Halt::Overtaken(holders))) => holders,
                Err(Error::Storage(error))
                    if error.is_unique("code_pkey") && generation < GENERATIONS =>
                {
                    // Somebody's code is there: their own, from another call, or an equal one of somebody else.
                    turn.comes().await?;
                    let read = self.context.db.read();
                    let holders = self.holders(read, &means, &codes, None).await?;
                    if holders.is_empty() {
                        generation += 1;
                    }
                    holders
                }
                Err(error) => return Err(error),
            };
            let rest = without(&codes, &holders);
            (codes, tally) = derive_all(&means, self.campaign, rest, generation).await?;
            for _ in 1..generation {
                tally.collided();
            }
        }
    }

    /// Loads the codes while the chunk before is still committed; then comes the chunk's turn, with it the campaign's lock, and
    /// under the lock the proof that nobody of the chunk has a code by now. The turn brings how many codes the campaign had when
    /// this issue began, and this since.
    async fn load(
        &self,
        means: &Means,
        generation: i32,
        (codes, tally): (&[Issued], &Tally),
        turn: &Turn<i64>,
    ) -> Result<Result<i64, Halt>, Error> {
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation,
        };
        let issued = self.context.db.run_bulk_unless("issue_codes", |tx| {
            Box::pin(async move {
                let loaded = batch::code_store::load(tx, load, codes).await?;
                let loaded = i64::try_from(loaded).unwrap_or(0);
                let Some(known) = turn.comes_soon().await? else {
                    return Ok(Err(Halt::TooEarly));
                };
                open_campaign(tx, load.campaign).await?;
                let batch = batch::store::lock(tx, load.campaign, load.batch).await?;
                let batch = batch.ok_or(Error::BatchNotFound)?;
                if batch.completed_at.is_some() {
                    return Ok(Err(Halt::Ended));
                }
                // The reading of the chunk asked before, and what counts is whether anybody has written since.
                if known != batch::store::all_codes(tx, load.campaign).await? {
                    let holders = self.holders(tx, means, codes, Some(load)).await?;
                    if !holders.is_empty() {
                        return Ok(Err(Halt::Overtaken(holders)));
                    }
                }
                let mut sum = tally_of(&batch)?;
                sum.add(tally);
                batch::store::grow(tx, load.campaign, load.batch, loaded, json_of(&sum)?).await?;
                Ok(Ok(loaded))
            })
        });
        issued.await
    }

    /// Tells who of a chunk has a code, but for those of this load.
    async fn holders(
        &self,
        connection: &impl ConnectionTrait,
        means: &Means,
        codes: &[Issued],
        but: Option<Load>,
    ) -> Result<BTreeSet<IndividualId>, Error> {
        let individuals = codes.iter().map(|code| code.owed.individual);
        let (Some(first), Some(last)) = (individuals.clone().min(), individuals.clone().max())
        else {
            return Ok(BTreeSet::new());
        };
        let of = (self.campaign, first, last);
        let mut holders = batch::code_store::holders(connection, of, &means.selection, but).await?;
        if !holders.is_empty() {
            let chunk: BTreeSet<IndividualId> = individuals.collect();
            holders.retain(|holder| chunk.contains(holder));
        }
        Ok(holders)
    }
}

fn without(codes: &[Issued], holders: &BTreeSet<IndividualId>) -> Vec<Owed> {
    let owed = codes.iter().map(|code| code.owed);
    owed.filter(|owed| !holders.contains(&owed.individual))
        .collect()
}

/// Reads what was counted of a batch's codes so far.
pub(crate) fn tally_of(batch: &code_batch::Model) -> Result<Tally, Error> {
    let Some(json) = &batch.uniformity else {
        return Ok(Tally::default());
    };
    let corrupt = |_| db::Error::corrupt("code_batch.uniformity");
    Ok(serde_json::from_str(json).map_err(corrupt)?)
}

/// Writes what was counted.
pub(crate) fn json_of<T: serde::Serialize>(counted: &T) -> Result<String, Error> {
    let corrupt = |_| db::Error::corrupt("code_batch.uniformity");
    Ok(serde_json::to_string(counted).map_err(corrupt)?)
}
