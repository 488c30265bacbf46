//! A bureau or reseller.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PartnerId;

/// How a partner is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// We call.
    Push,
    /// The partner calls.
    Pull,
    /// Neither calls: files go both ways.
    File,
    /// We call its REST API.
    Http,
}

impl Mode {
    /// Tells whether we call the partner.
    pub const fn is_called(self) -> bool {
        matches!(self, Self::Push | Self::Http)
    }
}

/// Whether handoffs are offered to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// They are.
    Active,
    /// They wait.
    Paused,
}

/// A row of `partner`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PartnerId,
    /// The name people read.
    pub name: String,
    /// How it is reached.
    pub mode: Mode,
    /// Where it is called.
    pub endpoint: Option<String>,
    /// A URI that the certificate at the endpoint must bear.
    pub server_uri: Option<String>,
    /// Whether handoffs are offered.
    pub state: State,
    /// The most handoffs under way at once.
    pub max_in_flight: i32,
    /// JSON: which fields it gets, and how.
    pub projection: String,
    /// JSON: the circuit breaker.
    pub breaker: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it acknowledged something last, to within seconds; only of a partner that pulls.
    pub heard_at: Option<Timestamp>,
    /// It wants no calls before.
    pub throttled_until: Option<Timestamp>,
    /// JSON: the campaigns whose handoffs wait while the partner is active.
    pub paused_campaigns: String,
    /// TOML: how the files to and from the partner look.
    pub file_layout: Option<String>,
    /// TOML: how its REST API is called.
    pub http_layout: Option<String>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
