//! One invoice of a partner, which is checked against our books.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, InvoiceCheckId, PartnerId};

/// Where a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// The invoice comes in, or was broken off or refused.
    Incomplete,
    /// It was checked.
    Checked,
    /// It was checked, and a corrected invoice of the same number took its place.
    Replaced,
}

/// A row of `invoice_check`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice_check")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvoiceCheckId,
    /// The partner that bills.
    pub partner_id: PartnerId,
    /// The partner's number of the invoice.
    pub invoice_number: String,
    /// The first day that is billed, a civil date in the campaign's zone.
    pub first_on: String,
    /// The last one.
    pub last_on: String,
    /// ISO 4217, where amounts are given.
    pub currency: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Lines that came.
    pub lines: i64,
    /// JSON: how many lines there are of each verdict and reason, with their amounts.
    pub sums: String,
    /// SHA-256 of the lines in their order and of the period, hexadecimal, once it was checked.
    pub content_sha256: Option<String>,
    /// Who sent it.
    pub started_by: String,
    /// When it began to come in.
    pub started_at: Timestamp,
    /// When it was checked.
    pub finished_at: Option<Timestamp>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
