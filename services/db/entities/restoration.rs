//! Somebody whose identity is restored.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, HandoffId, IndividualId, PartnerId, RestorationId, VerificationId,
};

use super::outcome::OutcomeClass;

/// A row of `restoration`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "restoration")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id; its handoff bears it as its enrollment and its coverage.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RestorationId,
    /// Whose identity.
    pub individual_id: IndividualId,
    /// What the person was verified by; none where an operator has seen papers.
    pub verification_id: Option<VerificationId>,
    /// Who restores it.
    pub partner_id: PartnerId,
    /// The partner's product code.
    pub product_code: String,
    /// The handoff that asks for it.
    pub handoff_id: HandoffId,
    /// Where it stands.
    pub state: State,
    /// Why it is not open.
    pub outcome_class: Option<OutcomeClass>,
    /// The partner's own code for that.
    pub native_code: Option<String>,
    /// The partner's revision of what it reported last.
    pub revision: i64,
    /// Who asked: the caller, with the agent behind it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// When the partner opened the case.
    pub opened_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
}

/// Where a restoration stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, IntoStaticStr, Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// The partner was asked.
    Requested,
    /// The partner works on the case.
    Open,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// The partner has closed the case.
    Closed,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who restores the identities of a campaign's people: the column `campaign.restoration`, JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The partner.
    pub partner: Uuid,
    /// Its product code.
    pub product_code: String,
    /// Its subscriber or contract code.
    pub contract_code: Option<String>,
}

impl Offer {
    /// Gives the partner.
    pub const fn partner_id(&self) -> PartnerId {
        PartnerId::from_uuid(self.partner)
    }

    /// Reads the column.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it is no offer.
    pub fn read(column: Option<&str>) -> Result<Option<Self>, Error> {
        let read = column.map(serde_json::from_str).transpose();
        read.map_err(|_| Error::corrupt("campaign.restoration"))
    }

    /// Writes the column.
    pub fn write(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
