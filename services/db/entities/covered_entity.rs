//! An organisation whose people a campaign covers.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::ids::{CampaignId, CoveredEntityId};

/// A row of `covered_entity`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "covered_entity")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CoveredEntityId,
    /// The short key that roster files name it by.
    pub entity_key: String,
    /// The name people read.
    pub name: String,
    /// When it discovered the breach, a civil date; none means the campaign's day.
    pub discovered_on: Option<String>,
    /// Whom to ask there.
    pub contact: String,
    /// Who makes its notices.
    pub notifier: Notifier,
}

/// Who makes the notices that a covered entity owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Notifier {
    /// Itself.
    #[default]
    CoveredEntity,
    /// Its business associate, in its name.
    BusinessAssociate,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
