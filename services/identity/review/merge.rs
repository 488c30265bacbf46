//! Two individuals become one: who stays, and what goes over.

use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;

use crate::db::Tx;
use crate::db::entities::review::{Model, TakenOver};
use crate::db::entities::{individual, individual_history};
use crate::identity::error::Error;
use crate::identity::matching::address;
use crate::identity::matching::keys::Keys;
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::roster::doubt::{self, Doubt};
use crate::identity::roster::index::{self, Former};
use crate::identity::roster::moved::{self, Moved};
use crate::identity::roster::sealed::Sealed;
use crate::identity::roster::target::Target;
use crate::identity::roster::{letters, merge as records, store as roster, write};
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;
use crate::kernel::person_sealer::Place;

use super::store;
use super::work::Work;

/// What a merge came to.
pub(super) struct Merged {
    /// Who stays.
    pub kept: IndividualId,
    /// What went over.
    pub taken_over: TakenOver,
    /// Whether the other one had a letter printed.
    pub letter_out: bool,
}

/// An individual with the opened record.
struct Known {
    row: individual::Model,
    person: Person,
    salt: Vec<u8>,
}

/// Merges the two of a review.
pub(super) async fn merge(tx: &Tx<'_>, work: &Work<'_>, review: &Model) -> Result<Merged, Error> {
    let pair = [review.other_id, review.individual_id];
    let [earlier, later] = [
        known(tx, work, pair[0]).await?,
        known(tx, work, pair[1]).await?,
    ];
    let printed = printed(tx, work, &pair).await?;
    let kept = who_stays(tx, work, pair, &printed).await?;
    let (kept, gone) = if kept == earlier.row.id {
        (earlier, later)
    } else {
        (later, earlier)
    };
    let before = index::of_individual(tx, work.campaign, kept.row.id).await?;
    take_over(tx, work, review, &kept, &gone).await?;
    let mut former = take_over_keys(tx, work, (gone.row.id, kept.row.id)).await?;
    let mut added = index::of_individual(tx, work.campaign, kept.row.id).await?;
    added.retain(|(description, _)| before.iter().all(|(known, _)| known != description));
    former.retain(|(description, _)| *description != 0);
    let references = store::references(tx, work.campaign, gone.row.id).await?;
    let over = (gone.row.id, kept.row.id);
    store::move_references(tx, work.campaign, &references, over).await?;
    roster::take_off_list(tx, work.campaign, &[gone.row.id], work.now).await?;
    pass_on_doubts(tx, work, review, over).await?;
    Ok(Merged {
        kept: kept.row.id,
        taken_over: TakenOver {
            references,
            population: kept.row.population,
            returned: kept.row.returned,
            added: added.iter().map(|(description, _)| *description).collect(),
            former: former
                .iter()
                .map(|(description, keys)| (*description, keys.columns().to_vec()))
                .collect(),
        },
        letter_out: printed.contains(&gone.row.id),
    })
}

async fn known(tx: &Tx<'_>, work: &Work<'_>, id: IndividualId) -> Result<Known, Error> {
    let row = roster::individual(tx, work.campaign, id).await?;
    let row = row.ok_or(Error::IndividualErased)?;
    if row.withdrawn_at.is_some() {
        return Err(Error::ReviewState {
            state: "NOT_ON_THE_LIST",
        });
    }
    let person = decrypt(&work.keys.sealer, &row)?;
    let (person, salt) = person
        .zip(row.salt.clone())
        .ok_or(Error::IndividualErased)?;
    Ok(Known { row, person, salt })
}

/// Gives who of these had a letter printed.
async fn printed(
    tx: &Tx<'_>,
    work: &Work<'_>,
    people: &[IndividualId],
) -> Result<Vec<IndividualId>, Error> {
    let letters = letters::of(tx, work.campaign, people).await?.into_iter();
    let printed = letters.filter(|(_, letter)| letter.printed_at.is_some());
    Ok(printed.map(|(id, _)| id).collect())
}

