//! The audit trail: events written in the same transaction as the act, never changed, never deleted.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AuditId, CampaignId};

use super::entities::audit_event;
use super::error::Error;
use super::metrics;
use super::tx::Tx;

/// The rows of one INSERT.
const ROWS: usize = 500;

/// Who did what to which thing. Nothing personal: ids, words from closed vocabularies, counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's id, made outside the transaction, so that running it again writes the event once.
    pub id: AuditId,
    /// The campaign, if it concerns one.
    pub campaign_id: Option<CampaignId>,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: the caller as `role/name`, with the agent behind it if there is one.
    pub actor: String,
    /// What was done, as in `enrollment.completed`.
    pub action: &'static str,
    /// To what kind of thing, as in `enrollment`.
    pub subject_kind: &'static str,
    /// To which one.
    pub subject_id: Option<Uuid>,
    /// What else an auditor must know.
    pub detail: Value,
}

/// Writes events, each once however often the transaction runs.
pub async fn record(tx: &Tx<'_>, events: &[Event]) -> Result<(), Error> {
    for events in events.chunks(ROWS) {
        let rows = events.iter().map(|event| row(tx, event));
        let same = OnConflict::column(audit_event::Column::Id)
            .do_nothing()
            .to_owned();
        audit_event::Entity::insert_many(rows)
            .on_conflict(same)
            .exec_without_returning(tx)
            .await?;
    }
    metrics::audited(events.len());
    Ok(())
}

fn row(tx: &Tx<'_>, event: &Event) -> audit_event::ActiveModel {
    audit_event::ActiveModel {
        id: Set(event.id),
        process: Set(tx.process().as_str().to_owned()),
        campaign_id: Set(event.campaign_id),
        at: Set(event.at),
        actor: Set(event.actor.clone()),
        action: Set(event.action.to_owned()),
        subject_kind: Set(event.subject_kind.to_owned()),
        subject_id: Set(event.subject_id),
        detail: Set(event.detail.to_string()),
    }
}
