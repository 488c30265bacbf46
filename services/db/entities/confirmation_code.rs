//! A confirmation code sent to a contact from the roster.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ConfirmationId, VerificationId};

/// A row of `confirmation_code`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "confirmation_code")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConfirmationId,
    /// The verification.
    pub verification_id: VerificationId,
    /// `EMAIL`, `SMS` or `VOICE`.
    pub channel: String,
    /// Keyed hash of the digits.
    pub mac: Uuid,
    /// Attempts so far.
    pub attempts: i32,
    /// `SENT`, `CONFIRMED` or `SPENT`.
    pub state: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
