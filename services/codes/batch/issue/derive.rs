//! Deriving the codes of a chunk, beside the database's work.

use std::sync::Arc;

use crate::codes::batch;
use crate::codes::batch::code_store::{Issued, Owed};
use crate::codes::code::derive;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::wave::store::Selection;
use crate::kernel::combine::Rejected;
use crate::kernel::ids::{CampaignId, IndividualId};

use super::filling::{Chunk, Filling, Means};

impl Filling {
    /// Reads the next individuals and derives the codes of those who have none.
    pub(crate) async fn prepare(
        &self,
        means: &Arc<Means>,
        after: IndividualId,
    ) -> Result<Chunk, Error> {
        let selection = &means.selection;
        let (last, owed) =
            uncoded(&self.context, self.campaign, selection, after, self.chunk).await?;
        if last.is_none() {
            return Ok(Chunk::default());
        }
        let codes = derive_all(means, self.campaign, owed, 1).await?;
        Ok(Chunk { last, codes })
    }
}

/// Reads the next individuals who are owed a letter; gives the last of them, none where there is nobody, and those who have no
/// code.
pub(crate) async fn uncoded(
    context: &Context,
    campaign: CampaignId,
    selection: &Selection,
    after: IndividualId,
    limit: u64,
) -> Result<(Option<IndividualId>, Vec<Owed>), Error> {
    let read = context.db.read();
    let mut owed = batch::code_store::owed(read, campaign, selection, after, limit).await?;
    let ends = owed.first().zip(owed.last());
    let Some((first, last)) = ends.map(|(first, last)| (first.individual, last.individual)) else {
        return Ok((None, owed));
    };
    let holders = batch::code_store::holders(read, (campaign, first, last), selection).await?;
    if !holders.is_empty() {
        owed.retain(|owed| !holders.contains(&owed.individual));
    }
    Ok((Some(last), owed))
}

/// Derives the codes of individuals, sorted by their MACs.
pub(crate) async fn derive_all(
    means: &Arc<Means>,
    campaign: CampaignId,
    owed: Vec<Owed>,
    generation: i32,
) -> Result<Vec<Issued>, Error> {
    let means = Arc::clone(means);
    let derive = move || {
        let codes = means.secret.codes(campaign);
        let stored = derive::Stored::new(&means.key, campaign);
        let issued = owed.into_iter().map(|owed| Issued {
            mac: stored.mac(&codes.code(owed.individual, generation)),
            without_code: !means.with_product.contains(&owed.population),
            owed,
        });
        let mut issued: Vec<Issued> = issued.collect();
        issued.sort_unstable_by_key(|code| code.mac);
        issued
    };
    tokio::task::spawn_blocking(derive)
        .await
        .map_err(|_| Rejected::Lost.into())
}
