//! An outcome on its way back to its enrollment.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::Serialize;
use strum::IntoStaticStr;

use crate::db::Error;
use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoverageId, EnrollmentId, HandoffId, OutcomeId};

/// What a partner decided about an enrollment, with the reason where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// The partner refused.
    Refused(OutcomeClass),
    /// The partner has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// Canceled.
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
    /// The partner has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// Canceled.
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
    /// The coverage.
    pub coverage_id: CoverageId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// How the partner decided.
    pub result: OutcomeResult,
    /// Why, where the partner did not activate it.
    pub outcome_class: Option<OutcomeClass>,
    /// The partner's own code for that.
    pub native_code: Option<String>,
    /// The partner's revision; 0 where it gives none.
    pub revision: i64,
    /// The order that it is the outcome of, counted from 1.
    pub order_attempt: i32,
    /// From when it holds.
    #[serde(serialize_with = "rows::micros")]
    pub effective_at: Timestamp,
    /// The last day of the term by the partner's own count, a civil date.
    pub term_ends_on: Option<String>,
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
            Self::Suspended => (OutcomeResult::Suspended, None),
            Self::Ended => (OutcomeResult::Ended, None),
            Self::Canceled => (OutcomeResult::Canceled, None),
        }
    }
}

impl Model {
    const COLUMNS: [(&str, Is); 13] = [
        ("campaign_id", Is::Uuid),
        ("id", Is::Uuid),
        ("enrollment_id", Is::Uuid),
        ("coverage_id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("result", Is::Text),
        ("outcome_class", Is::Text),
        ("native_code", Is::Text),
        ("revision", Is::Big),
        ("order_attempt", Is::Int),
        ("effective_at", Is::Big),
        ("term_ends_on", Is::Text),
        ("created_at", Is::Big),
    ];

    /// Lists the columns.
    pub fn columns() -> String {
        Self::COLUMNS.map(|(name, _)| name).join(", ")
    }

    /// Writes the statement that adds outcomes: the process `bureau-handoff` adds, `enrollment-codes` takes them away.
    pub fn insert(backend: DbBackend, outcomes: &[Self]) -> Statement {
        let columns = Self::columns();
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
            (OutcomeResult::Suspended, None) => Ok(Decision::Suspended),
            (OutcomeResult::Ended, None) => Ok(Decision::Ended),
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
