//! One line of a partner's invoice, or an enrollment that the invoice lacks.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, InvoiceCheckId};

/// What a line came to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
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
pub enum Verdict {
    /// It may be paid.
    Payable,
    /// It may not.
    NotPayable,
    /// No line: it was active, and no invoice bills it.
    NotBilled,
}

/// Why a line is not payable.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
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
pub enum Reason {
    /// No order bears this reference.
    UnknownReference,
    /// The order is one at another partner.
    OtherPartner,
    /// The order is one of another campaign.
    OtherCampaign,
    /// Both references name two different enrollments.
    ReferencesDisagree,
    /// Another product was ordered.
    ProductDiffers,
    /// It never ran.
    NeverActive,
    /// It began after the period.
    ActivatedAfter,
    /// It was canceled before the period.
    CanceledBefore,
    /// It ended before the period.
    EndedBefore,
    /// It stood still in the whole period.
    Suspended,
    /// An earlier line bills it.
    BilledTwice,
    /// Another invoice bills it for days of the period.
    BilledBefore,
}

/// A row of `invoice_line`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "invoice_line")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The invoice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_check_id: InvoiceCheckId,
    /// Its place in the invoice, from 0; after the last line for what was not billed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// Our reference, as the invoice has it or as it was found by the partner's.
    pub handoff_id: Option<HandoffId>,
    /// The partner's own reference.
    pub partner_reference: Option<String>,
    /// The product that is billed.
    pub product_code: Option<String>,
    /// What is billed, in the currency's smallest unit.
    pub amount_minor: Option<i64>,
    /// What it came to, once it was checked.
    #[serde(skip)]
    pub verdict: Option<Verdict>,
    /// Why it is not payable.
    #[serde(skip)]
    pub reason: Option<Reason>,
    /// Since when it was active, at the time of the check.
    #[serde(skip)]
    pub activated_at: Option<Timestamp>,
    /// When it ended or was to be canceled, at the time of the check.
    #[serde(skip)]
    pub ended_at: Option<Timestamp>,
    /// The first line of the invoice that bills it, if it would be payable.
    #[serde(skip)]
    pub first_position: Option<i64>,
    /// The number of the other invoice that bills it.
    #[serde(skip)]
    pub other_invoice: Option<String>,
}

impl Model {
    /// What comes with an invoice.
    const COLUMNS: [(&str, Is); 7] = [
        ("campaign_id", Is::Uuid),
        ("invoice_check_id", Is::Uuid),
        ("position", Is::Big),
        ("handoff_id", Is::Uuid),
        ("partner_reference", Is::Text),
        ("product_code", Is::Text),
        ("amount_minor", Is::Big),
    ];

    /// Writes the statement that adds lines; those that are there stay.
    pub fn insert(backend: DbBackend, lines: &[Self]) -> Statement {
        let columns = Self::COLUMNS.map(|(name, _)| name).join(", ");
        let table = rows::table(backend, &Self::COLUMNS);
        // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
        let sql = format!(
            "WITH {table} INSERT INTO invoice_line ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
             ON CONFLICT (campaign_id, invoice_check_id, position) DO NOTHING"
        );
        rows::bind(backend, sql, lines)
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
