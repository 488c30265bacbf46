//! The blind indexes of a person: keyed hashes of 64 bits, a row for each way in which the person was or is described.

use sea_orm::entity::prelude::*;

use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `individual_index`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "individual_index")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// Zero for the record as it is now; else a number that stands for the keys of another description, such as a former address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub description: i64,
    /// Which keys were known when the row was written; a row with fewer is written anew.
    pub made_by: i32,
    /// By social security number.
    pub ssn: Option<i64>,
    /// By name and date of birth.
    pub name_dob: Option<i64>,
    /// By name and postal code.
    pub name_postal: Option<i64>,
    /// By date of birth and postal code.
    pub dob_postal: Option<i64>,
    /// By the last four digits and date of birth.
    pub last4_dob: Option<i64>,
    /// By given name and date of birth.
    pub given_dob: Option<i64>,
    /// By the last four digits and family name.
    pub last4_family: Option<i64>,
    /// By the last four digits and given name.
    pub last4_given: Option<i64>,
    /// By the last four digits and postal code.
    pub last4_postal: Option<i64>,
    /// By telephone number.
    pub phone: Option<i64>,
    /// By e-mail address.
    pub email: Option<i64>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
