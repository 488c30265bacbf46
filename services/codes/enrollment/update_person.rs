//! Telling the partners of coverages that run the person's data as they are now.
//!
//! A coverage has one handoff of kind UPDATE_PERSON, which is ordered again each time: by a row of `resubmission`, which `bureau-handoff` takes.
//! The data are read when it is sent, so one that still waits needs no other order. Taken or not, it never changes the coverage.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::db::entities::coverage::Model as Coverage;
use crate::db::entities::handoff::{Column, Entity, Kind, Model as Handoff, Queued};
use crate::db::entities::resubmission::Model as Resubmission;
use crate::db::{self, Tx};
use crate::kernel::ids::{CoverageId, Ids};

use super::order::FollowUp;
use super::store;

/// Coverages of one person, who has new data.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The coverages; their enrollment is locked.
    pub coverages: Vec<Coverage>,
    /// Whose they are, and when.
    pub follow_up: FollowUp<'a>,
    /// W3C `traceparent` of the call.
    pub trace: Option<&'a str>,
}

/// Queues what tells the partners, or has it ordered again.
pub async fn queue(tx: &Tx<'_>, ids: &Ids, update: &Update<'_>) -> Result<(), db::Error> {
    let before = told_before(tx, update).await?;
    let known: HashSet<CoverageId> = before.iter().map(|it| it.coverage_id).collect();
    let trace = || update.trace.map(str::to_owned);
    let first = update.coverages.iter().filter(|it| !known.contains(&it.id));
    let first = first.map(|coverage| Queued {
        trace: trace(),
        ..update.follow_up.update_person(coverage, ids.next())
    });
    let first: Vec<Queued> = first.collect();
    store::queue(tx, Kind::UpdatePerson, &first).await?;
    let again = before.iter().map(|handoff| Resubmission {
        campaign_id: handoff.campaign_id,
        handoff_id: handoff.id,
        order_attempt: handoff.order_attempt + 1,
        trace_context: trace(),
        created_at: update.follow_up.at,
    });
    let again: Vec<Resubmission> = again.collect();
    if !again.is_empty() {
        let insert = Resubmission::insert(tx.backend(), &again);
        tx.execute_raw(insert).await?;
    }
    Ok(())
}

/// Gives the handoffs by which the partners were told before.
async fn told_before(tx: &Tx<'_>, update: &Update<'_>) -> Result<Vec<Handoff>, db::Error> {
    let Some(one) = update.coverages.first() else {
        return Ok(Vec::new());
    };
    let query = Entity::find()
        .filter(Column::CampaignId.eq(one.campaign_id))
        .filter(Column::CoverageId.is_in(update.coverages.iter().map(|it| it.id)))
        .filter(Column::Kind.eq(Kind::UpdatePerson));
    Ok(query.all(tx).await?)
}
