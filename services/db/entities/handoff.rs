//! One thing to tell one partner.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, CoverageId, EnrollmentId, HandoffId, IndividualId, PartnerId,
};

use super::ClosedSet;
use super::outcome::OutcomeClass;

/// What is asked of the partner.
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
pub enum Kind {
    /// Enroll the person.
    Enroll,
    /// Cancel an enrollment that was handed over before.
    Cancel,
    /// Give an enrollment that was handed over before a longer term.
    Extend,
    /// Restore the person's identity; no enrollment is needed.
    Restore,
    /// Take the person's data as they are now, for an enrollment that was handed over before and runs.
    UpdatePerson,
}

impl Kind {
    /// Tells whether the person's own data go with it; what is about an earlier order has none.
    pub const fn is_about_a_person(self) -> bool {
        match self {
            Self::Enroll | Self::Restore | Self::UpdatePerson => true,
            Self::Cancel | Self::Extend => false,
        }
    }

    /// Tells whether it is about what another handoff ordered.
    pub const fn is_about_an_earlier_order(self) -> bool {
        match self {
            Self::Cancel | Self::Extend | Self::UpdatePerson => true,
            Self::Enroll | Self::Restore => false,
        }
    }
}

/// Why a partner is asked to cancel.
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
pub enum CancelReason {
    /// The person withdrew, or an operator did for them.
    Withdrawn,
    /// Another partner has taken the person.
    Moved,
    /// The term is over.
    TermOver,
}

/// Where a handoff stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Hash,
    Eq,
    EnumIter,
    DeriveActiveEnum,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Waits to be offered.
    Queued,
    /// Offered under a lease.
    Leased,
    /// Sent, and the answer was never seen.
    Unsettled,
    /// The partner has it.
    Accepted,
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
    /// Given up on; kept, counted, replayable.
    Dead,
}

/// Why a handoff was given up on.
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
pub enum DeadReason {
    /// Too many attempts ended without an answer that was seen.
    AnswerNeverSeen,
    /// The partner refused the call itself too often: wrong certificate, method missing, wrong state.
    CallRejected,
    /// The partner answered too often with something that cannot be read.
    AnswerUnreadable,
    /// The person's data or the campaign's key has been destroyed.
    PersonErased,
    /// The person's stored data cannot be decrypted.
    PersonUnreadable,
    /// A partner that pulls took it too often without an acknowledgement, while it acknowledged others.
    NeverAcknowledged,
    /// The partner accepted it and no longer knows it.
    PartnerForgot,
    /// The partner took the cancellation and reports that it does not carry it out.
    NotCanceled,
}

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
    /// The coverage.
    pub coverage_id: CoverageId,
    /// The person.
    pub individual_id: IndividualId,
    /// The partner.
    pub partner_id: PartnerId,
    /// What is asked.
    pub kind: Kind,
    /// The product.
    pub product_code: String,
    /// Calendar months of monitoring.
    pub term_months: i32,
    /// The partner's subscriber or contract code.
    pub contract_code: Option<String>,
    /// Which order this is, counted from 1: a corrected order is a new attempt under the same id.
    pub order_attempt: i32,
    /// Where it stands.
    pub state: State,
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
    /// Why the partner did not activate it.
    pub outcome_class: Option<OutcomeClass>,
    /// The partner's own code for that.
    pub native_code: Option<String>,
    /// The partner's revision of what it reported last; 0 where it gives none.
    pub revision: i64,
    /// Why it was given up.
    pub dead_reason: Option<DeadReason>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When the partner acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// When its newest order was given.
    pub ordered_at: Timestamp,
    /// How often the newest order was tried in vain.
    pub tries: i32,
    /// How many of these tries count towards giving up.
    pub failures: i32,
    /// When the partner observed what it reported last, by its own account.
    pub reported_at: Option<Timestamp>,
    /// Why it cancels; unset for what cancels nothing, and for cancellations from before there were reasons.
    pub cancel_reason: Option<CancelReason>,
    /// The term of an extension, which a coverage is given once; 0 for everything else.
    pub extends_to_months: i32,
}

/// What the process `enrollment-codes` writes of a handoff: everything that is known when it is queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Its id.
    pub handoff_id: HandoffId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The coverage.
    pub coverage_id: CoverageId,
    /// The person.
    pub individual_id: IndividualId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The partner's product code.
    pub product_code: String,
    /// Calendar months of monitoring.
    pub term_months: i32,
    /// The partner's subscriber or contract code.
    pub contract_code: Option<String>,
    /// Why it cancels; for cancellations.
    pub cancel_reason: Option<CancelReason>,
    /// W3C `traceparent` of the call that queues it.
    pub trace: Option<String>,
    /// When it is queued; it is due at once.
    #[serde(serialize_with = "rows::micros")]
    pub at: Timestamp,
}

impl Queued {
    /// The columns of [`Queued`] for [`rows::table`].
    pub const COLUMNS: [(&str, Is); 12] = [
        ("campaign_id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("enrollment_id", Is::Uuid),
        ("coverage_id", Is::Uuid),
        ("individual_id", Is::Uuid),
        ("partner_id", Is::Uuid),
        ("product_code", Is::Text),
        ("term_months", Is::Int),
        ("contract_code", Is::Text),
        ("cancel_reason", Is::Text),
        ("trace", Is::Text),
        ("at", Is::Big),
    ];

    /// Writes the statement that queues a handoff for each row of a table with (at least) the columns of [`Queued`].
    pub fn insert(kind: Kind, from: &str) -> String {
        let extends_to = match kind {
            Kind::Extend => "term_months",
            Kind::Enroll | Kind::Cancel | Kind::Restore | Kind::UpdatePerson => "0",
        };
        format!(
            "INSERT INTO handoff (campaign_id, id, enrollment_id, coverage_id, individual_id, partner_id, kind, product_code, \
             term_months, contract_code, order_attempt, state, attempts, not_before, trace_context, revision, created_at, \
             updated_at, ordered_at, cancel_reason, extends_to_months) \
             SELECT campaign_id, handoff_id, enrollment_id, coverage_id, individual_id, partner_id, '{}', product_code, \
             term_months, contract_code, 1, '{}', 0, at, trace, 0, at, at, at, cancel_reason, {extends_to} FROM {from}",
            kind.as_str(),
            State::Queued.as_str()
        )
    }

    /// Writes the statement that queues rows of their own.
    pub fn statement(backend: DbBackend, kind: Kind, queued: &[Self]) -> Statement {
        let table = rows::table(backend, &Self::COLUMNS);
        rows::bind(
            backend,
            format!("WITH {table} {}", Self::insert(kind, "v")),
            queued,
        )
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
