//! A difference between a partner's books and ours, from the first list that shows it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, DifferenceId, HandoffId, PartnerId, ReconciliationId};

use super::handoff;
use super::outcome::OutcomeClass;
use super::reconciliation_entry::Progress;

/// How both books differ.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
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
pub enum Kind {
    /// By our books the partner has it, and its list does not.
    MissingThere,
    /// The partner has a reference that no order of ours bears.
    UnknownHere,
    /// The partner has an order of ours that it should not have.
    UnexpectedThere,
    /// Both have it, in states that do not agree.
    StatesDiffer,
    /// Both have it, under two references of the partner.
    ReferencesDiffer,
}

/// Where a difference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Something under way explains it.
    Pending,
    /// Somebody must act.
    Open,
    /// It was repaired from here; the next list shows whether that helped.
    Repaired,
    /// An operator closed it.
    Closed,
    /// A later list no longer shows it.
    Resolved,
}

/// What to do about a difference.
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
pub enum Action {
    /// Send it again under the same id.
    Replay,
    /// Take the partner's state, which can only be later news.
    CorrectHere,
    /// The partner must cancel it.
    CancelThere,
    /// The person has something to do or to decide first.
    AskPerson,
    /// Only the partner can tell which book is right.
    AskPartner,
    /// Wait for the next list.
    Wait,
}

/// Why a difference was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum CloseReason {
    /// The partner canceled it in its books, or will.
    CanceledThere,
    /// The partner's list was wrong.
    PartnerCorrects,
    /// The person was asked and has decided.
    PersonDecided,
    /// The enrollment is no affair of this campaign.
    NotOurs,
    /// Both sides know of it and leave it so.
    LeftAsIs,
    /// None of these; the note says what.
    Other,
}

/// A row of `reconciliation_difference`. Holds nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation_difference")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DifferenceId,
    /// The partner.
    pub partner_id: PartnerId,
    /// Our reference, as our books or the list have it.
    pub handoff_id: Option<HandoffId>,
    /// The partner's own reference.
    pub partner_reference: Option<String>,
    /// How the books differ.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// What to do.
    pub action: Action,
    /// Our state; empty where we know of nothing.
    pub our_state: Option<handoff::State>,
    /// The partner's; empty where its list does not have it.
    pub their_progress: Option<Progress>,
    /// Why, in the list.
    pub their_class: Option<OutcomeClass>,
    /// The partner's revision of that; 0 where it gives none.
    pub their_revision: i64,
    /// Since when, in the list.
    pub their_effective_at: Option<Timestamp>,
    /// When the partner's books stood as the newest list says that shows it.
    pub as_of_at: Timestamp,
    /// Since when our side has stood so; for what is unknown here, since when lists have had it.
    pub since_at: Timestamp,
    /// When a list showed it first.
    pub found_at: Timestamp,
    /// The newest list that shows it.
    pub reconciliation_id: ReconciliationId,
    /// When it was repaired from here last.
    pub repaired_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why.
    pub close_reason: Option<CloseReason>,
    /// What else was said then.
    pub close_note: Option<String>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
