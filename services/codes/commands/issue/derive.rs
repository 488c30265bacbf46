//! Deriving the codes of a chunk, beside the database's work.

use std::sync::Arc;

use crate::kernel::combine::Rejected;
use crate::kernel::ids::{CampaignId, IndividualId};

use super::{Chunk, Issue, Means};
use crate::codes::code::derive;
use crate::codes::code::uniformity::Tally;
use crate::codes::error::Error;
use crate::codes::store;
use crate::codes::store::code::{Issued, Owed};

impl Issue {
    /// Reads the next individuals and derives the codes of those who have none.
    pub(super) async fn prepare(
        &self,
        means: &Arc<Means>,
        after: IndividualId,
        limit: u64,
    ) -> Result<Chunk, Error> {
        let read = self.ctx.db.read();
        let owed = store::code::owed(read, self.campaign, &means.selection, after, limit);
        let mut owed = owed.await?;
        let ends = owed.first().zip(owed.last());
        let Some((first, last)) = ends.map(|(first, last)| (first.individual, last.individual))
        else {
            return Ok(Chunk::default());
        };
        let of = (self.campaign, first, last);
        let holders = store::code::holders(read, of, &means.selection, None).await?;
        if !holders.is_empty() {
            owed.retain(|owed| !holders.contains(&owed.individual));
        }
        let (codes, tally) = derive_all(means, self.campaign, owed, 1).await?;
        Ok(Chunk {
            last: Some(last),
            codes,
            tally,
        })
    }
}

/// Derives the codes of individuals, sorted by their MACs, and counts their symbols.
pub(super) async fn derive_all(
    means: &Arc<Means>,
    campaign: CampaignId,
    owed: Vec<Owed>,
    generation: i32,
) -> Result<(Vec<Issued>, Tally), Error> {
    let means = Arc::clone(means);
    let derive = move || {
        let mut tally = Tally::default();
        let codes = means.secret.codes(campaign);
        let stored = derive::Stored::new(&means.key, campaign);
        let issued = owed.into_iter().map(|owed| {
            let code = codes.code(owed.individual, generation);
            tally.count(&code);
            Issued {
                mac: stored.mac(&code),
                owed,
            }
        });
        let mut issued: Vec<Issued> = issued.collect();
        issued.sort_unstable_by_key(|code| code.mac);
        (issued, tally)
    };
    tokio::task::spawn_blocking(derive)
        .await
        .map_err(|_| Error::Combined(Rejected::Lost))
}
