//! Writing the codes of a chunk, one transaction a chunk.

use std::collections::BTreeSet;
use std::sync::Arc;

use sea_orm::ConnectionTrait;

use crate::codes::batch;
use crate::codes::batch::code_store::{Issued, Load, Owed};
use crate::codes::campaign::store as campaigns;
use crate::codes::error::Error;
use crate::kernel::ids::IndividualId;

use super::derive::derive_all;
use super::filling::{Chunk, Filling, Means};

/// How often a chunk is derived anew when two of its codes are equal, or one equals another's: 70 bits make that a matter
/// of one in a hundred million campaigns of four million people.
const GENERATIONS: i32 = 3;

/// What became of a chunk.
pub(crate) enum Written {
    /// The batch has so many codes now.
    InBatch(i64),
    /// Another call went on with this batch and came to its end, and it may be sealed: who is new since then waits for the next
    /// one.
    Ended,
}

impl Filling {
    /// Writes a chunk, with codes of a further generation where two codes are equal.
    pub(crate) async fn write(&self, means: &Arc<Means>, chunk: Chunk) -> Result<Written, Error> {
        let Chunk { mut codes, .. } = chunk;
        let mut generation = 1;
        loop {
            match self.load(means, generation, &codes).await {
                Err(Error::Storage(error))
                    if error.is_unique("code_pkey") && generation < GENERATIONS =>
                {
                    generation += 1;
                    let owed = codes.iter().map(|code| code.owed).collect();
                    codes = derive_all(means, self.campaign, owed, generation).await?;
                }
                written => return written,
            }
        }
    }

    async fn load(
        &self,
        means: &Arc<Means>,
        generation: i32,
        codes: &[Issued],
    ) -> Result<Written, Error> {
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation,
        };
        let written = self.context.db.run_bulk("issue_codes", |tx| {
            Box::pin(async move {
                campaigns::lock_open(tx, load.campaign).await?;
                let batch = batch::store::lock(tx, load.campaign, load.batch).await?;
                let batch = batch.ok_or(Error::BatchNotFound)?;
                if batch.completed_at.is_some() {
                    return Ok(Written::Ended);
                }
                // Whoever got a code since the chunk was read, also from this very transaction if it was committed unheard.
                let holders = self.holders(tx, means, codes).await?;
                let rest;
                let codes = if holders.is_empty() {
                    codes
                } else {
                    let owed = without(codes, &holders);
                    rest = derive_all(means, load.campaign, owed, generation).await?;
                    rest.as_slice()
                };
                let loaded = batch::code_store::load(tx, load, codes).await?;
                let loaded = i64::try_from(loaded).unwrap_or(0);
                batch::store::grow(tx, load.campaign, load.batch, loaded).await?;
                Ok::<_, Error>(Written::InBatch(batch.codes + loaded))
            })
        });
        written.await
    }

    /// Tells who of a chunk has a code.
    async fn holders(
        &self,
        connection: &impl ConnectionTrait,
        means: &Means,
        codes: &[Issued],
    ) -> Result<BTreeSet<IndividualId>, Error> {
        let individuals = codes.iter().map(|code| code.owed.individual);
        let (Some(first), Some(last)) = (individuals.clone().min(), individuals.clone().max())
        else {
            return Ok(BTreeSet::new());
        };
        let of = (self.campaign, first, last);
        let mut holders = batch::code_store::holders(connection, of, &means.selection).await?;
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
