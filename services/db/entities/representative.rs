//! Who acts for an affected person, and by what right.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use strum::IntoStaticStr;

/// What a representative is to the person.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr, Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Relationship {
    /// Parent of a minor.
    Parent,
    /// Guardian of a minor or of an incapacitated adult.
    Guardian,
    /// Conservator of an adult.
    Conservator,
    /// Agent under a power of attorney.
    AttorneyInFact,
    /// Executor or administrator of the estate.
    PersonalRepresentative,
    /// Next of kin of somebody who died.
    NextOfKin,
    /// Somebody else.
    Other,
}

impl Relationship {
    /// Tells whether it is one of those who act for a child because it is a child.
    pub const fn is_of_a_child(self) -> bool {
        match self {
            Self::Parent | Self::Guardian => true,
            Self::Conservator
            | Self::AttorneyInFact
            | Self::PersonalRepresentative
            | Self::NextOfKin
            | Self::Other => false,
        }
    }
}

/// What gives a representative the right to act.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr, Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Authority {
    /// The law itself.
    ByLaw,
    /// A court's order.
    CourtOrder,
    /// A power of attorney.
    PowerOfAttorney,
    /// Letters testamentary, letters of administration or a small-estate affidavit.
    EstateLetters,
}
