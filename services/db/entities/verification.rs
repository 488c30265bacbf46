//! One attempt to verify who somebody is.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};

/// A row of `verification`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VerificationId,
    /// The person.
    pub individual_id: Option<IndividualId>,
    /// The enrollment.
    pub enrollment_id: Option<EnrollmentId>,
    /// `LETTER` or `LOOKUP`.
    pub path: String,
    /// Where it stands.
    pub state: String,
    /// The sum of weights in hundredths of a bit.
    pub score_centibits: i32,
    /// JSON: field, level and weight, never a value.
    pub waterfall: String,
    /// The caller.
    pub requested_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
