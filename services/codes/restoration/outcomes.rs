//! Applies what partners report about restorations. They come on the same way as those of enrollments, and bear the restoration's id in the
//! place of the enrollment's.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::codes::error::Error;
use crate::db::Tx;
use crate::db::entities::outcome::Model as Outcome;
use crate::db::entities::restoration::{Model, State};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

use super::state::{decided, is_over};
use super::store;

/// The restorations that a batch of outcomes may be about.
pub struct Restorations {
    rows: BTreeMap<(CampaignId, Uuid), Model>,
    changed: BTreeSet<(CampaignId, Uuid)>,
}

impl Restorations {
    /// Locks them.
    pub async fn lock(tx: &Tx<'_>, keys: &BTreeSet<(CampaignId, Uuid)>) -> Result<Self, Error> {
        let rows = store::lock(tx, keys).await?.into_iter();
        let rows = rows.map(|row| ((row.campaign_id, row.id.as_uuid()), row));
        Ok(Self {
            rows: rows.collect(),
            changed: BTreeSet::new(),
        })
    }

    /// Applies an outcome that is about no enrollment, or says why it does not fit.
    pub fn apply(
        &mut self,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Option<&'static str>, Error> {
        let key = (outcome.campaign_id, outcome.enrollment_id.as_uuid());
        let Some(row) = self.rows.get_mut(&key) else {
            return Ok(Some("NO_ENROLLMENT"));
        };
        let is_correction = outcome.revision > row.revision;
        let Some(state) = decided(row.state, outcome.decision()?, is_correction) else {
            return Ok(Some(row.state.into()));
        };
        row.state = state;
        row.outcome_class = outcome.outcome_class;
        row.native_code.clone_from(&outcome.native_code);
        row.revision = outcome.revision.max(row.revision);
        row.settled_at = is_over(state).then_some(now);
        if state == State::Open {
            row.opened_at.get_or_insert(outcome.effective_at);
        }
        self.changed.insert(key);
        Ok(None)
    }

    /// Writes what has changed.
    pub async fn write(&self, tx: &Tx<'_>) -> Result<(), Error> {
        for key in &self.changed {
            if let Some(row) = self.rows.get(key) {
                store::change(tx, row).await?;
            }
        }
        Ok(())
    }
}
