//! Writing the codes of a chunk, one transaction a chunk.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db;
use crate::db::entities::code_batch;
use crate::kernel::ids::IndividualId;

use super::batch::open_campaign;
use super::derive::derive_all;
use super::{Chunk, Issue, Means};
use crate::codes::code::uniformity::Tally;
use crate::codes::error::Error;
use crate::codes::state::batch::State;
use crate::codes::store;
use crate::codes::store::code::{Issued, Load, Owed};

/// How often a chunk is derived anew when two of its codes are equal, or one equals another's: 70 bits make that a matter
/// of one in a hundred million campaigns of four million people.
const GENERATIONS: i32 = 3;

/// What a transaction did with a chunk.
enum Loaded {
    /// So many codes are written.
    All(i64),
    /// Nothing: these have a code by now, and the rest must be counted without them.
    Overtaken(BTreeSet<IndividualId>),
}

impl Issue {
    pub(super) async fn write(&self, means: &Arc<Means>, chunk: Chunk) -> Result<i64, Error> {
        let Chunk {
            mut owed,
            mut codes,
            mut tally,
            ..
        } = chunk;
        let mut generation = 1;
        loop {
            match self.load(means, generation, &codes, &tally).await {
                Ok(Loaded::All(loaded)) => return Ok(loaded),
                Ok(Loaded::Overtaken(holders)) => {
                    let rest = owed
                        .iter()
                        .filter(|owed| !holders.contains(&owed.individual));
                    owed = Arc::new(rest.copied().collect::<Vec<Owed>>());
                }
                Err(Error::Storage(error))
                    if error.is_unique("code_pkey") && generation < GENERATIONS =>
                {
                    generation += 1;
                }
                Err(error) => return Err(error),
            }
            (codes, tally) = derive_all(means, self.campaign, &owed, generation).await?;
            for _ in 1..generation {
                tally.collided();
            }
        }
    }

    async fn load(
        &self,
        means: &Means,
        generation: i32,
        codes: &[Issued],
        tally: &Tally,
    ) -> Result<Loaded, Error> {
        let individuals = codes.iter().map(|code| code.owed.individual);
        let (Some(first), Some(last)) = (individuals.clone().min(), individuals.max()) else {
            return Ok(Loaded::All(0));
        };
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation,
        };
        let issued = self.ctx.db.run_bulk("issue_codes", |tx| {
            Box::pin(async move {
                open_campaign(tx, load.campaign).await?;
                let batch = store::batch::lock(tx, load.campaign, load.batch)
                    .await?
                    .ok_or(Error::BatchNotFound)?;
                if State::parse(&batch.state)? == State::Sealed {
                    return Err(Error::BatchSealed);
                }
                // Another call went on with this batch and came to its end: who is new since then waits for the next one.
                if batch.completed_at.is_some() {
                    return Ok(Loaded::All(0));
                }
                let holders =
                    store::code::holders(tx, load.campaign, &means.selection, (first, last))
                        .await?;
                if codes
                    .iter()
                    .any(|code| holders.contains(&code.owed.individual))
                {
                    return Ok(Loaded::Overtaken(holders));
                }
                let loaded = store::code::load(tx, load, codes).await?;
                let loaded = i64::try_from(loaded).unwrap_or(0);
                let mut sum = tally_of(&batch)?;
                sum.add(tally);
                store::batch::grow(tx, load.campaign, load.batch, loaded, json_of(&sum)?).await?;
                Ok::<_, Error>(Loaded::All(loaded))
            })
        });
        issued.await
    }
}

/// Reads what was counted of a batch's codes so far.
pub(super) fn tally_of(batch: &code_batch::Model) -> Result<Tally, Error> {
    let Some(json) = &batch.uniformity else {
        return Ok(Tally::default());
    };
    let corrupt = |_| db::Error::corrupt("code_batch.uniformity");
    Ok(serde_json::from_str(json).map_err(corrupt)?)
}

/// Writes what was counted.
pub(super) fn json_of<T: serde::Serialize>(counted: &T) -> Result<String, Error> {
    let corrupt = |_| db::Error::corrupt("code_batch.uniformity");
    Ok(serde_json::to_string(counted).map_err(corrupt)?)
}
