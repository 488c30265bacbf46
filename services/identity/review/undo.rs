//! A merge is taken back: references and counts are as they were before.

use std::sync::Arc;

use crate::db;
use crate::db::Tx;
use crate::db::entities::individual_history;
use crate::db::entities::review::{Model, TakenOver};
use crate::identity::error::{self, Error};
use crate::identity::mail::store as mail;
use crate::identity::matching::keys::Keys;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::roster::index::{self, Former};
use crate::identity::roster::sealed::Sealed;
use crate::identity::roster::{store as roster, write};
use crate::kernel::ids::IndividualId;
use crate::kernel::person_sealer::Place;

use super::store;
use super::work::Work;

/// Takes back the merge of a review. Tells whether the record of the one who stayed is as it was before.
pub(super) async fn undo(tx: &Tx<'_>, work: &Work<'_>, review: &Model) -> Result<bool, Error> {
    let kept = review.kept_id.ok_or_else(corrupt)?;
    let gone = if kept == review.individual_id {
        review.other_id
    } else {
        review.individual_id
    };
    let before = review.taken_over()?;
    let back = (kept, gone);
    store::move_references(tx, work.campaign, &before.references, back).await?;
    // Whoever stayed went over to somebody else since: that merge is taken back first.
    if store::references(tx, work.campaign, kept).await?.is_empty() {
        return Err(Error::ReviewState {
            state: "MERGED_AGAIN",
        });
    }
    relist(tx, work, gone).await?;
    let restored = restore(tx, work, (review, &before), kept).await?;
    // Under the keys of the one who was gone that one is found again.
    index::remove_former(tx, work.campaign, kept, &before.added).await?;
    let former = before.former.iter().map(|(_, columns)| {
        let keys = Keys::of(|of| columns.get(of as usize).copied().flatten());
        Former::of(gone, keys)
    });
    index::add_former(tx, work.campaign, &former.collect::<Vec<_>>()).await?;
    Ok(restored)
}

fn corrupt() -> db::Error {
    db::Error::corrupt("review.kept_id")
}

/// Puts the one who was gone on the list again, unless every covered entity took that listing off it meanwhile.
async fn relist(tx: &Tx<'_>, work: &Work<'_>, gone: IndividualId) -> Result<(), Error> {
    let entities = roster::entities_of(tx, work.campaign, &[gone]).await?;
    let row = roster::individual(tx, work.campaign, gone).await?;
    let row = row.ok_or(Error::IndividualErased)?;
    let person = decrypt(&work.keys.sealer, &row)?;
    let (person, salt) = person
        .zip(row.salt.as_ref())
        .ok_or(Error::IndividualErased)?;
    let sealed = Sealed {
        relisted: entities.contains_key(&gone),
        ..Sealed::of(gone, salt, &person, row.population, work.keys)
    };
    let sealed = Arc::new(sealed);
    index::insert(tx, work.campaign, std::slice::from_ref(&sealed)).await?;
    write::update(tx, work.campaign, &[Sealed::clone(&sealed)]).await
}

/// Writes the record of before the merge, if it is the last thing that changed it.
async fn restore(
    tx: &Tx<'_>,
    work: &Work<'_>,
    (review, were): (&Model, &TakenOver),
    kept: IndividualId,
) -> Result<bool, Error> {
    let row = roster::individual(tx, work.campaign, kept).await?;
    let change = store::last_change(tx, work.campaign, kept).await?;
    let change = change.filter(|change| Some(change.changed_at) == review.decided_at);
    let (
        Some(row),
        Some(individual_history::Model {
            sealed: Some(sealed),
            ..
        }),
    ) = (row, change)
    else {
        return Ok(false);
    };
    let salt = row.salt.as_ref().ok_or(Error::IndividualErased)?;
    let place = Place::history_of(kept);
    let before = work.keys.sealer.open_at(place, salt, &sealed);
    let before = before.map_err(error::unreadable)?;
    let sealed = Sealed::of(kept, salt, &before, were.population, work.keys);
    write::update(tx, work.campaign, &[sealed]).await?;
    if were.returned {
        mail::mark_returned(tx, work.campaign, &[kept]).await?;
    }
    Ok(true)
}