/// Whoever has an enrollment stays, or else whoever had a letter, or else whoever was known first: so as little as possible changes for the
/// person. Two enrollments are not for this process to choose between.
async fn who_stays(
    tx: &Tx<'_>,
    work: &Work<'_>,
    [earlier, later]: [IndividualId; 2],
    printed: &[IndividualId],
) -> Result<IndividualId, Error> {
    let live = store::live_enrollments(tx, work.campaign, [earlier, later]).await?;
    let has = |id: IndividualId| live.iter().any(|(of, _)| *of == id);
    match (has(earlier), has(later)) {
        (true, true) => Err(Error::BothEnrolled),
        (false, true) => Ok(later),
        (false, false) if printed.contains(&later) && !printed.contains(&earlier) => Ok(later),
        (true | false, false) => Ok(earlier),
    }
}

/// Writes what both records had into that of the one who stays, and keeps what it was.
async fn take_over(
    tx: &Tx<'_>,
    work: &Work<'_>,
    review: &Model,
    kept: &Known,
    gone: &Known,
) -> Result<(), Error> {
    let mut person = kept.person.clone();
    records::enrich(&mut person, &gone.person);
    // No letter reaches the one who stays, or must not go where that one is known.
    let is_reached = |one: &Known| !one.row.returned && address::is_mailable(&one.person);
    let is_sought = !is_reached(kept) && is_reached(gone);
    let is_confidential = gone.person.confidential && !kept.person.confidential;
    let has_moved = (is_sought || is_confidential) && records::move_to(&mut person, &gone.person);
    records::keep_beside(&mut person, &gone.person);
    let population = records::join_population(
        (kept.row.population, gone.row.population),
        &person,
        work.today,
    );
    let sealed = Sealed {
        moved: has_moved,
        ..Sealed::of(kept.row.id, &kept.salt, &person, population, work.keys)
    };
    write::update(tx, work.campaign, &[sealed]).await?;
    if has_moved {
        let target = Target {
            campaign: work.campaign,
            import: review.import_id,
            keys: work.keys,
            ids: &work.context.ids,
            now: work.now,
            today: work.today,
            actor: work.actor,
            complete: false,
        };
        let to = Moved::to(kept.row.id, &person, work.keys);
        moved::record(tx, target, &[to]).await?;
    }
    let place = Place::history_of(kept.row.id);
    let before = individual_history::Model {
        campaign_id: work.campaign,
        individual_id: kept.row.id,
        changed_at: work.now,
        changed_by: work.actor.to_owned(),
        import_id: review.import_id,
        fields: json!(["merged"]).to_string(),
        sealed: Some(work.keys.sealer.seal_at(place, &kept.salt, &kept.person)),
    };
    individual_history::Entity::insert(before.into_active_model())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Whoever would have found the one who is gone finds the one who stays. Gives how the one who is gone was described.
async fn take_over_keys(
    tx: &Tx<'_>,
    work: &Work<'_>,
    (gone, kept): (IndividualId, IndividualId),
) -> Result<Vec<(i64, Keys)>, Error> {
    let now = index::of_individual(tx, work.campaign, kept).await?;
    let described = index::of_individual(tx, work.campaign, gone).await?;
    let now = now.first().map(|(_, keys)| *keys).unwrap_or_default();
    let beside = described.iter().filter_map(|(_, keys)| keys.beside(&now));
    let former: Vec<Former> = beside.map(|keys| Former::of(kept, keys)).collect();
    index::add_former(tx, work.campaign, &former).await?;
    index::remove(tx, work.campaign, gone).await?;
    Ok(described)
}

/// Whoever may be the one who is gone may be the one who stays.
async fn pass_on_doubts(
    tx: &Tx<'_>,
    work: &Work<'_>,
    review: &Model,
    (gone, kept): (IndividualId, IndividualId),
) -> Result<(), Error> {
    let open = store::open_of(tx, work.campaign, gone).await?;
    let others = open.iter().filter(|row| row.id != review.id);
    let doubts = others.map(|row| {
        let third = if row.individual_id == gone {
            row.other_id
        } else {
            row.individual_id
        };
        let waterfall: Waterfall = serde_json::from_str(&row.waterfall)
            .map_err(|_| crate::db::Error::corrupt("review.waterfall"))?;
        Ok(Doubt::of(kept, third, waterfall).entry(&work.context.ids))
    });
    let entries: Vec<_> = doubts.collect::<Result<_, crate::db::Error>>()?;
    let seen = (review.import_id, work.now);
    doubt::list(tx, work.campaign, seen, &entries).await
}
