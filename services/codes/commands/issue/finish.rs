//! The end of an issue: honey codes among the others, the figures of the self-test, and no more codes.
//!
//! A honey code belongs to nobody. Printed in letters to nobody but the operator's own people (what mail houses call seed
//! names), or not printed at all, it is used by nobody who came by it honestly.

use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::code_batch;
use crate::kernel::ids::IndividualId;

use super::load::{json_of, tally_of};
use super::{Issue, Means};
use crate::codes::code::derive;
use crate::codes::error::Error;
use crate::codes::store;
use crate::codes::store::code::{HONEY, Issued, Load, Owed};

/// Honey codes in a batch; a smaller batch has as many as others.
const HONEY_CODES: i64 = 8;
/// What a letter within the contiguous U.S. proves; a honey code proves nothing, but looks like one.
const PROOF_DAYS: i32 = 21;

impl Issue {
    pub(super) async fn finish(&self, means: &Means) -> Result<code_batch::Model, Error> {
        let (campaign, batch, now) = (self.campaign, self.batch, self.ctx.now());
        let random: Vec<u128> = (0..HONEY_CODES)
            .map(|_| u128::from_be_bytes(self.ctx.ids.random()))
            .collect();
        let random = &random;
        let done = self.ctx.db.run_tx("complete_batch", |tx| {
            Box::pin(async move {
                let row = store::batch::lock(tx, campaign, batch)
                    .await?
                    .ok_or(Error::BatchNotFound)?;
                if row.completed_at.is_some() {
                    return Ok(());
                }
                let count = usize::try_from(row.codes.min(HONEY_CODES)).unwrap_or(0);
                let ends = store::code::ends(tx, campaign).await?;
                if let Some(ends) = ends {
                    let nobodies = random.iter().take(count).map(|at| between(ends, *at));
                    self.plant(tx, means, nobodies).await?;
                }
                let figures = json_of(&tally_of(&row)?.figures())?;
                Ok::<_, Error>(store::batch::complete(tx, campaign, batch, figures, now).await?)
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
                proof_days: PROOF_DAYS,
            },
        };
        let mut codes: Vec<Issued> = nobodies.map(code).collect();
        codes.sort_unstable_by_key(|code| code.mac);
        let load = Load {
            campaign: self.campaign,
            batch: self.batch,
            generation: HONEY,
        };
        store::code::load(tx, load, &codes).await?;
        Ok(())
    }
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
