//! One thing to tell one partner.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId};

/// A row of `handoff`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HandoffId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The person.
    pub individual_id: IndividualId,
    /// The partner.
    pub partner_id: PartnerId,
    /// `ENROLL` or `CANCEL`.
    pub kind: String,
    /// The product.
    pub product_code: String,
    /// Calendar months of monitoring.
    pub term_months: i32,
    /// Where it stands.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// Not to be offered before.
    pub not_before: Timestamp,
    /// Who works on it.
    pub lease_owner: Option<String>,
    /// The lease, for settling.
    pub lease_token: Option<Uuid>,
    /// When the lease ends.
    pub lease_expires_at: Option<Timestamp>,
    /// W3C `traceparent` of the call that made it.
    pub trace_context: Option<String>,
    /// The partner's own reference.
    pub partner_reference: Option<String>,
    /// What the partner said, by class.
    pub outcome_class: Option<String>,
    /// Why it was given up.
    pub dead_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When the partner acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
