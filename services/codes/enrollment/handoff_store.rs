//! The outbox to the process `bureau-handoff`: codes inserts, handoff does the rest.

use sea_orm::{EntityTrait, NotSet, Set};

use crate::db::entities::handoff::{ActiveModel, Entity};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId};

/// A withdrawal on its way to the partner.
#[derive(Clone, Debug)]
pub struct Cancellation {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its own id.
    pub id: HandoffId,
    /// What is withdrawn.
    pub enrollment: EnrollmentId,
    /// Whose.
    pub individual: IndividualId,
    /// From whom.
    pub partner: PartnerId,
    /// The product.
    pub product: String,
    /// The term in calendar months.
    pub term_months: i32,
    /// The trace that goes on at the partner.
    pub trace: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// Queues a withdrawal.
pub async fn queue_cancel(tx: &Tx<'_>, cancel: &Cancellation) -> Result<(), db::Error> {
    let row = ActiveModel {
        campaign_id: Set(cancel.campaign),
        id: Set(cancel.id),
        enrollment_id: Set(cancel.enrollment),
        individual_id: Set(cancel.individual),
        partner_id: Set(cancel.partner),
        kind: Set("CANCEL".to_owned()),
        product_code: Set(cancel.product.clone()),
        term_months: Set(cancel.term_months),
        state: Set("QUEUED".to_owned()),
        attempts: Set(0),
        not_before: Set(cancel.at),
        lease_owner: NotSet,
        lease_token: NotSet,
        lease_expires_at: NotSet,
        trace_context: Set(cancel.trace.clone()),
        partner_reference: NotSet,
        outcome_class: NotSet,
        dead_reason: NotSet,
        created_at: Set(cancel.at),
        sent_at: NotSet,
        acknowledged_at: NotSet,
        settled_at: NotSet,
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
