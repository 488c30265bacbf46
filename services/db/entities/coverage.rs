//! One product of one partner for one person.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoverageId, EnrollmentId, HandoffId, PartnerId};

use super::outcome::OutcomeClass;

/// A row of `coverage`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CoverageId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The partner's product code.
    pub product_code: String,
    /// Calendar months from activation.
    pub term_months: i32,
    /// The handoff that orders it.
    pub handoff_id: HandoffId,
    /// Where it stands.
    pub state: State,
    /// Why it is not active.
    pub outcome_class: Option<OutcomeClass>,
    /// The partner's own code for that.
    pub native_code: Option<String>,
    /// The partner's revision of what it reported last.
    pub revision: i64,
    /// Which order this is, counted from 1: the same product ordered again is a new attempt.
    pub order_attempt: i32,
    /// When it began.
    pub activated_at: Option<Timestamp>,
    /// Last day of the term, a civil date; while the partner has stopped the coverage, without the days of this pause.
    pub term_ends_on: Option<String>,
    /// Since when the partner has stopped it: it began before, and does not run now.
    pub suspended_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The coverage at another partner whose place it takes: that one is canceled once this one runs.
    pub replaces_coverage_id: Option<CoverageId>,
    /// The term that its partner gives, where a longer one is promised and the partner has not given that yet.
    pub asked_term_months: Option<i32>,
}

/// Where a coverage stands.
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
    /// Ordered.
    Submitted,
    /// It runs.
    Active,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// The partner has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// The partner was asked to cancel it.
    CancelPending,
    /// Canceled.
    Canceled,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
