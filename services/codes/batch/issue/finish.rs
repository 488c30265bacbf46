//! The end of an issue: honey codes among the others, and no more codes.
//!
//! A honey code belongs to nobody. Printed in letters to nobody but the operator's own people (what mail houses call seed
//! names), or not printed at all, it is known to nobody who has a right to use it.

use serde_json::json;
use uuid::Uuid;

use crate::codes::batch::code_store::{HONEY, Issued, Load, Owed};
use crate::codes::code::derive;
use crate::codes::error::Error;
use crate::codes::{batch, wave};
use crate::db::entities::code_batch;
use crate::db::entities::individual::Population;
use crate::db::entities::wave::Kind;
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;
use crate::process::Act;

use super::filling::{Filling, Means};

/// Honey codes in a batch; a smaller batch has as many as others.
const HONEY_CODES: i64 = 8;
/// What a letter within the contiguous U.S. proves; a honey code proves nothing, but looks like one.
const PROOF_DAYS: i32 = 21;

impl Filling {
    pub(crate) async fn finish(&self, means: &Means) -> Result<code_batch::Model, Error> {
        let (campaign, batch, now) = (self.campaign, self.batch, self.context.now());
        let random: Vec<u128> = (0..HONEY_CODES)
            .map(|_| u128::from_be_bytes(self.context.ids.random()))
            .collect();
        let random = &random;
        let subject = ("batch", Some(batch.as_uuid()));
        let detail = json!({ "codes": 0 });
        let sealed = &(self.call).event(
            &self.context,
            Some(campaign),
            Act::of("codes.sealed", subject),
            detail,
        );
        let done = self.context.db.run_tx("complete_batch", |tx| {
            Box::pin(async move {
                let row = batch::store::lock(tx, campaign, batch)
                    .await?
                    .ok_or(Error::BatchNotFound)?;
                if row.completed_at.is_some() {
                    return Ok(());
                }
                let count = usize::try_from(row.codes.min(HONEY_CODES)).unwrap_or(0);
                let ends = batch::code_store::ends(tx, campaign).await?;
                if let Some(ends) = ends {
                    let nobodies = random.iter().take(count).map(|at| between(ends, *at));
                    self.plant(tx, means, nobodies).await?;
                }
                batch::store::complete(tx, campaign, batch, now).await?;
                if row.codes == 0 {
                    // It would wait for ever to be printed.
                    batch::store::seal(tx, campaign, batch, now).await?;
                    audit::record(tx, std::slice::from_ref(sealed)).await?;
                }
                Ok::<_, Error>(())
            })
        });
        done.await?;
        self.batch().await
    }

    async fn plant(
        &self,
        tx: &Tx<'_>,
        means: &Means,
        nobodies: impl Iterator<Item = IndividualId>,
    ) -> Result<(), Error> {
        let code = |individual| Issued {
            mac: derive::mac(
                &means.key,
                self.campaign,
                &means.secret.code(self.campaign, individual, HONEY),
            ),
            owed: Owed {
                individual,
                population: Population::Adult,
                proof_days: PROOF_DAYS,
            },
            without_code: false,
        };
        let mut codes: Vec<Issued> = nobodies.map(code).collect();
        codes.sort_unstable_by_key(|code| code.mac);
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation: HONEY,
        };
        batch::code_store::load(tx, load, &codes).await?;
        Ok(())
    }
}

/// Ends the adding of codes to a batch of reissues, so that it can be printed: the next reissue opens another one. The campaign
/// must be locked: reissues look for such batches under its lock.
///
/// # Errors
/// [`Error::BatchIncomplete`] for any other batch: its issue must come to its end first.
pub async fn finish_reissue(
    tx: &Tx<'_>,
    batch: code_batch::Model,
    now: Timestamp,
) -> Result<code_batch::Model, Error> {
    let (campaign, id) = (batch.campaign_id, batch.id);
    let wave = wave::store::get(tx, campaign, batch.wave_id).await?;
    if wave.ok_or(Error::WaveNotFound)?.kind != Kind::Reissue {
        return Err(Error::BatchIncomplete);
    }
    batch::store::complete(tx, campaign, id, now).await?;
    Ok(code_batch::Model {
        completed_at: Some(now),
        ..batch
    })
}

/// Makes an id that looks like one of the individuals between two: made at a moment between theirs.
fn between((first, last): (IndividualId, IndividualId), random: u128) -> IndividualId {
    const TIME: u32 = 80;
    let (from, to) = (
        first.as_uuid().as_u128() >> TIME,
        last.as_uuid().as_u128() >> TIME,
    );
    let at = from + (random >> TIME) % (to - from + 1);
    let mut id = uuid::Builder::from_u128(at << TIME | random & ((1 << TIME) - 1));
    id.set_version(uuid::Version::SortRand);
    id.set_variant(uuid::Variant::RFC4122);
    IndividualId::from_uuid(Uuid::from_u128(id.into_uuid().as_u128()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nobody_looks_like_an_individual_of_the_same_days() {
        let id = |text: &str| IndividualId::from_uuid(text.parse().unwrap());
        let first = id("01890000-0000-7000-8000-000000000001");
        let last = id("01890000-ffff-7000-8000-000000000001");
        for random in [0, u128::MAX, 0x1234_5678_9abc_def0_1234_5678_9abc_def0] {
            let uuid = between((first, last), random).as_uuid();
            assert_eq!(uuid.get_version_num(), 7);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            assert!(uuid.to_string().starts_with("01890000-"), "{uuid}");
        }
        let alone = between((first, first), u128::MAX).as_uuid();
        assert!(alone.to_string().starts_with("01890000-0000-7"));
    }
}
