//! An outcome on its way back to its enrollment.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::Serialize;
use strum::IntoStaticStr;

use crate::db::Error;
use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, OutcomeId};

/// What a partner decided about an enrollment, with the reason where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// The partner refused.
    Refused(OutcomeClass),
    /// Withdrawn.
    Canceled,
}

/// Why a partner could not activate an enrollment, whatever its own codes are.
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
pub enum OutcomeClass {
    /// A field is missing or malformed.
    InvalidInput,
    /// The identity could not be confirmed.
    IdentityNotConfirmed,
    /// No record was found.
    NoHit,
    /// Too little credit history.
    ThinFile,
    /// The file is frozen.
    FileFrozen,
    /// A victim alert stands on the file.
    VictimAlert,
    /// The SSN belongs to another name.
    SsnMismatch,
    /// Recorded as deceased.
    Deceased,
    /// A minor for an adult product.
    Minor,
    /// Already a customer.
    AlreadyEnrolled,
    /// The product is not configured.
    ProductConfig,
    /// None of these, or a class that this server does not know yet.
    Other,
}

/// How the partner decided.
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
pub enum OutcomeResult {
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// Withdrawn.
    Canceled,
}

/// A row of `outcome`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "outcome")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutcomeId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// How the partner decided.
    pub result: OutcomeResult,
    /// Why, where the partner did not activate it.
    pub outcome_class: Option<OutcomeClass>,
    /// From when it holds.
    #[serde(serialize_with = "rows::micros")]
    pub effective_at: Timestamp,
    /// When it was made.
    #[serde(serialize_with = "rows::micros")]
    pub created_at: Timestamp,
}

impl Decision {
    /// Gives the columns `result` and `outcome_class`.
    pub const fn columns(self) -> (OutcomeResult, Option<OutcomeClass>) {
        match self {
            Self::Active => (OutcomeResult::Active, None),
            Self::ActionRequired(class) => (OutcomeResult::ActionRequired, Some(class)),
            Self::Refused(class) => (OutcomeResult::Refused, Some(class)),
            Self::Canceled => (OutcomeResult::Canceled, None),
        }
    }
}

impl Model {
    const COLUMNS: [(&str, Is); 8] = [
        ("campaign_id", Is::Uuid),
        ("id", Is::Uuid),
        ("enrollment_id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("result", Is::Text),
        ("outcome_class", Is::Text),
        ("effective_at", Is::Big),
        ("created_at", Is::Big),
    ];

    /// Writes the statement that adds outcomes: the process `bureau-handoff` adds, `enrollment-codes` takes them away.
    pub fn insert(backend: DbBackend, outcomes: &[Self]) -> Statement {
        let columns = Self::COLUMNS.map(|(name, _)| name).join(", ");
        let table = rows::table(backend, &Self::COLUMNS);
        let sql = format!("WITH {table} INSERT INTO outcome ({columns}) SELECT {columns} FROM v");
        rows::bind(backend, sql, outcomes)
    }

    /// Reads the decision. A class stands exactly where the partner did not activate.
    pub fn decision(&self) -> Result<Decision, Error> {
        match (self.result, self.outcome_class) {
            (OutcomeResult::Active, None) => Ok(Decision::Active),
            (OutcomeResult::ActionRequired, Some(class)) => Ok(Decision::ActionRequired(class)),
            (OutcomeResult::Refused, Some(class)) => Ok(Decision::Refused(class)),
            (OutcomeResult::Canceled, None) => Ok(Decision::Canceled),
            _ => Err(Error::corrupt(
                "an outcome with the class of another result",
            )),
        }
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
