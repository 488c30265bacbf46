//! What is settled about a campaign when it is created, and so may be remembered for ever.

use std::sync::Arc;

use jiff::tz::TimeZone;
use sea_orm::ConnectionTrait;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::campaign;
use crate::kernel::crypto::sha256_hex;
use crate::kernel::ids::CampaignId;

use super::store;

/// The unchanging part of a campaign. Whether it is open is not in here.
#[derive(Debug)]
pub struct Frame {
    /// Id.
    pub id: CampaignId,
    /// Its name in letters and on the phone.
    pub engagement_number: String,
    /// The zone of its civil dates.
    pub zone: TimeZone,
    /// The term in calendar months.
    pub term_months: i32,
    /// The version of the consent text.
    pub consent_version: String,
    /// SHA-256 of the consent text, in lower-case hex.
    pub consent_sha256: String,
}

impl Frame {
    fn of(row: &campaign::Model) -> Result<Self, Error> {
        let zone = TimeZone::get(&row.zone).map_err(|_| db::Error::corrupt("campaign.zone"))?;
        Ok(Self {
            id: row.id,
            engagement_number: row.engagement_number.clone(),
            zone,
            term_months: row.term_months,
            consent_version: row.consent_version.clone(),
            consent_sha256: sha256_hex(row.consent_text.as_bytes()),
        })
    }

    /// Gives the frame of an engagement number.
    pub async fn by_number(context: &Context, number: &str) -> Result<Arc<Self>, Error> {
        if let Some(known) = context.known_frame(|frame| frame.engagement_number == number) {
            return Ok(known);
        }
        let row = store::by_number(context.db.read(), number).await?;
        Ok(context.keep_frame(Self::of(&row.ok_or(Error::CampaignNotFound)?)?))
    }

    /// Gives the frame of a campaign; `connection` may be a transaction.
    pub async fn by_id(
        context: &Context,
        connection: &impl ConnectionTrait,
        id: CampaignId,
    ) -> Result<Arc<Self>, Error> {
        if let Some(known) = context.known_frame(|frame| frame.id == id) {
            return Ok(known);
        }
        let row = store::by_id(connection, id).await?;
        Ok(context.keep_frame(Self::of(&row.ok_or(Error::CampaignNotFound)?)?))
    }
}
